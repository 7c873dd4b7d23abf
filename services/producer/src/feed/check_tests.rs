//! Feeds against a web server that behaves as the web does.

use std::{io::Write as _, sync::atomic::AtomicU64, time::Instant};

use faultline_schemas::{Article, Partial, SourceState};

use super::*;
use crate::{
    outlet::recorded::{Recorded, context, outlet},
    settings::SourceKind,
    state,
    web::WebSettings,
};

#[path = "../../../../tests/src/site.rs"]
#[expect(dead_code, unreachable_pub, reason = "others use the rest")]
mod site;

use site::{Reply, Site};

/// A site, and a producer whose state outlives its process.
struct World {
    site: Site,
    recorded: Arc<Recorded>,
    shared: Shared,
    source: SourceSettings,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut WebSettings)) -> Self {
        let mut web = WebSettings {
            allow_private_addresses: true,
            host_delay_ms: 0,
            timeout_seconds: 2,
            ..WebSettings::default()
        };
        change(&mut web);
        let ctx = context();
        let (outlet, recorded) = outlet(&ctx);
        let settings = Arc::new(ProducerSettings { web, ..ProducerSettings::default() });
        let (web, metrics) = (Web::new(&settings.web).unwrap(), FeedMetrics::new(&ctx.registry).unwrap());
        let checks = Arc::new(Semaphore::new(8));
        let shared = Shared { ctx, settings, outlet, web, metrics, checks, hubs: None };
        let source = SourceSettings { id: "s".into(), kind: SourceKind::Feed, ..SourceSettings::default() };
        Self { site: Site::start(), recorded, shared, source }
    }

    /// The feed as a process that starts finds it.
    fn feed(&self) -> Feed {
        let url = Url::parse(&self.site.url("/feed")).unwrap();
        Feed::new(self.shared.clone(), self.source.clone(), url, state::of_fetched(&self.recorded.states(), "s"))
    }

    /// Checks the feed once, in a process of its own; how it stands then.
    async fn check(&self) -> Standing {
        let mut feed = self.feed();
        check(&mut feed).await;
        feed.standing
    }

    fn articles(&self) -> Vec<Article> {
        let records = self.recorded.records.lock();
        let articles = records.iter().filter(|record| record.topic == "faultline.articles");
        articles.map(|record| serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap()).collect()
    }

    fn saved(&self) -> Option<SourceState> {
        Some(serde_json::from_slice(self.recorded.states().get(b"s#fetched".as_slice())?).unwrap())
    }
}

async fn check(feed: &mut Feed) {
    let turn = feed.turn().await;
    feed.check(turn).await;
}

fn sentence(name: &str) -> String {
    format!("{name} said that the talks on the border would go on in the morning.")
}

/// An entry with its full text.
fn item(name: &str) -> String {
    let text = vec![sentence(name); 12].join(" ");
    format!("<item><title>{name}</title><link>SITE/{name}</link><content:encoded>{text}</content:encoded></item>")
}

/// An entry with a summary alone.
fn teaser(name: &str) -> String {
    format!("<item><title>{name}</title><link>SITE/{name}</link><description>In short, {name}.</description></item>")
}

fn rss(items: &[String]) -> String {
    let items = items.concat();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>World</title>{items}</channel></rss>"
    )
}

fn page(name: &str, head: &str) -> String {
    let paragraph = format!("<p>{}</p>", vec![sentence(name); 6].join(" "));
    format!(
        "<html lang=en><head><title>{name}</title>{head}</head><body><nav><a href=/>Home</a></nav><article><h1>{name}</h1>{}</article></body></html>",
        paragraph.repeat(4)
    )
}

#[tokio::test]
async fn what_is_new_is_published_once_and_a_feed_that_has_not_changed_is_not_sent_again() {
    let world = World::new();
    world.site.on("/feed", |hit| match hit.header("if-none-match") {
        "\"1\"" => Reply::status(304),
        _ => Reply::feed(rss(&[item("a"), item("b")]))
            .with("etag", "\"1\"")
            .with("last-modified", "Wed, 17 Aug 2022 10:30:00 GMT"),
    });
    let standing = world.check().await;
    assert_eq!(world.articles().iter().map(|a| a.title.as_deref().unwrap()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!((standing.failures, standing.fetched.days.values().sum::<u32>()), (0, 2));
    world.check().await;
    let again = world.site.hits_of("/feed").pop().unwrap();
    assert_eq!(again.header("if-none-match"), "\"1\"");
    assert_eq!(again.header("if-modified-since"), "Wed, 17 Aug 2022 10:30:00 GMT");
    assert!(again.header("user-agent").starts_with("Faultline/"));
    world.site.set("/feed", Reply::feed(rss(&[item("c"), item("a"), item("b")])));
    world.check().await;
    assert_eq!(world.articles().len(), 3, "only what is new");
    assert_eq!(world.articles()[2].feed.as_deref(), Some("s"));
}

#[tokio::test]
async fn nothing_counts_as_seen_that_kafka_has_not_acknowledged() {
    let world = World::new();
    world.site.set("/feed", Reply::feed(rss(&[item("a")])).with("etag", "\"1\""));
    *world.recorded.held.lock() = Some(Vec::new());
    let mut feed = world.feed();
    let check = tokio::time::timeout(Duration::from_millis(300), check(&mut feed));
    assert!(check.await.is_err(), "it waits for Kafka");
    drop(feed);
    assert_eq!((world.articles().len(), world.saved()), (1, None));
    // The process died, and Kafka is back.
    world.recorded.held.lock().take();
    world.check().await;
    assert_eq!(world.articles().len(), 2, "published again, under the same id");
    assert_eq!(world.articles()[0].id, world.articles()[1].id);
    assert_eq!(world.saved().unwrap().etag.as_deref(), Some("\"1\""));
    world.check().await;
    assert_eq!(world.articles().len(), 2);
}

#[tokio::test]
async fn an_entry_that_is_corrected_is_another_revision_and_ids_that_change_at_every_fetch_are_no_news() {
    let world = World::new();
    let number = AtomicU64::new(0);
    world.site.on("/feed", move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        Reply::feed(rss(&[item("a").replace("<link>", &format!("<guid isPermaLink='false'>{number}</guid><link>"))]))
    });
    world.check().await;
    world.check().await;
    assert_eq!(world.articles().len(), 1);
    world.site.set("/feed", Reply::feed(rss(&[item("a").replace("morning", "evening")])));
    world.check().await;
    let articles = world.articles();
    assert_eq!(articles[0].id, articles[1].id);
    assert_ne!(articles[0].revision, articles[1].revision);
}

#[tokio::test]
async fn a_move_for_good_is_remembered_and_one_for_now_is_not() {
    let world = World::new();
    world.site.set("/new", Reply::feed(rss(&[item("a")])));
    world.site.set("/feed", Reply::redirect(302, "/new"));
    assert_eq!(world.check().await.fetched.location, None);
    world.site.set("/feed", Reply::redirect(301, "/new"));
    assert_eq!(world.check().await.fetched.location, Some(world.site.url("/new")));
    let before = world.site.hits_of("/feed").len();
    world.check().await;
    assert_eq!(world.site.hits_of("/feed").len(), before, "asked where it is now");
    world.site.set("/new", Reply::status(404));
    for _ in 0..3 {
        world.check().await;
    }
    world.site.set("/feed", Reply::feed(rss(&[item("b")])));
    assert_eq!(world.check().await.failures, 0, "found again where it was");
}

#[tokio::test]
async fn validators_go_to_the_address_that_gave_them_wherever_it_is_for_now() {
    let world = World::new();
    let feed = |tag: &'static str, name: &'static str| {
        move |hit: &site::Hit| match hit.header("if-none-match") {
            known if known == tag => Reply::status(304),
            _ => Reply::feed(rss(&[item(name)])).with("etag", tag),
        }
    };
    world.site.set("/feed", Reply::redirect(302, "/now"));
    world.site.on("/now", feed("\"1\"", "a"));
    world.check().await;
    world.check().await;
    let asked = |path: &str| {
        world.site.hits_of(path).iter().map(|hit| hit.header("if-none-match").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!([asked("/feed"), asked("/now")], [["", ""], ["", "\"1\""]], "the second is answered 304");
    world.site.set("/feed", Reply::redirect(302, "/then"));
    world.site.on("/then", feed("\"2\"", "b"));
    world.check().await;
    assert_eq!(asked("/then"), [""], "those of another address are not sent");
    assert_eq!(world.articles().len(), 2);
    world.site.set("/feed", Reply::redirect(301, "/then"));
    let standing = world.check().await;
    assert_eq!(standing.fetched.location, Some(world.site.url("/then")), "a move is seen with a 304 as well");
    world.check().await;
    assert_eq!(asked("/then"), ["", "\"2\"", "\"2\""]);
}

#[tokio::test]
async fn every_failure_has_its_reason_and_a_later_time() {
    let small = |web: &mut WebSettings| web.max_feed_bytes = 100_000;
    let cases: Vec<(Reply, &str)> = vec![
        (Reply::status(404), "answers 404"),
        (Reply::status(500), "answers 500"),
        (Reply::page("<!DOCTYPE html><html><body>Sorry</body></html>"), "a web page and no feed"),
        (Reply::page("<html><head><link rel=alternate type=application/rss+xml href=/rss></head>"), "/rss"),
        (Reply::feed(""), "empty"),
        (Reply::redirect(301, "/feed"), "in a circle"),
        (Reply::redirect(302, "file:///etc/passwd"), "only http and https"),
        (Reply::redirect(302, "http://[::1"), "no address"),
        (Reply::feed("x".repeat(70_000)).endless(), "more than 100000 bytes"),
        (Reply::feed(rss(&[item("a")])).cut_off(), "broke off"),
        (Reply::feed(rss(&[item("a")])).late(Duration::from_secs(30)), "within 2 s"),
        (Reply::feed("x".repeat(1_000)).dripping(Duration::from_millis(100)), "within 2 s"),
        (Reply::feed(gzip(&vec![b' '; 50_000_000])).with("content-encoding", "gzip"), "more than 100000 bytes"),
        (Reply::feed(brotli(&vec![b' '; 50_000_000])).with("content-encoding", "br"), "more than 100000 bytes"),
        (Reply::feed("not gzip").with("content-encoding", "gzip"), "damaged"),
        (Reply::feed("not brotli").with("content-encoding", "br"), "damaged"),
    ];
    for (reply, expected) in cases {
        let world = World::with(small);
        world.site.set("/feed", reply);
        let standing = world.check().await;
        let problem = standing.fetched.problem.clone().unwrap_or_default();
        assert!(problem.contains(expected), "{expected}: {problem}");
        assert_eq!(standing.failures, 1, "{expected}");
        assert!(standing.due.is_some_and(|due| due > Timestamp::now()), "{expected}");
        assert!(world.articles().is_empty());
        assert_eq!(Standing::of(world.saved().unwrap()), standing, "{expected}");
    }
}

#[tokio::test]
async fn a_long_way_of_redirects_has_an_end() {
    let world = World::new();
    world.site.otherwise(|hit| Reply::redirect(302, &format!("{}x", hit.path)));
    let problem = world.check().await.fetched.problem.unwrap();
    assert!(problem.contains("more than 5 times"), "{problem}");
    assert_eq!(world.site.hits().len(), 6);
}

#[tokio::test]
async fn addresses_inside_the_network_are_not_asked() {
    let world = World::with(|web| web.allow_private_addresses = false);
    let problem = world.check().await.fetched.problem.unwrap();
    assert!(problem.contains("not on the public internet"), "{problem}");
    assert!(world.site.hits().is_empty());
}

#[tokio::test]
async fn a_feed_that_is_gone_is_retired_and_one_that_is_busy_is_left_alone_as_it_asks() {
    let world = World::new();
    world.site.set("/feed", Reply::status(429).with("retry-after", "7200"));
    let standing = world.check().await;
    assert!(standing.due.is_some_and(|due| due > Timestamp::now() + Duration::from_secs(7_100)), "{standing:?}");
    let asked = world.site.hits().len();
    assert!(world.check().await.fetched.problem.is_some_and(|problem| problem.contains("no more requests until")));
    assert_eq!(world.site.hits().len(), asked, "nor is anything else of that host");
    let world = World::new();
    world.site.set("/feed", Reply::status(410));
    let standing = world.check().await;
    assert!(standing.fetched.retired && standing.due.is_none());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 22);
    encoder.write_all(bytes).unwrap();
    encoder.into_inner()
}

#[tokio::test]
async fn compressed_answers_are_read_and_a_wrong_character_set_is_seen_through() {
    let feed = rss(&[item("Vučić")]).replace("SITE", "http://a.example");
    let zstd = zstd::encode_all(feed.as_bytes(), 3).unwrap();
    for (name, body) in [("gzip", gzip(feed.as_bytes())), ("zstd", zstd), ("br", brotli(feed.as_bytes()))] {
        let world = World::new();
        let reply = Reply::new("text/xml; charset=iso-8859-1", body).with("content-encoding", name);
        world.site.set("/feed", reply);
        world.check().await;
        assert_eq!(world.articles()[0].title.as_deref(), Some("Vučić"), "{name}");
        assert!(world.site.hits()[0].header("accept-encoding").contains("br"));
    }
}

#[tokio::test]
async fn a_page_gives_the_text_that_its_feed_lacks() {
    let world = World::new();
    world.site.set("/feed", Reply::feed(rss(&[teaser("a")])));
    world.site.set("/a", Reply::page(page("a", "<link rel=canonical href='/story/a'>")));
    world.check().await;
    let article = &world.articles()[0];
    assert_eq!(article.text.split("\n\n").count(), 4, "{}", article.text);
    assert!(!article.text.contains("Home"));
    assert_eq!(article.partial, None);
    assert_eq!(article.url, Some(world.site.url("/story/a")));
    assert_eq!(article.language.as_deref(), Some("en"));
    let asked: Vec<String> = world.site.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(asked, ["/feed", "/robots.txt", "/a"]);
}

#[tokio::test]
async fn a_publisher_who_says_no_is_obeyed_and_the_summary_is_taken_and_marked() {
    let free = "{\"@type\":\"NewsArticle\",\"isAccessibleForFree\":false}";
    let paid = page("a", &format!("<script type='application/ld+json'>{free}</script>"));
    let cases = [
        (Reply::new("text/plain", "User-agent: *\nDisallow: /a"), Reply::page(page("a", "")), Partial::Forbidden),
        (Reply::status(404), Reply::page(page("a", "")).with("x-robots-tag", "noindex"), Partial::Forbidden),
        (Reply::status(404), Reply::page(page("a", "<meta name=robots content=noarchive>")), Partial::Forbidden),
        (Reply::status(404), Reply::page(paid), Partial::Paywall),
        (Reply::status(404), Reply::status(403), Partial::Forbidden),
        (Reply::status(404), Reply::status(404), Partial::Unreachable),
        (Reply::status(404), Reply::page("<script>render()</script>".repeat(1_000)), Partial::NotFound),
        (Reply::status(404), Reply::page("<table><tr><td>".repeat(10_000)), Partial::NotFound),
        (Reply::status(404), Reply::page("x".repeat(50_000_000)), Partial::NotFound),
        (Reply::status(404), Reply::page("x".repeat(50_000)).endless(), Partial::NotFound),
        (Reply::status(404), Reply::new("application/pdf", "%PDF"), Partial::NotFound),
    ];
    for (robots, reply, expected) in cases {
        let shown = format!("{robots:?}").chars().take(80).collect::<String>();
        let world = World::new();
        world.site.set("/feed", Reply::feed(rss(&[teaser("a")])));
        world.site.set("/robots.txt", robots);
        world.site.set("/a", reply);
        world.check().await;
        let article = &world.articles()[0];
        assert_eq!((article.text.as_str(), article.partial), ("In short, a.", Some(expected)), "{shown}");
        let was_asked = !world.site.hits_of("/a").is_empty();
        assert_eq!(was_asked, !shown.contains("text/plain"), "{shown}");
    }
}

#[tokio::test]
async fn a_page_or_robots_file_that_fails_for_now_is_asked_for_again_and_the_entry_does_not_count_as_seen() {
    for failing in ["/a", "/robots.txt"] {
        let world = World::new();
        world.site.set("/feed", Reply::feed(rss(&[teaser("a"), item("b")])).with("etag", "\"1\""));
        world.site.set("/a", Reply::page(page("a", "")));
        world.site.set(failing, Reply::status(503));
        let mut feed = world.feed();
        check(&mut feed).await;
        assert_eq!(world.articles().len(), 1, "{failing}");
        assert_eq!(feed.standing.etag, None, "{failing}: the whole feed is to come again");
        assert!(feed.standing.fetched.problem.as_ref().is_some_and(|problem| problem.contains("asked for again")));
        check(&mut feed).await;
        assert_eq!(world.articles().len(), 1, "{failing}");
        check(&mut feed).await;
        let articles = world.articles();
        assert_eq!(
            (articles[1].text.as_str(), articles[1].partial),
            ("In short, a.", Some(Partial::Unreachable)),
            "{failing}"
        );
        assert_eq!(feed.standing.etag.as_deref(), Some("\"1\""));
    }
}

#[tokio::test]
async fn a_huge_robots_file_counts_up_to_its_limit() {
    let world = World::new();
    let mut robots = "User-agent: *\nDisallow: /b\n".to_owned();
    robots += &"# nothing\n".repeat(60_000);
    robots += "Disallow: /a\n";
    world.site.set("/robots.txt", Reply::new("text/plain", robots));
    world.site.set("/feed", Reply::feed(rss(&[teaser("a"), teaser("b")])));
    world.site.set("/a", Reply::page(page("a", "")));
    world.check().await;
    let partial: Vec<Option<Partial>> = world.articles().iter().map(|article| article.partial).collect();
    assert_eq!(partial, [Some(Partial::Forbidden), None]);
}

#[tokio::test]
async fn requests_to_a_host_keep_their_distance_as_its_own_log_shows() {
    let world = World::with(|web| web.host_delay_ms = 50);
    world.site.set("/feed", Reply::feed(rss(&["a", "b", "c", "d"].map(teaser))));
    world
        .site
        .otherwise(|hit| if hit.path == "/robots.txt" { Reply::status(404) } else { Reply::page(page(&hit.path, "")) });
    world.check().await;
    let times: Vec<Instant> = world.site.hits().iter().map(|hit| hit.at).collect();
    assert_eq!(times.len(), 6);
    for pair in times.windows(2) {
        let distance = pair[1].duration_since(pair[0]);
        assert!(distance >= Duration::from_millis(50), "{distance:?}");
    }
    assert_eq!(world.articles().len(), 4);
}

#[tokio::test]
async fn what_is_no_article_is_in_the_dead_letters_and_is_not_looked_at_again() {
    let world = World::new();
    world.site.set("/feed", Reply::feed(rss(&["<item><link>SITE/a</link></item>".to_owned()])));
    world.site.set("/a", Reply::status(404));
    world.check().await;
    world.check().await;
    let letters = world.recorded.letters.lock();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].0.as_str(), letters[0].3), (world.site.url("/feed").as_str(), "text_empty"));
}

#[tokio::test]
async fn a_sitemap_and_an_index_of_them_give_the_articles_of_their_pages() {
    let mut world = World::new();
    world.source.kind = SourceKind::Sitemap;
    let news = |name: &str| {
        let date = Timestamp::now();
        format!(
            "<url><loc>SITE/{name}</loc><n:news><n:publication_date>{date}</n:publication_date><n:title>{name}</n:title></n:news></url>"
        )
    };
    let urlset = |name: &str| format!("<urlset xmlns:n='n'>{}</urlset>", news(name));
    world.site.set(
        "/feed",
        Reply::new(
            "text/xml",
            "<sitemapindex><sitemap><loc>/1.xml</loc></sitemap><sitemap><loc>/2.xml.gz</loc></sitemap></sitemapindex>",
        ),
    );
    world.site.set("/1.xml", Reply::new("text/xml", urlset("a")));
    let packed = gzip(urlset("b").replace("SITE", world.site.url("").as_str()).as_bytes());
    world.site.set("/2.xml.gz", Reply::new("application/gzip", packed));
    for name in ["a", "b"] {
        world.site.set(&format!("/{name}"), Reply::page(page(name, "")));
    }
    world.check().await;
    let mut titles: Vec<_> = world.articles().into_iter().filter_map(|article| article.title).collect();
    titles.sort();
    assert_eq!(titles, ["a", "b"]);
    assert!(world.articles().iter().all(|article| article.partial.is_none()));
    world.check().await;
    assert_eq!(world.articles().len(), 2);
}

#[tokio::test]
async fn dates_of_three_forms_are_taken_and_one_in_the_future_is_set_aside() {
    let world = World::new();
    let dated = |name: &str, date: &str| item(name).replace("<link>", &format!("<pubDate>{date}</pubDate><link>"));
    world.site.set(
        "/feed",
        Reply::feed(rss(&[
            dated("a", "Wed, 17 Aug 2022 10:30:00 GMT"),
            dated("b", "2022-08-18T12:30:00+02:00"),
            dated("c", "Friday, 19 August 2022 10:00:00 CEST"),
            dated("d", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ])),
    );
    let standing = world.check().await;
    let dates: HashMap<String, Option<String>> =
        world.articles().into_iter().map(|article| (article.title.unwrap(), article.published_at)).collect();
    let expected = ["2022-08-17T10:30:00Z", "2022-08-18T10:30:00Z", "2022-08-19T08:00:00Z"].map(Some);
    assert_eq!(["a", "b", "c"].map(|name| dates[name].as_deref()), expected);
    assert_eq!(dates["d"], None);
    let longest = Duration::from_secs(6 * 3_600);
    assert!(standing.due.is_some_and(|due| due <= Timestamp::now() + longest * 11 / 10), "{standing:?}");
}

#[tokio::test]
async fn of_a_feed_without_end_the_newest_are_taken_and_the_rest_is_told() {
    let world = World::with(|web| web.max_entries = 20);
    let dated = |number: i64| {
        let date = Timestamp::from_second(1_660_000_000 + number).unwrap();
        let item = item("x").replace("x</title>", &format!("{number}</title><pubDate>{date}</pubDate>"));
        item.replace("/x<", &format!("/{number}<"))
    };
    world.site.set("/feed", Reply::feed(rss(&(0..5_000).map(dated).collect::<Vec<_>>())));
    let standing = world.check().await;
    let titles: Vec<String> = world.articles().into_iter().filter_map(|article| article.title).collect();
    assert_eq!(titles, (4_980..5_000).map(|number| number.to_string()).collect::<Vec<_>>(), "the oldest of them first");
    assert!(standing.fetched.problem.is_some_and(|problem| problem.contains("4980 entries are more than")));
    world.check().await;
    assert_eq!(world.articles().len(), 20);
}

#[tokio::test]
async fn a_relative_link_leads_on_from_where_the_feed_was_found() {
    let world = World::new();
    world.site.set("/feed", Reply::redirect(302, "/world/europe/feed.xml"));
    let relative = ["story-1", "../story-2", "/story-3"].map(|link| {
        format!("<item><title>{link}</title><link>{link}</link><description>In short.</description></item>")
    });
    world.site.set("/world/europe/feed.xml", Reply::feed(rss(&relative)));
    for path in ["/world/europe/story-1", "/world/story-2", "/story-3"] {
        world.site.set(path, Reply::page(page(path, "")));
    }
    world.check().await;
    let mut found: Vec<_> =
        world.articles().into_iter().map(|article| (article.url.unwrap(), article.partial)).collect();
    found.sort();
    let expected = ["/story-3", "/world/europe/story-1", "/world/story-2"].map(|path| (world.site.url(path), None));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_a_robots_file_answers_decides_as_rfc_9309_says() {
    let rules = "User-agent: *\nDisallow: /a\n";
    let cases = [
        // It is not there, or may not be read: everything is allowed.
        (Reply::status(404), Some(None)),
        (Reply::status(401), Some(None)),
        (Reply::status(403), Some(None)),
        (Reply::redirect(301, "/robots.txt"), Some(None)),
        // What is no robots.txt has no rules.
        (Reply::page("<html><body>Not here</body></html>"), Some(None)),
        (Reply::new("text/plain", [0, 159, 146, 150].repeat(100_000)), Some(None)),
        (Reply::new("text/plain", ""), Some(None)),
        // As much as must be read is.
        (
            Reply::new("text/plain", format!("{rules}{}", "# on and on\n".repeat(5_000))).endless(),
            Some(Some(Partial::Forbidden)),
        ),
        (Reply::redirect(302, "/rules"), Some(Some(Partial::Forbidden))),
        // It cannot be had now: nothing is allowed, and the page waits.
        (Reply::status(429), None),
        (Reply::status(500), None),
        (Reply::new("text/plain", rules).cut_off(), None),
        (Reply::new("text/plain", rules).late(Duration::from_secs(30)), None),
    ];
    for (robots, expected) in cases {
        let shown = format!("{robots:?}").chars().take(80).collect::<String>();
        let world = World::with(|web| web.timeout_seconds = 1);
        world.site.set("/feed", Reply::feed(rss(&[teaser("a")])));
        world.site.set("/robots.txt", robots);
        world.site.set("/rules", Reply::new("text/plain", rules));
        world.site.set("/a", Reply::page(page("a", "")));
        world.check().await;
        assert_eq!(world.articles().first().map(|article| article.partial), expected, "{shown}");
        assert_eq!(world.site.hits_of("/a").is_empty(), expected != Some(None), "{shown}");
    }
}

#[tokio::test]
async fn after_a_crawl_delay_was_read_the_next_request_keeps_it() {
    let world = World::new();
    world.site.set("/feed", Reply::feed(rss(&[teaser("a")])));
    world.site.set("/robots.txt", Reply::new("text/plain", "User-agent: *\nCrawl-delay: 0.2\n"));
    world.site.set("/a", Reply::page(page("a", "")));
    world.check().await;
    let at = |path: &str| world.site.hits_of(path)[0].at;
    assert!(at("/a") - at("/robots.txt") >= Duration::from_millis(200));
}
