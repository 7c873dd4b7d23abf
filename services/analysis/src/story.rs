//! What an article is about, in a few numbers, and whether two are reports of the same happening.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use faultline_schemas::Enriched;
use rustc_hash::FxHashMap;

/// Words that a sketch keeps: those that tell the article best from others.
const WORDS: usize = 24;
/// Actors that it keeps, the most salient.
const ACTORS: usize = 8;
/// Words under which an article is looked for.
const TERMS: usize = 8;
/// A word of the title counts as often.
const TITLE: u32 = 3;
/// What the same actors weigh, of 1; the rest is for the same words.
const ACTORS_SHARE: f32 = 0.1;
/// Reports of the same happening are at least this similar.
const THRESHOLD: f32 = 0.18;
/// A weight as it is written down.
const SCALE: f32 = 65_535.0;
/// Bytes of a word or an actor.
const ENTRY: usize = 6;

/// How often each stem stands in an article, by hash.
#[derive(Debug, Default)]
pub struct Counts(FxHashMap<u64, u32>);

impl Counts {
    /// Counts a stem of the title.
    pub fn add_title(&mut self, stem: &str) {
        self.add(stem, TITLE);
    }

    /// Counts a stem of the text.
    pub fn add_body(&mut self, stem: &str) {
        self.add(stem, 1);
    }

    /// Numbers but years change from report to report, and single letters are initials.
    fn add(&mut self, stem: &str, times: u32) {
        let is_number = stem.bytes().all(|byte| byte.is_ascii_digit());
        if stem.len() > 1 && (!is_number || stem.len() == 4) {
            *self.0.entry(hash(stem)).or_default() += times;
        }
    }
}

/// The words and actors of an article with their weights: the squares of those of the words sum up to 1 less the actors' share.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sketch {
    /// Heaviest first.
    words: Vec<(u32, f32)>,
    actors: Vec<(u32, f32)>,
}

impl Sketch {
    /// None where there is too little to go by: common words in other languages are taken for telling ones, so only English
    /// texts have one.
    #[must_use]
    pub fn new(document: &Enriched, counts: &Counts) -> Option<Self> {
        if document.article.language.as_deref() != Some("en") {
            return None;
        }
        let weight = |(hash, times): (&u64, &u32)| (*hash as u32, (1.0 + (*times as f32).ln()) * rarity(*hash));
        let mut words: Vec<(u32, f32)> = counts.0.iter().map(weight).collect();
        let heavier = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if words.len() > WORDS {
            words.select_nth_unstable_by(WORDS, heavier);
            words.truncate(WORDS);
        }
        words.sort_unstable_by(heavier);
        let actors = document.actors.iter().take(ACTORS).map(|actor| (hash(&actor.id) as u32, actor.salience.max(0.0)));
        let sketch = Self { words: scaled(words, 1.0 - ACTORS_SHARE), actors: scaled(actors.collect(), ACTORS_SHARE) };
        (sketch.words.len() >= TERMS).then_some(sketch)
    }

    /// Whether both articles are reports of the same happening, if their times allow, and how similar they are.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<f32> {
        let likeness = product(&self.words, &other.words) + product(&self.actors, &other.actors);
        (likeness > THRESHOLD).then_some(likeness)
    }

    /// The words under which the article is looked for.
    pub fn terms(&self) -> impl Iterator<Item = i64> + '_ {
        self.words.iter().take(TERMS).map(|(word, _)| i64::from(*word))
    }

    /// As it is written down.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + (WORDS + ACTORS) * ENTRY);
        bytes.push(self.words.len() as u8);
        for (hash, weight) in self.words.iter().chain(&self.actors) {
            bytes.extend_from_slice(&hash.to_be_bytes());
            bytes.extend_from_slice(&((weight * SCALE).round() as u16).to_be_bytes());
        }
        bytes
    }

    /// What [`Sketch::to_bytes`] wrote down; none where it is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, entries) = bytes.split_first()?;
        let entry = |entry: &[u8]| -> (u32, f32) {
            let hash = u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]);
            (hash, f32::from(u16::from_be_bytes([entry[4], entry[5]])) / SCALE)
        };
        let mut words_and_actors: Vec<(u32, f32)> = entries.chunks_exact(ENTRY).map(entry).collect();
        let actors = words_and_actors.split_off(words_and_actors.len().min(usize::from(*words)));
        (entries.len() % ENTRY == 0).then_some(Self { words: words_and_actors, actors })
    }
}

/// With squares that sum up to `share`.
fn scaled(mut weights: Vec<(u32, f32)>, share: f32) -> Vec<(u32, f32)> {
    let sum: f32 = weights.iter().map(|(_, weight)| weight * weight).sum();
    let factor = if sum > 0.0 { (share / sum).sqrt() } else { 0.0 };
    weights.iter_mut().for_each(|(_, weight)| *weight *= factor);
    weights
}

fn product(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let of = |hash: u32| b.iter().find(|(other, _)| *other == hash).map_or(0.0, |(_, weight)| *weight);
    a.iter().map(|(hash, weight)| weight * of(*hash)).sum()
}

/// The same for ever: it is written down. FNV-1a (G. Fowler, L. Noll, K.-P. Vo), its halves folded into the lower one.
fn hash(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^ hash >> 32
}

struct Frequencies {
    pieces: f32,
    of_word: FxHashMap<u64, f32>,
}

static FREQUENCIES: LazyLock<Frequencies> = LazyLock::new(|| {
    let mut counts: BTreeMap<&str, f32> = include_str!("../data/word_frequencies.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t').and_then(|(stem, count)| Some((stem, count.parse().ok()?))))
        .collect();
    let pieces = counts.remove("").unwrap_or(1.0);
    Frequencies { pieces, of_word: counts.into_iter().map(|(stem, count)| (hash(stem), count)).collect() }
});

/// In what share of pieces of news text of a few hundred words a stem stands, 0 to 1.
#[must_use]
pub fn share_of(stem: &str) -> f32 {
    let frequencies = &*FREQUENCIES;
    frequencies.of_word.get(&hash(stem)).copied().unwrap_or(0.5) / frequencies.pieces
}

/// Inverse document frequency (K. Spärck Jones, 1972).
fn rarity(word: u64) -> f32 {
    let frequencies = &*FREQUENCIES;
    let count = frequencies.of_word.get(&word).copied().unwrap_or(0.0);
    ((frequencies.pieces + 1.0) / (count + 0.5)).ln().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::stems;

    fn document() -> Enriched {
        let actor = |id: &str| {
            serde_json::json!({"id": id, "name": id, "type": "country", "country": id, "sectors": [], "cameo": id,
                "salience": 0.5, "sentiment": {"score": 0.0, "label": "neutral"}, "mentions": []})
        };
        serde_json::from_value(serde_json::json!({
            "schema": Enriched::SCHEMA, "article": {"id": "a", "language": "en", "words": 1}, "text": "",
            "sentiment": {"score": 0.0, "label": "neutral"}, "actors": [actor("SRB"), actor("XKX")],
            "escalation": {"score": 0.0, "level": "calm"}, "fingerprint": {"content": "", "minhash": ""},
        }))
        .unwrap()
    }

    fn sketch(title: &str, text: &str) -> Option<Sketch> {
        let mut counts = Counts::default();
        stems(title).iter().for_each(|stem| counts.add_title(stem));
        stems(text).iter().for_each(|stem| counts.add_body(stem));
        Sketch::new(&document(), &counts)
    }

    const QUAKE: &str =
        "A strong earthquake struck Dolina near the Hladna river overnight; rescuers dug through rubble for survivors.";

    #[test]
    fn reports_of_one_happening_are_alike_and_others_are_not() {
        let quake = sketch("Earthquake destroys Dolina", QUAKE).unwrap();
        let other_paper = "Rescuers search the rubble of Dolina after the worst earthquake in decades; hundreds sleep outdoors by the Hladna.";
        let other_paper = sketch("Hundreds homeless after Dolina quake", other_paper).unwrap();
        let budget =
            "Parliament passed the yearly budget after a long debate on pensions, tariffs and the railways of Serbia.";
        let budget = sketch("Budget passes", budget).unwrap();
        assert!(quake.likeness(&other_paper).is_some());
        assert!(quake.likeness(&budget).is_none());
        assert!((quake.likeness(&quake).unwrap() - 1.0).abs() < 0.01);
        assert!(quake.terms().any(|term| other_paper.terms().any(|other| other == term)));
    }

    #[test]
    fn a_sketch_survives_being_written_down() {
        let sketch = sketch("Earthquake destroys Dolina", QUAKE).unwrap();
        let bytes = sketch.to_bytes();
        let read = Sketch::from_bytes(&bytes).unwrap();
        assert_eq!((read.words.len(), read.actors.len()), (sketch.words.len(), 2));
        assert!((read.likeness(&sketch).unwrap() - 1.0).abs() < 0.01);
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!((Sketch::from_bytes(&[]), Sketch::from_bytes(&bytes[..bytes.len() - 1])), (None, None));
    }

    #[test]
    fn common_words_weigh_less_than_rare_ones() {
        assert!(rarity(hash("the")) < 0.1 && rarity(hash("hladna")) > 6.0);
        assert!(rarity(hash("trump")) < rarity(hash("earthquak")));
    }

    #[test]
    fn what_is_too_short_or_not_english_has_none() {
        assert_eq!(sketch("Talks", "Talks resumed."), None);
        let mut german = document();
        german.article.language = Some("de".into());
        let mut counts = Counts::default();
        stems(QUAKE).iter().for_each(|stem| counts.add_body(stem));
        assert_eq!(Sketch::new(&german, &counts), None);
    }
}
