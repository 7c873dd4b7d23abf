//! What a feed says of its hub: in its headers, or in itself.

use faultline_schemas::HubState;
use feed_rs::model::Feed;
use serde::Deserialize;
use url::Url;

use super::links::targets;
use crate::web::Answer;

/// What a feed says in itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FeedLinks {
    pub(crate) hubs: Vec<Url>,
    /// Its own address.
    pub(crate) own: Option<Url>,
}

/// A JSON Feed, as far as it is of interest here.
#[derive(Deserialize)]
struct JsonFeed {
    #[serde(default)]
    hubs: Vec<JsonHub>,
    feed_url: Option<String>,
}

#[derive(Deserialize)]
struct JsonHub {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
}

impl FeedLinks {
    /// `text` is the feed's, which came from `base`.
    pub(crate) fn of(feed: &Feed, text: &str, base: &Url) -> Self {
        if text.starts_with('{') {
            return serde_json::from_str(text).map(|feed| Self::of_json(&feed, base)).unwrap_or_default();
        }
        let with = |relation: &str| -> Vec<Url> {
            let is_it = |rel: &str| rel.split_whitespace().any(|one| one.eq_ignore_ascii_case(relation));
            let links = feed.links.iter().filter(|link| link.rel.as_deref().is_some_and(is_it));
            links.filter_map(|link| whole(base, &link.href)).collect()
        };
        Self { hubs: with("hub"), own: with("self").into_iter().next() }
    }

    fn of_json(feed: &JsonFeed, base: &Url) -> Self {
        let hubs = feed.hubs.iter().filter(|hub| hub.kind.eq_ignore_ascii_case("websub"));
        Self {
            hubs: hubs.filter_map(|hub| whole(base, &hub.url)).collect(),
            own: feed.feed_url.as_deref().and_then(|own| whole(base, own)),
        }
    }
}

fn whole(base: &Url, href: &str) -> Option<Url> {
    base.join(href.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A feed that may be subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The first is asked.
    pub(crate) hubs: Vec<Url>,
    /// What is subscribed to: the feed's address in its own words.
    pub(crate) topic: String,
}

/// What is offered, the headers before the feed itself; none where no hub is named.
pub(crate) fn offer(answer: &Answer, links: &FeedLinks) -> Option<Offer> {
    let of_headers = |relation: &str| targets(&answer.headers, relation, &answer.url);
    let mut hubs = of_headers("hub");
    if hubs.is_empty() {
        hubs.clone_from(&links.hubs);
    }
    if hubs.is_empty() {
        return None;
    }
    let topic = own(answer, links).unwrap_or_else(|| answer.url.clone());
    Some(Offer { hubs, topic: topic.to_string() })
}

/// The feed's address in its own words.
pub(crate) fn own(answer: &Answer, links: &FeedLinks) -> Option<Url> {
    targets(&answer.headers, "self", &answer.url).into_iter().next().or_else(|| links.own.clone())
}

impl Offer {
    /// Whether a subscription is still to the point. Some feeds have another address of their own at every look: one
    /// whose lease holds is not changed for that.
    pub(crate) fn is_met_by(&self, state: &HubState, holds: bool) -> bool {
        self.hubs.iter().any(|hub| hub.as_str() == state.hub) && (holds || self.topic == state.topic)
    }
}

#[cfg(test)]
mod tests {
    use feed_rs::parser::parse;
    use reqwest::header::{HeaderMap, LINK};

    use super::*;

    fn offered(body: &str, headers: &[&str]) -> Option<(Vec<String>, String)> {
        let url = Url::parse("https://news.example/feed").unwrap();
        let links = FeedLinks::of(&parse(body.as_bytes()).unwrap(), body, &url);
        let headers: HeaderMap = headers.iter().map(|link| (LINK, link.parse().unwrap())).collect();
        let answer = Answer { status: 200, headers, body: Vec::new(), url, moved_to: None };
        let offer = offer(&answer, &links)?;
        Some((offer.hubs.into_iter().map(String::from).collect(), offer.topic))
    }

    #[test]
    fn a_hub_is_found_in_every_kind_of_feed_and_headers_go_first() {
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><link rel='hub' href='https://hub.example/'/>\
                    <link rel='HUB' href='/second'/><link rel='self' href='https://news.example/atom'/></feed>";
        let rss = "<rss version='2.0' xmlns:a='http://www.w3.org/2005/Atom'><channel><title>A</title><link>/</link>\
                   <a:link rel='hub' href='https://hub.example/'/></channel></rss>";
        let json = "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"A\", \"items\": [], \
                    \"feed_url\": \"https://news.example/json\", \"hubs\": [{\"type\": \"rssCloud\", \"url\": \"https://x.example/\"}, \
                    {\"type\": \"WebSub\", \"url\": \"https://hub.example/\"}]}";
        let hubs = |hubs: &[&str]| hubs.iter().map(|hub| (*hub).to_owned()).collect::<Vec<_>>();
        let two = hubs(&["https://hub.example/", "https://news.example/second"]);
        assert_eq!(offered(atom, &[]), Some((two, "https://news.example/atom".into())));
        assert_eq!(offered(rss, &[]), Some((hubs(&["https://hub.example/"]), "https://news.example/feed".into())));
        assert_eq!(offered(json, &[]), Some((hubs(&["https://hub.example/"]), "https://news.example/json".into())));
        let headers = ["<https://other.example/>; rel=hub", "<https://news.example/own>; rel=self"];
        assert_eq!(
            offered(atom, &headers),
            Some((hubs(&["https://other.example/"]), "https://news.example/own".into()))
        );
        assert_eq!(offered(&rss.replace("hub", "next"), &[]), None);
        assert_eq!(offered(&rss.replace("https://hub.example/", "file:///etc/passwd"), &[]), None);
    }
}
