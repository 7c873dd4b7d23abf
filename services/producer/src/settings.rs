//! What the producer can be told.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{push::PushSettings, web::WebSettings};

/// Taking articles in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProducerSettings {
    /// Where articles come from. All sources run side by side, and each resumes where it stopped.
    pub sources: Vec<SourceSettings>,
    /// An article with more bytes of text than this is refused and goes to the dead letters.
    #[schemars(range(min = 1))]
    pub max_article_bytes: u32,
    /// How many revisions each source remembers, to drop exact repeats before they are published. They are kept on the
    /// sources topic, about 11 bytes each, in one message.
    #[schemars(range(max = 500_000))]
    pub remember: u32,
    /// Seconds between two looks at a watched folder, for file systems that do not report changes.
    #[schemars(range(min = 1))]
    pub rescan_seconds: u32,
    /// Milliseconds that a watched file must be left alone before an unfinished last line, or a file that is one
    /// article, is taken.
    pub settle_ms: u32,
    /// Fetching feeds and pages.
    pub web: WebSettings,
    /// Articles handed in over HTTP.
    pub push: PushSettings,
}

impl Default for ProducerSettings {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            max_article_bytes: 2 * 1024 * 1024,
            remember: 10_000,
            rescan_seconds: 30,
            settle_ms: 1_000,
            push: PushSettings::default(),
            web: WebSettings::default(),
        }
    }
}

/// One source of articles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SourceSettings {
    /// Names the source in state, messages and metrics. Changing it makes the source start over.
    pub id: String,
    /// What kind of source it is.
    pub kind: SourceKind,
    /// The file or folder; left out for standard input and what is fetched.
    pub path: Option<PathBuf>,
    /// The address of a feed or sitemap.
    pub url: Option<String>,
    /// Where the articles of a feed are read.
    pub text: TextFrom,
    /// Which files of a folder to take, by their path below it: `**/*.jsonl`. Hidden files are never taken. All files
    /// where left out.
    pub glob: Option<String>,
    /// What the bytes are.
    pub format: Format,
    /// Go on watching for files that are new, grow or are replaced; otherwise everything is read once.
    pub watch: bool,
    /// Outlet of articles that name none, preferably its domain: `aljazeera.com`.
    pub source: Option<String>,
    /// ISO 639-1 code of articles that name no language; detected where left out.
    pub language: Option<String>,
    /// Where JSON lines and tables keep what.
    pub fields: Arc<FieldSettings>,
}

/// There may be ten thousand sources: they share the names that nobody changes.
static USUAL_FIELDS: LazyLock<Arc<FieldSettings>> = LazyLock::new(Arc::default);

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            id: String::new(),
            kind: SourceKind::default(),
            path: None,
            url: None,
            text: TextFrom::default(),
            glob: None,
            format: Format::default(),
            watch: false,
            source: None,
            language: None,
            fields: Arc::clone(&USUAL_FIELDS),
        }
    }
}

/// What kind of source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// One file.
    #[default]
    File,
    /// All files below a folder.
    Folder,
    /// Standard input, to its end.
    Stdin,
    /// A feed on the web: RSS, RDF, Atom or JSON Feed.
    Feed,
    /// A news sitemap on the web, or an index of them.
    Sitemap,
}

impl SourceKind {
    /// Whether it is fetched from an address.
    #[must_use]
    pub fn is_fetched(self) -> bool {
        matches!(self, Self::Feed | Self::Sitemap)
    }
}

/// Where the articles of a feed are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextFrom {
    /// In the feed where it has them in full, on their pages otherwise.
    #[default]
    Auto,
    /// In the feed, whatever it has. No page is fetched.
    Feed,
    /// On their pages, whatever the feed has.
    Page,
}

/// What the bytes of an input are, after decompression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Told from the file's name and first bytes.
    #[default]
    Auto,
    /// One JSON object a line.
    Jsonl,
    /// Plain text, the whole input one article.
    Text,
    /// Plain text of many articles, each starting with a line `date YYYY-MM-DD text…`.
    Dated,
    /// A table as text, its first row the names of the columns: what stands between them is told from that row.
    Csv,
    /// The records of a crawl: the articles on its pages are taken.
    Warc,
    /// A table in columns; only from files.
    Parquet,
}

/// Where JSON lines and tables keep what: for each part of an article the names to look under, in turn. A name with dots
/// also looks into nested objects: `source.name`. Columns may be spelt otherwise: `Source Name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FieldSettings {
    /// The article's own id, stable across corrections.
    pub id: Vec<String>,
    /// Where it was published.
    pub url: Vec<String>,
    /// The outlet; of an address only the host is kept.
    pub source: Vec<String>,
    /// Headline.
    pub title: Vec<String>,
    /// Body, plain text.
    pub text: Vec<String>,
    /// Bylines: one string, a list of strings, or a list of objects with a `name`.
    pub authors: Vec<String>,
    /// Date of publication.
    pub published_at: Vec<String>,
    /// Language code.
    pub language: Vec<String>,
}

impl Default for FieldSettings {
    fn default() -> Self {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect();
        Self {
            id: names(&["id", "ID", "_id", "article_id", "articleId", "guid", "uuid"]),
            url: names(&["url", "URL", "link", "web_url", "article_url", "canonical_url", "permalink"]),
            source: names(&[
                "source_domain",
                "sourceDomain",
                "domain",
                "source_url",
                "sourceUrl",
                "source.domain",
                "source",
                "source.name",
                "source_name",
                "site",
                "publisher",
                "outlet",
                "publication",
            ]),
            title: names(&["title", "headline", "headline.main", "title_original"]),
            text: names(&[
                "text",
                "full_content",
                "content",
                "body",
                "article",
                "content_original",
                "article_text",
                "article_body",
                "articleBody",
                "full_text",
                "maintext",
                "main_text",
                "content_text",
            ]),
            authors: names(&["authors", "author", "byline", "byline.original", "creator"]),
            published_at: names(&[
                "published_at",
                "publishedAt",
                "published",
                "date_published",
                "datePublished",
                "date_publish",
                "publish_date",
                "publication_date",
                "pub_date",
                "pubDate",
                "date",
                "datetime",
                "timestamp",
            ]),
            language: names(&["language", "lang", "language_code"]),
        }
    }
}

impl FieldSettings {
    /// Each part of an article, and the names to look under.
    pub(crate) fn parts(&self) -> [(&'static str, &[String]); 8] {
        [
            ("id", &self.id),
            ("url", &self.url),
            ("source", &self.source),
            ("title", &self.title),
            ("text", &self.text),
            ("authors", &self.authors),
            ("published_at", &self.published_at),
            ("language", &self.language),
        ]
    }
}

/// A mistake in the settings of the sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A source has no id.
    #[error("producer.sources[{index}] has no id: give it one that stays the same")]
    NoId {
        /// Position in the list, from 0.
        index: usize,
    },
    /// Two sources would share their state.
    #[error("two sources have the id {id:?} in producer.sources: each needs its own")]
    SameId {
        /// The id.
        id: String,
    },
    /// An id that cannot be part of a key.
    #[error("the id {id:?} in producer.sources holds a '#' or a control character: use letters, digits, '-' and '_'")]
    BadId {
        /// The id.
        id: String,
    },
    /// A file or folder without a path.
    #[error("source {id:?} needs a path")]
    NoPath {
        /// Id of the source.
        id: String,
    },
    /// A source that is fetched without an address to fetch.
    #[error("source {id:?} needs a url that starts with https:// or http://")]
    NoUrl {
        /// Id of the source.
        id: String,
    },
    /// Hubs could not call back.
    #[error("producer.push.public_url is {url:?}: write it as https://desk.example, without a query")]
    BadPublicUrl {
        /// As it is set.
        url: String,
    },
    /// Nobody would answer the hubs.
    #[error("producer.push.public_url needs producer.push.listen, where the calls of hubs come in")]
    NotListening,
    /// A glob that does not parse.
    #[error("source {id:?} has a bad glob {glob:?}: {error}")]
    BadGlob {
        /// Id of the source.
        id: String,
        /// The glob.
        glob: String,
        /// What is wrong with it.
        error: String,
    },
    /// A setting that its kind of source has no use for.
    #[error("source {id:?} has no use for the setting {setting}: remove it")]
    Useless {
        /// Id of the source.
        id: String,
        /// Name of the setting.
        setting: &'static str,
    },
}

impl ProducerSettings {
    /// Finds what the types cannot rule out.
    ///
    /// # Errors
    /// [`SettingsError`] for the first mistake.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !self.push.has_good_public_url() {
            return Err(SettingsError::BadPublicUrl { url: self.push.public_url.clone().unwrap_or_default() });
        }
        if self.push.public_address().is_some() && self.push.address().is_none() {
            return Err(SettingsError::NotListening);
        }
        let mut ids = HashSet::new();
        for (index, source) in self.sources.iter().enumerate() {
            if source.id.trim().is_empty() {
                return Err(SettingsError::NoId { index });
            }
            source.check()?;
            if !ids.insert(source.id.as_str()) {
                return Err(SettingsError::SameId { id: source.id.clone() });
            }
        }
        Ok(())
    }
}

impl SourceSettings {
    fn check(&self) -> Result<(), SettingsError> {
        let id = || self.id.clone();
        if self.id.contains(|c: char| c == '#' || c.is_control()) {
            return Err(SettingsError::BadId { id: id() });
        }
        if let Some(glob) = &self.glob {
            if self.kind != SourceKind::Folder {
                return Err(SettingsError::Useless { id: id(), setting: "glob" });
            }
            if let Err(error) = glob::Pattern::new(glob) {
                return Err(SettingsError::BadGlob { id: id(), glob: glob.clone(), error: error.to_string() });
            }
        }
        if self.kind.is_fetched() {
            return self.check_fetched();
        }
        if self.url.is_some() {
            return Err(SettingsError::Useless { id: id(), setting: "url" });
        }
        match (self.kind, &self.path) {
            (SourceKind::File | SourceKind::Folder, None) => Err(SettingsError::NoPath { id: id() }),
            (SourceKind::Stdin, Some(_)) => Err(SettingsError::Useless { id: id(), setting: "path" }),
            (SourceKind::Stdin, None) if self.watch => Err(SettingsError::Useless { id: id(), setting: "watch" }),
            _ => Ok(()),
        }
    }

    fn check_fetched(&self) -> Result<(), SettingsError> {
        let id = || self.id.clone();
        if self.address().is_none() {
            return Err(SettingsError::NoUrl { id: id() });
        }
        match self {
            Self { path: Some(_), .. } => Err(SettingsError::Useless { id: id(), setting: "path" }),
            Self { watch: true, .. } => Err(SettingsError::Useless { id: id(), setting: "watch" }),
            _ => Ok(()),
        }
    }

    /// The address that it is fetched from.
    pub(crate) fn address(&self) -> Option<Url> {
        let url = Url::parse(self.url.as_deref()?.trim()).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_that_hubs_cannot_call_is_a_mistake() {
        let check = |public_url: &str, listen: Option<&str>| {
            let push = PushSettings {
                public_url: Some(public_url.into()),
                listen: listen.map(str::to_owned),
                ..PushSettings::default()
            };
            ProducerSettings { push, ..ProducerSettings::default() }.check()
        };
        let here = Some("127.0.0.1:8620");
        assert_eq!((check("https://desk.example", here), check("", None)), (Ok(()), Ok(())));
        assert_eq!(check("https://desk.example", None), Err(SettingsError::NotListening));
        for bad in ["desk.example", "file:///tmp", "https://desk.example/?a=b"] {
            assert!(matches!(check(bad, here), Err(SettingsError::BadPublicUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn a_mistake_in_a_source_is_named() {
        let file = SourceSettings { id: "a".into(), path: Some("a.jsonl".into()), ..SourceSettings::default() };
        let settings =
            |sources: &[SourceSettings]| ProducerSettings { sources: sources.to_vec(), ..Default::default() };
        assert_eq!(settings(std::slice::from_ref(&file)).check(), Ok(()));
        for (bad, expected) in [
            (vec![file.clone(), file.clone()], "two sources have the id \"a\""),
            (vec![SourceSettings { id: " ".into(), ..file.clone() }], "sources[0] has no id"),
            (vec![SourceSettings { id: "a#b".into(), ..file.clone() }], "holds a '#'"),
            (vec![SourceSettings { path: None, ..file.clone() }], "needs a path"),
            (vec![SourceSettings { glob: Some("*".into()), ..file.clone() }], "no use for the setting glob"),
            (vec![SourceSettings { kind: SourceKind::Stdin, ..file.clone() }], "no use for the setting path"),
            (
                vec![SourceSettings { kind: SourceKind::Folder, glob: Some("a**".into()), ..file.clone() }],
                "bad glob \"a**\"",
            ),
            (
                vec![SourceSettings { url: Some("https://a.example".into()), ..file.clone() }],
                "no use for the setting url",
            ),
            (vec![SourceSettings { kind: SourceKind::Feed, ..file.clone() }], "needs a url"),
            (
                vec![SourceSettings { kind: SourceKind::Feed, url: Some("file:///etc/passwd".into()), ..file.clone() }],
                "needs a url",
            ),
            (
                vec![SourceSettings { kind: SourceKind::Feed, url: Some("https://a.example".into()), ..file }],
                "no use for the setting path",
            ),
        ] {
            let message = settings(&bad).check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
