//! JSON lines at the end of a file.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use faultline_schemas::Alert;
use tokio::task::spawn_blocking;

use super::{SendError, settings::FileSettings};

#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
}

impl File {
    pub(super) fn open(settings: &FileSettings) -> Result<Self, String> {
        let path = settings.path.clone();
        if path.as_os_str().is_empty() {
            return Err("path is not set: name the file to write to".to_owned());
        }
        append(&path, b"").map_err(|error| format!("failed to write to {}: {error}", path.display()))?;
        Ok(Self { path })
    }

    pub(super) fn place(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) async fn send(&self, batch: &[Alert]) -> Result<(), SendError> {
        let mut lines = Vec::new();
        for alert in batch {
            serde_json::to_writer(&mut lines, alert).map_err(|error| {
                SendError::refused(format!("alert {} cannot be written as JSON: {error}", alert.fingerprint))
            })?;
            lines.push(b'\n');
        }
        let path = self.path.clone();
        let written = spawn_blocking(move || append(&path, &lines)).await;
        let failed = |why: String| SendError::retry(format!("failed to write to {}: {why}", self.path.display()));
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }
}

/// Opened each time: the file may have been rotated away. A last line that was left unfinished, by a full disk say, is
/// ended first.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    if lines.is_empty() {
        return Ok(());
    }
    let mut content = Vec::with_capacity(lines.len() + 1);
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            content.push(b'\n');
        }
    }
    content.extend_from_slice(lines);
    file.write_all(&content)?;
    file.sync_data()
}
