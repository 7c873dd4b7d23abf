//! Papers that publish for an hour, each in its own way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use faultline_tests::site::{Hit, Reply};
use jiff::{SignedDuration, Timestamp};

/// Minutes.
pub(crate) const HOUR: usize = 60;
/// Minutes that go by from one check of a feed to the next.
const STEP: usize = 2;
/// Minutes between two articles of a paper.
const RHYTHM: usize = 5;
/// Articles that a feed has at a time.
const LISTED: usize = 8;
/// Words of an article.
pub(crate) const WORDS: usize = 150;
/// This one or the next is corrected, so many minutes after it was published.
const CORRECTED: usize = 4;
const CORRECTED_AFTER: usize = 16;
pub(crate) const CORRECTION: &str = "An earlier version of this report gave another number.";
/// Papers under one name share each third of their articles.
const SHARED_EVERY: usize = 3;
/// What is on every page and no part of its article.
pub(crate) const MENU: &str = "Home World Sport Weather";
/// In the address of an agency's report, and of its reprints.
pub(crate) const WIRE: &str = "wire";
const PRINTED_BY: (usize, usize) = (0, 3);
/// Papers that print it too, word for word, later.
pub(crate) const REPRINTED_BY: [usize; 5] = [7, 12, 14, 16, 18];
const REPRINTED: usize = 6;
pub(crate) const MOVED_TO: &str = "/elsewhere.xml";
/// The check that is answered with a wish to be left alone, and for how long.
pub(crate) const BUSY_AT: usize = 5;
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);
/// From this check on, the paper that retires says that it is gone.
pub(crate) const GONE_AT: usize = 10;
const CRAWL_DELAY: Duration = Duration::from_millis(200);

/// What is particular about a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    /// Once answers 429, with `Retry-After`.
    AsksToWait,
    /// Has moved for good.
    Moves,
    /// Leads elsewhere each time.
    Redirects,
    /// Nobody listens there.
    Unreachable,
    /// Is gone for good after a while.
    Retires,
    /// Takes its time.
    Slow,
    /// Each sixth answer is 503.
    Fails,
    /// Each sixth answer breaks off.
    Breaks,
    /// Wishes for a longer pause between requests.
    Delays,
    /// Its entries have other ids each time.
    NewIds,
}

/// By place in the list.
const WAYS: [(usize, Way); 10] = [
    (0, Way::AsksToWait),
    (1, Way::Moves),
    (2, Way::Redirects),
    (3, Way::Unreachable),
    (4, Way::Retires),
    (5, Way::Slow),
    (6, Way::Fails),
    (7, Way::Breaks),
    (8, Way::Delays),
    (13, Way::NewIds),
];

/// One feed of the list.
pub(crate) struct Paper {
    number: usize,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) way: Way,
    /// Whether others of the list are under the same name.
    has_siblings: bool,
    begun: Timestamp,
    asked: AtomicUsize,
    unchanged: AtomicUsize,
}

impl Paper {
    pub(crate) fn address(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How often it could say that nothing is new.
    pub(crate) fn unchanged(&self) -> usize {
        self.unchanged.load(Ordering::Relaxed)
    }

    /// The minute that it is; the hour does not go on after its end.
    fn minute(&self) -> usize {
        (self.asked() * STEP).min(HOUR)
    }

    /// The last minute of which its feed tells.
    fn last_minute(&self) -> Option<usize> {
        match self.way {
            Way::Unreachable => None,
            Way::Retires => Some((GONE_AT - 1) * STEP),
            _ => Some(HOUR),
        }
    }

    /// Whether all of the hour was asked for, and some more.
    fn is_over(&self) -> bool {
        match self.way {
            Way::Unreachable => true,
            Way::Retires => self.asked() >= GONE_AT,
            _ => self.asked() >= HOUR / STEP + 3,
        }
    }

    fn published_at(&self, article: usize) -> usize {
        self.number % RHYTHM + article * RHYTHM
    }

    /// Articles up to this minute, newest first.
    fn articles(&self, minute: usize) -> impl Iterator<Item = usize> {
        (0..=HOUR / RHYTHM).rev().filter(move |article| self.published_at(*article) <= minute)
    }

    fn slug(&self, article: usize) -> String {
        match article {
            _ if self.prints_wire(article) => format!("/{WIRE}-{}", self.number),
            article if self.is_shared(article) => format!("/shared-{article}"),
            article => format!("/{}-{article}", self.number),
        }
    }

    fn prints_wire(&self, article: usize) -> bool {
        (self.number, article) == PRINTED_BY || (REPRINTED_BY.contains(&self.number) && article == REPRINTED)
    }

    fn is_shared(&self, article: usize) -> bool {
        self.has_siblings && article.is_multiple_of(SHARED_EVERY)
    }

    fn is_corrected(&self, article: usize, minute: usize) -> bool {
        // One whose text is in the feed, or one that is read on its page.
        article == CORRECTED + self.number % 2 && minute >= self.published_at(article) + CORRECTED_AFTER
    }

    /// Whether the feed has its text, or only its page.
    fn is_full(article: usize) -> bool {
        article.is_multiple_of(2)
    }

    fn text(&self, article: usize, minute: usize) -> String {
        let seed = match article {
            article if self.prints_wire(article) => 1,
            article if self.is_shared(article) => 1_000_000 + self.host.len() * 1_000 + article,
            article => 1_000 + self.number * 100 + article,
        };
        let correction = if self.is_corrected(article, minute) { format!(" {CORRECTION}") } else { String::new() };
        format!("{}{correction}", prose(seed as u64))
    }

    fn title(&self, article: usize, minute: usize) -> String {
        let corrected = if self.is_corrected(article, minute) { ", corrected" } else { "" };
        let whose = if self.is_shared(article) { "shared".to_owned() } else { self.number.to_string() };
        format!("Report {article} of {whose}{corrected}")
    }

    fn feed(&self, check: usize) -> String {
        let minute = self.minute();
        let articles: Vec<usize> = self.articles(minute).take(LISTED).collect();
        let entry = |article: &usize| {
            let (title, text, url) =
                (self.title(*article, minute), self.text(*article, minute), format!("SITE{}", self.slug(*article)));
            let beginning: String = text.split_inclusive(' ').take(12).collect();
            let words = if Self::is_full(*article) { text } else { format!("{beginning}… {}", text.len()) };
            let id = if self.way == Way::NewIds { format!("{check}-{article}") } else { url.clone() };
            let at = self.begun + Duration::from_secs(60 * self.published_at(*article) as u64);
            (title, words, url, id, at)
        };
        let entries = articles.iter().map(entry);
        match self.number % 3 {
            0 => rss(entries),
            1 => atom(entries),
            _ => json(entries),
        }
    }

    fn answer(&self, hit: &Hit) -> Reply {
        let check = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let minute = self.minute();
        let listed: Vec<_> =
            self.articles(minute).take(LISTED).map(|article| (article, self.is_corrected(article, minute))).collect();
        let etag = format!("\"{listed:?}\"");
        match self.way {
            Way::AsksToWait if check == BUSY_AT => {
                return Reply::status(429).with("retry-after", &RETRY_AFTER.as_secs().to_string());
            }
            Way::Retires if check >= GONE_AT => return Reply::status(410),
            Way::Fails if check.is_multiple_of(6) => return Reply::status(503),
            _ => {}
        }
        if hit.header("if-none-match") == etag {
            self.unchanged.fetch_add(1, Ordering::Relaxed);
            return Reply::status(304).with("etag", &etag);
        }
        let reply = Reply::new("text/xml", self.feed(check)).with("etag", &etag);
        match self.way {
            Way::Slow => reply.late(Duration::from_millis(700)),
            Way::Breaks if check.is_multiple_of(6) => reply.cut_off(),
            _ => reply,
        }
    }

    fn page(&self, article: usize) -> Reply {
        let minute = self.minute();
        let text = self.text(article, minute);
        let paragraphs: String =
            text.split_inclusive(". ").map(|sentence| format!("<p>{}</p>", sentence.trim())).collect();
        Reply::page(format!(
            "<html lang=en><head><title>{title}</title></head><body><nav>{MENU}</nav><article><h1>{title}</h1>{paragraphs}\
             </article></body></html>",
            title = self.title(article, minute),
        ))
    }
}

/// All papers of a list.
pub(crate) struct Press {
    pub(crate) papers: Vec<Paper>,
}

impl Press {
    pub(crate) fn of(opml: &str) -> Self {
        let addresses: Vec<(String, String)> = opml
            .split("xmlUrl=\"")
            .skip(1)
            .map(|rest| {
                let (_, rest) = rest.split_once("//").unwrap();
                let (host, path) = rest.split_once('"').unwrap().0.split_once('/').unwrap();
                (host.to_owned(), format!("/{path}"))
            })
            .collect();
        let papers = addresses.iter().enumerate().map(|(number, (host, path))| Paper {
            number,
            host: host.clone(),
            path: path.clone(),
            way: WAYS.iter().find(|(of, _)| *of == number).map_or(Way::Plain, |(_, way)| *way),
            has_siblings: addresses.iter().filter(|(other, _)| other == host).count() > 1,
            begun: Timestamp::now() - SignedDuration::from_hours(1),
            asked: AtomicUsize::new(0),
            unchanged: AtomicUsize::new(0),
        });
        Self { papers: papers.collect() }
    }

    /// `producer.web.hosts`: all of them are served on this port, but for those that nobody serves.
    pub(crate) fn addresses(&self, port: u16) -> String {
        let port = |paper: &Paper| if paper.way == Way::Unreachable { 1 } else { port };
        let hosts: BTreeMap<&str, u16> = self.papers.iter().map(|paper| (paper.host.as_str(), port(paper))).collect();
        hosts.iter().map(|(host, port)| format!("{host:?} = \"127.0.0.1:{port}\"\n")).collect()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.papers.iter().all(Paper::is_over)
    }

    /// How often each feed was asked.
    pub(crate) fn clocks(&self) -> Vec<(&str, usize)> {
        self.papers.iter().map(|paper| (paper.host.as_str(), paper.asked())).collect()
    }

    pub(crate) fn crawl_delay(&self, host: &str) -> Option<Duration> {
        self.papers.iter().any(|paper| paper.host == host && paper.way == Way::Delays).then_some(CRAWL_DELAY)
    }

    /// Every article of the hour, by address, with how many versions it has.
    pub(crate) fn expected(&self) -> BTreeMap<String, usize> {
        let told = self.papers.iter().filter_map(|paper| Some((paper, paper.last_minute()?)));
        told.flat_map(|(paper, last)| {
            paper.articles(last).map(move |article| {
                let versions = 1 + usize::from(paper.is_corrected(article, last));
                (format!("http://{}{}", paper.host, paper.slug(article)), versions)
            })
        })
        .collect()
    }

    /// Pages that only one feed leads to, with how many versions each has.
    pub(crate) fn pages(&self) -> BTreeMap<String, usize> {
        let teased = self.papers.iter().flat_map(|paper| {
            let last = paper.last_minute().unwrap_or(0);
            let told = paper.last_minute().is_some();
            let articles = paper.articles(last).filter(move |article| told && !Paper::is_full(*article));
            articles
                .filter(|article| !paper.is_shared(*article))
                .map(|article| paper.slug(article))
                .map(|slug| format!("http://{}{slug}", paper.host))
        });
        let teased: BTreeSet<String> = teased.collect();
        self.expected().into_iter().filter(|(url, _)| teased.contains(url)).collect()
    }

    pub(crate) fn answer(&self, hit: &Hit) -> Reply {
        let host = hit.header("host");
        let of_host = || self.papers.iter().filter(|paper| paper.host == host);
        if hit.path == "/robots.txt" {
            let delay = self.crawl_delay(host).map(|delay| format!("Crawl-delay: {}\n", delay.as_secs_f64()));
            return delay.map_or_else(
                || Reply::status(404),
                |delay| Reply::new("text/plain", format!("User-agent: *\n{delay}")),
            );
        }
        if let Some(paper) = of_host().find(|paper| paper.path == hit.path) {
            return match paper.way {
                Way::Moves => Reply::redirect(301, MOVED_TO),
                Way::Redirects => Reply::redirect(302, MOVED_TO),
                _ => paper.answer(hit),
            };
        }
        if hit.path == MOVED_TO {
            return of_host().next().map_or_else(|| Reply::status(404), |paper| paper.answer(hit));
        }
        let page = of_host().find_map(|paper| {
            let article = paper.articles(HOUR).find(|article| paper.slug(*article) == hit.path)?;
            Some(paper.page(article))
        });
        page.unwrap_or_else(|| Reply::status(404))
    }
}

/// Title, text or its beginning, address, id and time.
type Entry = (String, String, String, String, Timestamp);

fn rss(entries: impl Iterator<Item = Entry>) -> String {
    let items = entries.map(|(title, text, url, id, at)| {
        let at = at.strftime("%a, %d %b %Y %H:%M:%S GMT");
        format!(
            "<item><title>{title}</title><link>{url}</link><guid isPermaLink=\"false\">{id}</guid><pubDate>{at}</pubDate>\
             <content:encoded><![CDATA[<p>{text}</p>]]></content:encoded></item>"
        )
    });
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\
         <title>Paper</title>{}</channel></rss>",
        items.collect::<String>()
    )
}

fn atom(entries: impl Iterator<Item = Entry>) -> String {
    let entries = entries.map(|(title, text, url, id, at)| {
        format!(
            "<entry><title>{title}</title><link href=\"{url}\"/><id>{id}</id><updated>{at:.0}</updated>\
             <content type=\"html\">&lt;p&gt;{text}&lt;/p&gt;</content></entry>"
        )
    });
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Paper</title>{}</feed>", entries.collect::<String>())
}

fn json(entries: impl Iterator<Item = Entry>) -> String {
    let items: Vec<_> = entries
        .map(|(title, text, url, id, at)| {
            serde_json::json!({"id": id, "url": url, "title": title, "content_html": format!("<p>{text}</p>"), "date_published": at.to_string()})
        })
        .collect();
    serde_json::json!({"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "items": items}).to_string()
}

const SUBJECTS: [&str; 8] =
    ["The council", "A commission", "The mayor", "The ministry", "A court", "The union", "A witness", "The harbour"];
const VERBS: [&str; 8] = ["approved", "delayed", "examined", "praised", "refused", "counted", "described", "repaired"];
const THINGS: [&str; 12] = [
    "bridges",
    "budgets",
    "letters",
    "harvests",
    "ferries",
    "archives",
    "orchards",
    "tunnels",
    "markets",
    "lanterns",
    "railways",
    "vineyards",
];
const PLACES: [&str; 10] = [
    "the valley",
    "the capital",
    "the old town",
    "the coast",
    "the border",
    "the islands",
    "the suburbs",
    "the plain",
    "the port",
    "the north",
];

/// Sentences that another number makes others of.
fn prose(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below
    };
    let mut sentences = Vec::new();
    while sentences.len() * 10 < WORDS {
        let [first, second, days] = [next(900) + 20, next(900) + 20, next(900) + 20];
        let [one, other] = [THINGS[next(THINGS.len())], THINGS[next(THINGS.len())]];
        let (who, did) = (SUBJECTS[next(SUBJECTS.len())], VERBS[next(VERBS.len())]);
        let place = PLACES[next(PLACES.len())];
        // A number every few words: no two texts may share half of their sequences of three.
        sentences.push(format!("{who} {did} {first} {one} and {second} {other} near {place} after {days} days."));
    }
    sentences.join(" ")
}
