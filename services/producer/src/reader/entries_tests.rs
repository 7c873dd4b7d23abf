//! Formats told apart, and entries with their places.

use super::*;

fn entries(content: &str, format: Format, limit: usize) -> Vec<Entry> {
    let fields = FieldSettings::default();
    let options = ReadOptions { format, fields: &fields, entry_limit: limit, page_limit: limit };
    let content = io::Cursor::new(content.to_owned().into_bytes());
    let mut entries = Entries::of_stream(content, options, &Arc::default()).unwrap();
    std::iter::from_fn(|| entries.read_entry().unwrap()).collect()
}

fn texts(content: &str) -> Vec<(Shape, String)> {
    let all = entries(content, Format::Auto, 1000).into_iter();
    all.map(|e| (e.shape, String::from_utf8(e.bytes).unwrap())).collect()
}

#[test]
fn the_format_is_told_from_the_first_bytes() {
    let json = |s: &str| (Shape::Json, s.to_owned());
    let dated = |s: &str| (Shape::Dated, s.to_owned());
    assert_eq!(texts("{\"a\": 1}\n\n \n{}\n"), [json("{\"a\": 1}\n"), json("{}\n")]);
    assert_eq!(texts("\u{feff}{}\r\n{}"), [json("{}\r\n"), json("{}")]);
    assert_eq!(texts("A title\n\nText."), [(Shape::Text, "A title\n\nText.".to_owned())]);
    assert_eq!(
        texts("\n date 2022-08-17 One.\n\nMore.\n\tdate 2022-08-18 Two.\n"),
        [dated(" date 2022-08-17 One.\n\nMore.\n"), dated("\tdate 2022-08-18 Two.\n")]
    );
    assert_eq!(texts(""), []);
}

#[test]
fn a_name_promises_a_format_whatever_it_is_packed_in() {
    for (name, expected) in [
        ("a.jsonl", Some(Format::Jsonl)),
        ("2016.JSON.gz", Some(Format::Jsonl)),
        ("news.csv.zst", Some(Format::Csv)),
        ("news.tsv", Some(Format::Csv)),
        ("CC-NEWS-2016.warc.gz", Some(Format::Warc)),
        ("csv", None),
        ("story.txt", None),
        ("dump.gz", None),
    ] {
        assert_eq!(of_name(Path::new(name)), expected, "{name}");
    }
}

#[test]
fn an_entry_knows_its_place_and_whether_it_may_go_on() {
    let content = "date 2022-08-17 One.\n\ndate 2022-08-18 Two.\nMore.";
    let all = entries(content, Format::Auto, 1000);
    let places: Vec<_> = all.iter().map(|e| (e.start, e.end, e.line, e.last_line, e.complete)).collect();
    assert_eq!(places, [(0, 22, 1, 2, true), (22, 48, 3, 4, false)]);
    assert_eq!(all.iter().map(Entry::resume_at).collect::<Vec<_>>(), [(22, 2), (22, 2)]);
    let lines = entries("{}\n{}", Format::Jsonl, 1000);
    assert_eq!(lines.iter().map(|e| (e.start, e.end, e.complete)).collect::<Vec<_>>(), [(0, 3, true), (3, 5, false)]);
}

#[test]
fn an_entry_over_the_limit_is_cut_and_says_so() {
    for (content, format) in [("{\"text\": \"long\"}\n", Format::Jsonl), ("many\nshort\nlines\n", Format::Text)] {
        let all = entries(content, format, 8);
        assert_eq!((all[0].bytes.len(), all[0].length), (8, content.len() as u64));
        assert!(all[0].is_cut() && all.len() == 1);
    }
}
