//! Opening inputs: compression and encoding are told from the first bytes, not from the name.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek as _, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use super::utf16::Utf16Reader;

const BUFFER: usize = 256 * 1024;
/// Bytes that tell every encoding.
const ENOUGH: usize = 4;

/// An opened input, decompressed and in UTF-8 as far as its byte order mark tells.
pub(super) struct Input {
    /// Its content.
    pub(super) content: Box<dyn BufRead + Send>,
    /// Offset within the content at which `content` stands.
    pub(super) offset: u64,
    /// True where the bytes on disk are not the content itself.
    pub(super) encoded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Zstd,
    Utf16 { big_endian: bool },
}

impl Encoding {
    /// None of these starts can be the start of UTF-8 text.
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xff, 0xfe, ..] => Self::Utf16 { big_endian: false },
            [0xfe, 0xff, ..] => Self::Utf16 { big_endian: true },
            _ => Self::Plain,
        }
    }
}

/// Opens a file at an offset of its content. Where the content ends before that, `Input::offset` is where it ends.
///
/// `bytes_read` counts bytes on disk as they are read, those before the offset included.
///
/// # Errors
/// What opening and reading the file says, and damaged compression before the offset.
pub(super) fn open_file(path: &Path, offset: u64, bytes_read: &Arc<AtomicU64>) -> io::Result<Input> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(ENOUGH as u64).read_to_end(&mut head)?;
    file.rewind()?;
    if Encoding::of(&head) != Encoding::Plain {
        let mut input = open_stream(file, bytes_read)?;
        input.offset = io::copy(&mut input.content.by_ref().take(offset), &mut io::sink())?;
        return Ok(input);
    }
    let start = offset.min(file.metadata()?.len());
    file.seek(SeekFrom::Start(start))?;
    bytes_read.fetch_add(start, Ordering::Relaxed);
    let content = BufReader::with_capacity(BUFFER, Counted { inner: file, count: Arc::clone(bytes_read) });
    Ok(Input { content: Box::new(content), offset: start, encoded: false })
}

/// Opens a stream at its start.
///
/// # Errors
/// What reading its first bytes says.
pub(super) fn open_stream(stream: impl Read + Send + 'static, bytes_read: &Arc<AtomicU64>) -> io::Result<Input> {
    let mut counted = Counted { inner: stream, count: Arc::clone(bytes_read) };
    let head = read_head(&mut counted)?;
    let encoding = Encoding::of(&head);
    let mut raw = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(counted));
    let content: Box<dyn BufRead + Send> = match encoding {
        Encoding::Plain => Box::new(raw),
        Encoding::Gzip => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw))),
        Encoding::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
        Encoding::Utf16 { big_endian } => {
            raw.read_exact(&mut [0; 2])?;
            Box::new(BufReader::with_capacity(BUFFER, Utf16Reader::new(raw, big_endian)))
        }
    };
    Ok(Input { content, offset: 0, encoded: encoding != Encoding::Plain })
}

/// What the stream has ready, at least the bytes that tell its encoding: a pipe must not be waited for longer.
fn read_head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = vec![0; BUFFER];
    let mut length = 0;
    while length < ENOUGH {
        match stream.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(length);
    Ok(head)
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 3).unwrap()
    }

    fn utf16(text: &str) -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    }

    fn content(mut input: Input) -> String {
        let mut text = String::new();
        input.content.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn compressed_and_encoded_inputs_read_as_their_content_from_any_offset() {
        let folder = tempfile::tempdir().unwrap();
        let members = |pack: fn(&str) -> Vec<u8>| [pack("one\n"), pack("two\n")].concat();
        for (name, bytes) in [
            ("plain", b"one\ntwo\n".to_vec()),
            ("gzip", gzip("one\ntwo\n")),
            ("gzip in members", members(gzip)),
            ("zstd", zstandard("one\ntwo\n")),
            ("zstd in frames", members(zstandard)),
            ("utf-16", utf16("one\ntwo\n")),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            let count = Arc::default();
            assert_eq!(content(open_stream(Cursor::new(bytes.clone()), &count).unwrap()), "one\ntwo\n", "{name}");
            assert_eq!(count.load(Ordering::Relaxed), bytes.len() as u64, "{name}: all bytes are counted");
            let count = Arc::default();
            let input = open_file(&path, 4, &count).unwrap();
            assert_eq!((input.offset, content(input)), (4, "two\n".to_owned()), "{name}");
            assert_eq!(count.load(Ordering::Relaxed), bytes.len() as u64, "{name}: skipped bytes are counted");
            assert_eq!(open_file(&path, 99, &count).unwrap().offset, 8, "{name}: an offset past the end");
        }
    }

    #[test]
    fn damaged_compression_is_an_error_and_not_an_end() {
        for bytes in [gzip(&"one\n".repeat(99)), zstandard(&"one\n".repeat(99))] {
            let cut = bytes[..bytes.len() - 4].to_vec();
            let mut input = open_stream(Cursor::new(cut), &Arc::default()).unwrap();
            assert!(input.content.read_to_end(&mut Vec::new()).is_err());
        }
    }

    #[test]
    fn an_empty_input_is_no_error() {
        assert_eq!(content(open_stream(io::empty(), &Arc::default()).unwrap()), "");
    }
}
