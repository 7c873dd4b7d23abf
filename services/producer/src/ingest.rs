//! Taking files in once, from the command line.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_platform::{Publisher, RoleContext, topics};
use tokio::{sync::oneshot, task::spawn_blocking};

use crate::{
    intake::Intake,
    outlet::Outlet,
    reader::{Entries, ReadOptions},
    seen::Seen,
    session::Session,
    settings::{FieldSettings, Format, ProducerSettings},
    tally::{Explained, Tally},
};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, to its end.
    Stdin,
}

/// What to take in, and how.
#[derive(Debug, Clone)]
pub struct IngestRequest {
    /// Inputs, read one after the other.
    pub inputs: Vec<Input>,
    /// What they are.
    pub format: Format,
    /// Where JSON lines and tables keep what.
    pub fields: FieldSettings,
    /// As [`crate::ProducerSettings::max_article_bytes`].
    pub max_article_bytes: u32,
    /// As [`crate::WebSettings::max_page_bytes`].
    pub max_page_bytes: u32,
    /// As [`crate::ProducerSettings::remember`], over all inputs of this request.
    pub remember: u32,
    /// Whether the report is to list what was taken in: about 100 bytes of memory an article.
    pub list_taken: bool,
}

impl IngestRequest {
    /// Inputs whose format is told from their names and first bytes, within the limits that the settings set.
    #[must_use]
    pub fn new(inputs: Vec<Input>, settings: &ProducerSettings) -> Self {
        Self {
            inputs,
            format: Format::Auto,
            fields: FieldSettings::default(),
            max_article_bytes: settings.max_article_bytes,
            max_page_bytes: settings.web.max_page_bytes,
            remember: settings.remember,
            list_taken: false,
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read so far, as they lie on disk.
    pub bytes_read: u64,
    /// Bytes in all; none where standard input is among the inputs.
    pub bytes_total: Option<u64>,
    /// Entries read: lines, texts.
    pub read: u64,
    /// Articles that Kafka has acknowledged.
    pub acknowledged: u64,
    /// Exact repeats, dropped.
    pub repeats: u64,
    /// Entries refused.
    pub refused: u64,
    /// Records of crawls that are no articles.
    pub passed: u64,
    /// Messages before the enricher or the sink, where these are waited for.
    pub waits_for: Option<u64>,
    /// Time since the start.
    pub elapsed: Duration,
}

impl Progress {
    /// Articles acknowledged a second, since the start.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn articles_per_second(&self) -> f64 {
        self.acknowledged as f64 / self.elapsed.as_secs_f64().max(0.001)
    }

    /// Bytes of the entries that are acknowledged, dropped, refused or passed over, estimated from their number: what was read
    /// ahead is still on its way.
    #[must_use]
    pub fn bytes_settled(&self) -> u64 {
        let settled = (self.acknowledged + self.repeats + self.refused + self.passed).min(self.read);
        match self.read {
            0 => 0,
            read => u64::try_from(u128::from(self.bytes_read) * u128::from(settled) / u128::from(read)).unwrap_or(0),
        }
    }

    /// How long the rest takes at the pace so far; none where that cannot be told.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
    pub fn time_left(&self) -> Option<Duration> {
        let settled = self.bytes_settled();
        let left = self.bytes_total?.saturating_sub(settled);
        if settled == 0 {
            return None;
        }
        Duration::try_from_secs_f64(self.elapsed.as_secs_f64() * left as f64 / settled as f64).ok()
    }
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestReport {
    /// The last progress. All articles read are acknowledged, unless it was interrupted.
    pub progress: Progress,
    /// Refusals by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Records of crawls that are no articles, by reason: they are no dead letters.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// Parts set aside in articles that were taken, by reason: dates that are broken, or far in the future.
    pub warnings: BTreeMap<&'static str, u64>,
    /// The first refusals, explained; all are in the dead letters.
    pub explained: Vec<Explained>,
    /// Id and revision of every article taken in, where that was asked for; later repeats left out.
    pub taken: Vec<(String, String)>,
    /// Inputs that could not be read, or not to their end, and why. What came before is taken in.
    pub failures: Vec<String>,
    /// True where it was stopped before all was read and acknowledged.
    pub interrupted: bool,
}

/// Takes inputs in, and returns when everything read is acknowledged. Keeps no state: the same input again is published
/// again, under the same ids and revisions, so that nothing is stored twice. Waits for Kafka where it is away.
///
/// # Errors
/// When topics cannot be had or the client's settings are wrong. What is wrong with an input is in the report.
pub async fn ingest(
    ctx: RoleContext,
    request: IngestRequest,
    on_progress: impl Fn(Progress) + Send + Sync,
) -> anyhow::Result<IngestReport> {
    let waiting = ctx.clone();
    let is_ready =
        spawn_blocking(move || topics::ensure(&waiting.common, &waiting.stop)).await.context("panicked")??;
    if !is_ready {
        return Ok(IngestReport { interrupted: true, ..IngestReport::default() });
    }
    let publisher = Publisher::new(&ctx.common.kafka)?;
    let outlet = Outlet::new(&ctx, &publisher);
    ingest_through(ctx, request, outlet, on_progress).await
}

async fn ingest_through(
    ctx: RoleContext,
    request: IngestRequest,
    outlet: Outlet,
    on_progress: impl Fn(Progress) + Send + Sync,
) -> anyhow::Result<IngestReport> {
    let tally: Arc<Tally> = Arc::default();
    if request.list_taken {
        tally.list_taken();
    }
    let bytes_total = total(&request.inputs);
    let grace = Duration::from_millis(ctx.common.consume.shutdown_deadline_ms) / 2;
    let work = {
        let (ctx, tally) = (ctx.clone(), Arc::clone(&tally));
        move || read_all(&ctx, &request, outlet, tally, grace)
    };
    watch(&ctx, &tally, bytes_total, grace, work, on_progress).await
}

/// Runs `work` on a thread of its own and tells of its progress until it ends, or stopping takes longer than `grace`. It
/// says what failed, and whether everything that could be read is acknowledged.
pub(crate) async fn watch(
    ctx: &RoleContext,
    tally: &Tally,
    bytes_total: Option<u64>,
    grace: Duration,
    work: impl FnOnce() -> (Vec<String>, bool) + Send + 'static,
    on_progress: impl Fn(Progress) + Send + Sync,
) -> anyhow::Result<IngestReport> {
    let started = Instant::now();
    let progress = || Progress {
        bytes_read: tally.bytes_read.load(Ordering::Relaxed),
        bytes_total,
        read: tally.read.load(Ordering::Relaxed),
        acknowledged: tally.acknowledged.load(Ordering::Relaxed),
        repeats: tally.repeats.load(Ordering::Relaxed),
        refused: tally.refused.load(Ordering::Relaxed),
        passed: tally.passed.load(Ordering::Relaxed),
        waits_for: tally.waits_for(),
        elapsed: started.elapsed(),
    };
    let (done, mut ended) = oneshot::channel();
    // Not the runtime's: one that is stuck in reading standard input must not keep the process. Nobody listens once
    // stopping took too long.
    thread::Builder::new()
        .name("ingest".into())
        .spawn(move || drop(done.send(work())))
        .context("failed to start a thread")?;
    let overdue = async {
        ctx.stop.wait().await;
        tokio::time::sleep(grace + TELL_EVERY).await;
    };
    tokio::pin!(overdue);
    let (failures, is_complete) = loop {
        tokio::select! {
            outcome = &mut ended => break outcome.context("reading panicked, this is a bug: please report it")?,
            () = &mut overdue => break (Vec::new(), false),
            () = tokio::time::sleep(TELL_EVERY) => on_progress(progress()),
        }
    };
    on_progress(progress());
    Ok(IngestReport {
        progress: progress(),
        refused: tally.refusals(),
        passed_over: tally.passed_over(),
        warnings: tally.warnings(),
        explained: tally.explained(),
        taken: tally.taken(),
        failures,
        interrupted: !is_complete,
    })
}

fn total(inputs: &[Input]) -> Option<u64> {
    inputs
        .iter()
        .map(|input| match input {
            Input::File(path) => Some(std::fs::metadata(path).map_or(0, |metadata| metadata.len())),
            Input::Stdin => None,
        })
        .sum()
}

/// What failed, and whether everything that could be read is acknowledged.
fn read_all(
    ctx: &RoleContext,
    request: &IngestRequest,
    outlet: Outlet,
    tally: Arc<Tally>,
    grace: Duration,
) -> (Vec<String>, bool) {
    let intake = Intake::new(request.fields.clone(), request.max_article_bytes);
    let seen = Seen::new(request.remember as usize, "");
    let mut session = Session::new(None, intake, seen, outlet, Arc::clone(&tally), ctx.stop.clone());
    let mut failures = Vec::new();
    for input in &request.inputs {
        let name = match input {
            Input::File(path) => path.display().to_string(),
            Input::Stdin => "standard input".to_owned(),
        };
        if let Err(error) = read_one(ctx, request, input, &name, &mut session) {
            failures.push(format!("failed to read {name}: {error}"));
        }
    }
    let was_stopped = ctx.stop.requested();
    let is_settled = session.finish(grace);
    (failures, is_settled && !was_stopped)
}

fn read_one(
    ctx: &RoleContext,
    request: &IngestRequest,
    input: &Input,
    name: &str,
    session: &mut Session,
) -> io::Result<()> {
    let count = &session.tally().bytes_read;
    let entry_limit = ctx.common.kafka.message_max_bytes as usize;
    let page_limit = request.max_page_bytes as usize;
    let options = ReadOptions { format: request.format, fields: &request.fields, entry_limit, page_limit };
    let mut entries = match input {
        Input::File(path) => Entries::open(path, (0, 0), options, count)?,
        Input::Stdin => Entries::of_stream(io::stdin(), options, count)?,
    };
    let origin: Arc<str> = Arc::from(name);
    while let Some(entry) = entries.read_entry()? {
        session.offer(&origin, entry, None);
        if ctx.stop.requested() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "ingest_tests.rs"]
mod tests;
