//! Sources as an operator sees them: what there are, how each stands, what would be taken from one, and changing them.
//!
//! What an operator says goes on the sources topic, which a running producer follows: it needs no restart, and no
//! connection to the producer.

mod name;
mod preview;

use std::{collections::BTreeMap, sync::mpsc, time::Duration};

use anyhow::Context as _;
use faultline_platform::{Publisher, Record, compacted, settings::Common};
use faultline_schemas::{FetchState, HubState, SourceDefinition, header, topic};
use jiff::Timestamp;
use serde::Serialize;

pub use self::{
    name::id_of,
    preview::{Offered, OfferedHub, Preview, PreviewedEntry, preview},
};
use crate::{
    feed::{a_day, is_flat, source_of},
    hub,
    settings::{ProducerSettings, SourceKind, SourceSettings},
    state,
};

/// How long Kafka may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceStatus {
    /// Its last check failed.
    Failing,
    /// It answers, and has had nothing for much longer than usual.
    Flat,
    /// Its publisher says that it is gone for good.
    Retired,
    /// Not checked yet.
    New,
    /// All is well.
    Healthy,
    /// An operator paused it.
    Paused,
    /// It is read from files, and not fetched.
    Files,
}

/// One source, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceReport {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub status: SourceStatus,
    /// Where it is read from.
    pub address: Option<String>,
    /// Its own title.
    pub title: Option<String>,
    /// True where the configuration has it, false where an operator added it.
    pub is_configured: bool,
    /// Outlet of its articles, where they name none.
    pub outlet: Option<String>,
    /// Language of its articles, where they name none.
    pub language: Option<String>,
    /// When it was last checked with success, RFC 3339.
    pub last_success: Option<String>,
    /// When it last had something new, RFC 3339.
    pub last_new: Option<String>,
    /// When it is checked next, RFC 3339.
    pub next_check: Option<String>,
    /// Articles taken today, in UTC.
    pub today: u32,
    /// Articles on a usual day; none where that is not known yet.
    pub usual: Option<f64>,
    /// Failures in a row.
    pub failures: u32,
    /// Why the last check failed, or was not wholly a success.
    pub problem: Option<String>,
    /// The hub that sends what is new, or is asked to.
    pub hub: Option<HubReport>,
}

/// A subscription at a hub (WebSub), as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HubReport {
    /// Address of the hub.
    pub hub: String,
    /// What is subscribed to.
    pub topic: String,
    /// Until when the hub has promised to send what is new, RFC 3339; none where it has not.
    pub lease_until: Option<String>,
    /// When the hub is asked next, RFC 3339.
    pub asked_at: Option<String>,
    /// Why the last request came to nothing.
    pub problem: Option<String>,
}

/// All sources, those of the configuration and those that operators added, by id.
///
/// # Errors
/// When the sources topic cannot be read.
pub fn list(common: &Common, settings: &ProducerSettings) -> anyhow::Result<Vec<SourceReport>> {
    let table = compacted::read_all(common, &common.topics.name(&topic::SOURCES), DEADLINE)?;
    let mut defined = state::definitions(&table);
    let now = Timestamp::now();
    let report = |source: &SourceSettings, definition: Option<&SourceDefinition>, is_configured| {
        let remembered = state::of_fetched(&table, &source.id).state;
        let is_paused = definition.is_some_and(|definition| definition.paused);
        let fetched = remembered.fetched.unwrap_or_default();
        let (today, usual) = a_day(&fetched, now);
        SourceReport {
            id: source.id.clone(),
            status: status(source.kind, is_paused, remembered.failures, &fetched, now),
            address: source.url.clone().or_else(|| source.path.as_ref().map(|path| path.display().to_string())),
            title: fetched.title,
            is_configured,
            outlet: source.source.clone(),
            language: source.language.clone(),
            last_success: fetched.last_success,
            last_new: fetched.last_new,
            next_check: remembered.not_before.filter(|_| !is_paused && !fetched.retired),
            today,
            usual,
            failures: remembered.failures,
            problem: fetched.problem,
            hub: fetched.hub.filter(|_| !is_paused).map(|state| hub_report(state, now)),
        }
    };
    let mut reports = BTreeMap::new();
    for source in &settings.sources {
        let definition = defined.remove(&source.id);
        reports.insert(source.id.clone(), report(source, definition.as_ref(), true));
    }
    for (id, definition) in &defined {
        if let Some(source) = source_of(id, definition) {
            reports.insert(id.clone(), report(&source, Some(definition), false));
        }
    }
    Ok(reports.into_values().collect())
}

/// Without what only the hub may know.
fn hub_report(state: HubState, now: Timestamp) -> HubReport {
    let holds = hub::holds(&state, now);
    let HubState { hub, topic, lease_until, ask_at, problem, .. } = state;
    HubReport { hub, topic, lease_until: lease_until.filter(|_| holds), asked_at: ask_at, problem }
}

fn status(kind: SourceKind, is_paused: bool, failures: u32, fetched: &FetchState, now: Timestamp) -> SourceStatus {
    match () {
        () if !kind.is_fetched() => SourceStatus::Files,
        () if is_paused => SourceStatus::Paused,
        () if fetched.retired => SourceStatus::Retired,
        () if failures > 0 => SourceStatus::Failing,
        () if fetched.last_success.is_none() => SourceStatus::New,
        () if is_flat(fetched, now) => SourceStatus::Flat,
        () => SourceStatus::Healthy,
    }
}

/// What operators have said so far, by source.
///
/// # Errors
/// When the sources topic cannot be read.
pub fn definitions(common: &Common) -> anyhow::Result<BTreeMap<String, SourceDefinition>> {
    let table = compacted::read_all(common, &common.topics.name(&topic::SOURCES), DEADLINE)?;
    Ok(state::definitions(&table))
}

/// Says something of sources, or takes back what was said; returns once Kafka has acknowledged it all.
///
/// # Errors
/// When Kafka does not take it.
pub fn define(common: &Common, changes: &[(String, Option<SourceDefinition>)]) -> anyhow::Result<()> {
    let publisher = Publisher::new(&common.kafka)?;
    let (tell, told) = mpsc::channel();
    let changed_at = Timestamp::now().to_string();
    for (id, definition) in changes {
        let state = definition.clone().map(|definition| {
            state::of_definition(id, SourceDefinition { changed_at: changed_at.clone(), ..definition })
        });
        let record = Record {
            topic: common.topics.name(&topic::SOURCES),
            key: state::defined_key(id).into_bytes(),
            payload: state.as_ref().map(serde_json::to_vec).transpose()?,
            headers: vec![
                (header::SCHEMA.to_owned(), topic::SOURCES.schema.to_owned()),
                (header::CONTENT_TYPE.to_owned(), header::JSON.to_owned()),
            ],
        };
        let tell = tell.clone();
        // Nobody listens once the time is out.
        publisher.send(record, Box::new(move |result| drop(tell.send(result))))?;
    }
    for _ in changes {
        told.recv_timeout(DEADLINE).context("kafka did not acknowledge in time, try again")??;
    }
    Ok(())
}
