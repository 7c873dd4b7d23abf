//! What the sources topic remembers of a source.
//!
//! Under the source's id lie its latest revisions, under `id#file` how far that file has been read: a folder of many
//! files is then many small messages, and only what moved is written again. A source that is fetched has `id#fetched`
//! for how it stands, and `id#defined` for what an operator said of it.

use std::collections::{BTreeMap, HashMap};

use faultline_schemas::{FetchState, FileCursor, SourceDefinition, SourceState, topic};
use jiff::Timestamp;

/// Where a source stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Encoded revisions, for [`crate::seen::Seen`].
    pub(crate) seen: String,
    /// Cursors by file.
    pub(crate) files: HashMap<String, FileCursor>,
}

/// Picks the states of one source out of the topic, read as a table.
pub(crate) fn of_source(table: &HashMap<Vec<u8>, Vec<u8>>, source: &str) -> Remembered {
    let mut remembered = Remembered::default();
    for (key, value) in table {
        let Some(rest) = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(source)) else { continue };
        if !rest.is_empty() && !rest.starts_with('#') {
            continue;
        }
        match serde_json::from_slice::<SourceState>(value) {
            Ok(state) if rest.is_empty() => remembered.seen = state.seen,
            Ok(state) => remembered.files.extend(state.files),
            Err(error) => {
                tracing::warn!(%error, source, "failed to read where a source stopped, it is read from its start");
            }
        }
    }
    remembered
}

/// A source that is fetched, as the topic remembers it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Encoded revisions, for [`crate::seen::Seen`].
    pub(crate) seen: String,
    /// Validators, the next check, failures, and how it stands.
    pub(crate) state: SourceState,
}

/// Picks the state of one fetched source out of the topic, read as a table.
pub(crate) fn of_fetched(table: &HashMap<Vec<u8>, Vec<u8>>, source: &str) -> Fetched {
    let read = |key: &str| table.get(key.as_bytes()).and_then(|value| parsed(value, key));
    let seen = read(source).map(|state| state.seen).unwrap_or_default();
    Fetched { seen, state: read(&fetched_key(source)).unwrap_or_default() }
}

/// What operators have said, by source.
pub(crate) fn definitions(table: &HashMap<Vec<u8>, Vec<u8>>) -> BTreeMap<String, SourceDefinition> {
    let of_key = |(key, value): (&Vec<u8>, &Vec<u8>)| {
        let key = std::str::from_utf8(key).ok()?;
        Some((defined_of(key)?.to_owned(), definition(key, value)?))
    };
    table.iter().filter_map(of_key).collect()
}

/// The source that a key defines; none for keys of other kinds.
pub(crate) fn defined_of(key: &str) -> Option<&str> {
    key.strip_suffix(DEFINED)
}

pub(crate) fn definition(key: &str, value: &[u8]) -> Option<SourceDefinition> {
    parsed(value, key)?.defined
}

fn parsed(value: &[u8], key: &str) -> Option<SourceState> {
    serde_json::from_slice(value)
        .inspect_err(
            |error| tracing::warn!(%error, key, "failed to read what is remembered of a source, going on without"),
        )
        .ok()
}

const FETCHED: &str = "#fetched";
const DEFINED: &str = "#defined";

pub(crate) fn fetched_key(source: &str) -> String {
    format!("{source}{FETCHED}")
}

/// Key of what an operator says of a source.
pub(crate) fn defined_key(source: &str) -> String {
    format!("{source}{DEFINED}")
}

/// How a fetched source stands, as a message.
pub(crate) fn of_fetch(source: &str, fetched: FetchState, rest: SourceState) -> SourceState {
    let SourceState { schema, source, at, .. } = blank(source);
    SourceState { schema, source, at, fetched: Some(fetched), ..rest }
}

/// What an operator says of a source, as a message.
pub(crate) fn of_definition(source: &str, definition: SourceDefinition) -> SourceState {
    SourceState { defined: Some(definition), ..blank(source) }
}

pub(crate) fn file_key(source: &str, file: &str) -> String {
    format!("{source}#{file}")
}

pub(crate) fn of_file(source: &str, file: &str, cursor: &FileCursor) -> SourceState {
    SourceState { files: BTreeMap::from([(file.to_owned(), cursor.clone())]), ..blank(source) }
}

pub(crate) fn of_seen(source: &str, seen: String) -> SourceState {
    SourceState { seen, ..blank(source) }
}

fn blank(source: &str) -> SourceState {
    SourceState {
        schema: topic::SOURCES.schema.to_owned(),
        source: source.to_owned(),
        at: Timestamp::now().to_string(),
        ..SourceState::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_finds_its_own_states_and_no_others() {
        let cursor = FileCursor { offset: 7, line: 2, ..FileCursor::default() };
        let written = [
            ("a".to_owned(), of_seen("a", "AAAA".into())),
            (file_key("a", "x.jsonl"), of_file("a", "x.jsonl", &cursor)),
            (file_key("ab", "x.jsonl"), of_file("ab", "x.jsonl", &FileCursor::default())),
            ("ab".to_owned(), of_seen("ab", "BBBB".into())),
        ];
        let mut table: HashMap<Vec<u8>, Vec<u8>> =
            written.iter().map(|(key, state)| (key.clone().into_bytes(), serde_json::to_vec(state).unwrap())).collect();
        table.insert(b"a#damaged".to_vec(), b"{".to_vec());
        let files = HashMap::from([("x.jsonl".to_owned(), cursor)]);
        assert_eq!(of_source(&table, "a"), Remembered { seen: "AAAA".into(), files });
        assert_eq!(of_source(&table, "b"), Remembered::default());
    }
}
