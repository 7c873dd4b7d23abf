//! The response in a record: its head, and its body as it was before it was sent.
//!
//! Crawlers keep bodies as they came, or unpacked under the head that says that they are packed: what is not as the head
//! says is taken as it is.

use std::{
    borrow::Cow,
    io::{self, Read},
};

use brotli_decompressor::Decompressor;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use httparse::{EMPTY_HEADER, ParserConfig, Status};

use crate::{page, refuse::Passed};

const MOST_HEADERS: usize = 256;
/// What RFC 8878 lets a server ask of a browser: 8 MB.
const ZSTD_WINDOW_LOG: u32 = 23;
const BROTLI_BUFFER: usize = 4096;

/// What a response says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Response {
    status: u16,
    pub(super) content_type: Option<String>,
    /// In the order in which they were applied.
    codings: Vec<String>,
    is_chunked: bool,
    is_forbidden: bool,
    /// Where the body starts.
    pub(super) body_at: usize,
}

/// Why there is no body to be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyProblem {
    TooLarge,
    Damaged(String),
}

impl Response {
    /// Reads the head that `block` starts with.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(block: &[u8]) -> Result<Self, String> {
        // Some crawlers write the version that they spoke; the head is written as in 1.1 all the same.
        let version = block.iter().position(|byte| *byte == b' ').filter(|end| *end <= b"HTTP/1.1".len());
        match version.filter(|_| block.starts_with(b"HTTP/2") || block.starts_with(b"HTTP/3")) {
            Some(end) => {
                let mut response = parse(&[b"HTTP/1.1", &block[end..]].concat())?;
                response.body_at -= b"HTTP/1.1".len() - end;
                Ok(response)
            }
            None => parse(block),
        }
    }

    /// Why the page is passed over, where it is.
    pub(super) fn unwanted(&self) -> Option<Passed> {
        let kind = self.content_type.as_deref().unwrap_or("text/html").to_ascii_lowercase();
        match self {
            Self { status, .. } if *status != 200 => Some(Passed::Status),
            _ if !kind.contains("html") => Some(Passed::NotHtml),
            Self { is_forbidden: true, .. } => Some(Passed::Forbidden),
            _ => None,
        }
    }

    /// The body as it was before it was sent, of at most `limit` bytes.
    pub(super) fn body<'b>(&self, body: &'b [u8], limit: usize) -> Result<Cow<'b, [u8]>, BodyProblem> {
        let mut body = if self.is_chunked { joined(body) } else { Cow::Borrowed(body) };
        for coding in self.codings.iter().rev() {
            if let Some(unpacked) = unpacked(&body, coding, limit)? {
                body = Cow::Owned(unpacked);
            }
        }
        if body.len() > limit { Err(BodyProblem::TooLarge) } else { Ok(body) }
    }
}

fn parse(block: &[u8]) -> Result<Response, String> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut read = httparse::Response::new(&mut headers);
    let mut config = ParserConfig::default();
    config
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    let body_at = match config.parse_response(&mut read, block) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Err("the head of its response has no end".to_owned()),
        Err(error) => return Err(format!("the head of its response is broken ({error})")),
    };
    let mut response = Response { status: read.code.unwrap_or_default(), body_at, ..Response::default() };
    for header in read.headers.iter() {
        let value = String::from_utf8_lossy(header.value);
        let words = || value.split(',').map(|word| word.trim().to_ascii_lowercase());
        match header.name.to_ascii_lowercase().as_str() {
            "content-type" => response.content_type = Some(value.trim().to_owned()),
            "content-encoding" => response.codings.extend(words()),
            "transfer-encoding" => response.is_chunked |= words().any(|word| word == "chunked"),
            "x-robots-tag" => response.is_forbidden |= page::header_forbids(&value),
            _ => {}
        }
    }
    Ok(response)
}

/// The chunks of a body put together; the body itself where it is not in chunks. What was cut off is left out.
fn joined(body: &[u8]) -> Cow<'_, [u8]> {
    let mut joined = Vec::new();
    let mut rest = body;
    while let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let end = start.saturating_add(size).min(rest.len());
        joined.extend_from_slice(&rest[start..end]);
        rest = rest[end..].strip_prefix(b"\r\n").unwrap_or(&rest[end..]);
        if size == 0 || rest.is_empty() {
            return Cow::Owned(joined);
        }
    }
    if joined.is_empty() { Cow::Borrowed(body) } else { Cow::Owned(joined) }
}

/// The bytes as they were before the coding; none where they are so already.
fn unpacked(bytes: &[u8], coding: &str, limit: usize) -> Result<Option<Vec<u8>>, BodyProblem> {
    let outcome = match coding {
        "gzip" | "x-gzip" if bytes.starts_with(&[0x1f, 0x8b]) => read_all(MultiGzDecoder::new(bytes), limit),
        "deflate" if is_zlib(bytes) => read_all(ZlibDecoder::new(bytes), limit),
        // As RFC 9110 says that some servers send it.
        "deflate" => read_all(DeflateDecoder::new(bytes), limit),
        "br" => read_all(Decompressor::new(bytes, BROTLI_BUFFER), limit),
        "zstd" if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => zstd(bytes, limit),
        "gzip" | "x-gzip" | "zstd" | "identity" | "" => return Ok(None),
        _ => return Err(BodyProblem::Damaged(format!("its Content-Encoding {coding:?} is not known"))),
    };
    match outcome {
        Ok(unpacked) if unpacked.len() > limit => Err(BodyProblem::TooLarge),
        Ok(unpacked) => Ok(Some(unpacked)),
        Err(_) if bytes.trim_ascii_start().starts_with(b"<") => Ok(None),
        Err(error) => Err(BodyProblem::Damaged(format!("its body cannot be decompressed as {coding} ({error})"))),
    }
}

fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

fn zstd(bytes: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    let mut decoder = zstd::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    read_all(decoder, limit)
}

/// A bomb goes off no further than one byte past the limit.
fn read_all(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
