//! Adding sources, one or a list, and writing them out.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use faultline_producer::opml::{self, Outline};
use faultline_producer::sources::{self, SourceStatus, id_of};
use faultline_producer::{SourceKind, SourceSettings};
use faultline_schemas::SourceDefinition;
use url::Url;

use super::super::output;
use crate::exit::Usage;
use crate::look::counted;
use crate::settings::Settings;

/// What an operator says of a source beside its address.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) id: Option<String>,
    pub(super) outlet: Option<String>,
    pub(super) language: Option<String>,
}

pub(super) fn add(settings: &Settings, source: &SourceSettings, wanted: Wanted) -> anyhow::Result<()> {
    let reports = super::reports(settings)?;
    let address = source.url.clone().unwrap_or_default();
    if let Some(known) = reports.iter().find(|report| report.address.as_deref() == Some(address.as_str())) {
        return Err(Usage(format!("{address} is there already, as {}", known.id)).into());
    }
    let is_taken = |id: &str| reports.iter().any(|report| report.id == id);
    let id = match wanted.id {
        Some(id) if is_taken(&id) => {
            return Err(Usage(format!("there is a source {id:?} already: name another --id")).into());
        }
        Some(id) if id.trim().is_empty() || id.contains(|c: char| c == '#' || c.is_control()) => {
            return Err(Usage(format!("{id:?} is no id: use letters, digits, '-' and '_'")).into());
        }
        Some(id) => id,
        None => id_of(&Url::parse(&address).context("failed to read the address")?, is_taken),
    };
    let definition = SourceDefinition {
        url: Some(address),
        kind: kind_name(source.kind).to_owned(),
        outlet: wanted.outlet,
        language: wanted.language,
        ..SourceDefinition::default()
    };
    sources::define(&settings.common, &[(id.clone(), Some(definition))])?;
    output::text(&format!("{id} added; faultline sources list shows how it stands\n"))
}

fn kind_name(kind: SourceKind) -> &'static str {
    if kind == SourceKind::Sitemap { "sitemap" } else { "feed" }
}

pub(super) fn import(settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Usage(format!("failed to read {shown}: {error}")))?;
    let outlines = opml::read(&text).map_err(|error| Usage(format!("{shown} is no OPML list: {error:#}")))?;
    let reports = super::reports(settings)?;
    let addresses: BTreeSet<&str> = reports.iter().filter_map(|report| report.address.as_deref()).collect();
    let mut taken: BTreeSet<String> = reports.iter().map(|report| report.id.clone()).collect();
    let (mut changes, mut unusable) = (Vec::new(), Vec::new());
    for outline in outlines.iter().filter(|outline| !addresses.contains(outline.url.as_str())) {
        let url = Url::parse(&outline.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            unusable.push(outline.url.as_str());
            continue;
        };
        let id = id_of(&url, |id| taken.contains(id));
        taken.insert(id.clone());
        changes.push((id, Some(definition_of(outline))));
    }
    sources::define(&settings.common, &changes)?;
    let mut out = format!("{} added", counted(changes.len(), "source"));
    let known = outlines.len() - changes.len() - unusable.len();
    if known > 0 {
        out += &format!(", {known} were there already");
    }
    for address in unusable {
        out += &format!("\nleft out, no web address: {address}");
    }
    output::text(&format!("{out}\n"))
}

fn definition_of(outline: &Outline) -> SourceDefinition {
    SourceDefinition {
        url: Some(outline.url.clone()),
        kind: kind_name(SourceKind::Feed).to_owned(),
        language: outline.language.clone(),
        ..SourceDefinition::default()
    }
}

pub(super) fn export(settings: &Settings) -> anyhow::Result<()> {
    let reports = super::reports(settings)?;
    let fetched = reports.into_iter().filter(|report| report.status != SourceStatus::Files);
    let outlines = fetched.filter_map(|report| {
        let title = report.title.or(Some(report.id));
        Some(Outline { url: report.address?, title, page: None, language: report.language })
    });
    output::text(&opml::write(&outlines.collect::<Vec<_>>())?)
}
