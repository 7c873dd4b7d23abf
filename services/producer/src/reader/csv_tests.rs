//! Tables as people write them, and broken ones.

use std::io::{BufReader, Cursor};

use proptest::prelude::*;

use super::*;
use crate::{
    intake::Intake,
    reader::{Entries, ReadOptions},
    settings::Format,
};

fn entries(content: impl Into<Vec<u8>>, limit: usize) -> Vec<Entry> {
    let fields = FieldSettings::default();
    let options = ReadOptions { format: Format::Csv, fields: &fields, entry_limit: limit, page_limit: limit };
    let mut entries = Entries::of_stream(Cursor::new(content.into()), options, &Arc::default()).unwrap();
    std::iter::from_fn(|| entries.read_entry().unwrap()).collect()
}

/// Title and text of each article, or the reason why a row is none.
fn taken(content: impl Into<Vec<u8>>) -> Vec<String> {
    let intake = Intake::new(FieldSettings::default(), 1000);
    let read = |entry: &Entry| match intake.read(entry, jiff::Timestamp::now()) {
        Ok(taken) => format!("{}|{}", taken.article.title.unwrap_or_default(), taken.article.text),
        Err(refusal) => format!("{}:{}", entry.line, refusal.reason()),
    };
    entries(content, 2000).iter().map(read).collect()
}

#[test]
fn rows_are_articles_whatever_stands_between_the_fields_and_ends_the_lines() {
    for table in [
        "title,text\nOne,Talks resumed.\nTwo,\"They met, and spoke.\"\n",
        "\u{feff}Title;Text\r\nOne;Talks resumed.\r\n\r\nTwo;They met, and spoke.",
        "title\ttext\nOne\tTalks resumed.\n\n\nTwo\tThey met, and spoke.\n",
        "\"title\"|\"text\"\n\"One\"|\"Talks resumed.\"\n\"Two\"|\"They met, and spoke.\"\n",
    ] {
        assert_eq!(taken(table), ["One|Talks resumed.", "Two|They met, and spoke."], "{table:?}");
    }
}

#[test]
fn a_field_in_quotes_may_hold_quotes_and_line_breaks() {
    let table = "text,title\n\"He said \"\"no\"\".\n\nThey left.\",One\nA 5\" gun.,Two\n";
    assert_eq!(taken(table), ["One|He said \"no\".\n\nThey left.", "Two|A 5\" gun."]);
    let places: Vec<_> = entries(table, 100).iter().map(|e| (e.line, e.last_line, e.start, e.end)).collect();
    assert_eq!(places, [(2, 4, 11, 45), (5, 5, 45, 59)]);
}

#[test]
fn other_parts_of_an_article_are_found_by_the_names_of_their_columns() {
    let table = "Article Text,Publish Date,Newspaper,URL,Author Name,n\nTalks resumed.,2022-08-18,Daily,https://a.example/x,A B,1\n";
    let intake = Intake::new(FieldSettings::default(), 1000);
    let article = intake.read(&entries(table, 1000)[0], jiff::Timestamp::now()).unwrap().article;
    assert_eq!(article.published_at.as_deref(), Some("2022-08-18T00:00:00Z"));
    assert_eq!((article.source.as_deref(), article.url.as_deref()), (Some("Daily"), Some("https://a.example/x")));
    assert_eq!(article.authors, ["A B"]);
}

#[test]
fn a_bad_row_is_refused_with_its_bytes_and_its_neighbours_are_taken() {
    let table = b"title,text\nOne,Talks resumed.\nTwo,They met, and spoke.\nThree\nFour,caf\xe9\nFive,\nSix,Done.\n";
    let expected = ["One|Talks resumed.", "3:row_width", "4:row_width", "5:invalid_utf8", "6:text_empty", "Six|Done."];
    assert_eq!(taken(table), expected);
    assert_eq!(entries(table, 1000)[1].bytes, b"Two,They met, and spoke.\n");
    assert_eq!(entries(table, 1000)[3].bytes, b"Four,caf\xe9\n");
}

#[test]
fn a_quote_that_is_never_closed_is_told_with_the_line_that_opens_it() {
    let table = format!("title,text\nOne,Talks.\nTwo,\"Never closed\n{}", "Three,More.\n".repeat(3));
    assert_eq!(taken(table), ["One|Talks.", "3:unclosed_quote"]);
    let long = format!("title,text\nOne,Talks.\nTwo,\"Never closed\n{}", "Three,More.\n".repeat(10_000));
    let all = entries(long.clone(), 100);
    assert_eq!((all.len(), all[1].bytes.len()), (2, 100));
    assert_eq!(all[1].length as usize, long.len() - "title,text\nOne,Talks.\n".len());
}

/// Gives the same bytes for ever.
struct Endless {
    start: Cursor<Vec<u8>>,
    left: u64,
}

impl io::Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.start.read(into)?;
        if length > 0 || self.left == 0 {
            return Ok(length);
        }
        let length = into.len().min(usize::try_from(self.left).unwrap());
        into[..length].fill(b'x');
        self.left -= length as u64;
        Ok(length)
    }
}

#[test]
fn of_a_field_of_a_gigabyte_only_the_beginning_is_held() {
    let fields = FieldSettings::default();
    let options = ReadOptions { format: Format::Csv, fields: &fields, entry_limit: 5_000, page_limit: 5_000 };
    let huge = Endless { start: Cursor::new(b"title,text\nOne,\"".to_vec()), left: 1 << 30 };
    let mut entries = Entries::of_stream(huge, options, &Arc::default()).unwrap();
    let row = entries.read_entry().unwrap().unwrap();
    assert_eq!((row.bytes.len(), row.length), (5_000, (1 << 30) + 5));
    assert!(row.bytes.capacity() < 20_000);
    assert!(entries.read_entry().unwrap().is_none());
}

#[test]
fn what_has_no_header_to_speak_of_is_an_error_or_empty() {
    let fields = FieldSettings::default();
    let options = ReadOptions { format: Format::Csv, fields: &fields, entry_limit: 5_000, page_limit: 5_000 };
    let open = |content: Vec<u8>| Entries::of_stream(Cursor::new(content), options, &Arc::default());
    for (content, word) in [
        (b"name,age\nA,1\n".to_vec(), "no column holds the text"),
        (b"Talks resumed in Brussels.\n".to_vec(), "no column holds the text"),
        (vec![b'x'; 3_000_000], "the header has more than 1 MB"),
    ] {
        let error = open(content).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
    for content in ["", "\n \n", "title,text", "title,text\n\n"] {
        assert!(open(content.into()).unwrap().read_entry().unwrap().is_none(), "{content:?}");
    }
}

#[test]
fn a_table_is_gone_on_with_after_any_row() {
    let table = "title,text\nOne,\"a\nb\"\n\nTwo,c\nThree,d\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, table).unwrap();
    let fields = FieldSettings::default();
    let options = ReadOptions { format: Format::Auto, fields: &fields, entry_limit: 1000, page_limit: 1000 };
    let all = entries(table, 1000);
    for (index, entry) in all.iter().enumerate() {
        let mut rest = Entries::open(&path, entry.resume_at(), options, &Arc::default()).unwrap();
        let rest: Vec<Entry> = std::iter::from_fn(|| rest.read_entry().unwrap()).collect();
        assert_eq!(rest, all[index + 1..]);
    }
}

proptest! {
    #[test]
    fn no_table_panics_and_every_byte_is_some_rows_or_blank(
        body in r#"(a|"|,|\n|\r|é){0,60}"#,
        buffer in 1_usize..20,
        limit in 1_usize..30,
    ) {
        let content = format!("text,title\n{body}");
        let input = Input { content: Box::new(BufReader::with_capacity(buffer, Cursor::new(content.clone().into_bytes()))), offset: 0, encoded: false };
        let mut csv = Csv::new(input, None, &FieldSettings::default(), limit, 0).unwrap();
        let mut at = 11;
        while let Some(row) = csv.read_entry().unwrap() {
            let (start, end) = (usize::try_from(row.start).unwrap(), usize::try_from(row.end).unwrap());
            prop_assert!(content.as_bytes()[at..start].iter().all(u8::is_ascii_whitespace));
            prop_assert!(content.as_bytes()[start..end].starts_with(&row.bytes));
            prop_assert_eq!(row.length, row.end - row.start);
            if let (Some(header), Ok(text)) = (&row.header, std::str::from_utf8(&row.bytes)) {
                header.object(text, row.line).ok();
            }
            at = end;
        }
        prop_assert!(content.as_bytes()[at..].iter().all(u8::is_ascii_whitespace));
    }
}
