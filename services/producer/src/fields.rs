//! Finding the parts of an article in a JSON object by lists of candidate names.

use serde_json::{Map, Value};

/// The value under a name; where there is none and the name has dots, the one it leads to through nested objects.
fn lookup<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    if let Some(value) = object.get(name) {
        return Some(value);
    }
    let (outer, inner) = name.split_once('.')?;
    lookup(object.get(outer)?.as_object()?, inner)
}

fn candidates<'v>(object: &'v Map<String, Value>, names: &[String]) -> impl Iterator<Item = &'v Value> {
    names.iter().filter_map(|name| lookup(object, name))
}

/// The first candidate that is a string or number with visible characters, trimmed.
pub(crate) fn string(object: &Map<String, Value>, names: &[String]) -> Option<String> {
    candidates(object, names).find_map(|value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The first candidate that is a string with visible characters, untouched; where there is none, the first that is a
/// string at all.
pub(crate) fn text<'v>(object: &'v Map<String, Value>, names: &[String]) -> Option<&'v str> {
    let strings = || candidates(object, names).filter_map(Value::as_str);
    strings().find(|text| !text.trim().is_empty()).or_else(|| strings().next())
}

/// The first candidate that names somebody: a string, a list of strings, or objects with a `name`.
pub(crate) fn authors(object: &Map<String, Value>, names: &[String]) -> Vec<String> {
    candidates(object, names).map(names_in).find(|found| !found.is_empty()).unwrap_or_default()
}

fn names_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) if !name.trim().is_empty() => vec![name.trim().to_owned()],
        Value::Array(list) => list.iter().flat_map(names_in).collect(),
        Value::Object(person) => person.get("name").filter(|name| name.is_string()).map_or_else(Vec::new, names_in),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_first_candidate_with_something_in_it_wins() {
        let names = names(&["a", "b.c", "b.d.e", "n"]);
        for (json, expected) in [
            (r#"{"a": " x ", "n": 1}"#, Some("x")),
            (r#"{"a": "", "b": {"c": "y"}}"#, Some("y")),
            (r#"{"a": null, "b": {"d": {"e": "z"}}}"#, Some("z")),
            (r#"{"b.c": "flat", "b": {"c": "nested"}}"#, Some("flat")),
            (r#"{"a": ["x"], "n": 17}"#, Some("17")),
            (r#"{"b": "no object"}"#, None),
        ] {
            assert_eq!(string(&object(json), &names).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn a_text_is_untouched_and_a_blank_one_is_better_than_none() {
        let names = names(&["text", "body"]);
        assert_eq!(text(&object(r#"{"text": " ", "body": " x\n"}"#), &names), Some(" x\n"));
        assert_eq!(text(&object(r#"{"text": " ", "body": 1}"#), &names), Some(" "));
        assert_eq!(text(&object(r#"{"text": ["x"]}"#), &names), None);
    }

    #[test]
    fn authors_come_as_a_string_a_list_or_objects() {
        for json in [r#"{"by": "A B"}"#, r#"{"by": ["A B", " "]}"#, r#"{"by": [{"name": "A B"}, {"x": 1}, 2]}"#] {
            assert_eq!(authors(&object(json), &names(&["author", "by"])), ["A B"], "{json}");
        }
    }
}
