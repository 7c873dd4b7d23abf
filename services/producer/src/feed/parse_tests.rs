//! Feeds of every kind, whole and broken.

use super::*;

fn url() -> Url {
    Url::parse("https://news.example/world/feed.xml").unwrap()
}

fn read(body: &str) -> Result<ParsedFeed, NoFeed> {
    parse(body.as_bytes(), Some("application/xml"), &url(), 500)
}

fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">\
         <channel><title>World</title><link>https://news.example/</link><language>en-GB</language>{items}</channel></rss>"
    )
}

fn titles(feed: &ParsedFeed) -> Vec<&str> {
    feed.entries.iter().map(|entry| entry.title.as_deref().unwrap_or("-")).collect()
}

#[test]
fn every_kind_of_feed_gives_the_same_entry() {
    let long = format!("<p>{}</p><p>End.</p>", "word ".repeat(130));
    let escaped = long.replace('<', "&lt;").replace('>', "&gt;");
    let feeds = [
        rss(&format!(
            "<item><title>Talks &amp;amp; more</title><link>/a</link><pubDate>Wed, 17 Aug 2022 10:30:00 GMT</pubDate>\
             <dc:creator>A B</dc:creator><content:encoded><![CDATA[{long}]]></content:encoded></item>"
        )),
        format!(
            "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\
             <channel><title>World</title></channel><item><title>Talks &amp;amp; more</title><link>https://news.example/a</link>\
             <dc:date>2022-08-17T12:30:00+02:00</dc:date><dc:creator>A B</dc:creator><content:encoded>{escaped}</content:encoded></item></rdf:RDF>"
        ),
        format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\"><title>World</title><entry><title type=\"html\">Talks &amp;amp; more</title>\
             <link rel=\"self\" href=\"/other\"/><link href=\"../a\"/><updated>2022-08-17T10:30:00Z</updated><author><name>A B</name></author>\
             <content type=\"html\">{escaped}</content></entry></feed>"
        ),
        serde_json::json!({
            "version": "https://jsonfeed.org/version/1.1", "title": "World", "language": "en", "items": [{
                "id": "1", "url": "https://news.example/a", "title": "Talks &amp; more", "content_html": long,
                "date_published": "2022-08-17T10:30:00Z", "authors": [{"name": "A B"}]}]
        })
        .to_string(),
    ];
    for body in feeds {
        let feed = read(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        let entry = &feed.entries[0];
        assert_eq!(feed.title.as_deref(), Some("World"));
        assert_eq!(entry.title.as_deref(), Some("Talks & more"));
        assert_eq!(entry.link.as_ref().map(Url::as_str), Some("https://news.example/a"), "{body}");
        assert!(entry.published_at.as_deref().is_some_and(|date| date.starts_with("2022-08-17T10:30:00")), "{body}");
        assert_eq!(entry.authors, ["A B"], "{body}");
        assert!(entry.is_full && entry.text.ends_with("word\n\nEnd."), "{body}");
        assert_eq!(entry.id, None);
    }
}

#[test]
fn old_versions_of_rss_are_read() {
    for version in [" version=\"0.91\"", " version=\"0.92\"", " version=\"0.93\"", " version='0.94'", ""] {
        let body = format!(
            "<rss{version}><channel><title>t</title><item><title>A</title><link>http://a.example/a</link></item></channel></rss>"
        );
        assert_eq!(titles(&read(&body).unwrap()), ["A"], "{version}");
    }
}

#[test]
fn broken_xml_is_read_as_far_as_it_goes_and_what_is_broken_is_counted() {
    let good = |name: &str| format!("<item><title>{name}</title><link>http://a.example/{name}</link></item>");
    for (body, expected, broken) in [
        (rss(&format!("{}<item><title>cut", good("A"))).replace("</channel></rss>", ""), vec!["A"], 0),
        (
            rss(&format!("{}<item><title>Q & A</title><link>http://a.example/q</link></item>{}", good("A"), good("B"))),
            vec!["A", "Q & A", "B"],
            0,
        ),
        (rss(&format!("{}<item><title>x<b></title></item>{}", good("A"), good("B"))), vec!["A", "B"], 1),
        (rss(&format!("{}\u{1}{}", good("A"), good("B"))), vec!["A", "B"], 0),
        (format!("<rss version=\"2.0\"><channel><title>R&D</title><br>{}", good("A")), vec!["A"], 0),
        (format!("\n\n  {}", rss(&good("A"))), vec!["A"], 0),
    ] {
        let feed = read(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!((titles(&feed), feed.broken), (expected, broken), "{body}");
    }
}

#[test]
fn a_json_feed_is_read_up_to_where_it_breaks_and_an_entry_that_is_wrong_is_left_out() {
    let item = |name: &str| format!(r#"{{"id": "{name}", "url": "/{name}", "title": "{name}"}}"#);
    let feed = |items: &[String]| {
        format!(
            r#"{{"version": "https://jsonfeed.org/version/1.1", "title": "World", "language": "en", "items": [{}]}}"#,
            items.join(", ")
        )
    };
    let whole = feed(&["A", "B", "C"].map(item));
    let cut = &whole[..whole.find(r#""title": "C""#).unwrap()];
    let wrong = feed(&[item("A"), r#"{"id": "x", "title": 17}"#.to_owned(), item("B")]);
    let untitled = wrong.replace(r#""title": "World", "#, "");
    for (body, broken) in [(cut, 0), (&wrong, 1), (&untitled, 1)] {
        let feed = read(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!((titles(&feed), feed.broken), (vec!["A", "B"], broken), "{body}");
        assert_eq!(feed.entries[0].language.as_deref(), Some("en"));
        assert_eq!(feed.entries[0].link.as_ref().map(Url::as_str), Some("https://news.example/A"));
    }
    assert!(read(&whole[..40]).unwrap_err().to_string().contains("JSON but no JSON Feed"));
}

#[test]
fn what_is_no_feed_says_what_it_is() {
    for (body, expected) in [
        ("", "the answer is empty"),
        (" \n", "the answer is empty"),
        (
            "<!DOCTYPE html><html><head><title>Error</title></head></html>",
            "a web page and no feed; it names no feed either",
        ),
        (
            "<html><head><link rel=alternate type=application/rss+xml href=/feed></head></html>",
            "it offers https://news.example/feed",
        ),
        ("{\"error\": 1}", "JSON but no JSON Feed"),
        ("<opml version=\"2.0\"></opml>", "XML but no RSS"),
        ("Service unavailable", "it starts with \"Service unavailable\""),
    ] {
        let error = read(body).unwrap_err().to_string();
        assert!(error.contains(expected), "{body}: {error}");
    }
}

#[test]
fn entities_that_grow_without_end_do_not() {
    let mut body = String::from("<!DOCTYPE rss [<!ENTITY a \"laughing out loud\">");
    for (name, before) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
        body += &format!("<!ENTITY {name} \"{}\">", format!("&{before};").repeat(10));
    }
    body += "]><rss version=\"2.0\"><channel><item><title>&h;</title><link>http://a.example/a</link></item></channel></rss>";
    let feed = read(&body).unwrap();
    assert!(feed.entries[0].title.as_ref().is_some_and(|title| title.len() < 20), "{:?}", feed.entries[0]);
}

#[test]
fn an_entry_is_the_same_at_the_next_fetch_though_its_id_and_tracking_change_and_another_when_it_is_corrected() {
    let item = |guid: &str, query: &str, title: &str| {
        read(&rss(&format!(
            "<item><guid>{guid}</guid><title>{title}</title><link>https://news.example/a{query}</link></item>"
        )))
        .unwrap()
        .entries[0]
            .hash
    };
    let first = item("1", "", "Talks");
    assert_eq!(first, item("2", "?utm_source=rss", "Talks"));
    assert_ne!(first, item("1", "", "Talks fail"));
}

#[test]
fn entries_that_share_an_address_or_have_none_are_told_apart() {
    let feed = read(&rss(
        "<item><title>A</title><link>https://news.example/live#1</link></item><item><title>B</title><link>https://news.example/live#2</link></item>\
         <item><title>C</title><link>https://news.example/</link></item><item><title>D</title></item><item><title>E</title></item>\
         <item><title>F</title><guid>https://news.example/f</guid></item>",
    ))
    .unwrap();
    let hashes: std::collections::HashSet<u64> = feed.entries.iter().map(|entry| entry.hash).collect();
    assert_eq!(hashes.len(), 6);
    let has_id: Vec<bool> = feed.entries.iter().map(|entry| entry.id.is_some()).collect();
    assert_eq!(has_id, [true, true, true, false, false, false]);
    assert_eq!(feed.entries[5].link.as_ref().map(Url::as_str), Some("https://news.example/f"));
}

#[test]
fn a_teaser_is_no_article() {
    let words = "word ".repeat(400);
    for (item, expected) in [
        (format!("<description>{words}</description>"), true),
        (format!("<description>{words} …</description>"), false),
        (format!("<description>{words} &lt;a href='/a'&gt;Continue reading&lt;/a&gt;</description>"), false),
        ("<description>Short.</description>".to_owned(), false),
        (format!("<description>Short.</description><content:encoded>{words}</content:encoded>"), true),
    ] {
        let feed = read(&rss(&format!("<item><title>A</title>{item}</item>"))).unwrap();
        assert_eq!(feed.entries[0].is_full, expected, "{item}");
    }
}

#[test]
fn dates_in_several_forms_order_the_entries_and_the_future_does_not_count_as_rhythm() {
    let item = |name: &str, date: &str| format!("<item><title>{name}</title><pubDate>{date}</pubDate></item>");
    let feed = read(&rss(&[
        item("B", "Wed, 17 Aug 2022 10:30:00 GMT"),
        item("A", "2022-08-18"),
        item("C", "Wednesday, 17 August 2022 10:00:00 CEST"),
        item("Z", "Fri, 01 Jan 2100 00:00:00 GMT"),
        item("-", "soon"),
    ]
    .concat()))
    .unwrap();
    assert_eq!(titles(&feed), ["-", "Z", "A", "B", "C"]);
    assert_eq!(feed.dates.len(), 3);
}

#[test]
fn the_publishers_wish_is_read_from_ttl_and_the_update_period() {
    for (extra, minutes) in [
        ("<ttl>30</ttl>", Some(30)),
        ("<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", Some(15)),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", Some(1_440)),
        ("<ttl>often</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", Some(60)),
    ] {
        let feed = read(&rss(extra)).unwrap();
        assert_eq!(feed.wish.map(|wish| wish.as_secs() / 60), minutes, "{extra}");
    }
}

#[test]
fn of_fifty_thousand_entries_only_the_newest_are_looked_at() {
    let items: String =
        (0..50_000).map(|n| format!("<item><title>{n}</title><link>http://a.example/{n}</link></item>")).collect();
    let feed = read(&rss(&items)).unwrap();
    assert_eq!((feed.entries.len(), feed.left_out), (500, 49_500));
}

proptest::proptest! {
    #[test]
    fn no_feed_panics(body in "(<rss version='2.0'>|<channel>|<item>|</item>|<title>|</title>|<link>|</link>|<feed>|<entry>|</entry>|a|é|&|;|http://a.example/|\\{|\"items\":\\[|<!\\[CDATA\\[|\\]\\]>){0,24}") {
        read(&body).ok();
    }
}
