//! Values against the schema: known keys, right types, within limits.

use toml::{Table, Value};

use super::{
    MASK,
    error::{ConfigError, Origin},
    is_sensitive,
    schema::{Schema, Shape},
};

/// Checks `value`, found at `key`, and everything in it; `origin_of` tells where a full key was set.
pub(super) fn check(
    schema: &Schema,
    shape: &Shape<'_>,
    key: &str,
    value: &Value,
    origin_of: &dyn Fn(&str) -> Origin,
) -> Result<(), ConfigError> {
    check_type(shape, key, value, origin_of)?;
    let chosen = match value {
        Value::Table(table) => chosen(shape, key, table, origin_of)?,
        _ => None,
    };
    let shape = chosen.as_ref().unwrap_or(shape);
    match value {
        Value::Table(table) => {
            let values = shape.map_values();
            for (name, inner) in table {
                let full = join(key, name);
                if let Some(property) = shape.property(name) {
                    check(schema, &property, &full, inner, origin_of)?;
                } else if let Some(values) = &values {
                    check_map_value(schema, shape, values, &full, inner, origin_of)?;
                } else {
                    return Err(unknown(schema, shape, key, name, origin_of(&full)));
                }
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                check(schema, &shape.items(), &format!("{key}[{number}]"), item, origin_of)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What the word decides that a table has, such as its `kind`; none where no word does.
fn chosen<'s>(
    shape: &Shape<'s>,
    key: &str,
    table: &Table,
    origin_of: &dyn Fn(&str) -> Origin,
) -> Result<Option<Shape<'s>>, ConfigError> {
    let Some((tag, alternatives)) = shape.alternatives() else { return Ok(None) };
    let full = join(key, tag);
    let words: Vec<String> = alternatives.iter().map(|(word, _)| format!("{word:?}")).collect();
    let wrong = |found: String, origin: Origin| {
        let expected = format!("one of {}", words.join(", "));
        Err(ConfigError::Wrong { origin, key: full.clone(), found, expected })
    };
    let Some(value) = table.get(tag) else {
        // It was set nowhere: what was set is something beside it.
        let beside = table.keys().next().map_or_else(|| key.to_owned(), |name| join(key, name));
        return wrong("not set".to_owned(), origin_of(&beside));
    };
    match alternatives.into_iter().find(|(word, _)| value.as_str() == Some(word)) {
        Some((_, shape)) => Ok(Some(shape)),
        None => wrong(found(shape, value), origin_of(&full)),
    }
}

fn check_map_value(
    schema: &Schema,
    map: &Shape<'_>,
    values: &Shape<'_>,
    key: &str,
    value: &Value,
    origin_of: &dyn Fn(&str) -> Origin,
) -> Result<(), ConfigError> {
    check(schema, values, key, value, origin_of).map_err(|error| match error {
        // `[kafka.client]` takes names with dots, and TOML makes tables of those without quotes.
        ConfigError::Wrong { origin, key, expected, .. } if value.is_table() && !values.has("object") => {
            ConfigError::Wrong {
                origin,
                expected: format!("{expected}; put names with dots in quotes"),
                found: "a table".to_owned(),
                key,
            }
        }
        ConfigError::Wrong { origin, key, expected, .. } if map.has_secret_keys() && is_sensitive(&key) => {
            ConfigError::Wrong { origin, key, found: MASK.to_owned(), expected }
        }
        other => other,
    })
}

fn check_type(
    shape: &Shape<'_>,
    key: &str,
    value: &Value,
    origin_of: &dyn Fn(&str) -> Origin,
) -> Result<(), ConfigError> {
    let types = shape.types();
    let fits = match value {
        Value::String(_) => types.contains("string"),
        Value::Integer(_) => types.contains("integer") || types.contains("number"),
        Value::Float(_) => types.contains("number"),
        Value::Boolean(_) => types.contains("boolean"),
        Value::Array(_) => types.contains("array"),
        Value::Table(_) => types.contains("object"),
        Value::Datetime(_) => false,
    };
    let found = || found(shape, value);
    if !types.is_empty() && !fits {
        return Err(ConfigError::Wrong {
            origin: origin_of(key),
            key: key.to_owned(),
            found: found(),
            expected: shape.expected(),
        });
    }
    if let Some(expected) = not_allowed(shape, value) {
        return Err(ConfigError::Wrong { origin: origin_of(key), key: key.to_owned(), found: found(), expected });
    }
    Ok(())
}

/// What is expected where a value of the right type is not allowed.
fn not_allowed(shape: &Shape<'_>, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let words = shape.words();
            if !words.is_empty() && !words.iter().any(|(word, _)| word == text) {
                return Some(shape.expected());
            }
            #[expect(clippy::cast_precision_loss, reason = "texts are far shorter than 2^52")]
            let length = text.chars().count() as f64;
            let least = shape.limit("minLength")?;
            (length < least).then(|| format!("at least {least} characters"))
        }
        #[expect(clippy::cast_precision_loss, reason = "limits are far smaller than 2^52")]
        Value::Integer(number) => out_of_range(shape, *number as f64),
        Value::Float(number) => out_of_range(shape, *number),
        _ => None,
    }
}

fn out_of_range(shape: &Shape<'_>, number: f64) -> Option<String> {
    match (shape.limit("minimum"), shape.maximum()) {
        (Some(least), _) if number < least => Some(format!("at least {least}")),
        (_, Some(most)) if number > most => Some(format!("at most {most}")),
        _ if number.is_nan() => Some("a number".to_owned()),
        _ => None,
    }
}

fn found(shape: &Shape<'_>, value: &Value) -> String {
    match value {
        _ if shape.is_secret() => MASK.to_owned(),
        Value::String(text) => format!("the text {text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Datetime(date) => format!("the date {date}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}

/// The error for a key that is not known in the section `parent` of that shape, in which members of lists are numbered.
pub(super) fn unknown(schema: &Schema, shape: &Shape<'_>, parent: &str, name: &str, origin: Origin) -> ConfigError {
    let key = join(parent, name);
    let (parent, general_key) = (without_numbers(parent), without_numbers(&key));
    let mut known = Vec::new();
    list(shape, &parent, &mut known);
    list(&schema.root(), "", &mut known);
    let distance = |candidate: &str| {
        let (section, last) = candidate.rsplit_once('.').unwrap_or(("", candidate));
        // A name mistyped in the right section, the right name in the wrong section, or both a little wrong.
        let elsewhere = if section == parent { 0 } else { 1 + 4 * usize::from(last != name) };
        let by_name = strsim::osa_distance(last, name) * 2 + elsewhere;
        by_name.min(strsim::osa_distance(candidate, &general_key) * 2)
    };
    let nearest = known.into_iter().min_by_key(|candidate| distance(candidate)).unwrap_or_default();
    ConfigError::Unknown { origin, key, nearest }
}

/// `sources[3].path` as `sources[].path`.
fn without_numbers(key: &str) -> String {
    let mut inside = false;
    key.chars()
        .filter(|c| {
            inside = (inside || *c == '[') && *c != ']';
            !inside || *c == '['
        })
        .collect()
}

/// Full names of all settings and sections; members of lists as `sources[].path`.
fn list(shape: &Shape<'_>, key: &str, known: &mut Vec<String>) {
    for name in shape.properties() {
        let full = join(key, name);
        known.push(full.clone());
        if let Some(property) = shape.property(name) {
            list(&property, &full, known);
            list(&property.items(), &format!("{full}[]"), known);
        }
    }
}

pub(super) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}
