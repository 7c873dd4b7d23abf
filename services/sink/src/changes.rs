//! What a publisher changed between two revisions of an article.

use std::collections::BTreeMap;

use faultline_schemas::{Direction, Enriched, Level, Signal};
use serde::Serialize;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Words shown on each side of a changed passage.
const CONTEXT_WORDS: usize = 6;
/// Words of each text that are compared; articles are shorter, and two long texts that have nothing in common would take minutes.
const COMPARED_WORDS: usize = 20_000;

/// What a later revision changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changes {
    /// Title before and after, where it changed.
    pub title: Option<(String, String)>,
    /// The publisher's date before and after, where it changed.
    pub published_at: Option<(Option<String>, Option<String>)>,
    /// Title or text changed and the publisher's date did not.
    pub silent: bool,
    /// Words added to the text.
    pub words_added: usize,
    /// Words removed from it.
    pub words_removed: usize,
    /// Where, in the order of the text.
    pub passages: Vec<Passage>,
    /// Tone before and after.
    pub tone: (f32, f32),
    /// Escalation before and after.
    pub level: (Level, Level),
    /// Score of escalation before and after.
    pub score: (f32, f32),
    /// Signals that only the later revision has.
    pub signals_added: Vec<SignalChange>,
    /// Signals that only the earlier revision has.
    pub signals_removed: Vec<SignalChange>,
}

/// A changed piece of the text, on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// Words before it that stayed.
    pub before: String,
    /// Words that went.
    pub removed: String,
    /// Words that came.
    pub added: String,
    /// Words after it that stayed.
    pub after: String,
}

/// A signal that came or went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalChange {
    /// Category.
    pub category: String,
    /// Up or down.
    pub direction: Direction,
    /// 0 to 1.
    pub weight: f32,
    /// The words it was read from.
    pub words: String,
}

/// How an article was edited, in short.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// Revisions after the first.
    pub edits: usize,
    /// Whether the publisher's date stayed the same at one of them.
    pub silent: bool,
}

impl Edit {
    /// Of the revisions of one article, in the order they were taken in; none where there is but one.
    pub(crate) fn of(revisions: &[Enriched]) -> Option<Self> {
        let edits = revisions.len().checked_sub(1).filter(|edits| *edits > 0)?;
        Some(Self { edits, silent: revisions.windows(2).any(|pair| is_silent(&pair[0], &pair[1])) })
    }
}

fn is_silent(old: &Enriched, new: &Enriched) -> bool {
    let differs = old.article.title != new.article.title || old.text != new.text;
    differs && old.article.published_at == new.article.published_at
}

impl Changes {
    /// What `new` changed in `old`.
    #[must_use]
    pub fn between(old: &Enriched, new: &Enriched) -> Self {
        let title = |document: &Enriched| document.article.title.clone().unwrap_or_default();
        let date = |document: &Enriched| document.article.published_at.clone();
        let mut changes = Self {
            title: changed(title(old), title(new)),
            published_at: changed(date(old), date(new)),
            silent: is_silent(old, new),
            words_added: 0,
            words_removed: 0,
            passages: Vec::new(),
            tone: (old.sentiment.score, new.sentiment.score),
            level: (old.escalation.level, new.escalation.level),
            score: (old.escalation.score, new.escalation.score),
            signals_added: only_in(new, old),
            signals_removed: only_in(old, new),
        };
        changes.compare_texts(&old.text, &new.text);
        changes
    }

    fn compare_texts(&mut self, old: &str, new: &str) {
        let words = |text| -> Vec<&str> { str::split_whitespace(text).take(COMPARED_WORDS).collect() };
        let (old, new) = (words(old), words(new));
        for change in capture_diff_slices(Algorithm::Myers, &old, &new) {
            let (tag, was, is) = change.as_tag_tuple();
            if tag == DiffTag::Equal {
                continue;
            }
            self.words_removed += was.len();
            self.words_added += is.len();
            self.passages.push(Passage {
                before: new[is.start.saturating_sub(CONTEXT_WORDS)..is.start].join(" "),
                removed: old[was].join(" "),
                after: new[is.end..new.len().min(is.end + CONTEXT_WORDS)].join(" "),
                added: new[is].join(" "),
            });
        }
    }
}

fn changed<T: PartialEq>(old: T, new: T) -> Option<(T, T)> {
    (old != new).then_some((old, new))
}

/// Signals of `this` that `other` lacks, the same words as often as they are there more often.
fn only_in(this: &Enriched, other: &Enriched) -> Vec<SignalChange> {
    let key = |document: &Enriched, signal: &Signal| {
        (signal.category.clone(), signal.direction == Direction::Escalation, words(document, signal).to_lowercase())
    };
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for signal in &other.escalation.signals {
        *known.entry(key(other, signal)).or_default() += 1;
    }
    let mut signals = Vec::new();
    for signal in &this.escalation.signals {
        match known.get_mut(&key(this, signal)) {
            Some(left) if *left > 0 => *left -= 1,
            _ => signals.push(SignalChange {
                category: signal.category.clone(),
                direction: signal.direction,
                weight: signal.weight,
                words: words(this, signal),
            }),
        }
    }
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    signals
}

/// The words that a signal was read from.
pub(crate) fn words(document: &Enriched, signal: &Signal) -> String {
    let text = match &document.article.title {
        Some(title) if signal.in_title => title,
        _ => &document.text,
    };
    let (start, end) = (signal.span.start as usize, signal.span.end as usize);
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::document;
    use proptest::prelude::*;

    fn with_text(text: &str) -> Enriched {
        Enriched { text: text.into(), ..document("a", "r") }
    }

    #[test]
    fn a_correction_shows_its_words_its_signals_and_that_nobody_was_told() {
        let old = with_text("Serbia threatens Kosovo, officials said on Monday in Belgrade.");
        let mut new = with_text("Serbia warns Kosovo, two officials said on Monday in Belgrade.");
        new.article.title = Some("Warning".into());
        (new.escalation.score, new.escalation.level) = (0.3, Level::Watch);
        new.escalation.signals[0].category = "warning".into();
        new.escalation.signals[0].span.end = 12;
        let changes = Changes::between(&old, &new);
        assert_eq!(changes.title, Some(("Threat".into(), "Warning".into())));
        assert_eq!((changes.words_added, changes.words_removed, changes.silent), (2, 1, true));
        let passage = |before: &str, removed: &str, added: &str, after: &str| Passage {
            before: before.into(),
            removed: removed.into(),
            added: added.into(),
            after: after.into(),
        };
        assert_eq!(
            changes.passages,
            [
                passage("Serbia", "threatens", "warns", "Kosovo, two officials said on Monday"),
                passage("Serbia warns Kosovo,", "", "two", "officials said on Monday in Belgrade."),
            ]
        );
        assert_eq!(changes.level, (Level::High, Level::Watch));
        let signal = |change: &SignalChange| (change.category.clone(), change.words.clone());
        assert_eq!(changes.signals_added.iter().map(signal).collect::<Vec<_>>(), [("warning".into(), "warns".into())]);
        let gone = changes.signals_removed.iter().map(signal).collect::<Vec<_>>();
        assert_eq!(gone, [("threat_of_force".into(), "threatens".into())]);
    }

    #[test]
    fn an_edit_is_silent_unless_the_publisher_dates_it() {
        let old = with_text("Talks failed.");
        let mut new = with_text("Talks succeeded.");
        assert_eq!(Edit::of(&[old.clone(), new.clone()]), Some(Edit { edits: 1, silent: true }));
        new.article.published_at = Some("2022-08-01T12:00:00Z".into());
        assert_eq!(Edit::of(&[old.clone(), new.clone()]), Some(Edit { edits: 1, silent: false }));
        let dates = (old.article.published_at.clone(), new.article.published_at.clone());
        assert_eq!(Changes::between(&old, &new).published_at, Some(dates));
        assert_eq!(Edit::of(&[old]), None);
    }

    #[test]
    fn a_signal_that_is_there_more_often_came() {
        let old = document("a", "r");
        let mut new = old.clone();
        new.escalation.signals.push(new.escalation.signals[0].clone());
        let changes = Changes::between(&old, &new);
        assert_eq!((changes.signals_added.len(), changes.signals_removed.len()), (1, 0));
        assert!(!changes.silent && changes.passages.is_empty());
    }

    proptest! {
        #[test]
        fn passages_hold_the_words_that_differ(old in "[a-c ]{0,40}", new in "[a-c ]{0,40}") {
            let changes = Changes::between(&with_text(&old), &with_text(&new));
            let count = |text: &str| text.split_whitespace().count();
            prop_assert_eq!(count(&new) + changes.words_removed, count(&old) + changes.words_added);
            let removed: usize = changes.passages.iter().map(|passage| count(&passage.removed)).sum();
            prop_assert_eq!(removed, changes.words_removed);
        }
    }
}
