//! `faultline ingest`: takes files in once, and returns when all of it is acknowledged, or stored.

pub(super) mod meter;
pub(super) mod report;
mod wait;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use faultline_platform::health::Health;
use faultline_platform::{RoleContext, Stop, signals};
use faultline_producer::{IngestReport, IngestRequest, Input};
use prometheus::Registry;

use self::meter::Meter;
use self::wait::Stored;
use super::{inputs, output};
use crate::look::counted;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  faultline ingest articles.jsonl archive-2022.jsonl.gz
  faultline ingest --wait articles.jsonl && faultline search level:high
  curl -s https://news.example/dump.jsonl | faultline ingest -
  faultline ingest --json *.txt | jq .acknowledged

Files are JSON lines, CSV, Parquet (the usual names of fields and columns are known), WARC (the articles on the pages of
a crawl) or plain text; .gz and .zst are read directly.
What is no article is in the dead letters afterwards, untouched, with the reason. The same file again changes nothing.";

/// What `faultline ingest` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct IngestArguments {
    /// Files to take in, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Return only when everything is tagged and stored, which needs a running enricher and sink
    #[arg(long)]
    wait: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &IngestArguments, settings: &Settings) -> anyhow::Result<()> {
    inputs::check(&arguments.files)?;
    let stop = Stop::new();
    signals::listen(stop.clone());
    let started = jiff::Timestamp::now();
    let report = ingest(arguments, settings, &stop).await?;
    let stored = match arguments.wait && !report.interrupted {
        true => Some(wait(&report.taken, settings, started, &stop).await?),
        false => None,
    };
    if arguments.json {
        output::json(&report::as_json(&report, stored.as_ref()))?;
    } else {
        output::text(&report::render(&report, stored.as_ref()))?;
    }
    verdict(&report, stored.as_ref())
}

async fn ingest(arguments: &IngestArguments, settings: &Settings, stop: &Stop) -> anyhow::Result<IngestReport> {
    let common = Arc::new(settings.common.clone());
    let context = RoleContext::new("producer", common, &Registry::new(), &Health::new(), stop.clone())?;
    let input = |path: &PathBuf| if inputs::is_stdin(path) { Input::Stdin } else { Input::File(path.clone()) };
    let mut request = IngestRequest::new(arguments.files.iter().map(input).collect(), &settings.producer);
    request.list_taken = arguments.wait;
    let meter = Meter::new();
    let report = faultline_producer::ingest(context, request, |progress| meter.show(&progress)).await;
    meter.finish();
    report
}

async fn wait(
    taken: &[(String, String)],
    settings: &Settings,
    started: jiff::Timestamp,
    stop: &Stop,
) -> anyhow::Result<Stored> {
    let meter = Meter::new();
    let stored =
        wait::until_stored(taken, settings, started, stop, |stored| meter.show_stored(stored, taken.len())).await;
    meter.finish();
    stored
}

/// Refused entries are in the dead letters, so that nothing failed; what could not be read or stored did.
fn verdict(report: &IngestReport, stored: Option<&Stored>) -> anyhow::Result<()> {
    if report.interrupted {
        bail!("stopped before all was taken in: what is acknowledged stays, start it again for the rest");
    }
    if !report.failures.is_empty() {
        bail!("{}", report.failures.join("; "));
    }
    match stored {
        Some(Stored { interrupted: true, .. }) => {
            bail!("stopped before all was stored: all is taken in and on its way")
        }
        Some(stored) if !stored.missing.is_empty() => bail!(
            "{} not stored, and nothing has moved for {} s: see that the enricher and the sink run (faultline topics \
             describe)",
            counted(stored.missing.len(), "article"),
            wait::PATIENCE.as_secs()
        ),
        Some(stored) if stored.rejected > 0 => bail!(
            "{} taken in and then rejected: faultline dead-letters list says why",
            counted(stored.rejected, "article")
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn refused_entries_are_no_failure_and_what_is_not_read_or_not_stored_is() {
        let done = IngestReport { refused: [("not_json", 2)].into(), ..IngestReport::default() };
        assert!(verdict(&done, None).is_ok());
        let unread = IngestReport { failures: vec!["failed to read a.gz: damaged".into()], ..done.clone() };
        assert!(verdict(&unread, None).unwrap_err().to_string().contains("a.gz"));
        let interrupted = IngestReport { interrupted: true, ..done.clone() };
        assert!(verdict(&interrupted, None).unwrap_err().to_string().contains("again"));
        let stored = Stored::default();
        assert!(verdict(&done, Some(&stored)).is_ok());
        let missing = Stored { missing: vec![("a".into(), "r".into())], ..Stored::default() };
        assert!(verdict(&done, Some(&missing)).unwrap_err().to_string().contains("1 article not stored"));
        let rejected = Stored { rejected: 1, ..Stored::default() };
        assert!(verdict(&done, Some(&rejected)).unwrap_err().to_string().contains("dead-letters"));
    }
}
