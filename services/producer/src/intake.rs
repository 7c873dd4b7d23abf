//! From an entry to an article, or to the reason why not. Pure: the clock is passed in.

use std::sync::Arc;

use faultline_schemas::{Article, Partial, TargetSpan};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::{
    date::{self, DateProblem},
    fields, html, identity,
    reader::{Entry, Shape, dated_header},
    refuse::{Refusal, Warning},
    settings::{FieldSettings, SourceSettings},
};

/// Longest id taken, in bytes: it is a message key and a primary key.
const MAX_ID_BYTES: usize = 512;

/// One in this many characters may be a control character before the input is held to be no text.
const CONTROLS_ONE_IN: usize = 10;

/// How one source's entries become articles.
#[derive(Debug, Clone)]
pub struct Intake {
    fields: Arc<FieldSettings>,
    source: Option<String>,
    language: Option<String>,
    feed: Option<String>,
    max_article_bytes: usize,
}

/// An article, and what was set aside in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The article, with id and revision; with `fetched_at` only where it was fetched long before it is read here.
    pub article: Article,
    /// What was set aside.
    pub warnings: Vec<Warning>,
}

/// What a source says of an article, before anything is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) id: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    pub(crate) authors: Vec<String>,
    /// As written.
    pub(crate) published_at: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) partial: Option<Partial>,
    pub(crate) targets: Vec<TargetSpan>,
    pub(crate) warnings: Vec<Warning>,
}

impl Intake {
    /// For input that no configured source brings: a file named on the command line.
    #[must_use]
    pub fn new(fields: FieldSettings, max_article_bytes: u32) -> Self {
        Self {
            fields: Arc::new(fields),
            source: None,
            language: None,
            feed: None,
            max_article_bytes: max_article_bytes as usize,
        }
    }

    /// For a configured source, whose id becomes the articles' feed.
    #[must_use]
    pub fn of_source(settings: &SourceSettings, max_article_bytes: u32) -> Self {
        Self {
            fields: Arc::clone(&settings.fields),
            source: settings.source.clone(),
            language: settings.language.clone(),
            feed: Some(settings.id.clone()),
            max_article_bytes: max_article_bytes as usize,
        }
    }

    /// Reads an entry. The text is taken exactly as it is: where it cannot be, the entry is refused.
    ///
    /// Control characters other than NUL are kept (real articles hold remains of Windows-1252), as long as they are
    /// few.
    ///
    /// # Errors
    /// The [`Refusal`] that says why the entry is no article.
    pub fn read(&self, entry: &Entry, now: Timestamp) -> Result<Taken, Refusal> {
        let line = entry.line;
        if let Some(refusal) = &entry.refusal {
            return Err(refusal.clone());
        }
        if entry.is_cut() {
            return Err(Refusal::TooLarge { line, bytes: entry.length, limit: self.max_article_bytes as u64 });
        }
        let content = std::str::from_utf8(&entry.bytes)
            .map_err(|error| Refusal::InvalidUtf8 { line, byte: error.valid_up_to() + 1 })?;
        let draft = match entry.shape {
            Shape::Json => self.draft_of_json(content, line)?,
            Shape::Text => Draft { text: content.to_owned(), title: title_of_text(content), ..Draft::default() },
            Shape::Dated => draft_of_dated(content),
            Shape::Csv => {
                let object = entry.header.as_ref().map(|header| header.object(content, line)).transpose()?;
                self.draft_of_object(&object.unwrap_or_default(), line)?
            }
        };
        let mut taken = self.accept(draft, line, now)?;
        taken.article.fetched_at = entry.fetched_at.filter(|at| *at < now).map(|at| at.to_string());
        Ok(taken)
    }

    /// Reads an object that is parsed already; `line` is its place for what is said of it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_value(&self, value: &Value, line: u64, now: Timestamp) -> Result<Taken, Refusal> {
        let Value::Object(object) = value else {
            return Err(Refusal::NotAnObject { line, found: kind_of(value), hint: "" });
        };
        self.accept(self.draft_of_object(object, line)?, line, now)
    }

    fn draft_of_json(&self, content: &str, line: u64) -> Result<Draft, Refusal> {
        // The line break that ends an unclosed string is not what is wrong with it.
        let object = match serde_json::from_str(content.trim_end_matches(['\r', '\n']))
            .map_err(|error| not_json(&error, line))?
        {
            Value::Object(object) => object,
            Value::Array(_) => {
                let hint = ": write the list as lines (jq -c '.[]')";
                return Err(Refusal::NotAnObject { line, found: "a list", hint });
            }
            other => return Err(Refusal::NotAnObject { line, found: kind_of(&other), hint: "" }),
        };
        self.draft_of_object(&object, line)
    }

    fn draft_of_object(&self, object: &Map<String, Value>, line: u64) -> Result<Draft, Refusal> {
        let names = &self.fields;
        let text = fields::text(object, &names.text).ok_or_else(|| Refusal::TextMissing {
            line,
            looked_for: names.text.join(", "),
            found: object.keys().take(20).cloned().collect::<Vec<_>>().join(", "),
        })?;
        let mut warnings = Vec::new();
        let targets = object.get("targets").filter(|value| !value.is_null()).map_or_else(Vec::new, |value| {
            Vec::<TargetSpan>::deserialize(value).unwrap_or_else(|_| {
                warnings.push(Warning::TargetsIgnored);
                Vec::new()
            })
        });
        Ok(Draft {
            id: fields::string(object, &names.id),
            url: fields::string(object, &names.url),
            source: fields::string(object, &names.source).map(|name| identity::source_name(&name)),
            title: fields::string(object, &names.title),
            text: text.to_owned(),
            authors: fields::authors(object, &names.authors),
            published_at: fields::string(object, &names.published_at),
            language: fields::string(object, &names.language),
            // Ours alone: what others mean by the word is not known.
            partial: object.get("partial").and_then(|value| Partial::deserialize(value).ok()),
            targets,
            warnings,
        })
    }

    /// Checks a draft and gives it its identity.
    pub(crate) fn accept(&self, draft: Draft, line: u64, now: Timestamp) -> Result<Taken, Refusal> {
        self.check_text(&draft.text, line)?;
        for (field, value) in [("title", &draft.title), ("url", &draft.url), ("source", &draft.source)] {
            if value.as_deref().is_some_and(|value| value.contains('\0')) {
                return Err(Refusal::NulCharacter { line, field });
            }
        }
        check_id(draft.id.as_deref(), line)?;
        let Draft { id, url, source, title, text, authors, published_at, language, partial, targets, mut warnings } =
            draft;
        let published_at = published_at.and_then(|written| match date::normalise(&written, now) {
            Ok(date) => Some(date),
            Err(problem) => {
                warnings.push(match problem {
                    DateProblem::Broken => Warning::DateBroken,
                    DateProblem::InFuture => Warning::DateInFuture,
                });
                None
            }
        });
        let source = source.or_else(|| self.source.clone()).or_else(|| host_of(url.as_deref()));
        let article = Article {
            id: identity::article_id(id.as_deref(), url.as_deref(), source.as_deref(), title.as_deref(), &text),
            revision: identity::revision(title.as_deref(), &text),
            url,
            source,
            title,
            text,
            authors: authors.into_iter().filter(|name| !name.contains('\0')).collect(),
            published_at,
            fetched_at: None,
            language: language.as_deref().and_then(language_code).or_else(|| self.language.clone()),
            feed: self.feed.clone(),
            partial,
            targets,
        };
        Ok(Taken { article, warnings })
    }

    fn check_text(&self, text: &str, line: u64) -> Result<(), Refusal> {
        if text.is_empty() {
            return Err(Refusal::TextEmpty { line });
        }
        if text.len() > self.max_article_bytes {
            let limit = self.max_article_bytes as u64;
            return Err(Refusal::TooLarge { line, bytes: text.len() as u64, limit });
        }
        if text.contains('\0') {
            return Err(Refusal::NulCharacter { line, field: "text" });
        }
        if text.chars().all(is_invisible) {
            return Err(Refusal::TextBlank { line });
        }
        let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
        if controls > 0 {
            let characters = text.chars().count();
            if controls * CONTROLS_ONE_IN > characters {
                return Err(Refusal::ControlCharacters { line, controls, characters });
            }
        }
        html::markup(text).map_or(Ok(()), |found| Err(Refusal::Html { line, found: found.to_owned() }))
    }
}

/// White space, byte order marks, zero-width spaces and joiners.
fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn check_id(id: Option<&str>, line: u64) -> Result<(), Refusal> {
    let problem = match id {
        Some(id) if id.len() > MAX_ID_BYTES => "longer than 512 bytes",
        Some(id) if id.chars().any(char::is_control) => "one with control characters",
        _ => return Ok(()),
    };
    Err(Refusal::BadId { line, problem })
}

fn host_of(url: Option<&str>) -> Option<String> {
    identity::canonical_url(url?).map(|canonical| identity::source_name(&canonical))
}

/// `en-GB` and `EN` give `en`; what is no code (`English`) gives none, and the language is detected.
fn language_code(written: &str) -> Option<String> {
    let code = written.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    (matches!(code.len(), 2 | 3) && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

/// The first line, where it is set off by a blank line and is no sentence. It stays in the text as well.
fn title_of_text(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let first = lines.next()?.trim();
    let is_set_off = lines.next()?.trim().is_empty() && lines.any(|line| !line.trim().is_empty());
    let is_headline = !first.is_empty() && first.chars().count() <= 150 && !first.ends_with(['.', ',', ';', ':', '…']);
    (is_set_off && is_headline).then(|| first.to_owned())
}

fn draft_of_dated(content: &str) -> Draft {
    let Some((date, after)) = dated_header(content.as_bytes()) else {
        return Draft { text: content.trim().to_owned(), ..Draft::default() };
    };
    let published_at = Some(content[date..after].to_owned());
    Draft { text: content[after..].trim().to_owned(), published_at, ..Draft::default() }
}

fn not_json(error: &serde_json::Error, line: u64) -> Refusal {
    let full = error.to_string();
    let error_alone = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message).to_owned();
    Refusal::NotJson { line, column: error.column(), error: error_alone }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
