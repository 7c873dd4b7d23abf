//! Articles of the past, from archives or from the store, in the order in which they appeared.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use faultline_rules::{Engine, Limits, RuleSet, Seen};
use faultline_schemas::{Alert, Enriched};
use faultline_sink::Store;
use jiff::Timestamp;

use crate::commands::{inputs, read};
use crate::exit::Usage;
use crate::settings::Settings;

/// How long after the last article time goes on, so that alerts may close: a day.
const AFTERWARDS_MS: i64 = 86_400_000;
/// Documents that are read from the store at a time.
const PAGE: usize = 500;

/// Which past.
#[derive(Debug, Args)]
pub(crate) struct PastArguments {
    /// Archives of articles, JSON lines; .gz and .zst are read directly. Without any: what is stored. All are held in memory
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only what appeared since: 90d, 12w, 6h before now
    #[arg(long, value_name = "TIME", value_parser = faultline_rules::duration)]
    since: Option<i64>,
    /// Folder or file of rules
    #[arg(long, default_value = "rules", value_name = "DIR")]
    pub(super) rules: PathBuf,
}

/// Articles in order of time, in milliseconds since 1970.
pub(crate) struct Past {
    articles: Vec<(i64, Arc<Enriched>)>,
    undated: usize,
}

impl Past {
    /// Reads it.
    ///
    /// # Errors
    /// When a file or the store cannot be read, or there is nothing in it.
    pub(super) async fn gather(arguments: &PastArguments, settings: &Settings) -> anyhow::Result<Self> {
        let now = Timestamp::now().as_millisecond();
        let mut past = Self { articles: Vec::new(), undated: 0 };
        let since = arguments.since.map(|since| now - since);
        if arguments.files.is_empty() {
            past.add_stored(settings, since).await?;
        } else {
            inputs::check(&arguments.files)?;
            for path in &arguments.files {
                past.add_file(path, settings, since)?;
            }
        }
        if past.undated > 0 {
            eprintln!("{} articles say not when they appeared, and are left out", past.undated);
        }
        past.articles.sort_by(|a, b| (a.0, &a.1.article.id).cmp(&(b.0, &b.1.article.id)));
        anyhow::ensure!(!past.articles.is_empty(), "there are no dated articles there");
        Ok(past)
    }

    fn add_file(&mut self, path: &Path, settings: &Settings, since: Option<i64>) -> anyhow::Result<()> {
        read::each(path, settings, |document| {
            self.add(document.clone(), since);
            Ok(())
        })?;
        Ok(())
    }

    async fn add_stored(&mut self, settings: &Settings, since: Option<i64>) -> anyhow::Result<()> {
        let store = Store::open_existing(&settings.sink, &settings.common.data_dir)
            .await
            .map_err(|error| Usage(format!("{error}; or name archives of articles")))?;
        let mut after: Option<String> = None;
        loop {
            let page = store.documents(after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (_, document) in &page {
                self.add(serde_json::from_slice(document)?, since);
            }
        }
        store.close().await;
        Ok(())
    }

    fn add(&mut self, document: Enriched, since: Option<i64>) {
        let is_dated = document.article.published_at.is_some();
        match Seen::time_of(&document).filter(|_| is_dated) {
            Some(at) if since.is_none_or(|since| at >= since) => self.articles.push((at, Arc::new(document))),
            Some(_) => {}
            None => self.undated += 1,
        }
    }

    /// Articles of a time are already in memory.
    pub(crate) fn of(articles: &[Enriched]) -> Self {
        let mut past = Self { articles: Vec::new(), undated: 0 };
        articles.iter().for_each(|article| past.add(article.clone(), None));
        past.articles.sort_by(|a, b| (a.0, &a.1.article.id).cmp(&(b.0, &b.1.article.id)));
        past
    }

    pub(super) fn len(&self) -> usize {
        self.articles.len()
    }

    /// Days from the first article to the last, one at least.
    pub(super) fn days(&self) -> f64 {
        let (first, last) = (self.articles.first(), self.articles.last());
        let span = first.zip(last).map_or(0, |(first, last)| last.0 - first.0);
        (span as f64 / 86_400_000.0).max(1.0)
    }

    /// What rules would have raised, and the engine that raised it.
    pub(crate) fn replay(&self, rules: RuleSet) -> (Engine, Vec<Alert>) {
        let mut engine = Engine::new(rules, Limits::default());
        let mut alerts = Vec::new();
        for (_, article) in &self.articles {
            engine.push(article.clone(), None, &mut alerts);
        }
        if let Some((last, _)) = self.articles.last() {
            engine.advance(last + AFTERWARDS_MS, &mut alerts);
        }
        (engine, alerts)
    }
}
