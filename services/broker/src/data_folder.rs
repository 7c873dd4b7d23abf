//! The folder with the broker's log: one process at a time, one format, room to write.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// File name of the database.
const DATABASE: &str = "broker.db";
const LOCK: &str = "broker.lock";
const VERSION: &str = "VERSION";
/// What this version writes to, and expects in, the file `VERSION`: counts up when the format of the database changes.
const FORMAT: &str = "faultline-broker-data/3";
/// A broker whose parent was killed notices within this time, and lets the folder go.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// Less room than this at start is called a full disk.
const ROOM: usize = 4 << 20;

/// A data folder that belongs to this process until dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Held open for its lock.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing, locks it, and checks its format and that it takes writes.
    pub(crate) fn claim(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path).map_err(|error| explain(path, "make the data folder", &error))?;
        let path = path.canonicalize().map_err(|error| explain(path, "find the data folder", &error))?;
        let lock = lock(&path)?;
        check_room(&path)?;
        check_format(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// Path of the database in it.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

fn lock(folder: &Path) -> anyhow::Result<File> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(folder.join(LOCK))
        .map_err(|error| explain(folder, "write to the data folder", &error))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => bail!(
                "the data folder {} is in use by another broker{}: stop that one, or choose another data folder",
                folder.display(),
                holder(&mut file)
            ),
            Err(TryLockError::Error(error)) => {
                return Err(anyhow::Error::new(error).context(format!(
                    "failed to lock the data folder {}: is it on a file system without locks?",
                    folder.display()
                )));
            }
        }
    }
    file.set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(|error| explain(folder, "write to the data folder", &error))?;
    Ok(file)
}

/// ` (process 123)`, where the lock file says so.
fn holder(file: &mut File) -> String {
    let mut pid = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut pid));
    if read.is_ok() && pid.parse::<u32>().is_ok() { format!(" (process {pid})") } else { String::new() }
}

fn check_room(folder: &Path) -> anyhow::Result<()> {
    let probe = folder.join("room.probe");
    let written = File::create(&probe).and_then(|mut file| file.write_all(&vec![0; ROOM]));
    // Removed first: what was written of it takes up the last of the room.
    let removed = std::fs::remove_file(&probe);
    written.and(removed).map_err(|error| explain(folder, "write to the data folder", &error))
}

fn check_format(folder: &Path) -> anyhow::Result<()> {
    let version_file = folder.join(VERSION);
    let found = match std::fs::read_to_string(&version_file) {
        Ok(found) => found.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.join(DATABASE).exists() => {
            return std::fs::write(&version_file, format!("{FORMAT}\n"))
                .map_err(|error| explain(folder, "write to the data folder", &error));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", version_file.display()));
        }
    };
    if found != FORMAT {
        bail!(
            "the data in {} is from another version: {VERSION} says {found:?} where this one reads {FORMAT:?}; use the \
             version that wrote it, or move the folder away to start with an empty one",
            folder.display()
        );
    }
    Ok(())
}

/// What failed, on what, and what to do.
fn explain(folder: &Path, what: &str, error: &io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "the disk is full: make room, or choose a data folder on another disk"
        }
        io::ErrorKind::PermissionDenied => "no permission: give this user the folder, or choose another",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only: choose a folder on another",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a file is in the way: choose another folder",
        _ => "check the folder",
    };
    anyhow::anyhow!("failed to {what} {}: {error}; {advice}", folder.display())
}
