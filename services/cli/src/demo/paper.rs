//! A newspaper of the demo's own: its feed, and the pages that this leads to, served to the producer beside it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use faultline_platform::Stop;
use faultline_producer::{ProducerSettings, SourceKind, SourceSettings, WebSettings};
use faultline_schemas::Article;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use tokio::net::TcpListener;
use url::Url;

use crate::look::escape;

/// Whose articles come from its feed. The name leads nowhere else.
pub(super) const HOST: &str = "balkan-wire.example";
const FEED: &str = "/feed.xml";
const PAGE: &str = include_str!("../../demo/page.html");

/// The newspaper, answering until the demo ends.
pub(super) struct Paper {
    address: SocketAddr,
    articles: usize,
    served: Arc<Served>,
}

/// Bodies by path, made once.
struct Served {
    feed: String,
    pages: HashMap<String, String>,
    /// Pages that were asked for.
    asked: AtomicUsize,
}

impl Paper {
    /// Opens it on a free port of this machine alone.
    pub(super) async fn open(articles: &[Article], stop: Stop) -> anyhow::Result<Self> {
        let served = Arc::new(Served::of(articles)?);
        let listener = TcpListener::bind("127.0.0.1:0").await.context("failed to open a port for the demo's feed")?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(answer).with_state(Arc::clone(&served));
        let serve = axum::serve(listener, router).with_graceful_shutdown(async move { stop.wait().await });
        tokio::spawn(async move { serve.await });
        Ok(Self { address, articles: articles.len(), served })
    }

    /// Makes it the only source, and the only host that may be fetched from though it is on this machine.
    pub(super) fn subscribe(&self, producer: &mut ProducerSettings) {
        producer.web = WebSettings {
            hosts: [(HOST.to_owned(), self.address)].into(),
            // It is no stranger's server.
            host_delay_ms: 0,
            ..WebSettings::default()
        };
        producer.sources.push(SourceSettings {
            id: "balkan-wire".to_owned(),
            kind: SourceKind::Feed,
            url: Some(format!("http://{HOST}{FEED}")),
            ..SourceSettings::default()
        });
    }

    /// Articles that it has.
    pub(super) fn articles(&self) -> usize {
        self.articles
    }

    /// Where it was, and what was taken from it.
    pub(super) fn told(&self) -> String {
        let from_pages = self.served.asked.load(Ordering::Relaxed);
        let in_feed = self.articles.saturating_sub(from_pages);
        let address = self.address;
        format!(
            "The feed is of {HOST}, served here on {address}: {in_feed} texts were in it, {from_pages} on its pages\n"
        )
    }
}

impl Served {
    /// Every other article is in the feed with its whole text, the rest by their first paragraphs, as feeds are.
    fn of(articles: &[Article]) -> anyhow::Result<Self> {
        let mut items = String::new();
        let mut pages = HashMap::new();
        for (number, article) in articles.iter().enumerate() {
            let (url, title) =
                (article.url.as_deref().unwrap_or_default(), article.title.as_deref().unwrap_or_default());
            let url = Url::parse(url).with_context(|| format!("an article of {HOST} has the address {url:?}"))?;
            let published_at = article.published_at.as_deref().unwrap_or_default();
            let instant: Timestamp = published_at.parse().context("an article of the demo has no date")?;
            let date =
                rfc2822::to_string(&instant.to_zoned_datetime(TimeZone::UTC)).context("a date of the demo is none")?;
            let paragraphs = article.text.split("\n\n").map(|text| format!("<p>{}</p>\n", escape(text)));
            let paragraphs: String = paragraphs.collect();
            let text = if number % 2 == 0 {
                format!("<content:encoded>{}</content:encoded>", escape(&paragraphs))
            } else {
                let first = article.text.split("\n\n").next().unwrap_or_default();
                format!("<description>{}</description>", escape(first))
            };
            let title = escape(title);
            let path = url.path();
            writeln!(
                items,
                "<item><title>{title}</title><link>http://{HOST}{path}</link><pubDate>{date}</pubDate>{text}</item>"
            )?;
            let page = PAGE.replace("{title}", &title).replace("{published_at}", published_at).replace("{url}", path);
            pages.insert(path.to_owned(), page.replace("{paragraphs}", &paragraphs));
        }
        let feed = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n\
             <channel>\n<title>Balkan Wire</title>\n<link>http://{HOST}/</link>\n<language>en</language>\n{items}</channel>\n</rss>\n"
        );
        Ok(Self { feed, pages, asked: AtomicUsize::new(0) })
    }
}

/// Whoever finds the port by another name is told nothing.
async fn answer(State(served): State<Arc<Served>>, headers: HeaderMap, request: Request) -> Response {
    let is_named = headers.get(header::HOST).is_some_and(|host| host == HOST);
    let path = request.uri().path();
    if is_named && path == FEED {
        return ([(header::CONTENT_TYPE, "application/rss+xml")], served.feed.clone()).into_response();
    }
    match served.pages.get(path).filter(|_| is_named) {
        Some(page) => {
            served.asked.fetch_add(1, Ordering::Relaxed);
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
