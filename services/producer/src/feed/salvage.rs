//! Feeds that are no well-formed XML: read entry by entry, as far as they go.

/// A longer opening tag is no root of a feed, and would be repeated for each of its entries.
const LONGEST_ROOT: usize = 16_384;

/// A feed cut into parts, each of which may be well-formed though the whole is not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// The opening tags that entries lie in, as whole documents need them.
    head: String,
    /// The closing tags that belong to them.
    tail: &'static str,
    /// From `<item` or `<entry` to the end of each.
    entries: Vec<&'a str>,
}

/// The formats, by the name of their root: what is inside of it, and around the entries.
const FORMATS: [(&str, &str, &str, &str); 3] = [
    ("rss", "<channel>", "item", "</channel></rss>"),
    ("feed", "", "entry", "</feed>"),
    // Entries lie beside the channel.
    ("RDF", "", "item", "</RDF>"),
];

impl<'a> Parts<'a> {
    /// Cuts a feed; none where there is no root of one, or no entry.
    pub(crate) fn cut(text: &'a str) -> Option<Self> {
        let (format, root) = FORMATS.iter().find_map(|format| Some((format, root_tag(text, format.0)?)))?;
        if root.len() > LONGEST_ROOT {
            return None;
        }
        let (name, inside, entry, tail) = *format;
        let entries: Vec<&str> = elements(text, entry).collect();
        // The prefix of `rdf:RDF` goes, and is declared where entries use it; a version that is none is mended.
        let attributes = root[root.find(|c: char| c.is_whitespace() || c == '>')?..].trim_end_matches('>');
        let attributes = attributes.trim_end_matches('/');
        let attributes = if name == "rss" { without_version(attributes) } else { attributes.to_owned() };
        let version = if name == "rss" { " version=\"2.0\"" } else { "" };
        let head = format!("<{name}{version}{attributes}>{inside}");
        (!entries.is_empty()).then_some(Self { head, tail, entries })
    }

    /// Each entry as a document of its own, in order.
    pub(crate) fn documents(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|entry| format!("{}{entry}{}", self.head, self.tail))
    }
}

/// The root's opening tag, with any prefix.
fn root_tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text[from..].find('<').map(|at| from + at) {
        let tag = &text[at..];
        if tag.starts_with("<?") || tag.starts_with("<!") {
            // A comment may hold tags, and a document type brackets.
            let end = if tag.starts_with("<!--") { tag.find("-->")? + 2 } else { tag.find('>')? };
            from = at + end + 1;
            continue;
        }
        let length = tag[1..].find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
        let full = &tag[1..=length];
        let local = full.rsplit(':').next().unwrap_or(full);
        return (local == name).then(|| tag.find('>').map(|end| &tag[..=end]))?;
    }
    None
}

fn without_version(attributes: &str) -> String {
    let Some(at) = attributes.find("version") else { return attributes.to_owned() };
    let after = &attributes[at..];
    let mut quotes = after.match_indices(['"', '\'']).map(|(at, _)| at);
    match (quotes.next(), quotes.next()) {
        (Some(_), Some(end)) => format!("{}{}", &attributes[..at], &after[end + 1..]),
        _ => String::new(),
    }
}

/// Elements of this name that are closed before the next opens.
fn elements<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (opening, closing) = (format!("<{name}"), format!("</{name}>"));
    let starts: Vec<usize> = text
        .match_indices(&opening)
        .map(|(at, _)| at)
        .filter(|at| text[at + opening.len()..].starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/')))
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(move |(start, end)| {
        let length = text[start..end].rfind(&closing)? + closing.len();
        Some(&text[start..start + length])
    })
}

/// Mends what is often wrong inside an entry: an ampersand that starts no reference, and characters that XML does not
/// have.
pub(crate) fn mend(text: &str) -> String {
    let mut mended = String::with_capacity(text.len() + 16);
    let mut rest = text;
    // Inside a CDATA section an ampersand is one.
    while let Some(at) = rest.find("<![CDATA[") {
        mend_markup(&rest[..at], &mut mended);
        let end = rest[at..].find("]]>").map_or(rest.len(), |length| at + length + 3);
        mended.extend(rest[at..end].chars().filter(|c| is_xml(*c)));
        rest = &rest[end..];
    }
    mend_markup(rest, &mut mended);
    mended
}

fn mend_markup(text: &str, mended: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            '&' if !starts_reference(&text[at + 1..]) => mended.push_str("&amp;"),
            c if is_xml(c) => mended.push(c),
            _ => {}
        }
    }
}

fn starts_reference(text: &str) -> bool {
    let length = text.bytes().take(12).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
    length > 0 && text[length..].starts_with(';')
}

fn is_xml(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{80}'..='\u{9f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_cut_into_documents_of_one_entry() {
        for (text, first) in [
            (
                "<?xml version='1.0'?><!-- <rss> --><rss version=\"0.93\" xmlns:a='b'><channel><title>A & B</title><item>1</item><item>2",
                "<rss version=\"2.0\"  xmlns:a='b'><channel><item>1</item></channel></rss>",
            ),
            (
                "<feed xmlns='x'><title>t<entry a='1'>1</entry><entry>2</entry>",
                "<feed xmlns='x'><entry a='1'>1</entry></feed>",
            ),
            ("<rdf:RDF xmlns='x'><channel/><item>1</item></rdf:RDF>", "<RDF xmlns='x'><item>1</item></RDF>"),
        ] {
            let parts = Parts::cut(text).unwrap();
            assert_eq!(parts.documents().next().as_deref(), Some(first));
        }
        for text in
            ["", "<html><item>1</item>", "<rss><channel></channel></rss>", "<!-- <rss>", "<rss", "{\"items\": []}"]
        {
            assert_eq!(Parts::cut(text), None, "{text}");
        }
    }

    #[test]
    fn an_entry_that_is_not_closed_is_left_out() {
        let found: Vec<&str> = elements("<item>1</item><item>2<item>3</item><items>4</items><item>5", "item").collect();
        assert_eq!(found, ["<item>1</item>", "<item>3</item>"]);
    }

    #[test]
    fn stray_ampersands_and_control_characters_are_mended() {
        assert_eq!(
            mend("A & B &amp; C &#8217; &nbsp; \u{b}x <![CDATA[Q & A \u{1}]]> R&D &;"),
            "A &amp; B &amp; C &#8217; &nbsp; x <![CDATA[Q & A ]]> R&amp;D &amp;;"
        );
    }

    #[test]
    fn a_root_that_is_all_of_the_feed_is_not_repeated_for_each_entry() {
        let root = |length: usize| format!("<rss a='{}'><channel><item>1</item>&", "x".repeat(length));
        assert!(Parts::cut(&root(1_000)).is_some());
        assert_eq!(Parts::cut(&root(LONGEST_ROOT)), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(<|</|>|rss|item|feed|entry| |é|&|;|'|version=|<!--|<!\\[CDATA\\[|\\]\\]>){0,30}") {
            if let Some(parts) = Parts::cut(&mend(&text)) {
                parts.documents().count();
            }
        }
    }
}
