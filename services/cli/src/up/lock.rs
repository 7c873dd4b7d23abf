//! One `up` per data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};

const FILE: &str = "faultline.lock";

/// The data folder is this process's until this is dropped, or the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock(#[expect(dead_code, reason = "open for its lock")] File);

impl FolderLock {
    /// Makes the folder where it is missing, and takes it.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        let shown = folder.display();
        std::fs::create_dir_all(folder)
            .with_context(|| format!("failed to make the data folder {shown}: choose another with --data-dir"))?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(folder.join(FILE))
            .with_context(|| {
            format!("failed to write to the data folder {shown}: choose another with --data-dir")
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).ok();
                bail!(
                    "the data folder {shown} is in use by another faultline{}: stop that one, or choose another with \
                     --data-dir",
                    pid.parse::<u32>().map_or(String::new(), |pid| format!(" (process {pid})"))
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("failed to lock the data folder {shown}"));
            }
        }
        file.set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()))
            .with_context(|| format!("failed to write to the data folder {shown}: is the disk full?"))?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_second_up_on_the_folder_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let refusal = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
        assert!(refusal.contains("--data-dir"), "{refusal}");
        drop(first);
        FolderLock::take(folder.path()).unwrap();
    }
}
