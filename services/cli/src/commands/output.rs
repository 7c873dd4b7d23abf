//! Results on standard output.

use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;
use serde::Serialize;

/// Writes bytes as they are. A reader that has gone away (`faultline … | head`) is no failure.
///
/// # Errors
/// When standard output cannot be written, such as to a full disk.
pub(crate) fn bytes(content: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(content).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("failed to write to standard output"),
        _ => Ok(()),
    }
}

/// As [`bytes`].
pub(crate) fn text(content: &str) -> anyhow::Result<()> {
    bytes(content.as_bytes())
}

/// As [`bytes`], as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut content = serde_json::to_string_pretty(value).context("failed to write the result as JSON")?;
    content.push('\n');
    text(&content)
}
