//! Where values come from: the file with its lines, environment variables, the command line.

use std::{collections::BTreeMap, ops::Range, path::Path};

use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use super::{
    check::{join, unknown},
    error::{ConfigError, Origin},
    schema::{Schema, Shape},
};

/// Environment variables that are settings start with this.
const PREFIX: &str = "FAULTLINE__";

/// A file's values, and the line on which each full key stands.
pub(super) struct File {
    pub(super) table: Table,
    pub(super) lines: BTreeMap<String, usize>,
}

pub(super) fn read(path: &Path) -> Result<File, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let syntax = |error: &toml::de::Error| {
        let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
        ConfigError::Syntax { path: path.to_owned(), line, column, message: error.message().to_owned() }
    };
    let table: Table = toml::from_str(&text).map_err(|error| syntax(&error))?;
    let spanned = DeTable::parse(&text).map_err(|error| syntax(&error))?;
    let mut lines = BTreeMap::new();
    note_lines(&text, "", spanned.get_ref(), &mut lines);
    Ok(File { table, lines })
}

fn note_lines(text: &str, key: &str, table: &DeTable<'_>, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let full = join(key, name.get_ref());
        lines.insert(full.clone(), position(text, name.span().start).0);
        note_value(text, &full, value.get_ref(), value.span(), lines);
    }
}

fn note_value(text: &str, key: &str, value: &DeValue<'_>, span: Range<usize>, lines: &mut BTreeMap<String, usize>) {
    match value {
        DeValue::Table(table) => note_lines(text, key, table, lines),
        DeValue::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                let full = format!("{key}[{number}]");
                lines.insert(full.clone(), position(text, item.span().start).0);
                note_value(text, &full, item.get_ref(), item.span(), lines);
            }
        }
        _ => {
            lines.entry(key.to_owned()).or_insert_with(|| position(text, span.start).0);
        }
    }
}

/// Line and column of a byte, each from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Puts the settings among `environment` into `table`, and notes their origins.
pub(super) fn apply_environment(
    schema: &Schema,
    environment: impl Iterator<Item = (String, String)>,
    table: &mut Table,
    origins: &mut BTreeMap<String, Origin>,
) -> Result<(), ConfigError> {
    let mut variables: Vec<(String, String)> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    // Whichever order the environment has, the result is the same.
    variables.sort();
    for (variable, text) in variables {
        let names: Vec<String> = variable[PREFIX.len()..].to_lowercase().split("__").map(str::to_owned).collect();
        let origin = Origin::Environment(variable);
        let place = locate(schema, &names, &origin)?;
        let key = place.names.join(".");
        if let Some(value) = parse(&place.shape, &key, &text, &origin)? {
            set(table, &place.names, value);
            origins.insert(key, origin);
        }
    }
    Ok(())
}

/// Puts values of the command line into `table`. A text for a setting that is none is read as in the environment.
pub(super) fn apply_overrides(
    schema: &Schema,
    overrides: &[(String, Value)],
    table: &mut Table,
    origins: &mut BTreeMap<String, Origin>,
) -> Result<(), ConfigError> {
    for (key, value) in overrides {
        let names: Vec<String> = key.split('.').map(str::to_owned).collect();
        let place = locate(schema, &names, &Origin::CommandLine)?;
        let key = place.names.join(".");
        let value = match value {
            Value::String(text) => parse(&place.shape, &key, text, &Origin::CommandLine)?,
            other => Some(other.clone()),
        };
        if let Some(value) = value {
            set(table, &place.names, value);
            origins.insert(key, Origin::CommandLine);
        }
    }
    Ok(())
}

struct Place<'s> {
    /// The key, name by name; in a map, the rest is one name with dots.
    names: Vec<String>,
    shape: Shape<'s>,
}

fn locate<'s>(schema: &'s Schema, names: &[String], origin: &Origin) -> Result<Place<'s>, ConfigError> {
    let mut shape = schema.root();
    let mut found: Vec<String> = Vec::new();
    for (depth, name) in names.iter().enumerate() {
        let known = shape.properties().into_iter().find(|known| known.eq_ignore_ascii_case(name));
        if let Some((known, property)) = known.and_then(|known| Some((known, shape.property(known)?))) {
            found.push(known.to_owned());
            shape = property;
        } else if let Some(values) = shape.map_values().filter(|_| shape.has("object")) {
            found.push(names[depth..].join("."));
            return Ok(Place { names: found, shape: values });
        } else {
            return Err(unknown(schema, &shape, &found.join("."), name, origin.clone()));
        }
    }
    Ok(Place { names: found, shape })
}

/// Reads a text as what the setting is; none where an empty text unsets it.
fn parse(shape: &Shape<'_>, key: &str, text: &str, origin: &Origin) -> Result<Option<Value>, ConfigError> {
    let trimmed = text.trim();
    let value = if shape.types().is_empty() || shape.has("string") {
        Some(Value::String(text.to_owned()))
    } else if trimmed.is_empty() && shape.has("null") {
        return Ok(None);
    } else if shape.has("array") && !trimmed.starts_with('[') {
        let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
        let items = items.map(|item| parse(&shape.items(), key, item, origin)).collect::<Result<Vec<_>, _>>()?;
        Some(Value::Array(items.into_iter().flatten().collect()))
    } else {
        // Numbers, booleans, lists and tables are written as in TOML.
        format!("value = {trimmed}").parse::<Table>().ok().and_then(|mut table| table.remove("value"))
    };
    value.map(Some).ok_or_else(|| ConfigError::Wrong {
        origin: origin.clone(),
        key: key.to_owned(),
        // A list or table may hold a secret.
        found: if shape.has("object") || shape.has("array") {
            "not a TOML value".to_owned()
        } else {
            format!("the text {text:?}")
        },
        expected: shape.expected(),
    })
}

fn set(table: &mut Table, names: &[String], value: Value) {
    let Some((last, sections)) = names.split_last() else { return };
    let mut section = table;
    for name in sections {
        let inner = section.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
        if !inner.is_table() {
            *inner = Value::Table(Table::new());
        }
        let Value::Table(inner) = inner else { return };
        section = inner;
    }
    section.insert(last.clone(), value);
}
