//! Requests over HTTP/1.1, as simple as they come.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::Context as _;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Body as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON: {}", self.body))
    }
}

/// Sends a request and reads the answer to its end.
///
/// # Errors
/// When the server is not there, or goes away in the middle.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer broke off")?;
    let status = head.get(9..12).context("no status")?.parse()?;
    let promised =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    anyhow::ensure!(promised.is_none_or(|length: usize| length == body.len()), "the answer broke off");
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok(Answer { status, body: if is_chunked { joined(body)? } else { body.to_owned() } })
}

/// What comes in chunks, each with its length in hexadecimal digits before it.
fn joined(chunks: &str) -> anyhow::Result<String> {
    let (mut rest, mut all) = (chunks, String::new());
    loop {
        let (length, after) = rest.split_once("\r\n").context("the answer broke off")?;
        let length = usize::from_str_radix(length.trim(), 16).context("a chunk has no length")?;
        if length == 0 {
            return Ok(all);
        }
        all.push_str(after.get(..length).context("the answer broke off")?);
        rest = after.get(length + 2..).context("the answer broke off")?;
    }
}
