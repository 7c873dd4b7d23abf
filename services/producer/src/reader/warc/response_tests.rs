//! Responses as servers send them, crawlers keep them, and bombs.

use std::io::Write as _;

use flate2::{Compression, write};

use super::*;

const PAGE: &str = "<html><body><p>Talks resumed.</p></body></html>";

fn head(headers: &str) -> Response {
    Response::parse(format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn packed(coding: &str) -> Vec<u8> {
    let bytes = PAGE.as_bytes();
    match coding {
        "gzip" => gzip(bytes),
        "zlib" => {
            let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "raw" => {
            let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::encode_all(bytes, 3).unwrap(),
        // Made by the reference encoder.
        "br" => BROTLI.to_vec(),
        _ => bytes.to_vec(),
    }
}

/// [`PAGE`].
const BROTLI: &[u8] = &[
    0x1b, 0x2e, 0x00, 0xf8, 0x1d, 0x87, 0xe9, 0x06, 0x5f, 0x56, 0x25, 0x96, 0xab, 0x4f, 0x25, 0x0f, 0x15, 0x5a, 0xbd,
    0xc0, 0xc1, 0x0e, 0xd8, 0x7e, 0xad, 0x6f, 0x63, 0x91, 0xb4, 0xf4, 0x22, 0x4e, 0x6e, 0x02, 0x4c, 0x53, 0xf8, 0x0d,
    0x71, 0x24, 0xc5, 0x9b, 0xee, 0x0c, 0x31,
];

#[test]
fn a_body_comes_out_as_it_was_before_it_was_sent() {
    for (header, coding) in [
        ("", ""),
        ("Content-Encoding: gzip\r\n", "gzip"),
        ("Content-Encoding: X-GZIP\r\n", "gzip"),
        ("Content-Encoding: deflate\r\n", "zlib"),
        ("Content-Encoding: deflate\r\n", "raw"),
        ("Content-Encoding: br\r\n", "br"),
        ("content-encoding : zstd\r\n", "zstd"),
        ("Content-Encoding: identity\r\n", ""),
    ] {
        let packed = packed(coding);
        let body = head(header).body(&packed, 1000).unwrap().into_owned();
        assert_eq!(String::from_utf8(body).unwrap(), PAGE, "{header}");
        let chunks: Vec<u8> = packed
            .chunks(7)
            .flat_map(|chunk| [format!("{:x};note=1\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
            .chain(*b"0\r\n\r\n")
            .collect();
        let body = head(&format!("Transfer-Encoding: chunked\r\n{header}")).body(&chunks, 1000).unwrap().into_owned();
        assert_eq!(String::from_utf8(body).unwrap(), PAGE, "{header} in chunks");
    }
    let twice = gzip(&gzip(PAGE.as_bytes()));
    assert_eq!(*head("Content-Encoding: gzip, gzip\r\n").body(&twice, 1000).unwrap(), *PAGE.as_bytes());
}

#[test]
fn a_body_that_is_not_packed_as_its_head_says_is_taken_as_it_is() {
    for header in [
        "Content-Encoding: gzip\r\n",
        "Content-Encoding: deflate\r\n",
        "Content-Encoding: br\r\n",
        "Content-Encoding: zstd\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n",
    ] {
        assert_eq!(*head(header).body(PAGE.as_bytes(), 1000).unwrap(), *PAGE.as_bytes(), "{header}");
    }
    let cut = format!("{:x}\r\n{PAGE}", PAGE.len() + 50);
    assert_eq!(*head("Transfer-Encoding: chunked\r\n").body(cut.as_bytes(), 1000).unwrap(), *PAGE.as_bytes());
}

#[test]
fn a_bomb_goes_off_no_further_than_the_limit() {
    let zeros = vec![b' '; 50_000_000];
    let bombs =
        [("gzip", gzip(&zeros)), ("gzip, gzip", gzip(&gzip(&zeros))), ("zstd", zstd::encode_all(&*zeros, 19).unwrap())];
    for (coding, bomb) in bombs {
        assert!(bomb.len() < 100_000);
        let header = format!("Content-Encoding: {coding}\r\n");
        assert_eq!(head(&header).body(&bomb, 1_000_000), Err(BodyProblem::TooLarge), "{coding}");
    }
    assert_eq!(head("").body(&[b'x'; 11], 10), Err(BodyProblem::TooLarge));
}

#[test]
fn a_damaged_body_and_an_unknown_coding_are_told() {
    let whole = packed("gzip");
    for (coding, body, word) in
        [("gzip", &whole[..whole.len() / 2], "decompressed as gzip"), ("compress", PAGE.as_bytes(), "is not known")]
    {
        match head(&format!("Content-Encoding: {coding}\r\n")).body(body, 1000) {
            Err(BodyProblem::Damaged(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{coding}: {other:?}"),
        }
    }
}

#[test]
fn heads_are_read_as_crawlers_write_them_and_broken_ones_are_told() {
    for (block, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nbody", 200, "body"),
        ("HTTP/1.0 404\n\nbody", 404, "body"),
        ("HTTP/2 200\r\ncontent-type: text/html\r\n\r\nbody", 200, "body"),
        ("HTTP/2.0 301 Moved\r\n\r\nbody", 301, "body"),
        ("HTTP/1.1 200 OK\r\nbad header\r\nX:\u{1}\r\nA: folded\r\n too\r\n\r\nbody", 200, "body"),
    ] {
        let response = Response::parse(block.as_bytes()).unwrap();
        assert_eq!((response.status, &block[response.body_at..]), (status, body), "{block:?}");
    }
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(300));
    for (block, word) in [
        ("<html>", "broken"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html", "no end"),
        ("", "no end"),
        (many.as_str(), "too many headers"),
    ] {
        let why = Response::parse(block.as_bytes()).unwrap_err();
        assert!(why.contains(word), "{block:?}: {why}");
    }
}

#[test]
fn what_is_no_page_to_be_read_is_passed_over_with_the_reason() {
    for (block, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n", None),
        ("HTTP/1.1 200 OK\r\nContent-Type: application/xhtml+xml\r\n\r\n", None),
        ("HTTP/1.1 200 OK\r\n\r\n", None),
        ("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n", Some(Passed::Status)),
        ("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n", Some(Passed::NotHtml)),
        ("HTTP/1.1 200 OK\r\nX-Robots-Tag: noindex\r\n\r\n", Some(Passed::Forbidden)),
    ] {
        assert_eq!(Response::parse(block.as_bytes()).unwrap().unwanted(), expected, "{block:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_response_panics(
        head in r"HTTP/(1.1|2|9)? ?(200|x|) ?\r?\n(A: b\r\n|Transfer-Encoding: chunked\r\n|Content-Encoding: (br|gzip|deflate|zstd)\r\n|:|\r\n){0,4}\r?\n?",
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
    ) {
        let response = Response::parse(head.as_bytes()).unwrap_or_default();
        if let Ok(body) = response.body(&body, 1000) {
            proptest::prop_assert!(body.len() <= 1000);
        }
    }
}
