//! What an alert tells.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use faultline_schemas::{Alert, AlertState, Evidence, Expected, Span};

use super::reading::Reading;
use super::standing::Change;
use crate::rules::{CodePoints, Condition, Expression, Rule, duration_text, marks};
use crate::seen::Seen;
use crate::template::Figures;

/// An article that counts, with the words that made it count.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) story: Arc<str>,
    about: Arc<About>,
    sentence: Box<str>,
    span: Span,
    in_title: bool,
}

/// An article's own facts, shared by all rules that match it.
#[derive(Debug)]
pub(super) struct About {
    id: String,
    url: Option<String>,
    title: Option<String>,
    source: Option<String>,
    published_at: Option<String>,
}

impl About {
    pub(super) fn new(seen: &Seen) -> Self {
        let article = &seen.document.article;
        Self {
            id: article.id.clone(),
            url: article.url.clone(),
            title: article.title.clone(),
            source: article.source.clone(),
            published_at: article.published_at.clone(),
        }
    }
}

/// Bytes of a sentence that are shown on each side of the words.
const SHOWN_ON_EACH_SIDE: usize = 240;

impl Report {
    pub(super) fn new(seen: &Seen, story: &Arc<str>, about: &Arc<About>, expression: &Expression) -> Self {
        let article = &seen.document.article;
        let spot = expression.spots(seen).into_iter().next();
        let title = article.title.as_deref().unwrap_or_default();
        let in_title = spot.is_some_and(|spot| spot.in_title);
        let text = if in_title { title } else { &*seen.document.text };
        let (start, end) = spot.map_or((0, 0), |spot| (spot.start.min(text.len()), spot.end.min(text.len())));
        let of_title = marks(title);
        let points = if in_title { CodePoints::new(title, of_title.as_deref()) } else { seen.code_points() };
        Self {
            story: story.clone(),
            about: about.clone(),
            sentence: sentence_at(text, start, end).into(),
            span: Span { start: points.code_point_of(start), end: points.code_point_of(end) },
            in_title,
        }
    }

    fn evidence(&self) -> Evidence {
        let about = &*self.about;
        Evidence {
            article: about.id.clone(),
            url: about.url.clone(),
            title: about.title.clone(),
            source: about.source.clone(),
            published_at: about.published_at.clone(),
            story: self.story.to_string(),
            sentence: self.sentence.to_string(),
            span: self.span,
            in_title: self.in_title,
        }
    }
}

/// The sentence that holds bytes `start..end`, as well as marks tell, and no more of it than can be shown.
fn sentence_at(text: &str, start: usize, end: usize) -> &str {
    let first = text.floor_char_boundary(start.saturating_sub(SHOWN_ON_EACH_SIDE));
    let last = text.ceil_char_boundary((end + SHOWN_ON_EACH_SIDE).min(text.len()));
    let before = text.get(first..start).unwrap_or_default();
    let after = text.get(end..last).unwrap_or_default();
    let is_stop = |c: char| matches!(c, '.' | '!' | '?' | '。' | '؟');
    let ends = |part: &str, at: usize, c: char| {
        c == '\n'
            || is_stop(c) && part[at + c.len_utf8()..].starts_with(|next: char| next.is_whitespace() || next == '”')
    };
    let from = before.char_indices().rfind(|(at, c)| ends(before, *at, *c));
    let from = from.map_or(first, |(at, c)| first + at + c.len_utf8());
    let until = after.char_indices().find(|(at, c)| ends(after, *at, *c));
    let until = until.map_or(last, |(at, c)| end + at + if c == '\n' { 0 } else { c.len_utf8() });
    text.get(from..until).unwrap_or_default().trim_matches(|c: char| c.is_whitespace() || c == '”')
}

/// What there is to tell of a group.
pub(super) struct Told<'a> {
    pub(super) change: Change,
    pub(super) now: i64,
    pub(super) reading: &'a Reading,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) reports: &'a VecDeque<Arc<Report>>,
    pub(super) articles: usize,
    pub(super) stories: usize,
    pub(super) sources: usize,
}

pub(super) fn alert(rule: &Rule, told: Told<'_>) -> Alert {
    let Told { change, now, reading, labels, reports, articles, stories, sources } = told;
    let (state, since, times) = match change {
        Change::Firing { since, times } => (AlertState::Firing, since, times),
        Change::Resolved { since, times } => (AlertState::Resolved, since, times),
    };
    let within = rule.when.condition.within();
    let figures = Figures {
        value: round(reading.value),
        threshold: round(reading.threshold.or(reading.expected.map(|band| band.high)).unwrap_or_default()),
        within: duration_text(within),
        articles,
        stories,
        sources,
        headline: reports.front().and_then(|report| report.about.title.clone()).unwrap_or_default(),
    };
    let fingerprint = fingerprint(rule, &labels);
    let key = hash(&[&fingerprint, &since.to_string(), &format!("{state:?}"), &times.to_string()]);
    Alert {
        schema: faultline_schemas::topic::ALERTS.schema.to_owned(),
        key,
        rule: rule.id.clone(),
        title: rule.title.text(&labels, &figures),
        severity: rule.severity,
        state,
        annotations: rule.annotations.iter().map(|(name, text)| (name.clone(), text.text(&labels, &figures))).collect(),
        to: rule.to.clone(),
        inhibits: rule.inhibits.clone(),
        told_at: time(now),
        times,
        starts_at: time(since),
        ends_at: (state == AlertState::Resolved).then(|| time(now)),
        value: Some(round(reading.value)),
        threshold: reading.threshold.map(round),
        expected: reading.expected.map(|band| Expected {
            low: round(band.low),
            middle: round(band.expected),
            high: round(band.high),
        }),
        reason: reason(rule, reading, &figures, state),
        articles: articles as u32,
        stories: stories as u32,
        sources: sources as u32,
        evidence: reports.iter().map(|report| report.evidence()).collect(),
        fingerprint,
        labels,
    }
}

/// Why, in one sentence.
fn reason(rule: &Rule, reading: &Reading, figures: &Figures, state: AlertState) -> String {
    let Figures { value, within, sources, .. } = figures;
    let many = |count: f64, what: &str| if count == 1.0 { format!("1 {what}") } else { format!("{count} {what}s") };
    let unit = match (rule.when.condition, rule.when.distinct) {
        (Condition::Cardinality { of, .. }, _) => of.name(),
        (_, crate::rules::Distinct::Story) => "stor",
        (_, crate::rules::Distinct::Article) => "article",
    };
    let counted = match unit {
        "stor" if *value == 1.0 => "1 story".to_owned(),
        "stor" => format!("{value} stories"),
        unit => many(*value, unit),
    };
    let of_sources = many(*sources as f64, "source");
    let is = if state == AlertState::Firing { "" } else { "now " };
    match (rule.when.condition, reading.expected, reading.threshold) {
        (Condition::Any, ..) => format!("{is}{counted} within {within}, of {of_sources}"),
        (Condition::Flatline { .. }, _, Some(below)) => {
            format!("{is}{counted} within {within}, fewer than {below} are silence")
        }
        (Condition::NewTerm { unseen_for, .. }, ..) => {
            format!("{is}{counted} of {of_sources} about what was not seen for {}", duration_text(unseen_for))
        }
        (Condition::Sequence { within: reach }, ..) => {
            format!("{is}{counted} of {of_sources}, after what comes first, within {}", duration_text(reach))
        }
        (Condition::Change { of }, ..) => {
            format!("{is}{counted} of {of_sources}: the {} is not what it was", of.name())
        }
        (Condition::Threshold { .. }, _, Some(above)) => {
            format!("{is}a tension index of {value} over {within}, above {above} is alarming, of {of_sources}")
        }
        (_, Some(band), _) => format!(
            "{is}{counted} within {within}, of {of_sources}, where its own past lets expect {} and at most {}",
            round(band.expected),
            round(band.high)
        ),
        (_, None, threshold) => format!(
            "{is}{counted} within {within}, of {of_sources}; {} make an alert",
            threshold.map(round).unwrap_or_default()
        ),
    }
}

/// What says that two alerts are about the same: the rule and the group, not the words.
fn fingerprint(rule: &Rule, labels: &BTreeMap<String, String>) -> String {
    let grouped = labels.iter().filter(|(name, _)| !rule.labels.contains_key(*name));
    let parts: Vec<String> = grouped.map(|(name, value)| format!("{name}={value}")).collect();
    let parts: Vec<&str> = std::iter::once(&*rule.id).chain(parts.iter().map(String::as_str)).collect();
    hash(&parts)
}

/// Of parts that cannot be mistaken for others; 32 hexadecimal digits.
fn hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn time(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map(|time| time.to_string()).unwrap_or_default()
}

/// Two decimals are enough for people.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_cut_out_round_the_words() {
        let text = "First one. The U.S. army moved to the border. Last.";
        let at = text.find("army").unwrap();
        assert_eq!(sentence_at(text, at, at + 4), "army moved to the border.");
        let quoted = "“It is over.” Troops left.\nMore";
        let at = quoted.find("Troops").unwrap();
        assert_eq!(sentence_at(quoted, at, at + 6), "Troops left.");
        assert_eq!(sentence_at("", 0, 0), "");
        let long = format!("{}č army {}", "č ".repeat(400), "č ".repeat(400));
        let at = long.find("army").unwrap();
        assert!(sentence_at(&long, at, at + 4).contains("army"));
    }
}
