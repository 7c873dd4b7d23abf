//! Telling HTML from text that merely contains a tag.

/// Elements that lay out a page. Inline ones (`a`, `b`, `em`, `br`) are left out: real articles hold stray links.
const BLOCKS: [&str; 24] = [
    "html",
    "head",
    "body",
    "div",
    "p",
    "section",
    "article",
    "header",
    "footer",
    "nav",
    "main",
    "aside",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "h1",
    "h2",
    "h3",
    "blockquote",
    "script",
    "style",
];

/// So many closed blocks are a page, however much text stands between them.
const CLOSED_BLOCKS: usize = 3;

/// The markup that shows `text` to be HTML: a document's head at its start, an element around its start that is closed
/// later, or several closed blocks anywhere. None for text, even where it quotes a tag or two.
pub(crate) fn markup(text: &str) -> Option<&str> {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    for opening in ["<!doctype html", "<html", "<?xml", "<!--"] {
        if start.get(..opening.len()).is_some_and(|s| s.eq_ignore_ascii_case(opening)) {
            return Some(&start[..opening.len()]);
        }
    }
    let leads_with_block = block_at(start).is_some_and(|(name, closing)| !closing && closes(start, name));
    let mut closed = 0;
    for (at, _) in start.match_indices('<') {
        let Some((name, closing)) = block_at(&start[at..]) else { continue };
        if leads_with_block {
            return Some(&start[at..at + name.len() + 1]);
        }
        closed += usize::from(closing);
        if closed == CLOSED_BLOCKS {
            return Some(&start[at..at + name.len() + 2]);
        }
    }
    None
}

/// The block element whose tag starts here, as it is written, and whether the tag closes it.
fn block_at(text: &str) -> Option<(&str, bool)> {
    let inner = text.strip_prefix('<')?;
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |rest| (true, rest));
    let length = inner.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = &inner[..length];
    let ends_well = inner[length..].starts_with(['>', ' ', '\n', '\t', '/', '\r']);
    let known = ends_well && BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block));
    known.then_some((name, closing))
}

fn closes(text: &str, name: &str) -> bool {
    text.match_indices("</").any(|(at, _)| block_at(&text[at..]).is_some_and(|(n, _)| n.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_fragments_are_html() {
        for text in [
            "<!DOCTYPE html><title>x</title>",
            "\n <HTML lang=en>",
            "<?xml version=\"1.0\"?><rss/>",
            "<p>Talks resumed.</p>",
            "<div class=\"body\">Talks\n<br>resumed.</div>",
            "Talks <p>resumed</p> in <P>Brussels</P> on <div>Thursday</div>.",
        ] {
            assert!(markup(text).is_some(), "{text}");
        }
    }

    #[test]
    fn text_that_holds_a_tag_is_text() {
        for text in [
            "Talks resumed.",
            "",
            "<",
            "The <p> element opens a paragraph, and </p> closes it.",
            "Talks <a href=\"https://example.org\">resumed</a> <b>today</b>. <br> <a>x</a> <em>y</em>",
            "1 < 2 and 3 > 2, said <name withheld>.",
            "<p and nothing else",
            "</p> the rest of a page, cut",
            "<дом> </дом>",
        ] {
            assert_eq!(markup(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "([<>/p!é \\-]|div|html|<p>|</p>){0,20}") {
            markup(&text);
        }
    }
}
