//! What the settings' JSON Schema says of a key: the one place that reads it.

use std::collections::BTreeSet;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The schema of all settings.
pub(super) struct Schema {
    root: Value,
}

impl Schema {
    pub(super) fn of<T: JsonSchema>() -> Self {
        Self { root: SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value() }
    }

    pub(super) fn root(&self) -> Shape<'_> {
        self.shape(&[&self.root])
    }

    fn shape<'s>(&'s self, schemas: &[&'s Value]) -> Shape<'s> {
        let mut parts = Vec::new();
        for schema in schemas {
            self.collect(schema, &mut parts);
        }
        Shape { schema: self, parts }
    }

    /// Follows references and combinations down to the objects that say something.
    fn collect<'s>(&'s self, schema: &'s Value, parts: &mut Vec<&'s Map<String, Value>>) {
        let Some(object) = schema.as_object() else { return };
        parts.push(object);
        if let Some(pointer) = object.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'))
            && let Some(target) = self.root.pointer(pointer)
        {
            self.collect(target, parts);
        }
        for combination in ["allOf", "anyOf", "oneOf"] {
            for branch in object.get(combination).and_then(Value::as_array).into_iter().flatten() {
                self.collect(branch, parts);
            }
        }
    }
}

/// All that is said of one setting, by whichever part of the schema. Where alternatives differ, it is their union: what
/// slips through is refused when the settings are read into their type.
pub(super) struct Shape<'s> {
    schema: &'s Schema,
    parts: Vec<&'s Map<String, Value>>,
}

impl<'s> Shape<'s> {
    /// Names of the types it may have; empty for any.
    pub(super) fn types(&self) -> BTreeSet<&'s str> {
        let mut types = BTreeSet::new();
        for part in &self.parts {
            match part.get("type") {
                Some(Value::String(name)) => {
                    types.insert(name.as_str());
                }
                Some(Value::Array(names)) => types.extend(names.iter().filter_map(Value::as_str)),
                _ => {}
            }
        }
        types
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.types().contains(name)
    }

    /// Named settings within it, in their order; what any alternative names.
    pub(super) fn properties(&self) -> Vec<&'s str> {
        let mut names: Vec<&str> = Vec::new();
        for properties in self.parts.iter().filter_map(|p| p.get("properties")?.as_object()) {
            for name in properties.keys() {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The setting of that name within it.
    pub(super) fn property(&self, name: &str) -> Option<Shape<'s>> {
        let schemas: Vec<&Value> = self.parts.iter().filter_map(|p| p.get("properties")?.get(name)).collect();
        (!schemas.is_empty()).then(|| self.schema.shape(&schemas))
    }

    /// What the values of a map must be; none where only its named settings are known.
    pub(super) fn map_values(&self) -> Option<Shape<'s>> {
        let schemas: Vec<&Value> = self
            .parts
            .iter()
            .filter_map(|p| p.get("additionalProperties"))
            .filter(|v| **v != Value::Bool(false))
            .collect();
        let untold = self.properties().is_empty() && self.parts.iter().all(|p| !p.contains_key("additionalProperties"));
        (!schemas.is_empty() || untold).then(|| self.schema.shape(&schemas))
    }

    /// Where a word decides what else there is, as `kind` does: its name, and what goes with each word.
    pub(super) fn alternatives(&self) -> Option<(&'s str, Vec<(&'s str, Shape<'s>)>)> {
        let branches = self.parts.iter().find_map(|part| part.get("oneOf")?.as_array())?;
        let of_branch = |branch: &'s Value| {
            let mut properties = branch.get("properties")?.as_object()?.iter();
            properties.find_map(|(name, property)| Some((name.as_str(), property.get("const")?.as_str()?)))
        };
        let (tag, _) = of_branch(branches.first()?)?;
        // What stands beside the alternatives goes with each of them.
        let all: Vec<&Map<String, Value>> =
            branches.iter().flat_map(|branch| self.schema.shape(&[branch]).parts).collect();
        let is_beside = |part: &&&Map<String, Value>| !all.iter().any(|other| std::ptr::eq(**part, *other));
        let beside: Vec<&Map<String, Value>> = self.parts.iter().filter(is_beside).copied().collect();
        let with_word = |branch| {
            let (name, word) = of_branch(branch)?;
            let mut shape = self.schema.shape(&[branch]);
            shape.parts.extend(&beside);
            (name == tag).then_some((word, shape))
        };
        Some((tag, branches.iter().map(with_word).collect::<Option<_>>()?))
    }

    /// What the members of a list must be.
    pub(super) fn items(&self) -> Shape<'s> {
        let schemas: Vec<&Value> = self.parts.iter().filter_map(|p| p.get("items")).collect();
        self.schema.shape(&schemas)
    }

    /// The words it is limited to, each with its explanation; empty where it is not.
    pub(super) fn words(&self) -> Vec<(&'s str, Option<&'s str>)> {
        let mut words = Vec::new();
        for part in &self.parts {
            let explanation = part.get("description").and_then(Value::as_str);
            words.extend(part.get("const").and_then(Value::as_str).map(|word| (word, explanation)));
            let listed = part.get("enum").and_then(Value::as_array).into_iter().flatten();
            words.extend(listed.filter_map(Value::as_str).map(|word| (word, None)));
        }
        words
    }

    /// A limit by its keyword: `minimum`, `maximum`, `minLength`.
    pub(super) fn limit(&self, keyword: &str) -> Option<f64> {
        self.parts.iter().find_map(|part| part.get(keyword)?.as_f64())
    }

    /// Largest number: what is said, or else what the type can hold.
    pub(super) fn maximum(&self) -> Option<f64> {
        let of_format = |part: &&Map<String, Value>| match part.get("format")?.as_str()? {
            "uint8" => Some(f64::from(u8::MAX)),
            "uint16" => Some(f64::from(u16::MAX)),
            "uint32" => Some(f64::from(u32::MAX)),
            "int32" => Some(f64::from(i32::MAX)),
            _ => None,
        };
        self.limit("maximum").or_else(|| self.parts.iter().find_map(of_format))
    }

    /// Its explanation: the field's own before its type's.
    pub(super) fn description(&self) -> Option<&'s str> {
        self.parts.iter().find_map(|part| part.get("description")?.as_str())
    }

    /// What it is where nothing is said.
    pub(super) fn default(&self) -> Option<&'s Value> {
        self.parts.iter().find_map(|part| part.get("default")).filter(|value| !value.is_null())
    }

    /// A value to show where the default says nothing.
    pub(super) fn example(&self) -> Option<&'s Value> {
        self.parts.iter().find_map(|part| part.get("examples")?.get(0))
    }

    /// Never to be shown.
    pub(super) fn is_secret(&self) -> bool {
        self.parts.iter().any(|part| part.get("x-secret") == Some(&Value::Bool(true)))
    }

    /// A map in which some keys name secrets.
    pub(super) fn has_secret_keys(&self) -> bool {
        self.parts.iter().any(|part| part.get("x-secret-keys") == Some(&Value::Bool(true)))
    }

    /// A table of named settings.
    pub(super) fn is_section(&self) -> bool {
        !self.properties().is_empty() && !self.has("array")
    }

    /// A table of any keys.
    pub(super) fn is_map(&self) -> bool {
        self.has("object") && self.properties().is_empty()
    }

    /// What it must be, in words.
    pub(super) fn expected(&self) -> String {
        let words = self.words();
        if !words.is_empty() && !self.is_section() {
            return format!(
                "one of {}",
                words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(", ")
            );
        }
        let name = |kind: &&str| match *kind {
            "string" => "a text in quotes",
            "integer" => "a whole number",
            "number" => "a number",
            "boolean" => "true or false",
            "array" => "a list",
            "object" => "a table",
            _ => "nothing",
        };
        self.types().iter().filter(|kind| **kind != "null").map(name).collect::<Vec<_>>().join(" or ")
    }
}
