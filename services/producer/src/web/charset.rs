//! From bytes to text, whatever the server calls them.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Where a document names its own character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `<?xml encoding="…"?>`
    Xml,
    /// `<meta charset="…">`
    Html,
    /// Nowhere: it is UTF-8.
    Json,
}

/// A document names its character set within so many bytes.
const LOOKED_AT: usize = 1_024;

/// Decodes a body. In this order: a byte order mark; UTF-8 where the bytes are valid UTF-8 beyond ASCII, for hardly
/// anything else ever is, whatever the header says; the header; the document's own words; Windows-1252. What does not
/// fit the name it is given is tried under the next.
pub(crate) fn decode(bytes: &[u8], content_type: Option<&str>, kind: Kind) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.is_ascii()
    {
        return text.to_owned();
    }
    let named = [content_type.and_then(of_content_type), of_document(bytes, kind)];
    let named = || named.iter().flatten();
    for encoding in named() {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return text.into_owned();
        }
    }
    // Nothing fits. A stray byte does not make UTF-8 another encoding, so the name counts, unless it was UTF-8 and
    // most of what is not ASCII is not.
    let encoding = named().next().copied().unwrap_or(WINDOWS_1252);
    let encoding = if encoding == UTF_8 && !is_mostly_utf8(bytes) { WINDOWS_1252 } else { encoding };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let whole = text.chars().filter(|c| !c.is_ascii()).count() - broken;
    whole > broken
}

fn of_content_type(content_type: &str) -> Option<&'static Encoding> {
    let mut parameters = content_type.split(';').skip(1).map(str::trim);
    let charset = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })?;
    Encoding::for_label(charset.trim().trim_matches(['"', '\'']).as_bytes())
}

fn of_document(bytes: &[u8], kind: Kind) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]).to_ascii_lowercase();
    let label = match kind {
        Kind::Json => return Some(UTF_8),
        Kind::Xml => {
            let declaration = head.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
            value_after(declaration, "encoding")?
        }
        // Both `<meta charset=x>` and `<meta http-equiv=content-type content="text/html; charset=x">`.
        Kind::Html => head.split("<meta").skip(1).find_map(|meta| value_after(meta.split('>').next()?, "charset"))?,
    };
    match Encoding::for_label(label.as_bytes()) {
        // What could be read as ASCII cannot be UTF-16.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Some(UTF_8),
        encoding => encoding,
    }
}

/// What is assigned to `name`, with or without quotes.
fn value_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(name)?;
    let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| matches!(c, '"' | '\'' | ';' | '/' | '>') || c.is_whitespace());
    Some(&value[..end.unwrap_or(value.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_set_is_found_wherever_it_is_named() {
        let cp1251 = b"<?xml version=\"1.0\" encoding='windows-1251'?><t>\xcf\xf0\xe8\xe2\xe5\xf2</t>";
        assert!(decode(cp1251, None, Kind::Xml).contains("Привет"));
        assert_eq!(
            decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("text/html; Charset=\"windows-1251\""), Kind::Html),
            "Привет"
        );
        for meta in [
            "<meta charset=\"iso-8859-2\">",
            "<META http-equiv='Content-Type' content='text/html; charset=ISO-8859-2'>",
            "<meta name=a><meta charset=iso-8859-2 />",
        ] {
            let page = [meta.as_bytes(), b"Vu\xe8i\xe6"].concat();
            assert!(decode(&page, None, Kind::Html).ends_with("Vučić"), "{meta}");
        }
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("Kosovë".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&utf16, Some("text/xml; charset=utf-8"), Kind::Xml), "Kosovë");
    }

    #[test]
    fn a_server_that_lies_is_not_believed() {
        let utf8 = "<?xml version=\"1.0\" encoding=\"utf-8\"?><t>Vučić</t>";
        assert!(decode(utf8.as_bytes(), Some("text/xml; charset=iso-8859-1"), Kind::Xml).contains("Vučić"));
        let latin = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><t>Orb\xe1n</t>";
        assert!(decode(latin, Some("text/xml; charset=utf-8"), Kind::Xml).contains("Orbán"));
        assert_eq!(decode(b"Orb\xe1n \x96 yes", Some("text/html; charset=utf-8"), Kind::Html), "Orbán – yes");
        let shift_jis = b"\x83j\x83\x85\x81[\x83X";
        assert_eq!(decode(shift_jis, Some("text/html; charset=shift_jis"), Kind::Html), "ニュース");
        let escapes = b"<meta charset=iso-2022-jp>\x1b$B%K%e!<%9\x1b(B";
        assert!(decode(escapes, None, Kind::Html).ends_with("ニュース"), "all of its bytes are ASCII");
    }

    #[test]
    fn one_bad_byte_does_not_spoil_the_rest() {
        let text =
            decode(b"Vu\xc4\x8di\xc4\x87 and Pa\xc5\xa1i\xc4\x87 \xff", Some("text/html; charset=utf-8"), Kind::Html);
        assert_eq!(text, "Vučić and Pašić \u{fffd}");
        assert_eq!(decode(b"", None, Kind::Html), "");
        assert_eq!(decode(b"plain", Some("text/html; charset=klingon"), Kind::Html), "plain");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), label in "[a-z0-9-]{0,12}") {
            for kind in [Kind::Xml, Kind::Html, Kind::Json] {
                decode(&bytes, Some(&format!("text/html; charset={label}")), kind);
            }
        }
    }
}
