//! What a page says of its article as JSON-LD, by schema.org.

use dom_query::Document;
use serde_json::{Map, Value};

use super::dom;

/// Kinds of thing that are an article; others that end in `NewsArticle` are as well.
const ARTICLES: [&str; 6] =
    ["Article", "NewsArticle", "BlogPosting", "LiveBlogPosting", "Report", "SocialMediaPosting"];

/// An article as JSON-LD has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LinkedArticle {
    pub(crate) headline: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) published_at: Option<String>,
    pub(crate) language: Option<String>,
    /// False where the publisher says that it has to be paid for.
    pub(crate) is_free: Option<bool>,
}

/// The article that a page describes; the one with most text where there are several.
pub(crate) fn article(document: &Document) -> Option<LinkedArticle> {
    let mut found = Vec::new();
    for script in document.select("script[type='application/ld+json']").iter() {
        if let Some(value) = read(&script.text()) {
            collect(&value, &mut found);
        }
    }
    found.into_iter().max_by_key(|article| article.body.as_ref().map_or(0, String::len))
}

/// JSON as pages hold it: in comments or CDATA, with raw line breaks in its strings.
fn read(written: &str) -> Option<Value> {
    let json = written.trim().trim_start_matches("<!--").trim_end_matches("-->").trim();
    let json = json.trim_start_matches("//<![CDATA[").trim_start_matches("<![CDATA[");
    let json = json.trim_end_matches("//]]>").trim_end_matches("]]>").trim().trim_end_matches(';');
    serde_json::from_str(json).ok().or_else(|| {
        let mended: String = json.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        serde_json::from_str(&mended).ok()
    })
}

/// Articles in a value, in the lists and graphs inside of it, and as the main thing of a page.
fn collect(value: &Value, found: &mut Vec<LinkedArticle>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(object) => {
            if is_article(object) {
                found.push(of_object(object));
            }
            for key in ["@graph", "mainEntity", "mainEntityOfPage", "liveBlogUpdate"] {
                if let Some(inner @ (Value::Array(_) | Value::Object(_))) = object.get(key) {
                    collect(inner, found);
                }
            }
        }
        _ => {}
    }
}

fn is_article(object: &Map<String, Value>) -> bool {
    let is_one = |kind: &str| {
        let kind = kind.rsplit('/').next().unwrap_or(kind);
        ARTICLES.contains(&kind) || kind.ends_with("NewsArticle")
    };
    match object.get("@type") {
        Some(Value::String(kind)) => is_one(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is_one),
        _ => false,
    }
}

fn of_object(object: &Map<String, Value>) -> LinkedArticle {
    let line = |key: &str| Some(dom::line(object.get(key)?.as_str()?)).filter(|text| !text.is_empty());
    let body = object.get("articleBody").and_then(Value::as_str).and_then(dom::fragment_text);
    LinkedArticle {
        headline: line("headline").or_else(|| line("name")),
        body: body.filter(|body| !body.is_empty()),
        description: line("description"),
        authors: object.get("author").map(names).unwrap_or_default(),
        published_at: line("datePublished").or_else(|| line("dateCreated")),
        language: object.get("inLanguage").and_then(|language| match language {
            Value::String(code) => Some(code.clone()),
            Value::Object(language) => Some(language.get("alternateName")?.as_str()?.to_owned()),
            _ => None,
        }),
        is_free: object.get("isAccessibleForFree").and_then(|free| match free {
            Value::Bool(free) => Some(*free),
            // `http://schema.org/False` as well.
            Value::String(free) => Some(!free.to_ascii_lowercase().ends_with("false")),
            _ => None,
        }),
    }
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => {
            vec![dom::line(name)].into_iter().filter(|n| !n.is_empty() && !n.contains("://")).collect()
        }
        Value::Array(values) => values.iter().flat_map(names).collect(),
        Value::Object(person) => person.get("name").map(names).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<LinkedArticle> {
        article(&Document::from(format!("<script type='application/ld+json'>{json}</script>")))
    }

    #[test]
    fn an_article_is_found_in_graphs_and_lists_and_in_what_is_not_quite_json() {
        let object = r#"{"@type": ["ReportageNewsArticle"], "headline": "Talks &amp; more", "author": [{"name": "A B"}, "C D"],
            "articleBody": "<p>One.</p><p>Two.</p>", "isAccessibleForFree": "False"}"#;
        for json in [
            object.to_owned(),
            format!("[{{\"@type\": \"Organization\"}}, {object}]"),
            format!("{{\"@context\": \"https://schema.org\", \"@graph\": [{{\"@type\": \"WebPage\"}}, {object}]}}"),
            format!("{{\"@type\": \"WebPage\", \"mainEntity\": {object}}}"),
            format!("\n<!--\n//<![CDATA[\n{object};\n//]]>\n-->"),
            object.replace("Talks", "Talks\n"),
        ] {
            let article = of(&json).unwrap();
            assert_eq!(article.headline.as_deref(), Some("Talks & more"), "{json}");
            assert_eq!((article.body.as_deref(), article.is_free), (Some("One.\n\nTwo."), Some(false)));
            assert_eq!(article.authors, ["A B", "C D"]);
        }
    }

    #[test]
    fn what_describes_no_article_gives_none() {
        for json in ["", "{", "17", r#"{"@type": "Person", "name": "x"}"#, r#"{"@type": 1}"#, &"[".repeat(5_000)] {
            assert_eq!(of(json), None);
        }
    }
}
