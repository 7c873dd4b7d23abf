//! The article on a page that was crawled.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faultline_schemas::Partial;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    page,
    refuse::Passed,
    settings::FieldSettings,
    web::{self, Kind},
};

/// An article that was found.
pub(super) struct Article {
    /// What the intake reads.
    pub(super) json: Vec<u8>,
    /// When the page was crawled.
    pub(super) fetched_at: Option<Timestamp>,
}

/// Why a page has no article.
pub(super) enum NoArticle {
    Passed(Passed),
    Broken(String),
}

/// What the intake calls each part of an article.
#[derive(Debug, Clone)]
pub(in crate::reader) struct Names(FieldSettings);

impl Names {
    pub(in crate::reader) fn new(fields: &FieldSettings) -> Self {
        Self(fields.clone())
    }
}

/// The article on a page that came from `url`, as JSON. What is for subscribers comes as its summary, as from a feed.
pub(super) fn article(body: &[u8], content_type: Option<&str>, url: &Url, names: &Names) -> Result<Vec<u8>, NoArticle> {
    let read = || page::extract(&web::decode(body, content_type, Kind::Html), url);
    let read = catch_unwind(AssertUnwindSafe(read));
    let read = read.map_err(|_| NoArticle::Broken("reading the page panicked, please report this".to_owned()))?;
    let page = read.ok_or(NoArticle::Passed(Passed::NoArticle))?;
    let (text, partial) = match &page {
        page if page.is_forbidden => return Err(NoArticle::Passed(Passed::Forbidden)),
        page if page.is_paywalled => {
            let summary = page.description.as_deref().filter(|summary| !summary.trim().is_empty());
            (summary.ok_or(NoArticle::Passed(Passed::Paywall))?, Some(Partial::Paywall))
        }
        page if page.text.is_empty() => return Err(NoArticle::Passed(Passed::NoArticle)),
        page => (page.text.as_str(), None),
    };
    let names = &names.0;
    let mut object = Map::new();
    let mut put = |names: &[String], value: Value| {
        if let Some(name) = names.first() {
            object.insert(name.clone(), value);
        }
    };
    put(&names.url, page.canonical.as_ref().unwrap_or(url).as_str().into());
    put(&names.title, json!(page.title));
    put(&names.text, text.into());
    put(&names.authors, json!(page.authors));
    put(&names.published_at, json!(page.published_at));
    put(&names.language, json!(page.language));
    object.insert("partial".to_owned(), json!(partial));
    Ok(Value::Object(object).to_string().into_bytes())
}
