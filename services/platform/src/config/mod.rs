//! Settings from a file, the environment and flags.
//!
//! The settings' own JSON Schema, generated from their types, tells which keys there are, what each must be, and which
//! are secret; their doc comments are the explanations in [`example`]. Later sources win: the TOML file, then the
//! environment, then the command line.
//!
//! `FAULTLINE__KAFKA__BROKERS` sets `kafka.brokers`. In a table of any keys, what follows its name is one key with dots:
//! `FAULTLINE__KAFKA__CLIENT__SECURITY__PROTOCOL` sets `security.protocol` in `[kafka.client]`. Lists are written as in
//! TOML, or with commas; an empty value unsets what may be unset.

mod check;
mod error;
mod example;
mod mask;
mod schema;
mod secret;
mod source;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use toml::{Table, Value};

pub use error::{ConfigError, Origin};
pub use example::example;
pub use mask::masked;
pub use secret::{MASK, Secret, is_sensitive};

use schema::Schema;

/// Settings, and where each was set.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The settings.
    pub value: T,
    /// Where each setting that is not at its default was set, by full name.
    pub origins: BTreeMap<String, Origin>,
}

impl<T> Loaded<T> {
    /// Where the setting of that full name was set.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }
}

/// Reads settings from `file` (defaults where there is none), then the `FAULTLINE__` variables among `environment`, then
/// `overrides` by full name. A text among the overrides may stand for a value of any type, as in the environment.
///
/// # Errors
/// [`ConfigError`] for the first thing that is wrong, with the place where it was set.
pub fn load<T: Serialize + DeserializeOwned + JsonSchema + Default>(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[(String, Value)],
) -> Result<Loaded<T>, ConfigError> {
    let schema = Schema::of::<T>();
    let mut table = Table::new();
    let mut origins = BTreeMap::new();
    if let Some(path) = file {
        let read = source::read(path)?;
        table = read.table;
        let place = |(key, line)| (key, Origin::File { path: path.to_owned(), line });
        origins.extend(read.lines.into_iter().map(place));
    }
    // Before the others are merged in, so that a broken file is not healed by a variable.
    check_all(&schema, &table, &origins)?;
    source::apply_environment(&schema, environment.into_iter(), &mut table, &mut origins)?;
    source::apply_overrides(&schema, overrides, &mut table, &mut origins)?;
    check_all(&schema, &table, &origins)?;
    let refused = |error: toml::de::Error| ConfigError::Refused {
        path: file.map(PathBuf::from),
        message: error.message().to_owned(),
    };
    let value = T::deserialize(Value::Table(table)).map_err(refused)?;
    Ok(Loaded { value, origins })
}

fn check_all(schema: &Schema, table: &Table, origins: &BTreeMap<String, Origin>) -> Result<(), ConfigError> {
    let origin_of = |key: &str| origins.get(key).cloned().unwrap_or(Origin::Default);
    check::check(schema, &schema.root(), "", &Value::Table(table.clone()), &origin_of)
}
