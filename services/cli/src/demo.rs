//! `faultline demo`: real articles through the whole pipeline, in a folder of its own, and a look at what came out.

mod alerts;
mod paper;
mod report;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use faultline_analysis::Deduplicator;
use faultline_platform::dead_letter::{Browser, StoredLetter};
use faultline_platform::health::Health;
use faultline_platform::{RoleContext, Stop};
use faultline_producer::reader::{Entries, ReadOptions};
use faultline_producer::{FieldSettings, Format, IngestReport, IngestRequest, Input, Intake};
use faultline_schemas::{Article, Enriched};
use faultline_sink::Store;
use prometheus::Registry;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use self::paper::Paper;
use crate::exit::Usage;
use crate::look::counted;
use crate::settings::Settings;
use crate::terminal::{Terminal, say};
use crate::up::Up;

/// Reports on Kosovo and Serbia from July to December 2022 and others, written for Faultline from public facts. One line
/// is broken on purpose.
const ARTICLES: &[u8] = include_bytes!("../demo/articles.jsonl");
const ARTICLES_FILE: &str = "articles.jsonl";
/// How long to wait for the next article to be stored: what is not by then never will be.
const PATIENCE: Duration = Duration::from_secs(20);
/// Articles in the table, at most.
const ROWS: usize = 200;

/// What can be written after `faultline demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Articles of your own, JSON lines or plain text, .gz and .zst too, in place of the bundled ones
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Keep the data in this folder, to look further afterwards
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Where the demo's data lies.
enum Folder {
    /// Goes away with the demo.
    Passing(TempDir),
    /// Named by the user.
    Kept(PathBuf),
}

impl Folder {
    fn open(keep: Option<&Path>) -> anyhow::Result<Self> {
        match keep {
            Some(path) => {
                std::fs::create_dir_all(path)
                    .with_context(|| format!("failed to make the folder {}", path.display()))?;
                Ok(Self::Kept(path.to_owned()))
            }
            None => {
                let folder = tempfile::Builder::new().prefix("faultline-demo-").tempdir();
                folder.map(Self::Passing).context("failed to make a temporary folder: use --keep DIR to name one")
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Passing(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

/// Runs the demo.
pub(crate) async fn run(arguments: &DemoArguments, mut settings: Settings, stop: Stop) -> anyhow::Result<()> {
    let folder = Folder::open(arguments.keep.as_deref())?;
    settings.move_to(folder.path());
    let inputs = Inputs::gather(&arguments.files, folder.path(), &mut settings, stop.clone()).await?;

    say("Starting the broker, producer, enricher and sink …\n");
    let started = Instant::now();
    let up = Up::start(settings, stop.clone()).await?;
    let settings = up.settings().clone();
    let mut running = tokio::spawn(up.finish());
    let shown = tokio::select! {
        shown = show(arguments, &settings, inputs, started) => shown,
        ended = &mut running => match ended.context("the roles panicked")? {
            Ok(()) => bail!("stopped before the articles were stored"),
            Err(error) => return Err(error),
        },
    };
    stop.request();
    running.await.context("the roles panicked")??;
    shown
}

/// What is taken in.
struct Inputs {
    files: Vec<PathBuf>,
    /// The newspaper that has some of the bundled articles.
    paper: Option<Paper>,
    /// Id and revision of every article: what must be stored in the end.
    identities: BTreeSet<(String, String)>,
}

impl Inputs {
    /// The user's files; or the bundled articles, of which one outlet's come from its feed and the others from a file
    /// in the folder.
    async fn gather(own: &[PathBuf], folder: &Path, settings: &mut Settings, stop: Stop) -> anyhow::Result<Self> {
        let limit = settings.producer.max_article_bytes;
        if let Some(missing) = own.iter().find(|file| !file.is_file()) {
            return Err(Usage(format!("{} is not a file: name files of articles", missing.display())).into());
        }
        if !own.is_empty() {
            let files = own.to_vec();
            let read_all = move || files.iter().map(|file| of_file(file, limit)).collect::<anyhow::Result<Vec<_>>>();
            let read = spawn_blocking(read_all).await.context("reading the files panicked")??;
            return Ok(Self { files: own.to_vec(), paper: None, identities: identities(read.iter().flatten()) });
        }
        let bundled = Bundled::divide(limit)?;
        let file = folder.join(ARTICLES_FILE);
        std::fs::write(&file, &bundled.lines).with_context(|| format!("failed to write {}", file.display()))?;
        let paper = Paper::open(&bundled.of_paper, stop).await?;
        paper.subscribe(&mut settings.producer);
        let of_file = of_file(&file, limit)?;
        let identities = identities(of_file.iter().chain(&bundled.of_paper));
        Ok(Self { files: vec![file], paper: Some(paper), identities })
    }
}

/// The bundled articles.
struct Bundled {
    /// One outlet's.
    of_paper: Vec<Article>,
    /// All others, and what is to be refused.
    lines: Vec<u8>,
}

impl Bundled {
    fn divide(limit: u32) -> anyhow::Result<Self> {
        let (mut of_paper, mut lines) = (Vec::new(), Vec::new());
        for line in ARTICLES.split_inclusive(|byte| *byte == b'\n') {
            let read = articles(|options| Entries::of_stream(Cursor::new(line), options, &Arc::default()), limit)?;
            match read.into_iter().next() {
                Some(article) if article.source.as_deref() == Some(paper::HOST) => of_paper.push(article),
                _ => lines.extend_from_slice(line),
            }
        }
        lines.extend_from_slice(oversized(limit).as_bytes());
        Ok(Self { of_paper, lines })
    }
}

/// A line with more text than an article may have, to show what becomes of it.
fn oversized(limit: u32) -> String {
    let sentence = "The minutes of the talks were read out once more, from the beginning. ";
    let line = serde_json::json!({
        "url": "https://archive.example/2022/all-minutes",
        "title": "Every minute of every talk",
        "published_at": "2022-12-31T20:00:00Z",
        "text": sentence.repeat(limit as usize / sentence.len() + 1),
    });
    format!("{line}\n")
}

/// What is shown at the end.
struct Outcome {
    articles: Vec<Enriched>,
    /// Number of revisions, by article id.
    revisions: BTreeMap<String, usize>,
    letters: Vec<StoredLetter>,
    /// What the rules to begin with raise on them.
    alerts: String,
    /// Articles that were taken in and are not stored.
    missing: usize,
}

async fn show(arguments: &DemoArguments, settings: &Settings, inputs: Inputs, started: Instant) -> anyhow::Result<()> {
    let report = ingest(settings, &inputs.files).await?;
    if let Some(failure) = report.failures.first() {
        bail!("{failure}");
    }
    let outcome = collect(settings, &inputs.identities).await?;
    let terminal = Terminal::stdout();
    let articles = counted(outcome.articles.len(), "article");
    let took = started.elapsed().as_secs_f64();
    let of_files = usize::try_from(report.progress.read).unwrap_or(usize::MAX);
    let of_paper = inputs.paper.as_ref().map_or(0, Paper::articles);
    let read = counted(of_files.saturating_add(of_paper), "input");
    let told = inputs.paper.as_ref().map(Paper::told).unwrap_or_default();
    say(&format!("{read} read, {articles} tagged and stored, {took:.1} s after the start\n{told}\n"));
    say(&body(&outcome, report.progress.repeats, terminal));
    let kept = arguments.keep.as_deref().map(|path| path.display().to_string());
    say(&format!("\n{}", report::further(kept.as_deref(), &outcome.articles, terminal)));
    match outcome.missing {
        0 => Ok(()),
        missing => bail!("{} not stored: see the dead letters above", counted(missing, "article")),
    }
}

fn body(outcome: &Outcome, repeats: u64, terminal: Terminal) -> String {
    let shown = tensest(&outcome.articles);
    let mut out = table::render(&shown, terminal);
    if shown.len() < outcome.articles.len() {
        out.push_str(&format!("the {} tensest of {} are shown\n", shown.len(), outcome.articles.len()));
    }
    let parts = [
        report::weeks(&outcome.articles, terminal),
        Some(outcome.alerts.clone()),
        report::repeats(&outcome.articles, &outcome.revisions, repeats, terminal),
        Some(report::dead_letters(&outcome.letters, terminal)),
    ];
    for part in parts.into_iter().flatten() {
        out.push('\n');
        out.push_str(&part);
    }
    out
}

/// Those worth a place in the table, in order of date.
fn tensest(articles: &[Enriched]) -> Vec<Enriched> {
    let mut shown = articles.to_vec();
    shown.sort_by(|a, b| b.escalation.score.total_cmp(&a.escalation.score));
    shown.truncate(ROWS);
    shown.sort_by(|a, b| a.article.published_at.cmp(&b.article.published_at));
    shown
}

async fn ingest(settings: &Settings, files: &[PathBuf]) -> anyhow::Result<IngestReport> {
    // A registry of its own: the running producer has the role's name in the shared one.
    let common = Arc::new(settings.common.clone());
    let context = RoleContext::new("producer", common, &Registry::new(), &Health::new(), Stop::new())?;
    let request = IngestRequest::new(files.iter().cloned().map(Input::File).collect(), &settings.producer);
    faultline_producer::ingest(context, request, |_| ()).await
}

async fn collect(settings: &Settings, taken: &BTreeSet<(String, String)>) -> anyhow::Result<Outcome> {
    let store = Store::open(&settings.sink, &settings.common.data_dir).await?;
    let all: Vec<(String, String)> = taken.iter().cloned().collect();
    let missing = store.wait_stored(&all, PATIENCE).await?.len();
    let mut articles = Vec::new();
    let mut revisions = BTreeMap::new();
    let ids: BTreeSet<&String> = taken.iter().map(|(id, _)| id).collect();
    for id in ids {
        let stored = store.revisions(id).await?;
        revisions.insert(id.clone(), stored.len());
        articles.extend(stored.into_iter().find(|revision| revision.current).map(|revision| revision.document));
    }
    store.close().await;
    mark_repeats(&mut articles);
    let browser = Browser::new(Arc::new(settings.common.clone()));
    let letters =
        spawn_blocking(move || browser.list(PATIENCE)).await.context("reading the dead letters panicked")??;
    let (of_rules, folder) = (articles.clone(), settings.common.data_dir.join("rules"));
    let alerts = spawn_blocking(move || alerts::raised(&of_rules, &folder, Terminal::stdout()));
    let alerts = alerts.await.context("watching the rules panicked")??;
    Ok(Outcome { articles, revisions, letters, alerts, missing })
}

/// Names the earlier article that each nearly repeats, in order of publication.
fn mark_repeats(articles: &mut [Enriched]) {
    articles.sort_by(|a, b| a.article.published_at.cmp(&b.article.published_at));
    let mut seen = Deduplicator::new(articles.len() * 2);
    for article in articles {
        let earlier = seen.observe(&article.article.id, &article.fingerprint);
        let known = &mut article.fingerprint.duplicate_of;
        *known = known.take().or(earlier);
    }
}

fn identities<'a>(articles: impl Iterator<Item = &'a Article>) -> BTreeSet<(String, String)> {
    articles.map(|article| (article.id.clone(), article.revision.clone())).collect()
}

fn of_file(path: &Path, limit: u32) -> anyhow::Result<Vec<Article>> {
    let read = articles(|options| Entries::open(path, (0, 0), options, &Arc::default()), limit);
    read.with_context(|| format!("failed to read {}", path.display()))
}

/// The articles in an input; what is refused is in the dead letters later.
fn articles(
    open: impl FnOnce(ReadOptions<'_>) -> std::io::Result<Entries>,
    limit: u32,
) -> std::io::Result<Vec<Article>> {
    let fields = FieldSettings::default();
    let mut entries = open(ReadOptions {
        format: Format::Auto,
        fields: &fields,
        entry_limit: limit as usize,
        page_limit: limit as usize,
    })?;
    let intake = Intake::new(fields, limit);
    let mut articles = Vec::new();
    while let Some(entry) = entries.read_entry()? {
        articles.extend(intake.read(&entry, jiff::Timestamp::now()).ok().map(|taken| taken.article));
    }
    Ok(articles)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn the_bundled_articles_hold_a_correction_and_what_must_be_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        let inputs = Inputs::gather(&[], folder.path(), &mut settings, Stop::new()).await.unwrap();
        let ids: BTreeSet<&String> = inputs.identities.iter().map(|(id, _)| id).collect();
        let written = std::fs::read(&inputs.files[0]).unwrap();
        let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        let of_paper = inputs.paper.unwrap().articles();
        assert!(ids.len() >= 80, "{} articles", ids.len());
        assert!(inputs.identities.len() > ids.len(), "no article is there in two revisions");
        assert!(of_paper >= 10, "{of_paper} articles come from the feed");
        assert_eq!(lines + of_paper, inputs.identities.len() + 2, "one is broken, one too long");
    }

    #[tokio::test]
    async fn a_file_of_the_user_that_is_missing_is_wrong_usage() {
        let mut settings = Settings::default();
        let own = ["no/such/file.jsonl".into()];
        let refusal = Inputs::gather(&own, Path::new("."), &mut settings, Stop::new()).await.err().unwrap();
        assert!(refusal.is::<Usage>(), "{refusal}");
    }
}
