//! Back-filling: years of archives taken in beside the live articles, from where the last run was left.
//!
//! How far each file has been read is remembered on the sources topic, as for a source that is called `#backfill`, by the
//! absolute path of the file: no configured source can have that id.

mod brake;

use std::{
    collections::HashMap,
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use faultline_platform::{Publisher, RoleContext, compacted, topics, topics::Backlog};
use faultline_schemas::{FileCursor, topic};
use governor::clock::DefaultClock;
use tokio::task::spawn_blocking;

use self::brake::{Brake, Credit};
use crate::{
    ingest::{IngestReport, Progress, watch},
    intake::Intake,
    outlet::Outlet,
    reader::{Entries, ReadOptions},
    refuse::Refusal,
    seen::Seen,
    session::Session,
    settings::{FieldSettings, Format, ProducerSettings},
    source::{OnDisk, files_below},
    state::{self, Remembered},
    tally::Tally,
};

/// The id under which is remembered how far it has come.
const SOURCE: &str = "#backfill";
/// How long one attempt to read the sources topic may take.
const STATE_DEADLINE: Duration = Duration::from_secs(30);

/// What to take in, and how fast.
#[derive(Debug, Clone)]
pub struct BackfillRequest {
    /// Files, and folders of which every file is taken, in the order of their names.
    pub paths: Vec<PathBuf>,
    /// What they are.
    pub format: Format,
    /// Where JSON lines and tables keep what.
    pub fields: FieldSettings,
    /// Articles a second at most; none for as many as there are.
    pub rate: Option<NonZeroU32>,
    /// Messages that may lie before the enricher and the sink; none for no looking at them.
    pub backlog: Option<u32>,
    /// Limits.
    pub settings: ProducerSettings,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackfillReport {
    /// As of any other files.
    pub taken: IngestReport,
    /// Files in all.
    pub files: u64,
    /// Files that an earlier run had read to their end.
    pub done_before: u64,
}

/// Takes archives in, and returns when everything read is acknowledged. The same request again goes on where the last
/// one was left, however that ended; files that were read to their end are left alone unless they have changed.
///
/// # Errors
/// When a path cannot be listed, topics cannot be had, or the client's settings are wrong. What is wrong with a file is
/// in the report.
pub async fn backfill(
    ctx: RoleContext,
    request: BackfillRequest,
    on_progress: impl Fn(Progress) + Send + Sync,
) -> anyhow::Result<BackfillReport> {
    let files = Arc::new(list(&request.paths)?);
    let preparing = ctx.clone();
    let remembered = spawn_blocking(move || prepare(&preparing)).await.context("panicked")??;
    let Some(remembered) = remembered else {
        let taken = IngestReport { interrupted: true, ..IngestReport::default() };
        return Ok(BackfillReport { taken, files: files.len() as u64, done_before: 0 });
    };
    let publisher = Publisher::new(&ctx.common.kafka)?;
    let outlet = Outlet::new(&ctx, &publisher);
    let done_before = Arc::new(AtomicU64::new(0));
    let grace = Duration::from_millis(ctx.common.consume.shutdown_deadline_ms) / 2;
    let tally: Arc<Tally> = Arc::default();
    let total = files.iter().map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len())).sum();
    let work = {
        let (ctx, tally, files, done_before) =
            (ctx.clone(), Arc::clone(&tally), Arc::clone(&files), Arc::clone(&done_before));
        move || {
            let outcome = fill(&ctx, &request, &files, remembered, outlet, tally, &done_before, grace);
            // Where it was left is on its way until then.
            if !publisher.flush(grace) {
                tracing::warn!("kafka did not acknowledge where it was left, a part is read again the next time");
            }
            outcome
        }
    };
    let taken = watch(&ctx, &tally, Some(total), grace, work, on_progress).await?;
    Ok(BackfillReport { taken, files: files.len() as u64, done_before: done_before.load(Ordering::Relaxed) })
}

/// All files, each once and by its absolute path.
fn list(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let failed = || format!("failed to list {}", path.display());
        let path = path.canonicalize().with_context(failed)?;
        let mut below = if path.is_dir() { files_below(&path).with_context(failed)? } else { vec![path] };
        below.retain(|file| !files.contains(file));
        files.extend(below);
    }
    Ok(files)
}

/// Makes sure of the topics and reads where the last run was left; none where stopping was asked for first.
fn prepare(ctx: &RoleContext) -> anyhow::Result<Option<Remembered>> {
    if !topics::ensure(&ctx.common, &ctx.stop)? {
        return Ok(None);
    }
    let name = ctx.common.topics.name(&topic::SOURCES);
    let table = compacted::read_all(&ctx.common, &name, STATE_DEADLINE);
    let table = table.context("failed to read where the last back-fill was left")?;
    Ok(Some(state::of_source(&table, SOURCE)))
}

/// What failed, and whether everything that could be read is acknowledged.
#[expect(clippy::too_many_arguments, reason = "all that a thread of its own is given")]
fn fill(
    ctx: &RoleContext,
    request: &BackfillRequest,
    files: &[PathBuf],
    remembered: Remembered,
    outlet: Outlet,
    tally: Arc<Tally>,
    done_before: &AtomicU64,
    grace: Duration,
) -> (Vec<String>, bool) {
    let settings = &request.settings;
    let intake = Intake::new(request.fields.clone(), settings.max_article_bytes);
    let seen = Seen::new(settings.remember as usize, &remembered.seen);
    let session = Session::new(Some(SOURCE.to_owned()), intake, seen, outlet, tally, ctx.stop.clone());
    let backlog = match Backlog::new(&ctx.common) {
        Ok(backlog) => backlog,
        Err(error) => return (vec![error.to_string()], false),
    };
    let credit = request
        .backlog
        .map(|allowed| Credit::new(allowed, Box::new(|| backlog.largest().map_err(|error| error.to_string()))));
    let brake = Brake::new(request.rate, credit, DefaultClock::default(), ctx.stop.clone());
    let entry_limit = ctx.common.kafka.message_max_bytes as usize;
    let page_limit = settings.web.max_page_bytes as usize;
    let options = ReadOptions { format: request.format, fields: &request.fields, entry_limit, page_limit };
    let mut filling = Filling { session, brake, options, cursors: remembered.files, ctx, done_before };
    let mut failures = Vec::new();
    for file in files {
        match filling.file(file) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => failures.push(format!("failed to read {}: {error}", file.display())),
        }
    }
    let was_stopped = ctx.stop.requested();
    let is_settled = filling.session.finish(grace);
    (failures, is_settled && !was_stopped)
}

struct Filling<'a> {
    session: Session,
    brake: Brake<'a>,
    options: ReadOptions<'a>,
    cursors: HashMap<String, FileCursor>,
    ctx: &'a RoleContext,
    done_before: &'a AtomicU64,
}

impl Filling<'_> {
    /// Reads a file from where it was left; false where stopping was asked for before its end.
    fn file(&mut self, path: &Path) -> io::Result<bool> {
        let key: Arc<str> = Arc::from(path.to_string_lossy());
        let on_disk = OnDisk::look(path)?;
        let known = self.cursors.get(&*key);
        if known.is_some_and(|cursor| on_disk.is_done(cursor)) {
            self.done_before.fetch_add(1, Ordering::Relaxed);
            self.session.tally().bytes_read.fetch_add(on_disk.size, Ordering::Relaxed);
            return Ok(true);
        }
        let (mut cursor, _) = on_disk.start(known);
        let mut entries = self.open(path, &cursor)?;
        if entries.started_at() < cursor.offset {
            // It has become shorter, which makes it another file.
            (cursor, _) = on_disk.start(None);
            entries = self.open(path, &cursor)?;
        }
        while let Some(entry) = entries.read_entry()? {
            let is_article = !entry.refusal.as_ref().is_some_and(Refusal::is_passed_over);
            if self.ctx.stop.requested() || (is_article && !self.pass()) {
                return Ok(false);
            }
            (cursor.offset, cursor.line) = entry.resume_at();
            self.session.offer(&key, entry, Some((Arc::clone(&key), cursor.clone())));
        }
        (cursor.done, cursor.size) = (true, on_disk.size);
        self.session.mark((key, cursor));
        Ok(true)
    }

    fn open(&self, path: &Path, cursor: &FileCursor) -> io::Result<Entries> {
        Entries::open(path, (cursor.offset, cursor.line), self.options, &self.session.tally().bytes_read)
    }

    fn pass(&mut self) -> bool {
        let tally = self.session.tally_shared();
        let session = &mut self.session;
        let on_their_way = || {
            session.collect();
            session.outstanding() as u64
        };
        self.brake.pass(on_their_way, |waits_for| tally.wait_for(waits_for))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
