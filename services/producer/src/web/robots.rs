//! robots.txt, by RFC 9309.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use robotstxt::{DefaultMatcher, RobotsParseHandler, parse_robotstxt};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    client::{Ask, Web},
    error::WebError,
};

/// How this program is called in a robots.txt.
const AGENT: &str = "Faultline";
/// As much as must be read (2.5); rules further down are not seen.
const LIMIT: usize = 500 * 1024;
/// Longest that an answer counts (2.4), and how long one that could not be had does.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
const KEPT_FAILED: SignedDuration = SignedDuration::from_mins(30);
/// A longer `Crawl-delay` is taken as this.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// Origins kept before those that are out of date are dropped.
const ORIGINS_KEPT: usize = 4_096;

/// What an origin allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Robots {
    /// There is no robots.txt, or none that may be read: everything is allowed (2.3.1.3).
    NoRules,
    /// It cannot be had now: nothing is allowed (2.3.1.4).
    Unreachable(String),
    /// Its text.
    Rules(Arc<str>),
}

impl Robots {
    /// Whether this address may be fetched.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        match self {
            Self::NoRules => true,
            Self::Unreachable(_) => false,
            Self::Rules(text) => DefaultMatcher::default().one_agent_allowed_by_robots(text, AGENT, url.as_str()),
        }
    }

    /// News sitemaps and others that it names.
    pub(crate) fn sitemaps(&self) -> Vec<String> {
        let Self::Rules(text) = self else { return Vec::new() };
        let mut found = Directives::default();
        parse_robotstxt(text, &mut found);
        found.sitemaps
    }

    /// Seconds that it wants between two requests, for us or for all.
    fn crawl_delay(&self) -> Option<Duration> {
        let Self::Rules(text) = self else { return None };
        let mut found = Directives::default();
        parse_robotstxt(text, &mut found);
        let seconds = found.delay_for_us.or(found.delay_for_all).filter(|seconds| *seconds > 0.0)?;
        Duration::try_from_secs_f64(seconds).ok().map(|delay| delay.min(LONGEST_DELAY))
    }

    fn of(answer: Result<super::Answer, WebError>) -> Self {
        match answer {
            Ok(answer) if answer.is_success() => Self::Rules(String::from_utf8_lossy(&answer.body).into()),
            Ok(answer) if (400..500).contains(&answer.status) && answer.status != 429 => Self::NoRules,
            Ok(answer) => Self::Unreachable(format!("robots.txt answers {}", answer.status)),
            // More redirects than must be followed count as no robots.txt (2.3.1.2).
            Err(WebError::TooManyRedirects { .. } | WebError::Circle { .. } | WebError::BadRedirect { .. }) => {
                Self::NoRules
            }
            Err(error) => Self::Unreachable(error.to_string()),
        }
    }
}

/// What the matcher leaves out.
#[derive(Default)]
struct Directives {
    /// Whether the group at hand is for us, for all, and still naming whom it is for.
    for_us: bool,
    for_all: bool,
    naming: bool,
    delay_for_us: Option<f64>,
    delay_for_all: Option<f64>,
    sitemaps: Vec<String>,
}

impl RobotsParseHandler for Directives {
    fn handle_robots_start(&mut self) {}

    fn handle_robots_end(&mut self) {}

    fn handle_user_agent(&mut self, _line: u32, agent: &str) {
        if !self.naming {
            (self.for_us, self.for_all) = (false, false);
        }
        self.naming = true;
        self.for_us |= agent.trim().eq_ignore_ascii_case(AGENT);
        self.for_all |= agent.trim() == "*";
    }

    fn handle_allow(&mut self, _line: u32, _value: &str) {
        self.naming = false;
    }

    fn handle_disallow(&mut self, _line: u32, _value: &str) {
        self.naming = false;
    }

    fn handle_sitemap(&mut self, _line: u32, value: &str) {
        self.sitemaps.push(value.trim().to_owned());
    }

    fn handle_unknown_action(&mut self, _line: u32, action: &str, value: &str) {
        if !action.eq_ignore_ascii_case("crawl-delay") {
            return;
        }
        self.naming = false;
        let seconds = value.trim().parse::<f64>().ok().filter(|seconds| seconds.is_finite());
        if self.for_us {
            self.delay_for_us = seconds;
        } else if self.for_all {
            self.delay_for_all = seconds;
        }
    }
}

type Fetched = Arc<OnceCell<(Timestamp, Robots)>>;

/// The robots.txt of each origin: scheme, host and port.
#[derive(Debug, Default)]
pub(super) struct RobotsCache {
    origins: Mutex<HashMap<String, Fetched>>,
}

impl RobotsCache {
    /// The cell of this origin, empty where what it held is out of date.
    fn cell(&self, origin: &str, now: Timestamp) -> Fetched {
        let is_fresh = |cell: &Fetched| cell.get().is_none_or(|(until, _)| *until > now);
        let mut origins = self.origins.lock();
        if origins.len() >= ORIGINS_KEPT {
            origins.retain(|_, cell| is_fresh(cell));
        }
        let cell = origins.entry(origin.to_owned()).or_default();
        if !is_fresh(cell) {
            *cell = Fetched::default();
        }
        Arc::clone(cell)
    }
}

impl Web {
    /// What this address's origin allows: asked for once, however many ask at a time, and kept for a day at most.
    pub(crate) async fn robots(&self, url: &Url) -> Robots {
        let now = Timestamp::now();
        let cell = self.robots.cell(&url.origin().ascii_serialization(), now);
        let (_, robots) = cell.get_or_init(|| self.fetch_robots(url, now)).await;
        robots.clone()
    }

    async fn fetch_robots(&self, url: &Url, now: Timestamp) -> (Timestamp, Robots) {
        let mut address = url.clone();
        address.set_path("/robots.txt");
        address.set_query(None);
        address.set_fragment(None);
        let accept = "text/plain,*/*;q=0.5";
        let ask = Ask { cut: true, ..Ask::new(&address, accept, LIMIT) };
        let robots = Robots::of(self.get(ask).await);
        if let (Some(delay), Some(host)) = (robots.crawl_delay(), url.host_str()) {
            self.slow_down(host, delay);
        }
        let kept = if matches!(robots, Robots::Unreachable(_)) { KEPT_FAILED } else { KEPT };
        (now + kept, robots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Robots {
        Robots::Rules(text.into())
    }

    fn allows(text: &str, path: &str) -> bool {
        rules(text).allows(&Url::parse(&format!("https://news.example{path}")).unwrap())
    }

    #[test]
    fn our_own_group_goes_before_that_for_all_and_the_longest_rule_wins() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: FAULTLINE\nAllow: /world/\nDisallow: /world/video\n\
                    Disallow: /*?print=\nDisallow: /*.pdf$\n";
        for (path, expected) in [
            ("/", true),
            ("/world/1", true),
            ("/world/video/1", false),
            ("/sport?print=1", false),
            ("/a.pdf", false),
            ("/a.pdf?x", true),
        ] {
            assert_eq!(allows(text, path), expected, "{path}");
        }
        assert!(!allows("User-agent: *\nDisallow: /private", "/private/x"));
        assert!(allows("User-agent: *\nDisallow:", "/private/x"));
    }

    #[test]
    fn what_is_no_robots_file_allows_everything() {
        for text in ["", "<!DOCTYPE html><html><body>Not here</body></html>", "\u{feff}", "Disallow: /", "\0\0\0"] {
            assert!(allows(text, "/a"), "{text:?}");
        }
    }

    #[test]
    fn delays_and_sitemaps_are_read() {
        let text = "User-agent: *\nCrawl-delay: 5\nDisallow: /x\nSitemap: https://news.example/news.xml\n\nUser-agent: faultline\nCrawl-delay: 2.5\n";
        assert_eq!(rules(text).crawl_delay(), Some(Duration::from_millis(2_500)));
        assert_eq!(rules(text).sitemaps(), ["https://news.example/news.xml"]);
        assert_eq!(rules("User-agent: *\nCrawl-delay: 86400").crawl_delay(), Some(LONGEST_DELAY));
        for text in
            ["User-agent: other\nCrawl-delay: 9", "User-agent: *\nCrawl-delay: soon", "User-agent: *\nCrawl-delay: -1"]
        {
            assert_eq!(rules(text).crawl_delay(), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_robots_file_panics(
            text in "((User-agent|Allow|Disallow|Sitemap|Crawl-delay)?[: ]{0,2}[a-z*/$%é?=]{0,8}[\\n\\r#]?){0,8}|\\PC{0,60}",
            path in "/[a-z%é?/*$]{0,12}",
        ) {
            allows(&text, &path);
            rules(&text).crawl_delay();
        }
    }
}
