//! `faultline backfill`: archives taken in beside the live articles, from where the last run was left.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use faultline_platform::health::Health;
use faultline_platform::{RoleContext, Stop, signals};
use faultline_producer::{BackfillReport, BackfillRequest, FieldSettings, Format};
use prometheus::Registry;
use serde_json::json;

use super::ingest::meter::Meter;
use super::ingest::report;
use super::output;
use crate::exit::Usage;
use crate::look::counted;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  faultline backfill archive/                          all files below a folder, in the order of their names
  faultline backfill CC-NEWS-2016*.warc.gz             the articles on the pages of a crawl
  faultline backfill --rate 50 news-2019.parquet       50 articles a second at most
  faultline backfill --text story news.csv             the column that holds the text

Stop or kill it whenever you like: the same command goes on where it was left, and leaves alone what was read to its end
and has not changed since. Live articles do not wait behind it: it adds more only while fewer than --backlog messages lie
before the enricher and before the sink, which therefore have to run. Articles keep their own dates, and those from a
crawl count as taken in when they were crawled: an old version of a page does not replace a later one.
sink.retention_days counts from when an article is stored.";

/// What `faultline backfill` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BackfillArguments {
    /// Files, and folders: JSON lines, CSV, Parquet, WARC or plain text; .gz and .zst are read directly
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Articles a second at most
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,
    /// Messages that may lie before the enricher or the sink; live articles wait behind no more than these
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    backlog: u32,
    /// Do not look at the enricher and the sink: as fast as Kafka takes it
    #[arg(long, conflicts_with = "backlog")]
    full_speed: bool,
    /// Field or column that holds the text, where it has none of the usual names
    #[arg(long, value_name = "NAME")]
    text: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &BackfillArguments, settings: &Settings) -> anyhow::Result<()> {
    for path in &arguments.paths {
        // A slip in the last name must not come to light after hours.
        std::fs::metadata(path).map_err(|error| Usage(format!("failed to open {}: {error}", path.display())))?;
    }
    let stop = Stop::new();
    signals::listen(stop.clone());
    let filled = backfill(arguments, settings, &stop).await?;
    if arguments.json {
        let mut value = report::as_json(&filled.taken, None);
        value["files"] = json!(filled.files);
        value["files_done_before"] = json!(filled.done_before);
        output::json(&value)?;
    } else {
        output::text(&render(&filled))?;
    }
    verdict(&filled)
}

async fn backfill(arguments: &BackfillArguments, settings: &Settings, stop: &Stop) -> anyhow::Result<BackfillReport> {
    let common = Arc::new(settings.common.clone());
    let context = RoleContext::new("producer", common, &Registry::new(), &Health::new(), stop.clone())?;
    let mut fields = FieldSettings::default();
    fields.text.splice(0..0, arguments.text.clone());
    let request = BackfillRequest {
        paths: arguments.paths.clone(),
        format: Format::Auto,
        fields,
        rate: arguments.rate,
        backlog: (!arguments.full_speed).then_some(arguments.backlog),
        settings: settings.producer.clone(),
    };
    let meter = Meter::new();
    let filled = faultline_producer::backfill(context, request, |progress| meter.show(&progress)).await;
    meter.finish();
    filled
}

fn render(filled: &BackfillReport) -> String {
    let files = counted(usize::try_from(filled.files).unwrap_or(usize::MAX), "file");
    let before = match filled.done_before {
        0 => String::new(),
        done => format!(", {done} of them taken in before"),
    };
    format!("{files}{before}\n{}", report::render(&filled.taken, None))
}

/// Refused entries are in the dead letters, so that nothing failed; what could not be read did.
fn verdict(filled: &BackfillReport) -> anyhow::Result<()> {
    match &filled.taken {
        taken if taken.interrupted => bail!("stopped before all was taken in: the same command goes on from here"),
        taken if !taken.failures.is_empty() => bail!("{}", taken.failures.join("; ")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_producer::IngestReport;

    use super::*;

    #[test]
    fn what_is_left_is_said_and_fails_and_what_was_done_before_is_counted() {
        let done = BackfillReport { files: 3, done_before: 2, ..BackfillReport::default() };
        assert!(render(&done).starts_with("3 files, 2 of them taken in before\n0 inputs read"));
        assert!(verdict(&done).is_ok());
        let interrupted = IngestReport { interrupted: true, ..IngestReport::default() };
        let left = BackfillReport { taken: interrupted, ..BackfillReport::default() };
        assert!(verdict(&left).unwrap_err().to_string().contains("goes on from here"));
        let failures = vec!["failed to read a.csv: no column holds the text".to_owned()];
        let unread = BackfillReport { taken: IngestReport { failures, ..IngestReport::default() }, ..left };
        assert!(verdict(&unread).unwrap_err().to_string().contains("a.csv"));
    }
}
