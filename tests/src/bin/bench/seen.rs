//! From a feed's answer that has a new entry to the article in the store, pages fetched on the way.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use faultline_producer::identity::article_id;
use faultline_schemas::Article;
use faultline_tests::site::{Hit, Reply, Site};

use crate::{
    Bench,
    figures::{Figures, percentile},
    up::Up,
};

const FEEDS: usize = 200;
/// Each feed has something new so often.
const RHYTHM: Duration = Duration::from_secs(10);
/// Before it counts: the first check of each feed brings all that it has.
const WARM_UP: Duration = Duration::from_secs(12);
/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(4);
/// For those that are on their way at the end.
const DRAIN: Duration = Duration::from_secs(5);
const FEWEST_WORDS: usize = 150;

/// Papers that print articles of the corpus.
struct Papers {
    articles: Vec<Article>,
    begun: Instant,
    /// When each entry was first in an answer, by the article's id.
    shown: Mutex<HashMap<String, Instant>>,
}

impl Papers {
    fn article(&self, paper: usize, number: usize) -> &Article {
        &self.articles[(number * FEEDS + paper) % self.articles.len()]
    }

    /// `/paper` is its feed, `/paper/number` a page.
    fn answer(&self, hit: &Hit) -> Reply {
        let mut parts = hit.path.trim_start_matches('/').split('/').map(str::parse::<usize>);
        match (parts.next(), parts.next()) {
            (Some(Ok(paper)), None) => self.feed(paper, hit.header("host")),
            (Some(Ok(paper)), Some(Ok(number))) => self.page(paper, number),
            _ => Reply::status(404),
        }
    }

    fn feed(&self, paper: usize, host: &str) -> Reply {
        #[expect(clippy::cast_possible_truncation, reason = "a minute of steps")]
        let phase = RHYTHM * paper as u32 / FEEDS as u32;
        let newest = ((self.begun.elapsed() + phase).as_secs() / RHYTHM.as_secs()) as usize;
        let items: String =
            (newest.saturating_sub(1)..=newest).rev().map(|number| self.item(paper, number, host)).collect();
        Reply::feed(format!(
            "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>{paper}</title>{items}</channel></rss>"
        ))
    }

    fn item(&self, paper: usize, number: usize, host: &str) -> String {
        let address = format!("http://{host}/{paper}/{number}");
        let id = article_id(None, Some(&address), None, None, "");
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_insert_with(Instant::now);
        let article = self.article(paper, number);
        let title = escaped(article.title.as_deref().unwrap_or("Untitled"));
        let text = if has_page(number + paper) {
            format!("<description>{title}</description>")
        } else {
            format!("<content:encoded>{}</content:encoded>", escaped(&paragraphs(&article.text)))
        };
        format!("<item><title>{title}</title><link>{address}</link>{text}</item>")
    }

    fn page(&self, paper: usize, number: usize) -> Reply {
        let article = self.article(paper, number);
        let title = escaped(article.title.as_deref().unwrap_or("Untitled"));
        Reply::page(format!(
            "<html lang=en><head><title>{title}</title></head><body><nav><a href=/>Home</a></nav><article><h1>{title}</h1>{}\
             </article></body></html>",
            paragraphs(&article.text)
        ))
    }
}

/// Every other article has its text on its page alone.
fn has_page(number: usize) -> bool {
    number.is_multiple_of(2)
}

fn paragraphs(text: &str) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("<p>{}</p>", escaped(line))).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let long = bench.corpus.articles.iter().filter(|article| article.text.split_whitespace().count() >= FEWEST_WORDS);
    let papers = Arc::new(Papers {
        articles: long.take(4_000).cloned().collect(),
        begun: Instant::now(),
        shown: Mutex::default(),
    });
    anyhow::ensure!(!papers.articles.is_empty(), "the corpus has no article of {FEWEST_WORDS} words");
    let site = Site::start_on(Ipv4Addr::UNSPECIFIED.into());
    let answering = Arc::clone(&papers);
    site.otherwise(move |hit| answering.answer(hit));
    // Each at a host of its own. The pause between requests to a host is politeness and no part of the way.
    let sources: String = (0..FEEDS)
        .map(|paper| {
            format!(
                "[[producer.sources]]\nid = \"paper-{paper}\"\nkind = \"feed\"\nurl = \"http://127.2.0.{}:{}/{paper}\"\n",
                paper + 1,
                site.port()
            )
        })
        .collect();
    let settings = format!(
        "[producer.web]\nallow_private_addresses = true\nhost_delay_ms = 0\nshortest_interval_seconds = 1\nlongest_interval_seconds = 1\n{sources}"
    );
    let folder = tempfile::tempdir()?;
    let mut up = Up::start(folder.path(), None, &settings)?;
    let mut reader = up.reader()?;
    let mut stored: HashMap<String, Instant> = HashMap::new();
    let counted = bench.choose(Duration::from_secs(25), Duration::from_secs(6));
    let (since, until) = (Instant::now() + WARM_UP, Instant::now() + WARM_UP + counted);
    while Instant::now() < until + DRAIN {
        let newer = reader.newer()?;
        let now = Instant::now();
        stored.extend(newer.into_iter().map(|id| (id, now)));
        up.ensure_running()?;
        std::thread::sleep(LOOK);
    }
    let shown = papers.shown.lock().unwrap_or_else(PoisonError::into_inner);
    let counted: Vec<_> = shown.iter().filter(|(_, at)| (since..until).contains(at)).collect();
    let way = |(id, at): &(&String, &Instant)| stored.get(*id).map(|stored| (*stored - **at).as_secs_f64() * 1_000.0);
    let mut ways: Vec<f64> = counted.iter().filter_map(way).collect();
    anyhow::ensure!(
        ways.len() == counted.len(),
        "{} of {} entries were not stored: {}",
        counted.len() - ways.len(),
        counted.len(),
        up.log()
    );
    println!("{} entries of {FEEDS} feeds that are each checked every second", ways.len());
    for (key, percent) in [("feeds.seen_to_stored_p50_ms", 50.0), ("feeds.seen_to_stored_p99_ms", 99.0)] {
        figures.set(key, percentile(&mut ways, percent));
    }
    Ok(())
}
