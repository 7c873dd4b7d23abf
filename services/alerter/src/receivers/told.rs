//! What a person is told of an alert: everything that explains it, made safe to show.

use std::fmt::Write as _;

use faultline_schemas::{Alert, Evidence};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::batch::{severity, state};

/// Reports that a message shows of one alert.
const REPORTS: usize = 20;
/// Code points of a title and of a sentence.
const TITLE: usize = 300;
const SENTENCE: usize = 800;

/// An alert in words. No text has line breaks, control characters, or characters that turn its direction.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    pub(super) state: &'static str,
    pub(super) severity: &'static str,
    pub(super) title: String,
    pub(super) rule: String,
    pub(super) since: String,
    pub(super) until: Option<String>,
    /// Why it was raised or closed.
    pub(super) reason: String,
    /// The figure against what it is measured against, and what was counted.
    pub(super) figures: String,
    pub(super) labels: Vec<(String, String)>,
    /// The rule's own words.
    pub(super) notes: Vec<(String, String)>,
    pub(super) reports: Vec<Report>,
    /// How not to be told of it again for a while.
    pub(super) silence: String,
}

/// A report that an alert rests on.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    pub(super) sentence: String,
    /// Headline, outlet and time, as far as they are known.
    pub(super) title: String,
    pub(super) from: String,
    /// Of the web, whatever the article had.
    pub(super) url: Option<String>,
}

impl Told {
    pub(super) fn of(alert: &Alert) -> Self {
        let words = |words: &std::collections::BTreeMap<String, String>| {
            words.iter().map(|(name, value)| (clean(name, TITLE), clean(value, SENTENCE))).collect()
        };
        Self {
            state: state(alert.state),
            severity: severity(alert.severity),
            title: clean(&alert.title, TITLE),
            rule: clean(&alert.rule, TITLE),
            since: time(&alert.starts_at),
            until: alert.ends_at.as_deref().map(time),
            reason: clean(&alert.reason, SENTENCE),
            figures: figures(alert),
            labels: words(&alert.labels),
            notes: words(&alert.annotations),
            reports: alert.evidence.iter().take(REPORTS).map(Report::of).collect(),
            silence: silence(alert),
        }
    }

    /// As plain text of several lines.
    pub(super) fn plain(&self) -> String {
        let mut text = format!("{}, {}: {}\n", self.state.to_uppercase(), self.severity, self.title);
        let until = self.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
        let mut line = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").ok();
        line(format_args!("Since {}{until}, by the rule {}.", self.since, self.rule));
        line(format_args!("Why: {}", self.reason));
        line(format_args!("Figures: {}", self.figures));
        for (name, value) in self.labels.iter().chain(&self.notes) {
            line(format_args!("{name}: {value}"));
        }
        if !self.reports.is_empty() {
            text.push_str(&format!("\nReports:\n{}", self.reports_plain()));
        }
        text.push_str(&format!("\nTo silence it: {}\n", self.silence));
        text
    }

    /// The reports alone, as plain text.
    pub(super) fn reports_plain(&self) -> String {
        let mut text = String::new();
        for report in &self.reports {
            writeln!(text, "- \"{}\"\n  {} ({})", report.sentence, report.title, report.from).ok();
            if let Some(url) = &report.url {
                writeln!(text, "  {url}").ok();
            }
        }
        text
    }
}

impl Report {
    fn of(evidence: &Evidence) -> Self {
        let source =
            evidence.source.as_deref().map_or_else(|| "unknown source".to_owned(), |source| clean(source, TITLE));
        let at = evidence.published_at.as_deref().map(time);
        Self {
            sentence: clean(&evidence.sentence, SENTENCE),
            title: evidence.title.as_deref().map_or_else(|| "untitled".to_owned(), |title| clean(title, TITLE)),
            from: at.map_or_else(|| source.clone(), |at| format!("{source}, {at}")),
            url: evidence.url.as_deref().and_then(web_address),
        }
    }
}

/// An address that a link may lead to.
pub(super) fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.to_string())
}

/// The command that silences it.
pub(super) fn silence(alert: &Alert) -> String {
    format!("faultline alerts silence {} --for 2h", clean(&alert.fingerprint, TITLE))
}

fn figures(alert: &Alert) -> String {
    let value = alert.value.map(figure).unwrap_or_default();
    let measured = match (alert.threshold, alert.expected) {
        _ if value.is_empty() => String::new(),
        (Some(threshold), _) => format!("{value} against a threshold of {}; ", figure(threshold)),
        (None, Some(expected)) => {
            let (low, middle, high) = (figure(expected.low), figure(expected.middle), figure(expected.high));
            format!("{value} where {low} to {high} are expected, usually {middle}; ")
        }
        (None, None) => format!("{value}; "),
    };
    let count = |count: u32, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let (articles, stories) = (count(alert.articles, "article", "articles"), count(alert.stories, "story", "stories"));
    format!("{measured}{articles} in {stories} by {}", count(alert.sources, "source", "sources"))
}

/// A figure as a person writes it.
pub(super) fn figure(figure: f64) -> String {
    let text = format!("{figure:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time to the minute.
fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => clean(text, TITLE),
    }
}

/// A text on one line, with nothing in it that is not seen, and no longer than so many code points.
pub(super) fn clean(text: &str, longest: usize) -> String {
    let is_seen = |c: &char| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let spaced: String = text.chars().filter(is_seen).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
