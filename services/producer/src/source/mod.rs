//! Configured sources. Each runs on a thread of its own, brings its entries to a [`crate::session::Session`], and
//! picks up where its cursors say.
//!
//! A new kind of source is a variant of [`crate::SourceKind`] and a module here that offers entries to the session.

mod files;
mod follow;
mod watch;

use std::{collections::HashMap, sync::Arc, time::Duration};

use faultline_platform::RoleContext;

use self::files::FilesSource;
pub(crate) use self::{files::files_below, follow::OnDisk};
use crate::{
    intake::Intake,
    outlet::Outlet,
    reader::{Entries, ReadOptions},
    seen::Seen,
    session::Session,
    settings::{ProducerSettings, SourceKind, SourceSettings},
    state::{self, Remembered},
    tally::Tally,
};

/// How a source reads, whatever kind it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Most bytes of an entry that are held.
    pub(crate) entry_limit: usize,
    /// Most bytes of a web page, decompressed.
    pub(crate) page_limit: usize,
    /// How long a watched file must be left alone before its unfinished end is taken.
    pub(crate) settle: Duration,
    /// Between two looks at a watched folder.
    pub(crate) rescan: Duration,
    /// How long to wait for acknowledgements once asked to stop.
    pub(crate) grace: Duration,
}

impl Reading {
    pub(crate) fn new(ctx: &RoleContext, settings: &ProducerSettings) -> Self {
        Self {
            entry_limit: ctx.common.kafka.message_max_bytes as usize,
            page_limit: settings.web.max_page_bytes as usize,
            settle: Duration::from_millis(settings.settle_ms.into()),
            rescan: Duration::from_secs(settings.rescan_seconds.max(1).into()),
            grace: Duration::from_millis(ctx.common.consume.shutdown_deadline_ms) / 2,
        }
    }

    fn options(self, source: &SourceSettings) -> ReadOptions<'_> {
        let Self { entry_limit, page_limit, .. } = self;
        ReadOptions { format: source.format, fields: &source.fields, entry_limit, page_limit }
    }
}

/// Runs a source until it has nothing more to give, or stopping is asked for. What is wrong with it is logged and
/// shown in the health, and goes away when it works again; other sources are not touched.
pub(crate) fn run(
    ctx: &RoleContext,
    settings: &ProducerSettings,
    source: &SourceSettings,
    states: &HashMap<Vec<u8>, Vec<u8>>,
    outlet: Outlet,
) {
    let Remembered { seen, files } = state::of_source(states, &source.id);
    let mut session = Session::new(
        Some(source.id.clone()),
        Intake::of_source(source, settings.max_article_bytes),
        Seen::new(settings.remember as usize, &seen),
        outlet,
        Arc::<Tally>::default(),
        ctx.stop.clone(),
    );
    let reading = Reading::new(ctx, settings);
    tracing::info!(source = source.id, kind = ?source.kind, path = ?source.path, watch = source.watch, "source started");
    match source.kind {
        SourceKind::Stdin => read_stdin(ctx, source, reading, &mut session),
        SourceKind::File | SourceKind::Folder => FilesSource::new(ctx, source, reading, files).run(&mut session),
        // Those are many, and share the threads of the runtime: see `feed`.
        SourceKind::Feed | SourceKind::Sitemap => {}
    }
    if !session.finish(reading.grace) {
        let outstanding = session.outstanding();
        tracing::warn!(source = source.id, outstanding, "stopped before all was acknowledged, it is read again");
    }
    let tally = session.tally();
    let (refused, passed_over, warnings) = (tally.refusals(), tally.passed_over(), tally.warnings());
    tracing::info!(source = source.id, ?refused, ?passed_over, ?warnings, "source ended");
}

fn read_stdin(ctx: &RoleContext, source: &SourceSettings, reading: Reading, session: &mut Session) {
    let origin: Arc<str> = Arc::from(source.id.as_str());
    let mut read = || -> std::io::Result<()> {
        let options = reading.options(source);
        let mut entries = Entries::of_stream(std::io::stdin(), options, &session.tally().bytes_read)?;
        while let Some(entry) = entries.read_entry()? {
            session.offer(&origin, entry, None);
            if ctx.stop.requested() {
                break;
            }
        }
        Ok(())
    };
    if let Err(error) = read() {
        ctx.health.set_degraded(&source.id, Some(format!("failed to read standard input: {error}")));
        tracing::error!(source = source.id, %error, "failed to read standard input, what follows is lost");
    }
}
