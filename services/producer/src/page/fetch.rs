//! Fetching an article's page, where its publisher allows it.

use faultline_schemas::Partial;
use reqwest::header::HeaderName;
use url::Url;

use super::{Extracted, extract, meta};
use crate::web::{Answer, Ask, Kind, Robots, Web, decode};

const ACCEPT: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1";

/// Why there is no text of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Miss {
    /// What the article is marked with.
    pub(crate) partial: Partial,
    /// For people.
    pub(crate) why: String,
    /// Whether it may be there the next time.
    pub(crate) is_passing: bool,
}

impl Miss {
    fn for_good(partial: Partial, why: impl Into<String>) -> Self {
        Self { partial, why: why.into(), is_passing: false }
    }

    fn for_now(why: impl Into<String>) -> Self {
        Self { partial: Partial::Unreachable, why: why.into(), is_passing: true }
    }
}

/// The article of a page, and where it was found. What is for subscribers comes as a miss, whatever part of it the page
/// shows.
///
/// # Errors
/// [`Miss`] where there is no text to be had.
pub(crate) async fn fetch(web: &Web, url: &Url, limit: usize) -> Result<(Extracted, Url), Miss> {
    ask_robots(web, url).await?;
    let ask = Ask::new(url, ACCEPT, limit);
    let answer = web.get(ask).await.map_err(|error| match error {
        error @ crate::web::WebError::TooLarge { .. } => Miss::for_good(Partial::NotFound, error.to_string()),
        error => Miss::for_now(error.to_string()),
    })?;
    if answer.url != *url {
        ask_robots(web, &answer.url).await?;
    }
    check(&answer)?;
    let found_at = answer.url.clone();
    let page = web.workers.run(move || {
        let html = decode(&answer.body, answer.content_type(), Kind::Html);
        extract(&html, &answer.url)
    });
    let page =
        page.await.map_err(|panic| Miss::for_good(Partial::NotFound, format!("reading it panicked: {panic}")))?;
    let page = page.ok_or_else(|| Miss::for_good(Partial::NotFound, "its elements are nested beyond all reason"))?;
    if page.is_forbidden {
        return Err(Miss::for_good(Partial::Forbidden, "the page asks not to be kept (its robots)"));
    }
    if page.is_paywalled {
        return Err(Miss::for_good(Partial::Paywall, "the article is for subscribers"));
    }
    if page.text.is_empty() {
        return Err(Miss::for_good(Partial::NotFound, "no article was found on the page"));
    }
    Ok((page, found_at))
}

async fn ask_robots(web: &Web, url: &Url) -> Result<(), Miss> {
    match web.robots(url).await {
        Robots::Unreachable(why) => Err(Miss::for_now(why)),
        robots if robots.allows(url) => Ok(()),
        _ => Err(Miss::for_good(Partial::Forbidden, "robots.txt asks to leave the page alone")),
    }
}

fn check(answer: &Answer) -> Result<(), Miss> {
    let status = answer.status;
    match status {
        200..300 => {}
        402 => return Err(Miss::for_good(Partial::Paywall, "the page answers 402")),
        401 | 403 | 451 => return Err(Miss::for_good(Partial::Forbidden, format!("the page answers {status}"))),
        408 | 425 | 429 | 500.. => return Err(Miss::for_now(format!("the page answers {status}"))),
        _ => return Err(Miss::for_good(Partial::Unreachable, format!("the page answers {status}"))),
    }
    let tags = answer.headers.get_all(HeaderName::from_static("x-robots-tag"));
    if tags.iter().filter_map(|tag| tag.to_str().ok()).any(meta::header_forbids) {
        return Err(Miss::for_good(Partial::Forbidden, "the page asks not to be kept (X-Robots-Tag)"));
    }
    let kind = answer.content_type().unwrap_or("text/html").to_ascii_lowercase();
    if !["html", "xml", "text/plain"].iter().any(|readable| kind.contains(readable)) {
        return Err(Miss::for_good(Partial::NotFound, format!("the page is {kind:?}")));
    }
    Ok(())
}
