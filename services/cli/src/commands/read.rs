//! `faultline read`: articles with their tags, to look at, without Kafka or a database.

mod page;
mod panels;
mod spans;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use faultline_enricher::knowledge;
use faultline_producer::{FieldSettings, Intake};
use faultline_schemas::Enriched;

use super::{enrich, inputs, output, show};
use crate::settings::Settings;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  faultline read story.txt
  pbpaste | faultline read -
  faultline read articles.jsonl | less
  faultline read --html story.txt > story.html      one page that needs nothing else: open it in a browser

On a terminal tags are in colour. Otherwise [actors and places], {↑what escalates} and {↓what calms} are marked.";

/// What `faultline read` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReadArguments {
    /// File to read, `-` for standard input: plain text, JSON lines, CSV, Parquet or WARC; .gz and .zst are read directly
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write a web page: hovering over a tag says why it is there
    #[arg(long)]
    html: bool,
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or holds no article, and in the end when something in it was refused.
pub(crate) fn run(arguments: &ReadArguments, settings: &Settings) -> anyhow::Result<()> {
    inputs::check(std::slice::from_ref(&arguments.file))?;
    if arguments.html {
        output::text(page::HEAD)?;
    }
    let terminal = Terminal::stdout();
    let mut shown = 0;
    let refused = each(&arguments.file, settings, |article| {
        shown += 1;
        if arguments.html {
            return output::text(&page::article(article, shown));
        }
        let gap = if shown > 1 { "\n\n" } else { "" };
        output::text(&format!("{gap}{}", show::tagged(article, terminal)))
    })?;
    if arguments.html {
        output::text(page::FOOT)?;
    }
    match (shown, refused) {
        (_, 1..) => bail!("{refused} of the inputs are no articles, as said above"),
        (0, 0) => bail!("{} holds no article", arguments.file.display()),
        _ => Ok(()),
    }
}

/// Tags each article of the file; returns how many entries are none.
///
/// # Errors
/// When the file cannot be read, and what `show` fails with.
pub(super) fn each(
    path: &Path,
    settings: &Settings,
    mut show: impl FnMut(&Enriched) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let limit = settings.producer.max_article_bytes;
    let analyzer = knowledge::analyzer(settings.enricher.knowledge_dir.as_deref())?;
    let mut entries = enrich::open(path, &settings.producer)?;
    let intake = Intake::new(FieldSettings::default(), limit);
    let mut refused = 0;
    while let Some(entry) = entries.read_entry().with_context(|| format!("failed to read {}", path.display()))? {
        match intake.read(&entry, jiff::Timestamp::now()) {
            Ok(taken) => show(&analyzer.enrich(&taken.article))?,
            Err(refusal) if refusal.is_passed_over() => {}
            Err(refusal) => {
                refused += 1;
                eprintln!("{}: {refusal}", path.display());
            }
        }
    }
    Ok(refused)
}
