//! HTML as a tree, within bounds.

use dom_query::{Document, NodeRef};

/// Deeper nesting is no page that anybody reads, and building its tree takes time that grows with the square of it.
const DEEPEST: usize = 256;

/// Elements that may be left unclosed, or never hold anything: their opening tags do not nest.
const UNNESTED: [&str; 30] = [
    "p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "dt", "dd", "option", "optgroup", "colgroup", "rp", "rt",
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "path",
];

/// What is on a page and no part of its text.
const UNREAD: &str =
    "script,style,noscript,template,iframe,object,svg,math,form,button,select,textarea,canvas,video,audio";

/// Builds the tree of a page or fragment; none where it is nested beyond all reason.
pub(crate) fn parse(html: &str) -> Option<Document> {
    (deepest(html) <= DEEPEST).then(|| Document::from(html))
}

/// The text of a fragment, its paragraphs kept apart by blank lines.
pub(crate) fn fragment_text(html: &str) -> Option<String> {
    if !html.contains(['<', '&']) {
        return Some(tidy(html));
    }
    let document = parse(html)?;
    document.select(UNREAD).remove();
    Some(document.body().map(|body| text_of(&body)).unwrap_or_default())
}

/// The text of one line that may hold markup or entities: a title.
pub(crate) fn line(html: &str) -> String {
    let text = fragment_text(html).unwrap_or_else(|| html.to_owned());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Removes what is never read.
pub(crate) fn strip(document: &Document) {
    document.select(UNREAD).remove();
}

/// The text below a node, its paragraphs kept apart by blank lines.
pub(crate) fn text_of(node: &NodeRef<'_>) -> String {
    tidy(&node.formatted_text())
}

/// Lines without white space around them, at most one blank line between two, none at the ends.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if !tidied.is_empty() {
            tidied.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        // What HTML calls a space is one.
        let mut words = line.split([' ', '\u{a0}', '\t']).filter(|word| !word.is_empty());
        tidied.push_str(words.next().unwrap_or_default());
        for word in words {
            tidied.push(' ');
            tidied.push_str(word);
        }
    }
    tidied
}

/// How deep elements nest, told from the tags alone and in one pass.
fn deepest(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let (closing, name) = rest.strip_prefix('/').map_or((false, rest), |name| (true, name));
        let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let name = &name[..length];
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            continue;
        }
        if ["script", "style", "textarea"].iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
            continue;
        }
        if UNNESTED.iter().any(|unnested| name.eq_ignore_ascii_case(unnested)) {
            continue;
        }
        if closing {
            depth = depth.saturating_sub(1);
        } else if !rest[..rest.find('>').unwrap_or(0)].ends_with('/') {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_stay_apart_and_markup_goes() {
        for (html, expected) in [
            ("plain text", "plain text"),
            (
                "<p>Talks <b>resumed</b>.</p><p>They&nbsp;met<br>again &amp; spoke.</p>",
                "Talks resumed.\n\nThey met\nagain & spoke.",
            ),
            ("<div>One</div> <div>Two<script>alert(1)</script></div>", "One\n\nTwo"),
            ("<ul><li>One<li>Two</ul>", "One\nTwo"),
            ("5 < 6 and 7 &gt; 6", "5 < 6 and 7 > 6"),
            ("<p>Unclosed <i>all", "Unclosed all"),
            ("<style>p {}</style><iframe src=x>no</iframe>", ""),
            ("", ""),
        ] {
            assert_eq!(fragment_text(html).as_deref(), Some(expected), "{html}");
        }
        assert_eq!(line(" Talks\n <em>resume</em> &#8211; at  last "), "Talks resume – at last");
    }

    #[test]
    fn nesting_beyond_all_reason_is_refused_at_once_and_long_flat_pages_are_not() {
        for element in ["<table><tr><td>", "<div>", "<ul><li>", "<b>", "<div\n class='x'>"] {
            assert!(parse(&element.repeat(10_000)).is_none(), "{element}");
        }
        let flat = "<p>One<br><img src=x><li>Two<td>Three <a href='/x/'>link</a>".repeat(20_000);
        assert!(parse(&flat).is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_markup_panics(html in "(<|</|>|/>|p|div|b| |é|&amp;|&#x|;|\"|'|!--|-->|x){0,40}|\\PC{0,60}") {
            fragment_text(&html);
        }
    }
}
