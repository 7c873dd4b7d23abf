//! `faultline enrich`: articles in, tagged articles out, no Kafka. On all cores, in order, in bounded memory.

use std::{
    io::{BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

use anyhow::{Context as _, bail};
use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded};
use faultline_analysis::{Analyzer, Deduplicator};
use faultline_enricher::knowledge;
use faultline_producer::{
    FieldSettings, Format, Intake, ProducerSettings, Refusal,
    reader::{Entries, Entry, ReadOptions},
};
use faultline_schemas::Enriched;

use super::inputs;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  faultline enrich articles.jsonl > tagged.jsonl
  zcat archive.jsonl.gz | faultline enrich - | jq .escalation
  faultline enrich --threads 1 story.txt
  faultline enrich --set enricher.knowledge_dir=lists story.txt    with lists of your own

One JSON document a line is written for each article, in the order of the input. What is no article is explained on
standard error and left out; the exit code is then 1.";

/// What `faultline enrich` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EnrichArguments {
    /// Files to read, `-` for standard input; .gz and .zst are read directly
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Threads that read tags; one for each core unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Articles in which near repeats are looked for.
const REMEMBERED: usize = 100_000;
/// Entries that a thread takes at once.
const CHUNK: usize = 16;
/// Chunks on their way for each thread: enough to keep it busy, few enough to bound memory.
const CHUNKS_A_THREAD: usize = 4;

/// What came of an entry: the document and its JSON, or why there is none.
type Tagged = Result<(Enriched, Vec<u8>), Refusal>;

struct Chunk {
    entries: Vec<Entry>,
    place: Sender<Vec<Tagged>>,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read or the output not written, and in the end when something was refused; what came before
/// has been written.
pub(crate) fn run(arguments: &EnrichArguments, settings: &Settings) -> anyhow::Result<()> {
    inputs::check(&arguments.files)?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let mut output =
        Output { writer: BufWriter::new(std::io::stdout().lock()), repeats: Deduplicator::new(REMEMBERED), refused: 0 };
    let limit = settings.producer.max_article_bytes;
    let open = |path: &PathBuf| open(path, &settings.producer);
    let analyzer = knowledge::analyzer(settings.enricher.knowledge_dir.as_deref())?;
    for path in &arguments.files {
        let entries = open(path)?;
        let is_read = enrich_one(path, entries, threads, (analyzer, limit), &mut output)?;
        if !is_read {
            break;
        }
    }
    output.writer.flush().or_else(ignore_closed).context("failed to write to standard output")?;
    match output.refused {
        0 => Ok(()),
        refused => bail!("{refused} of the inputs are no articles, as said above"),
    }
}

/// The entries of a file or of standard input, within the limits of the settings.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn open(path: &Path, settings: &ProducerSettings) -> anyhow::Result<Entries> {
    let read = Arc::new(AtomicU64::new(0));
    let fields = FieldSettings::default();
    let options = ReadOptions {
        format: Format::Auto,
        fields: &fields,
        entry_limit: settings.max_article_bytes as usize,
        page_limit: settings.web.max_page_bytes as usize,
    };
    let entries = match inputs::is_stdin(path) {
        true => Entries::of_stream(std::io::stdin(), options, &read),
        false => Entries::open(path, (0, 0), options, &read),
    };
    entries.with_context(|| format!("failed to read {}", path.display()))
}

/// False when nobody reads the output any more.
fn enrich_one<W: Write>(
    path: &Path,
    mut entries: Entries,
    threads: usize,
    (analyzer, limit): (&Analyzer, u32),
    output: &mut Output<W>,
) -> anyhow::Result<bool> {
    let (chunks, work) = bounded::<Chunk>(threads);
    let (line, places) = bounded::<Receiver<Vec<Tagged>>>(threads * CHUNKS_A_THREAD);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let work = work.clone();
            scope.spawn(move || tag_all(&work, analyzer, limit));
        }
        drop(work);
        let reader = scope.spawn(move || read_all(&mut entries, &chunks, &line));
        for place in places {
            for tagged in place.recv().unwrap_or_default() {
                if !output.write(path, tagged)? {
                    return Ok(false);
                }
            }
        }
        let read = reader.join().map_err(|_| anyhow::anyhow!("the reader of {} panicked", path.display()))?;
        read.with_context(|| format!("failed to read {}", path.display()))?;
        Ok(true)
    })
}

/// Cuts the input into chunks; ends early when the writer has gone.
fn read_all(
    entries: &mut Entries,
    chunks: &Sender<Chunk>,
    line: &Sender<Receiver<Vec<Tagged>>>,
) -> std::io::Result<()> {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut read = Ok(());
        while chunk.len() < CHUNK {
            match entries.read_entry() {
                Ok(Some(entry)) => chunk.push(entry),
                Ok(None) => break,
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        let is_last = chunk.len() < CHUNK;
        let (place, filled) = bounded(1);
        if line.send(filled).is_err() || chunks.send(Chunk { entries: chunk, place }).is_err() || is_last {
            return read;
        }
    }
}

fn tag_all(work: &Receiver<Chunk>, analyzer: &Analyzer, limit: u32) {
    let intake = Intake::new(FieldSettings::default(), limit);
    for Chunk { entries, place } in work {
        let tagged = entries.iter().map(|entry| tag(analyzer, &intake, entry)).collect();
        // The writer has gone when nobody reads the output any more.
        drop(place.send(tagged));
    }
}

fn tag(analyzer: &Analyzer, intake: &Intake, entry: &Entry) -> Tagged {
    let taken = intake.read(entry, jiff::Timestamp::now())?;
    let enriched = analyzer.enrich(&taken.article);
    let json = to_line(&enriched);
    Ok((enriched, json))
}

fn to_line(enriched: &Enriched) -> Vec<u8> {
    // Strings, numbers and lists: nothing in the document can fail to be written to memory.
    let mut json = serde_json::to_vec(enriched).unwrap_or_default();
    json.push(b'\n');
    json
}

struct Output<W> {
    writer: W,
    /// Near repeats are found in the order of the input, so on the one thread that writes.
    repeats: Deduplicator,
    refused: u64,
}

impl<W: Write> Output<W> {
    /// False when nobody reads the output any more.
    fn write(&mut self, path: &Path, tagged: Tagged) -> anyhow::Result<bool> {
        let (mut enriched, mut json) = match tagged {
            Ok(tagged) => tagged,
            Err(refusal) if refusal.is_passed_over() => return Ok(true),
            Err(refusal) => {
                self.refused += 1;
                eprintln!("{}: {refusal}", path.display());
                return Ok(true);
            }
        };
        let repeat = self.repeats.observe(&enriched.article.id, &enriched.fingerprint);
        if repeat.is_some() {
            enriched.fingerprint.duplicate_of = repeat;
            json = to_line(&enriched);
        }
        match self.writer.write_all(&json) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error).context("failed to write to standard output"),
        }
    }
}

fn ignore_closed(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}
