//! The description of the endpoint: OpenAPI 3.1, whose schemas are those of the types that are really sent.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::answer::{Problem, Results};

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);

/// The OpenAPI document.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Name and content of the generated file.
#[must_use]
pub fn file() -> (&'static str, String) {
    ("push.openapi.json", format!("{:#}\n", document()))
}

fn build() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let results = generator.subschema_for::<Results>();
    let problem = generator.subschema_for::<Problem>();
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Article".into(), article());
    let refused = |description: &str| json!({"description": description, "content": {"application/problem+json": {"schema": problem}}});
    let later = |description: &str| {
        let mut response = refused(description);
        response["headers"] =
            json!({"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}});
        response
    };
    let answered =
        |description: &str| json!({"description": description, "content": {"application/json": {"schema": results}}});
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Faultline: articles in",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Hand articles in. An answer of 200 means that Kafka has acknowledged every article that is accepted.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "servers": [{"url": "http://127.0.0.1:8620"}],
        "security": [{"bearer": []}],
        "paths": {
            "/v1/articles": {
                "post": {
                    "operationId": "pushArticles",
                    "summary": "Hands articles in",
                    "parameters": [
                        {
                            "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255},
                            "description": "One of your own for each request, such as a UUID: when it is sent again, it is answered as before."
                        },
                        {
                            "name": "Content-Encoding", "in": "header",
                            "schema": {"type": "string", "enum": ["identity", "gzip", "zstd"]}
                        }
                    ],
                    "requestBody": {
                        "required": true,
                        "content": {
                            "application/json": {"schema": {"oneOf": [
                                {"$ref": "#/components/schemas/Article"},
                                {"type": "array", "items": {"$ref": "#/components/schemas/Article"}}
                            ]}},
                            "application/x-ndjson": {"schema": {"type": "string", "description": "An article a line."}}
                        }
                    },
                    "responses": {
                        "200": answered("A result for each entry, in order. At least one is an article."),
                        "422": answered("Not one entry is an article; or the Idempotency-Key came with another body before."),
                        "400": refused("The body is not JSON, nested too deeply, damaged, empty, or did not arrive whole."),
                        "401": refused("No token, or one that is not valid."),
                        "403": refused("The token lacks the scope push; or there are no tokens yet, and the Host names another machine."),
                        "408": refused("The body took too long to arrive."),
                        "409": later("A request with this Idempotency-Key is being worked on."),
                        "413": refused("Too many bytes or articles for one request."),
                        "415": refused("A Content-Type or Content-Encoding that is not taken."),
                        "429": later("Too fast for this token, or too much waits for Kafka."),
                        "503": later("Kafka has not acknowledged in time. Send the same again: nothing is doubled.")
                    }
                }
            }
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "Made by faultline tokens add NAME --scope push."}},
            "schemas": schemas
        }
    })
}

/// What is looked for in an object that is handed in.
fn article() -> Value {
    let optional = |description: &str| json!({"type": ["string", "null"], "description": description});
    json!({
        "type": "object",
        "description": "Only the text is required. Other names in use are understood too, such as body or content for text, headline for title.",
        "required": ["text"],
        "properties": {
            "id": optional("Your own id, the same in every revision; worked out from url, or from source, title and text, where there is none."),
            "url": optional("Where it was published."),
            "source": optional("The outlet, preferably its domain."),
            "title": optional("Headline."),
            "text": {"type": "string", "minLength": 1, "description": "Plain text, no HTML."},
            "authors": {"description": "Bylines.", "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "published_at": optional("Date of publication: RFC 3339, a plain date, or one of the forms that feeds use."),
            "language": optional("ISO 639-1 code; detected where left out.")
        }
    })
}
