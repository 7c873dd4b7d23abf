//! JSON Schema and AsyncAPI, generated from the types.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{Alert, Article, DeadLetter, Enriched, Event, Silence, SourceState, topic};

/// Every generated file: its name and its content, ending in a line break.
#[must_use]
pub fn files() -> Vec<(&'static str, String)> {
    let mut files: Vec<(&'static str, String)> =
        documents().into_iter().map(|(name, schema)| (name, pretty(&schema))).collect();
    files.push(("asyncapi.json", pretty(&asyncapi())));
    files
}

/// JSON Schema (2020-12) of each message, by file name.
#[must_use]
pub fn documents() -> Vec<(&'static str, Value)> {
    vec![
        ("article.schema.json", schema_of::<Article>()),
        ("enriched.schema.json", schema_of::<Enriched>()),
        ("event.schema.json", schema_of::<Event>()),
        ("alert.schema.json", schema_of::<Alert>()),
        ("silence.schema.json", schema_of::<Silence>()),
        ("source-state.schema.json", schema_of::<SourceState>()),
        ("dead-letter.schema.json", schema_of::<DeadLetter>()),
    ]
}

fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// One AsyncAPI 3.0 document for all topics, with the default prefix.
#[must_use]
pub fn asyncapi() -> Value {
    let mut channels = serde_json::Map::new();
    let mut messages = serde_json::Map::new();
    let mut operations = serde_json::Map::new();
    for t in topic::ALL {
        let (file, sender, receivers) = match t.suffix {
            "articles" => ("article.schema.json", "producer", "enricher"),
            "enriched" => ("enriched.schema.json", "enricher", "sink"),
            "events" => ("event.schema.json", "enricher", "alerter"),
            "alerts" => ("alert.schema.json", "alerter", "web"),
            "silences" => ("silence.schema.json", "operator", "alerter"),
            "sources" => ("source-state.schema.json", "producer", "producer"),
            _ => ("dead-letter.schema.json", "any role", "operator"),
        };
        let headers = if t.suffix == "dead-letters" {
            json!({"type": "object", "description": "each field of the dead letter's provenance, prefixed with faultline-"})
        } else {
            json!({
                "type": "object",
                "properties": {
                    "schema": {"type": "string", "const": t.schema},
                    "content-type": {"type": "string", "const": crate::header::JSON},
                    "traceparent": {"type": "string", "description": "W3C trace context"}
                }
            })
        };
        let payload = if t.suffix == "dead-letters" {
            json!({"description": "the untouched bytes of the original message"})
        } else {
            json!({"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": format!("./{file}")}})
        };
        messages.insert(
            t.suffix.into(),
            json!({"name": t.schema, "summary": t.about, "headers": headers, "payload": payload}),
        );
        channels.insert(
            t.suffix.into(),
            json!({
                "address": format!("faultline.{}", t.suffix),
                "description": format!("{}; keyed by {}", t.about, t.key),
                "messages": {t.suffix: {"$ref": format!("#/components/messages/{}", t.suffix)}}
            }),
        );
        for (action, who) in [("send", sender), ("receive", receivers)] {
            operations.insert(
                format!("{action}-{}", t.suffix),
                json!({
                    "action": action,
                    "summary": format!("by {who}"),
                    "channel": {"$ref": format!("#/channels/{}", t.suffix)}
                }),
            );
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Faultline topics",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What Faultline's services tell each other. Values are JSON in UTF-8, compressed by the client.",
            "license": {"name": "Apache-2.0"}
        },
        "defaultContentType": crate::header::JSON,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages}
    })
}
