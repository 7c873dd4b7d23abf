//! Tone words, their modifiers, and cues.

use rustc_hash::FxHashMap;

use super::table::{Problem, rows};
use crate::lexicon::{Builder, Cue, Entry, Part, WordId};
use crate::text::scan_words;

pub(super) fn load_tone(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) {
    for row in rows("tone.tsv", text, &["word", "valence"], problems) {
        match (row.required("word"), row.number("valence", -4.0, 4.0)) {
            // Phrases and hyphenated words are few and rare in news: the method scores single words.
            (Ok(word), Ok(Some(valence))) if scan_words(word).len() == 1 => {
                let id = builder.vocabulary.intern(word);
                builder.vocabulary.facts_mut(id).valence = valence;
            }
            (Ok(_), Ok(Some(_))) => {}
            (Ok(_), Ok(None)) => problems.push(row.problem("valence is empty")),
            (Err(problem), _) | (_, Err(problem)) => problems.push(problem),
        }
    }
}

/// Boosters of two words: `kind of`.
pub(crate) type PairBoosts = FxHashMap<(WordId, WordId), f32>;

pub(super) fn load_modifiers(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) -> PairBoosts {
    let mut pairs = PairBoosts::default();
    for row in rows("tone_modifiers.tsv", text, &["phrase", "kind", "value"], problems) {
        let words: Vec<WordId> = scan_words(row.text("phrase")).iter().map(|w| builder.vocabulary.intern(w)).collect();
        match (row.text("kind"), row.number("value", -1.0, 1.0), words.as_slice()) {
            ("booster", Ok(Some(value)), [word]) => builder.vocabulary.facts_mut(*word).boost = value,
            ("booster", Ok(Some(value)), [first, second]) => drop(pairs.insert((*first, *second), value)),
            ("negator", Ok(None), [word]) => builder.vocabulary.facts_mut(*word).negates_tone = true,
            (_, Err(problem), _) => problems.push(problem),
            (kind, _, _) => {
                let message = format!(
                    "{kind:?} of {} words: a booster has a value and one or two words, a negator no value and one word",
                    words.len()
                );
                problems.push(row.problem(message));
            }
        }
    }
    pairs
}

pub(super) fn load_cues(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) {
    for row in rows("cues.tsv", text, &["class", "phrases"], problems) {
        let Some(cue) = Cue::parse(row.text("class")) else {
            problems.push(row.problem(format!("{:?} is no class of cues", row.text("class"))));
            continue;
        };
        for phrase in row.list("phrases") {
            match scan_words(phrase).as_slice() {
                [word] => {
                    let id = builder.vocabulary.intern(word);
                    builder.vocabulary.set(id, cue);
                }
                _ => builder.add_phrase(phrase, Entry::Cue(cue)),
            }
        }
    }
}

pub(super) fn load_grammar(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) {
    for row in rows("grammar.tsv", text, &["class", "words"], problems) {
        let Some(part) = Part::parse(row.text("class")) else {
            problems.push(row.problem(format!("{:?} is no part of speech", row.text("class"))));
            continue;
        };
        for word in row.list("words") {
            let id = builder.vocabulary.intern(word);
            builder.vocabulary.set_part(id, part);
        }
    }
}

/// Sectors by a word that a body's name may hold.
pub(crate) type NameWords = FxHashMap<WordId, Vec<String>>;

pub(super) fn load_name_words(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) -> NameWords {
    let mut kinds = NameWords::default();
    for row in rows("name_words.tsv", text, &["sectors", "words"], problems) {
        match row.codes("sectors") {
            Ok(sectors) => {
                for word in row.list("words") {
                    let id = builder.vocabulary.intern(word);
                    if kinds.insert(id, sectors.clone()).is_some() {
                        problems.push(row.problem(format!("{word:?} is listed twice")));
                    }
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    kinds
}
