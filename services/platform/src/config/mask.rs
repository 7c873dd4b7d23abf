//! Settings as they may be shown.

use schemars::JsonSchema;
use serde::Serialize;
use toml::{Table, Value};

use super::{
    MASK, is_sensitive,
    schema::{Schema, Shape},
};

/// The settings as a table, secrets masked, unset ones left out.
#[must_use]
pub fn masked<T: Serialize + JsonSchema>(value: &T) -> Table {
    let schema = Schema::of::<T>();
    let mut value = Value::try_from(value).unwrap_or(Value::Table(Table::new()));
    mask(&schema.root(), &mut value);
    match value {
        Value::Table(table) => table,
        _ => Table::new(),
    }
}

fn mask(shape: &Shape<'_>, value: &mut Value) {
    match value {
        Value::Table(table) => {
            for (name, inner) in table.iter_mut() {
                if let Some(property) = shape.property(name) {
                    mask(&property, inner);
                } else if shape.has_secret_keys() && is_sensitive(name) {
                    *inner = Value::String(MASK.to_owned());
                } else if let Some(values) = shape.map_values() {
                    mask(&values, inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(&shape.items(), item)),
        Value::String(text) if shape.is_secret() && !text.is_empty() => *text = MASK.to_owned(),
        _ => {}
    }
}
