//! `faultline sources`: what there is, how each stands, what would be taken from one, and changing them.

mod lists;
mod render;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use faultline_platform::topics;
use faultline_producer::sources::{self, Offered, Preview, SourceReport};
use faultline_producer::{SourceKind, SourceSettings, TextFrom};
use faultline_schemas::SourceDefinition;
use tokio::task::spawn_blocking;
use url::Url;

use super::output;
use crate::exit::Usage;
use crate::look::counted;
use crate::settings::Settings;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  faultline sources test https://www.aljazeera.com/xml/rss/all.xml    what would be taken, entry by entry
  faultline sources add https://www.aljazeera.com/xml/rss/all.xml     from now on; a running producer sees it at once
  faultline sources add https://news.example/                         the feed that the page names
  faultline sources list                                              how each stands
  faultline sources pause aljazeera.com                               and resume, and remove
  faultline sources import feeds.opml                                 lists from elsewhere; export writes one

Sources may also stand in the configuration: [[producer.sources]] with kind = \"feed\" and a url.";

/// What `faultline sources` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SourcesArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Show every source, how it stands, and why
    #[command(after_help = EXAMPLES)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch an address and show what would be taken from it, entry by entry; takes nothing
    #[command(after_help = EXAMPLES)]
    Test {
        /// Address of a feed, a news sitemap, or a page that names one
        #[arg(value_name = "URL", value_parser = parse_url)]
        url: Url,
        /// It is a sitemap
        #[arg(long)]
        sitemap: bool,
        /// Entries to look at, the newest first
        #[arg(long, default_value_t = 10, value_name = "N")]
        entries: usize,
        /// Fetch no pages: show what the feed alone has
        #[arg(long)]
        no_pages: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a feed; where the address is a page, the feed that it names
    #[command(after_help = EXAMPLES)]
    Add {
        /// Address of a feed, a news sitemap, or a page that names one
        #[arg(value_name = "URL", value_parser = parse_url)]
        url: Url,
        /// It is a sitemap
        #[arg(long)]
        sitemap: bool,
        /// Name of the source; made of the address where left out
        #[arg(long)]
        id: Option<String>,
        /// Outlet of articles that name none, preferably its domain
        #[arg(long)]
        outlet: Option<String>,
        /// ISO 639-1 code of articles that name no language
        #[arg(long, value_name = "CODE")]
        language: Option<String>,
        /// Add it without fetching it first
        #[arg(long)]
        unchecked: bool,
    },
    /// Take back what was added; articles stay
    #[command(after_help = EXAMPLES)]
    Remove {
        /// Ids of the sources
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Leave sources alone until they are resumed
    #[command(after_help = EXAMPLES)]
    Pause {
        /// Ids of the sources
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Check paused sources again, and those that had retired
    #[command(after_help = EXAMPLES)]
    Resume {
        /// Ids of the sources
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Add all feeds of an OPML list that are not there yet
    #[command(after_help = EXAMPLES)]
    Import {
        /// The list
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write all feeds as an OPML list to standard output
    #[command(after_help = EXAMPLES)]
    Export,
}

fn parse_url(text: &str) -> Result<Url, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&full).map_err(|error| format!("{error}: write it as https://news.example/feed"))?;
    let is_web = matches!(url.scheme(), "http" | "https");
    if is_web { Ok(url) } else { Err("an address starts with https:// or http://".to_owned()) }
}

pub(crate) async fn run(arguments: &SourcesArguments, settings: &Settings) -> anyhow::Result<()> {
    match arguments.action.clone() {
        Action::Test { url, sitemap, entries, no_pages, json } => {
            let mut source = SourceSettings::fetched("test", kind(sitemap), &url);
            source.text = if no_pages { TextFrom::Feed } else { TextFrom::Auto };
            test(settings, &source, entries, json).await
        }
        Action::Add { url, sitemap, id, outlet, language, unchecked } => {
            let source = SourceSettings::fetched("", kind(sitemap), &url);
            let source = if unchecked { source } else { found(settings, source).await? };
            let wanted = lists::Wanted { id, outlet, language };
            blocking(settings, move |settings| lists::add(settings, &source, wanted)).await
        }
        Action::List { json } => blocking(settings, move |settings| list(settings, json)).await,
        Action::Remove { ids } => blocking(settings, move |settings| remove(settings, &ids)).await,
        Action::Pause { ids } => blocking(settings, move |settings| set_paused(settings, &ids, true)).await,
        Action::Resume { ids } => blocking(settings, move |settings| set_paused(settings, &ids, false)).await,
        Action::Import { file } => blocking(settings, move |settings| lists::import(settings, &file)).await,
        Action::Export => blocking(settings, lists::export).await,
    }
}

fn kind(is_sitemap: bool) -> SourceKind {
    if is_sitemap { SourceKind::Sitemap } else { SourceKind::Feed }
}

/// Questions to Kafka block.
async fn blocking(
    settings: &Settings,
    work: impl FnOnce(&Settings) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<()> {
    let settings = settings.clone();
    let work = move || {
        // Says soon, and why, when no broker answers.
        topics::check(&settings.common)?;
        work(&settings)
    };
    spawn_blocking(work).await.context("asking kafka panicked, this is a bug: please report it")?
}

async fn test(settings: &Settings, source: &SourceSettings, entries: usize, as_json: bool) -> anyhow::Result<()> {
    let preview = looked_at(settings, source, entries).await?;
    if as_json { output::json(&preview) } else { output::text(&render::preview(&preview, Terminal::stdout())) }
}

async fn looked_at(settings: &Settings, source: &SourceSettings, entries: usize) -> anyhow::Result<Preview> {
    let address = source.url.as_deref().unwrap_or_default();
    sources::preview(&settings.producer, source, entries).await.with_context(|| format!("failed to read {address}"))
}

/// The source, or the feed that its page names.
async fn found(settings: &Settings, source: SourceSettings) -> anyhow::Result<SourceSettings> {
    let offered = match looked_at(settings, &source, 0).await {
        Ok(_) => return Ok(source),
        Err(error) => match error.downcast::<Offered>() {
            Ok(offered) => offered,
            Err(error) => return Err(error.context("nothing was added; --unchecked adds it all the same")),
        },
    };
    let Some(url) = offered.feeds.first() else {
        let hint = match offered.sitemaps.first() {
            Some(sitemap) => {
                format!("; its robots.txt names sitemaps, try: faultline sources test --sitemap {sitemap}")
            }
            None => String::new(),
        };
        bail!("{}{hint}", offered.problem);
    };
    output::text(&format!("the page names {url}\n"))?;
    let source = SourceSettings { url: Some(url.to_string()), ..source };
    looked_at(settings, &source, 0).await?;
    Ok(source)
}

fn list(settings: &Settings, as_json: bool) -> anyhow::Result<()> {
    let reports = reports(settings)?;
    if as_json { output::json(&reports) } else { output::text(&render::list(&reports, Terminal::stdout())) }
}

fn reports(settings: &Settings) -> anyhow::Result<Vec<SourceReport>> {
    sources::list(&settings.common, &settings.producer)
}

fn set_paused(settings: &Settings, ids: &[String], paused: bool) -> anyhow::Result<()> {
    let (reports, defined) = (reports(settings)?, sources::definitions(&settings.common)?);
    let mut changes = Vec::new();
    for id in ids {
        known(&reports, id)?;
        let definition = defined.get(id).cloned().unwrap_or_default();
        changes.push((id.clone(), Some(SourceDefinition { paused, ..definition })));
    }
    sources::define(&settings.common, &changes)?;
    output::text(&format!("{} {}\n", counted(ids.len(), "source"), if paused { "paused" } else { "resumed" }))
}

fn remove(settings: &Settings, ids: &[String]) -> anyhow::Result<()> {
    let reports = reports(settings)?;
    for id in ids {
        if known(&reports, id)?.is_configured {
            return Err(Usage(format!("{id} is in the configuration: remove it there, or pause it")).into());
        }
    }
    let changes: Vec<_> = ids.iter().map(|id| (id.clone(), None)).collect();
    sources::define(&settings.common, &changes)?;
    output::text(&format!("{} removed\n", counted(ids.len(), "source")))
}

fn known<'r>(reports: &'r [SourceReport], id: &str) -> anyhow::Result<&'r SourceReport> {
    let found = reports.iter().find(|report| report.id == id);
    found.ok_or_else(|| Usage(format!("there is no source {id:?}: faultline sources list names them")).into())
}
