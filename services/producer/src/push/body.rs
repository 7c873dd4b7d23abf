//! The body of a request: read within limits, decompressed within limits, cut into entries.

use std::{
    borrow::Cow,
    io::{self, Read},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
};
use serde_json::Value;

use super::{answer::Problem, settings::PushSettings};
use crate::reader::Entry;

/// How the entries lie in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One object, or a list of them.
    Json,
    /// An object a line.
    Lines,
}

impl Kind {
    /// As `Content-Type` says. Without one that names JSON nothing is taken: so a web page cannot send articles through
    /// the browser of somebody who merely looks at it.
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Ok(Self::Lines)
            }
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unknown type",
                format!(
                    "the Content-Type is {given:?}: send application/json for an object or a list, application/x-ndjson for lines"
                ),
            )),
        }
    }
}

/// A body as it arrived.
pub(crate) struct Received {
    bytes: Bytes,
    coding: Coding,
    kind: Kind,
}

/// Reads the whole body, as it is.
pub(crate) async fn receive(body: Body, headers: &HeaderMap, settings: &PushSettings) -> Result<Received, Problem> {
    let limit = settings.max_body_bytes as usize;
    let (kind, coding) = (Kind::of(headers)?, Coding::of(headers)?);
    let within = Duration::from_millis(settings.receive_within_ms.into());
    let bytes = receive_body(body, limit, within).await?;
    Ok(Received { bytes, coding, kind })
}

/// The whole body, as it is.
pub(crate) async fn receive_body(body: Body, limit: usize, within: Duration) -> Result<Bytes, Problem> {
    let received = tokio::time::timeout(within, axum::body::to_bytes(body, limit)).await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too slow", format!("the body took longer than {within:?} to arrive"))
    })?;
    received.map_err(|error| match length_error(&error) {
        true => too_large(limit),
        false => Problem::new(StatusCode::BAD_REQUEST, "broken off", format!("the body did not arrive whole: {error}")),
    })
}

impl Received {
    /// Tells whether a request is the same as one before.
    pub(crate) fn fingerprint(&self) -> blake3::Hash {
        blake3::hash(&self.bytes)
    }

    /// Decompresses the body and cuts it into entries: work for a processor, not for the runtime's threads.
    pub(crate) fn entries(self, settings: &PushSettings) -> Result<Vec<Offered>, Problem> {
        let limit = settings.max_body_bytes as usize;
        split(self.kind, &self.coding.decode(&self.bytes, limit)?, settings)
    }
}

fn length_error(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        source = error.source();
    }
    false
}

fn too_large(limit: usize) -> Problem {
    let detail = format!(
        "the body has more than {limit} bytes: send fewer articles at a time, or raise producer.push.max_body_bytes (of a hub: producer.web.max_feed_bytes)"
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too large", detail)
}

fn damaged(error: &io::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "damaged", format!("the body cannot be decompressed: {error}"))
}

/// How a body is compressed.
pub(crate) enum Coding {
    Plain,
    Gzip,
    Zstd,
}

impl Coding {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("identity");
        match given.trim().to_ascii_lowercase().as_str() {
            "identity" | "" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unknown encoding",
                format!("the Content-Encoding is {given:?}: send it plain, or as gzip or zstd"),
            )),
        }
    }
}

impl Coding {
    /// The body as it was before: work for a processor, not for the runtime's threads.
    pub(crate) fn decode<'b>(&self, bytes: &'b [u8], limit: usize) -> Result<Cow<'b, [u8]>, Problem> {
        match self {
            Self::Plain => Ok(Cow::Borrowed(bytes)),
            Self::Gzip => decompress(flate2::read::MultiGzDecoder::new(bytes), limit).map(Cow::Owned),
            Self::Zstd => {
                let decoder = zstd::Decoder::new(bytes).map_err(|error| damaged(&error))?;
                decompress(decoder, limit).map(Cow::Owned)
            }
        }
    }
}

/// Stops at the limit, however much would follow.
fn decompress(decoder: impl Read, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    if bytes.len() > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

/// What may each be an article.
pub(crate) enum Offered {
    /// A line, not looked at yet.
    Line(Entry),
    /// A part of the body, parsed already.
    Value(Value),
}

/// Cuts the body into entries.
fn split(kind: Kind, bytes: &[u8], settings: &PushSettings) -> Result<Vec<Offered>, Problem> {
    let entries = match kind {
        Kind::Lines => lines(bytes),
        Kind::Json => match serde_json::from_slice(bytes).map_err(|error| not_json(&error))? {
            Value::Array(list) => list.into_iter().map(Offered::Value).collect(),
            one => vec![Offered::Value(one)],
        },
    };
    let limit = settings.max_articles as usize;
    if entries.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "empty", "there is no article in the body"));
    }
    if entries.len() > limit {
        let detail = format!(
            "{} articles where at most {limit} are taken at a time: send them in parts, or raise producer.push.max_articles",
            entries.len()
        );
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too many", detail));
    }
    Ok(entries)
}

fn not_json(error: &serde_json::Error) -> Problem {
    // The parser's own limit is 128 lists and objects within each other.
    let what_to_do = if error.to_string().contains("recursion limit") {
        "it is nested too deeply for an article"
    } else {
        "correct it, or send lines as application/x-ndjson"
    };
    Problem::new(StatusCode::BAD_REQUEST, "not JSON", format!("{error}: {what_to_do}"))
}

fn lines(bytes: &[u8]) -> Vec<Offered> {
    let numbered = bytes.split(|byte| *byte == b'\n').zip(1u64..);
    numbered
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| Offered::Line(Entry::of_json(line.to_vec(), number)))
        .collect()
}
