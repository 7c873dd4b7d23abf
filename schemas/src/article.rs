//! An article as it came in, before anything is read out of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One article on the `articles` topic, and one line of input to `faultline enrich`, where all but `text` may be
/// left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Article {
    /// Stays the same across corrections: given by the source, or a hash of the canonical URL, or of source, title
    /// and text where there is none.
    #[serde(default)]
    pub id: String,
    /// Hash of title and text, hexadecimal: changes when the publisher corrects the article.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Where it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The outlet, preferably its domain: `aljazeera.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Headline, plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Body, plain text, exactly as it came in.
    pub text: String,
    /// Bylines as given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// When the publisher says it appeared, RFC 3339 in UTC; null where the source gave no usable date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// When Faultline took it in, RFC 3339 in UTC: end-to-end latency counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<String>,
    /// ISO 639-1 code where the source names it; detected otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Id of the configured source that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// Why `text` is less than the whole article; none where it is the whole, as far as can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// Spans of `text` towards which the caller wants the sentiment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetSpan>,
}

/// Why an article's text is only a part of it, usually the summary that its feed gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partial {
    /// Nothing more was offered, or asked for.
    Summary,
    /// The rest is for subscribers.
    Paywall,
    /// The publisher asks programs to leave the page alone: robots.txt, `X-Robots-Tag` or the page's own `robots`.
    Forbidden,
    /// The page could not be had, again and again.
    Unreachable,
    /// The page was had, and no article found on it.
    NotFound,
}

impl Partial {
    /// What a reader is told: what there is of the article, and why no more.
    #[must_use]
    pub fn as_note(self) -> &'static str {
        match self {
            Self::Summary => "summary only",
            Self::Paywall => "summary only: the rest is for subscribers",
            Self::Forbidden => "summary only: its publisher asks programs to leave the page alone",
            Self::Unreachable => "summary only: its page could not be had",
            Self::NotFound => "summary only: no article was found on its page",
        }
    }
}

/// A span of `text`, in code points, that the caller marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetSpan {
    /// First code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
}
