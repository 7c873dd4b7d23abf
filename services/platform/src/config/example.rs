//! The example configuration: every setting, explained, at its default.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;
use toml::{Table, Value};

use super::{
    MASK,
    check::join,
    schema::{Schema, Shape},
};

const WIDTH: usize = 118;

const HEADER: &str = "Settings of Faultline, each at its default. A line that starts with # and no space is a setting: \
                      take the # away to change it.\n\nAn environment variable goes before this file: \
                      FAULTLINE__KAFKA__BROKERS sets brokers in [kafka]. A flag goes before both.";

/// Every setting with its explanation as commented TOML, which read as a file changes nothing.
#[must_use]
pub fn example<T: JsonSchema + Serialize + Default>() -> String {
    let schema = Schema::of::<T>();
    let defaults = Value::try_from(T::default()).unwrap_or(Value::Table(Table::new()));
    let mut text = String::new();
    explain(&mut text, HEADER);
    write_section(&mut text, "", &schema.root(), Some(&defaults), false);
    text
}

/// Writes the settings of a section, then its sections. `inactive` ones are commented out with their headings.
fn write_section(text: &mut String, key: &str, shape: &Shape<'_>, default: Option<&Value>, inactive: bool) {
    let default_of = |name: &str| default.and_then(|value| value.get(name));
    let properties = || shape.properties().into_iter().filter_map(|name| Some((name, shape.property(name)?)));
    for (name, property) in properties().filter(|(_, property)| !is_headed(property)) {
        write_setting(text, name, &property, default_of(name));
    }
    for (name, property) in properties().filter(|(_, property)| is_headed(property)) {
        let full = join(key, name);
        text.push('\n');
        explain(text, property.description().unwrap_or_default());
        let value = default_of(name);
        let inactive = inactive || value.is_none();
        if property.has("array") {
            push(text, format_args!("#[[{full}]]"));
            write_section(text, &full, &property.items(), None, true);
        } else {
            push(text, format_args!("{}[{full}]", if inactive { "#" } else { "" }));
            for (entry, value) in value.and_then(Value::as_table).filter(|_| property.is_map()).into_iter().flatten() {
                push(text, format_args!("#{} = {value}", Value::String(entry.clone())));
            }
            write_section(text, &full, &property, value, inactive);
            write_entries(text, &full, &property);
        }
    }
}

/// Writes an entry of a table in which each is a section: one of each kind, called by its kind, where there are several.
fn write_entries(text: &mut String, key: &str, map: &Shape<'_>) {
    let Some(values) = map.map_values().filter(|values| map.is_map() && values.is_section()) else { return };
    let entries = match values.alternatives() {
        Some((_, entries)) => entries,
        None => vec![("name", values)],
    };
    for (name, shape) in entries {
        text.push('\n');
        explain(text, shape.description().unwrap_or_default());
        let full = join(key, name);
        push(text, format_args!("#[{full}]"));
        write_section(text, &full, &shape, None, true);
    }
}

/// Has a heading of its own: a section, a table of any keys, or a list of sections.
fn is_headed(shape: &Shape<'_>) -> bool {
    let is_list_of_sections = shape.has("array") && shape.items().is_section();
    // What may be given in brief as well is shown in brief.
    let in_brief = ["string", "integer", "number", "boolean"].iter().any(|kind| shape.has(kind));
    is_list_of_sections || (!in_brief && (shape.is_section() || shape.is_map()))
}

fn write_setting(text: &mut String, name: &str, shape: &Shape<'_>, default: Option<&Value>) {
    text.push('\n');
    explain(text, shape.description().unwrap_or_default());
    let words = shape.words();
    if let [(word, _)] = words[..] {
        explain(text, &format!("Always {word:?} here."));
        return push(text, format_args!("#{name} = {}", Value::String(word.to_owned())));
    }
    for (word, explanation) in &words {
        if let Some(explanation) = explanation {
            explain(text, &format!("- {word:?}: {explanation}"));
        }
    }
    if words.iter().any(|(_, explanation)| explanation.is_none()) {
        explain(text, &format!("{}.", capitalized(&shape.expected())));
    }
    match (shape.limit("minimum").filter(|least| *least != 0.0), shape.limit("maximum").filter(|most| *most < 4.0e9)) {
        (Some(least), Some(most)) => explain(text, &format!("From {least} to {most}.")),
        (Some(least), None) => explain(text, &format!("At least {least}.")),
        (None, Some(most)) => explain(text, &format!("At most {most}.")),
        (None, None) => {}
    }
    // An entry of a list or table, which there is none of, has the defaults that its type tells.
    let of_type = shape.default().and_then(|value| Value::try_from(value).ok());
    let default = default.or(of_type.as_ref());
    let shown = default.filter(|value| value.as_str() != Some(MASK));
    if default.is_none() {
        explain(text, "Not set by default.");
    }
    let value = shown.cloned().unwrap_or_else(|| placeholder(shape));
    push(text, format_args!("#{name} = {value}"));
}

/// Something of the right type, where there is no default to show.
fn placeholder(shape: &Shape<'_>) -> Value {
    if let Some(example) = shape.example().and_then(|example| Value::try_from(example).ok()) {
        return example;
    }
    if let Some((word, _)) = shape.words().first() {
        return Value::String((*word).to_owned());
    }
    #[expect(clippy::cast_possible_truncation, reason = "limits of whole numbers are whole")]
    let least = shape.limit("minimum").unwrap_or(0.0) as i64;
    match shape {
        _ if shape.has("string") => Value::String(String::new()),
        _ if shape.has("integer") => Value::Integer(least),
        _ if shape.has("number") => Value::Float(0.0),
        _ if shape.has("boolean") => Value::Boolean(false),
        _ if shape.has("array") => Value::Array(Vec::new()),
        _ if shape.has("object") => Value::Table(Table::new()),
        _ => Value::String(String::new()),
    }
}

/// Writes comment lines, wrapped. Blank lines part paragraphs; a line that starts with a dash stays a line.
fn explain(text: &mut String, explanation: &str) {
    let mut line = String::new();
    for (number, paragraph) in explanation.split("\n\n").filter(|p| !p.trim().is_empty()).enumerate() {
        if number > 0 {
            text.push_str("#\n");
        }
        for source in paragraph.lines() {
            if source.trim_start().starts_with("- ") {
                flush(text, &mut line);
            }
            for word in source.split_whitespace() {
                if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > WIDTH {
                    flush(text, &mut line);
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        flush(text, &mut line);
    }
}

fn flush(text: &mut String, line: &mut String) {
    if !line.is_empty() {
        push(text, format_args!("# {line}"));
        line.clear();
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    writeln!(text, "{line}").ok();
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
