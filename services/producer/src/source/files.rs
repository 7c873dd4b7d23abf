//! Files and folders, read once or watched.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use faultline_platform::{Stop, health::Health};
use faultline_schemas::FileCursor;

use super::{
    Reading,
    follow::{OnDisk, Start},
    watch::Watch,
};
use crate::{
    reader::Entries,
    session::Session,
    settings::{SourceKind, SourceSettings},
};

/// A file's size and time of change when it was last read to its end.
type Looked = (u64, Option<SystemTime>);

/// The files of one source.
pub(crate) struct FilesSource<'a> {
    source: &'a SourceSettings,
    path: &'a Path,
    pattern: Option<glob::Pattern>,
    reading: Reading,
    stop: Stop,
    health: Health,
    /// Where each file is to be gone on with, by its name below the folder.
    cursors: HashMap<String, FileCursor>,
    looked: HashMap<String, Looked>,
    /// What was last wrong, to say it once.
    failure: Option<String>,
}

/// What reading a file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Read to its end.
    Read,
    /// Its end is still being written: look again soon.
    Unsettled,
    /// Stopping was asked for.
    Stopped,
    /// It ends before the cursor: to be read from its start.
    Truncated,
}

impl<'a> FilesSource<'a> {
    pub(crate) fn new(
        ctx: &faultline_platform::RoleContext,
        source: &'a SourceSettings,
        reading: Reading,
        cursors: HashMap<String, FileCursor>,
    ) -> Self {
        Self {
            source,
            path: source.path.as_deref().unwrap_or(Path::new(".")),
            // `ProducerSettings::check` has seen that it parses.
            pattern: source.glob.as_deref().and_then(|glob| glob::Pattern::new(glob).ok()),
            reading,
            stop: ctx.stop.clone(),
            health: ctx.health.clone(),
            cursors,
            looked: HashMap::new(),
            failure: None,
        }
    }

    pub(crate) fn run(&mut self, session: &mut Session) {
        let mut watch = None;
        while !self.stop.requested() {
            // Watching starts before looking, so that no change falls in between; a folder that is not there yet is
            // watched once it is.
            if self.source.watch && watch.is_none() && self.watched().is_dir() {
                watch = Some(Watch::new(self.watched(), self.source.kind == SourceKind::Folder));
            }
            let unsettled = self.scan(session);
            if !self.source.watch {
                return;
            }
            let longest =
                if unsettled { self.reading.settle.max(Duration::from_millis(50)) } else { self.reading.rescan };
            self.rest(session, watch.as_ref(), longest);
        }
    }

    /// What to watch: a file is watched through its folder, since it may be replaced.
    fn watched(&self) -> &'a Path {
        match self.source.kind {
            SourceKind::Folder => self.path,
            _ => self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        }
    }

    /// Waits for a change. While acknowledgements are due it wakes often enough to write cursors down in time.
    fn rest(&self, session: &mut Session, watch: Option<&Watch>, longest: Duration) {
        let is_settled = session.settle_down(Duration::from_secs(2));
        let longest = if is_settled { longest } else { longest.min(Duration::from_secs(2)) };
        match watch {
            Some(watch) => watch.wait(longest, &self.stop),
            None => {
                let _stopping = self.stop.wait_timeout(longest.min(Duration::from_secs(2)));
            }
        }
    }

    /// Reads what is new or changed. True where a file's end is still being written.
    fn scan(&mut self, session: &mut Session) -> bool {
        let files = match self.list() {
            Ok(files) => files,
            Err(error) => {
                self.report(Some(format!("failed to list {}: {error}", self.path.display())));
                return false;
            }
        };
        let mut unsettled = false;
        let mut failure = None;
        for (name, path) in &files {
            match self.read_if_changed(name, path, session) {
                Ok(Outcome::Unsettled) => unsettled = true,
                Ok(Outcome::Stopped) => return false,
                Ok(Outcome::Read | Outcome::Truncated) => {}
                // It was listed a moment ago: whoever took it away will not miss it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.source.kind == SourceKind::Folder => {}
                Err(error) => failure = Some(format!("failed to read {}: {error}", path.display())),
            }
        }
        self.forget_vanished(&files, session);
        self.report(failure);
        unsettled
    }

    /// Logs and shows what is wrong, when it starts and when it ends.
    fn report(&mut self, failure: Option<String>) {
        if self.failure == failure {
            return;
        }
        match &failure {
            Some(failure) => tracing::error!(source = self.source.id, "{failure}, other files and sources go on"),
            None => tracing::info!(source = self.source.id, "source works again"),
        }
        self.health.set_degraded(&self.source.id, failure.clone());
        self.failure = failure;
    }

    fn forget_vanished(&mut self, files: &[(String, PathBuf)], session: &mut Session) {
        if self.source.kind != SourceKind::Folder {
            return;
        }
        let present: HashSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        self.looked.retain(|name, _| present.contains(name.as_str()));
        self.cursors.retain(|name, _| {
            let stays = present.contains(name.as_str());
            if !stays {
                tracing::debug!(source = self.source.id, file = name, "file is gone, its cursor is forgotten");
                session.forget(name);
            }
            stays
        });
    }

    /// Files to read, by name, in the order of their names.
    fn list(&self) -> io::Result<Vec<(String, PathBuf)>> {
        if self.source.kind != SourceKind::Folder {
            return Ok(vec![(self.path.to_string_lossy().into_owned(), self.path.to_owned())]);
        }
        let named =
            |path: PathBuf| (path.strip_prefix(self.path).unwrap_or(&path).to_string_lossy().into_owned(), path);
        let mut files: Vec<(String, PathBuf)> = files_below(self.path)?.into_iter().map(named).collect();
        files.retain(|(name, _)| self.pattern.as_ref().is_none_or(|pattern| pattern.matches(name)));
        files.sort();
        Ok(files)
    }

    fn read_if_changed(&mut self, name: &str, path: &Path, session: &mut Session) -> io::Result<Outcome> {
        let metadata = fs::metadata(path)?;
        let looked: Looked = (metadata.len(), metadata.modified().ok());
        if self.looked.get(name) == Some(&looked) {
            return Ok(Outcome::Read);
        }
        let mut outcome = self.read(name, path, session);
        if matches!(outcome, Ok(Outcome::Truncated)) {
            tracing::info!(source = self.source.id, file = name, "file ends before its cursor, reading from its start");
            self.cursors.remove(name);
            outcome = self.read(name, path, session);
        }
        if matches!(outcome, Ok(Outcome::Read)) || outcome.as_ref().is_err_and(is_damaged) {
            self.looked.insert(name.to_owned(), looked);
        }
        outcome
    }

    fn read(&mut self, name: &str, path: &Path, session: &mut Session) -> io::Result<Outcome> {
        let on_disk = OnDisk::look(path)?;
        let known = self.cursors.get(name);
        if known.is_some_and(|cursor| on_disk.is_done(cursor)) {
            return Ok(Outcome::Read);
        }
        let (mut cursor, why) = on_disk.start(known);
        if why == Start::Replaced {
            tracing::info!(source = self.source.id, file = name, "file was replaced, reading from its start");
        }
        let quiet = !self.source.watch || on_disk.is_quiet(self.reading.settle);
        let place = (cursor.offset, cursor.line);
        let mut entries = Entries::open(path, place, self.reading.options(self.source), &session.tally().bytes_read)?;
        if entries.started_at() < cursor.offset {
            return Ok(Outcome::Truncated);
        }
        if entries.is_encoded() && !quiet {
            return Ok(Outcome::Unsettled);
        }
        let key: Arc<str> = Arc::from(name);
        let origin: Arc<str> = Arc::from(path.to_string_lossy());
        while let Some(entry) = entries.read_entry()? {
            if self.stop.requested() {
                return Ok(Outcome::Stopped);
            }
            if !entry.complete && self.source.watch && !(quiet && on_disk.is_unchanged(path)) {
                return Ok(Outcome::Unsettled);
            }
            (cursor.offset, cursor.line) = entry.resume_at();
            self.cursors.insert(name.to_owned(), cursor.clone());
            session.offer(&origin, entry, Some((Arc::clone(&key), cursor.clone())));
        }
        (cursor.done, cursor.size) = (true, on_disk.size);
        self.cursors.insert(name.to_owned(), cursor.clone());
        session.mark((key, cursor));
        Ok(Outcome::Read)
    }
}

/// All files below a folder but hidden ones, in the order of their names. Links to folders are left alone: they may lead
/// in circles.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Damage does not go away by looking again; what else fails may.
fn is_damaged(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
