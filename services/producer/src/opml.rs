//! Lists of feeds as OPML, in and out.

use quick_xml::{
    Reader, Writer, XmlVersion,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

/// A feed in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its address.
    pub url: String,
    /// Its name.
    pub title: Option<String>,
    /// The page that it belongs to.
    pub page: Option<String>,
    /// Language code.
    pub language: Option<String>,
}

/// Reads the feeds of a list, through all its folders, each address once.
///
/// # Errors
/// What is wrong with the document, and where.
pub fn read(text: &str) -> anyhow::Result<Vec<Outline>> {
    let mut reader = Reader::from_str(text);
    // Lists are written by hand, and closed as carelessly.
    reader.config_mut().check_end_names = false;
    let (mut outlines, mut is_opml) = (Vec::<Outline>::new(), false);
    loop {
        let at = reader.buffer_position();
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                let name = tag.name().as_ref().to_ascii_lowercase();
                is_opml |= name == "opml";
                if name == "outline"
                    && let Some(outline) = outline(&tag)
                    && outlines.iter().all(|known| known.url != outline.url)
                {
                    outlines.push(outline);
                }
            }
            Ok(_) => {}
            Err(error) => anyhow::bail!("not well-formed at byte {at}: {error}"),
        }
    }
    anyhow::ensure!(is_opml, "there is no <opml> in it");
    Ok(outlines)
}

fn outline(tag: &BytesStart<'_>) -> Option<Outline> {
    let mut outline = Outline::default();
    let mut text = None;
    for attribute in tag.attributes().with_checks(false).flatten() {
        let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => value.trim().to_owned(),
            Err(_) => continue,
        };
        if value.is_empty() {
            continue;
        }
        match attribute.key.as_ref().to_ascii_lowercase().as_ref() {
            "xmlurl" => outline.url = value,
            "htmlurl" => outline.page = Some(value),
            "title" => outline.title = Some(value),
            "text" => text = Some(value),
            "language" => outline.language = Some(value),
            _ => {}
        }
    }
    outline.title = outline.title.or(text);
    (!outline.url.is_empty()).then_some(outline)
}

/// Writes a list.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn write(outlines: &[Outline]) -> anyhow::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("opml").with_attributes([("version", "2.0")])))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    writer.create_element("title").write_text_content(BytesText::new("Sources of Faultline"))?;
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    for outline in outlines {
        let title = outline.title.as_deref().unwrap_or(&outline.url);
        let mut element = writer.create_element("outline");
        element =
            element.with_attributes([("type", "rss"), ("text", title), ("title", title), ("xmlUrl", &outline.url)]);
        if let Some(page) = &outline.page {
            element = element.with_attribute(("htmlUrl", page.as_str()));
        }
        if let Some(language) = &outline.language {
            element = element.with_attribute(("language", language.as_str()));
        }
        element.write_empty()?;
    }
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))?;
    let mut text = String::from_utf8(writer.into_inner())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let outlines = [
            Outline {
                url: "https://a.example/feed?x=1&y=\"2\"".into(),
                title: Some("Q & A <world>".into()),
                page: Some("https://a.example/".into()),
                language: Some("en".into()),
            },
            Outline {
                url: "https://b.example/".into(),
                title: Some("https://b.example/".into()),
                ..Outline::default()
            },
        ];
        let text = write(&outlines).unwrap();
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">"), "{text}");
        assert_eq!(read(&text).unwrap(), outlines);
    }

    #[test]
    fn folders_case_and_repeats_do_not_matter_and_what_is_no_list_is_said() {
        let text = "<opml version='1.0'><body><outline text='Folder'><OUTLINE Text='A' XMLURL='https://a.example/'/>\
                    <outline text='B' xmlUrl='https://b.example/'><outline xmlUrl='https://a.example/'/></outline></body></opml>";
        let found = read(text).unwrap();
        let shown: Vec<_> = found.iter().map(|o| (o.url.as_str(), o.title.as_deref())).collect();
        assert_eq!(shown, [("https://a.example/", Some("A")), ("https://b.example/", Some("B"))]);
        for text in ["", "https://a.example/feed", "<html></html>", "<opml><outline"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
