//! Tables as other programs write them, damaged ones, and bombs.

use std::{fs, path::PathBuf};

use parquet::{
    basic::{Compression, GzipLevel, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type, Int96, Int96Type},
    file::{
        properties::{WriterProperties, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};

use super::*;
use crate::{
    intake::Intake,
    reader::{Entries, ReadOptions},
    settings::Format,
};

const NEWS: &str = "message news { optional byte_array Title (utf8); required byte_array Story (utf8); }";

enum Values {
    Texts(Vec<Option<Vec<u8>>>),
    Numbers(Vec<i32>),
    Long(Vec<i64>),
    Old(Vec<Int96>),
    /// Rows without any.
    Lists(usize),
}

fn texts(texts: &[&str]) -> Values {
    Values::Texts(texts.iter().map(|text| (!text.is_empty()).then(|| text.as_bytes().to_vec())).collect())
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes row groups, each with the values of all columns.
    fn write(&self, name: &str, schema: &str, properties: WriterProperties, groups: &[&[Values]]) -> PathBuf {
        let path = self.0.path().join(name);
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::new(properties)).unwrap();
        for group in groups {
            let mut row_group = writer.next_row_group().unwrap();
            for values in *group {
                let mut column = row_group.next_column().unwrap().unwrap();
                match values {
                    Values::Texts(texts) => {
                        let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
                        let texts: Vec<ByteArray> = texts.iter().flatten().cloned().map(ByteArray::from).collect();
                        column.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None).unwrap();
                    }
                    Values::Numbers(numbers) => {
                        column.typed::<Int32Type>().write_batch(numbers, None, None).unwrap();
                    }
                    Values::Long(numbers) => {
                        column.typed::<Int64Type>().write_batch(numbers, None, None).unwrap();
                    }
                    Values::Lists(rows) => {
                        let levels = vec![0; *rows];
                        column.typed::<ByteArrayType>().write_batch(&[], Some(&levels), Some(&levels)).unwrap();
                    }
                    Values::Old(times) => {
                        column.typed::<Int96Type>().write_batch(times, None, None).unwrap();
                    }
                }
                column.close().unwrap();
            }
            row_group.close().unwrap();
        }
        writer.close().unwrap();
        path
    }
}

fn options(fields: &FieldSettings) -> ReadOptions<'_> {
    ReadOptions { format: Format::Auto, fields, entry_limit: 10_000, page_limit: 10_000 }
}

fn open(path: &Path, row: u64) -> io::Result<Entries> {
    let fields = FieldSettings::default();
    Entries::open(path, (row, row), options(&fields), &Arc::default())
}

/// Title and text of each article, or the reason why a row is none.
fn told(path: &Path, row: u64) -> Vec<String> {
    let intake = Intake::new(FieldSettings::default(), 10_000);
    let mut entries = open(path, row).unwrap();
    let read = |entry: Entry| match intake.read(&entry, jiff::Timestamp::now()) {
        Ok(taken) => format!("{}|{}", taken.article.title.unwrap_or_default(), taken.article.text),
        Err(refusal) => format!("{}:{}", entry.line, refusal.reason()),
    };
    std::iter::from_fn(|| entries.read_entry().unwrap()).map(read).collect()
}

fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder()
}

#[test]
fn rows_are_articles_whatever_they_are_packed_in() {
    let folder = Folder::new();
    let groups: [&[Values]; 2] =
        [&[texts(&["One", ""]), texts(&["Talks resumed.", "They met."])], &[texts(&["Three"]), texts(&["Done."])]];
    for (name, properties) in [
        ("plain", properties()),
        ("without dictionaries", properties().set_dictionary_enabled(false)),
        ("snappy", properties().set_compression(Compression::SNAPPY)),
        ("gzip", properties().set_compression(Compression::GZIP(GzipLevel::default()))),
        ("zstd", properties().set_compression(Compression::ZSTD(ZstdLevel::default()))),
        ("lz4", properties().set_compression(Compression::LZ4_RAW)),
        ("pages of version 2", properties().set_writer_version(WriterVersion::PARQUET_2_0)),
        ("prefixes", properties().set_dictionary_enabled(false).set_encoding(Encoding::DELTA_BYTE_ARRAY)),
    ] {
        let path = folder.write(&format!("{name}.parquet"), NEWS, properties.build(), &groups);
        assert_eq!(told(&path, 0), ["One|Talks resumed.", "|They met.", "Three|Done."], "{name}");
        let renamed = path.with_extension("dat");
        fs::rename(&path, &renamed).unwrap();
        assert_eq!(told(&renamed, 0).len(), 3, "told from its first bytes");
    }
}

#[test]
fn dates_and_times_are_read_as_such_and_lists_are_left_alone() {
    let folder = Folder::new();
    let schema = "message news { optional byte_array text (utf8); optional group authors (list) { repeated group list { \
                  optional byte_array element (utf8); } } required int32 date (date); }";
    let day = 17_045;
    let path = folder.write(
        "a.parquet",
        schema,
        properties().build(),
        &[&[texts(&["One", "Two"]), Values::Lists(2), Values::Numbers(vec![day, i32::MAX])]],
    );
    let published = |path: &Path| -> Vec<Option<String>> {
        let intake = Intake::new(FieldSettings::default(), 1000);
        let mut entries = open(path, 0).unwrap();
        std::iter::from_fn(|| entries.read_entry().unwrap())
            .map(|entry| intake.read(&entry, jiff::Timestamp::now()).unwrap().article.published_at)
            .collect()
    };
    assert_eq!(published(&path), [Some("2016-09-01T00:00:00Z".to_owned()), None]);
    let noon = i64::from(day) * 86_400 + 43_200;
    let mut old = Int96::new();
    // Nanoseconds of the day, then the Julian day.
    let nanoseconds = 43_200_000_000_000_u64;
    old.set_data((nanoseconds & 0xffff_ffff) as u32, (nanoseconds >> 32) as u32, 2_440_588 + 17_045);
    for (declared, values) in [
        ("int64 date (timestamp(millis,true))", Values::Long(vec![noon * 1_000])),
        ("int64 date (timestamp(micros,true))", Values::Long(vec![noon * 1_000_000])),
        ("int64 date (timestamp(nanos,false))", Values::Long(vec![noon * 1_000_000_000])),
        ("int64 date", Values::Long(vec![noon])),
        ("int96 date", Values::Old(vec![old])),
    ] {
        let schema = format!("message news {{ optional byte_array text (utf8); required {declared}; }}");
        let path = folder.write("b.parquet", &schema, properties().build(), &[&[texts(&["One"]), values]]);
        assert_eq!(published(&path), [Some("2016-09-01T12:00:00Z".to_owned())], "{declared}");
    }
}

#[test]
fn a_table_is_gone_on_with_after_any_row_and_tells_how_far_it_is() {
    let folder = Folder::new();
    let numbered = |from: usize| -> Values {
        texts(
            &(from..from + 100)
                .map(|number| format!("Text {number}"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        )
    };
    let schema = "message news { optional byte_array text (utf8); }";
    let path =
        folder.write("a.parquet", schema, properties().build(), &[&[numbered(0)], &[numbered(100)], &[numbered(200)]]);
    for row in [0, 1, 63, 64, 65, 99, 100, 164, 200, 299, 300, 999] {
        let rest = told(&path, row);
        assert_eq!(rest.len() as u64, 300_u64.saturating_sub(row), "{row}");
        assert_eq!(rest.first(), (row < 300).then(|| format!("|Text {row}")).as_ref());
    }
    assert_eq!(open(&path, 999).unwrap().started_at(), 300);
    let fields = FieldSettings::default();
    let read = Arc::default();
    let mut entries = Entries::open(&path, (150, 150), options(&fields), &read).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    assert_eq!(read.load(Ordering::Relaxed), size / 2, "what is skipped counts");
    while let Some(entry) = entries.read_entry().unwrap() {
        assert_eq!((entry.start, entry.end, entry.resume_at()), (entry.line - 1, entry.line, (entry.line, entry.line)));
    }
    assert_eq!(read.load(Ordering::Relaxed), size);
}

#[test]
fn a_table_without_a_text_is_an_error_that_names_its_columns() {
    let folder = Folder::new();
    for (schema, values) in [
        ("message news { optional byte_array heading (utf8); }", texts(&["One"])),
        ("message news { required int32 text; }", Values::Numbers(vec![1])),
    ] {
        let path = folder.write("a.parquet", schema, properties().build(), &[&[values]]);
        let error = open(&path, 0).err().unwrap().to_string();
        assert!(error.contains("no column holds the text, there are \""), "{error}");
    }
}

#[test]
fn a_bad_row_is_refused_with_its_bytes_and_its_neighbours_are_taken() {
    let folder = Folder::new();
    let huge = vec![b'x'; 3_000_000];
    let stories = vec![
        b"Talks resumed.".to_vec(),
        b"caf\xe9".to_vec(),
        huge,
        b"<html><p>x</p></html>".to_vec(),
        b"Done.".to_vec(),
    ];
    let titles = texts(&["One", "Two", "Three", "Four", "Five"]);
    let stories = Values::Texts(stories.into_iter().map(Some).collect());
    let path = folder.write("a.parquet", NEWS, properties().build(), &[&[titles, stories]]);
    assert_eq!(told(&path, 0), ["One|Talks resumed.", "2:invalid_utf8", "3:too_large", "4:html", "Five|Done."]);
    let mut entries = open(&path, 1).unwrap();
    assert_eq!(entries.read_entry().unwrap().unwrap().bytes, b"caf\xe9");
    assert_eq!(entries.read_entry().unwrap().unwrap().bytes.len(), 10_000);
}

#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let folder = Folder::new();
    let long = ["Talks resumed in Brussels."; 500];
    let schema = "message news { optional byte_array text (utf8); }";
    let path =
        folder.write("a.parquet", schema, properties().set_dictionary_enabled(false).build(), &[&[texts(&long)]]);
    let whole = fs::read(&path).unwrap();
    for (bytes, word) in [
        (Vec::new(), "fewer than 12 bytes"),
        (whole[..whole.len() / 2].to_vec(), "does not end as one"),
        ([&whole[..whole.len() - 8], &[0xff, 0xff, 0xff, 0x7f], MAGIC].concat(), "footer has more than"),
        ([&whole[..whole.len() - 8], &[0xff, 0xff, 0, 0], MAGIC].concat(), "not a whole Parquet file"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = open(&path, 0).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
    for at in (4..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, bytes).unwrap();
        let Ok(mut entries) = open(&path, 0) else { continue };
        let rows = std::iter::from_fn(|| entries.read_entry().ok().flatten()).count();
        assert!(rows <= 500, "{at}");
    }
}

#[test]
fn a_page_that_unpacks_to_more_than_the_limit_is_an_error() {
    let folder = Folder::new();
    let schema = "message news { optional byte_array text (utf8); }";
    let bomb = || Values::Texts(vec![Some(vec![b' '; usize::try_from(LARGEST).unwrap() + 1])]);
    for (compression, word) in [
        (Compression::ZSTD(ZstdLevel::default()), "has more than 134217728 bytes"),
        (Compression::GZIP(GzipLevel::default()), "has more than 134217728 bytes"),
    ] {
        let built = properties().set_compression(compression).set_dictionary_enabled(false).build();
        let path = folder.write("a.parquet", schema, built, &[&[bomb()]]);
        let mut entries = open(&path, 0).unwrap();
        let error = entries.read_entry().unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_table_cannot_be_read_from_a_pipe() {
    let fields = FieldSettings::default();
    let content = io::Cursor::new(b"PAR1....".to_vec());
    let error = Entries::of_stream(content, options(&fields), &Arc::default()).err().unwrap();
    assert!(error.to_string().contains("only be read from a file"));
}
