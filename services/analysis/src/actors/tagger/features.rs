//! Where names may stand, and what is seen there.

use crate::actors::evidence::is_shouting;
use crate::actors::scene::{Scene, Tag};
use crate::knowledge::RoleKind;
use crate::lexicon::{Cue, KeyTable, Vocabulary};
use crate::text::{Gap, Sentence, Shape, Token, TokenKind, stable_hash};

/// Features of one token.
pub(crate) const FEATURES: usize = 44;
const BUCKET_BITS: u32 = 17;
/// Rows of the weight table; features that fall on one row share it.
pub(crate) const BUCKETS: usize = 1 << BUCKET_BITS;
/// Tokens before and after a chain that are seen too.
const SIGHT: usize = 2;
/// Small words that a name may take in, one after another: "Bank of the West".
const MAX_LINK: usize = 2;
/// Longer chains are cut: a million capitals in a row cost a million steps, not more.
const MAX_CHAIN: usize = 60;

/// Words that are used alike, by the lower half of their hash.
#[derive(Debug, Clone)]
pub(crate) struct Clusters(KeyTable);

impl Clusters {
    /// The first cluster's number in features: lower ones are for what is in none.
    const FIRST: u32 = 256;
    const NO_WORD: u64 = 2;
    const UNKNOWN: u64 = 3;

    pub(crate) fn new(words: impl ExactSizeIterator<Item = (u32, u8)>) -> Self {
        Self(KeyTable::new(words.map(|(key, cluster)| (key, Self::FIRST + u32::from(cluster)))))
    }

    /// The clusters of tokens, by their hashes, into `found`; 0 for those in none.
    fn of(&self, hashes: &[u64], found: &mut Vec<u32>) {
        self.0.numbers(hashes.iter().map(|hash| *hash as u32), found);
    }
}

/// Tokens in a row that may belong to names, with the weight table's rows of each.
pub(crate) struct Chain {
    pub(crate) first: usize,
    pub(crate) features: Vec<[u32; FEATURES]>,
}

/// Calls `each` with every chain of the document, in text order.
pub(crate) fn chains(scene: &Scene<'_>, clusters: &Clusters, mut each: impl FnMut(&Chain)) {
    let mut chain = Chain { first: 0, features: Vec::new() };
    let (mut atoms, mut clusters_of) = (Vec::new(), Vec::new());
    for sentence in &scene.document.sentences {
        if is_shouting(scene, *sentence) {
            continue;
        }
        let mut at = sentence.first;
        while let Some((first, end)) = next_chain(scene, *sentence, at) {
            let seen = first.saturating_sub(SIGHT).max(sentence.first)..(end + SIGHT).min(sentence.end);
            atoms.clear();
            clusters.of(&scene.document.hashes[seen.clone()], &mut clusters_of);
            atoms.extend(seen.clone().zip(&clusters_of).map(|(token, cluster)| Atom::of(scene, *cluster, token)));
            let view = View { atoms: &atoms, base: seen.start, sentence_first: sentence.first };
            chain.first = first;
            chain.features.clear();
            let mut run = Run { first: 0, end: 0 };
            for token in first..end {
                if token >= run.end {
                    run = Run::at(scene, *sentence, token);
                }
                chain.features.push(view.features(token, run));
            }
            each(&chain);
            at = end;
        }
    }
}

/// The next run of capitals at or after `from`, with the small words between them.
fn next_chain(scene: &Scene<'_>, sentence: Sentence, from: usize) -> Option<(usize, usize)> {
    let first = (from..sentence.end).find(|at| is_capital(scene, sentence, *at))?;
    let mut end = first + 1;
    let mut here = end;
    while here < sentence.end && here - end <= MAX_LINK && here - first < MAX_CHAIN {
        if is_capital(scene, sentence, here) {
            end = here + 1;
        }
        here += 1;
    }
    Some((first, end))
}

/// A capital that is not there just because a sentence begins with a small word.
fn is_capital(scene: &Scene<'_>, sentence: Sentence, at: usize) -> bool {
    let token = &scene.document.tokens[at];
    token.is_capitalised()
        && (at != sentence.first || token.shape == Shape::AllUpper || !scene.has(at, Cue::FunctionWord))
}

/// Capitalised words in a row, with hyphens and the dots of initials.
#[derive(Clone, Copy)]
struct Run {
    first: usize,
    end: usize,
}

impl Run {
    fn at(scene: &Scene<'_>, sentence: Sentence, first: usize) -> Self {
        let mut end = first + 1;
        if !is_capital(scene, sentence, first) {
            return Self { first, end };
        }
        let limit = sentence.end.min(first + MAX_CHAIN);
        while end < limit {
            let token = &scene.document.tokens[end];
            let next_is_capital = end + 1 < limit && is_capital(scene, sentence, end + 1);
            let is_initial = scene.document.tokens[end - 1].char_end - scene.document.tokens[end - 1].char_start == 1;
            end += match token.kind {
                TokenKind::Word if is_capital(scene, sentence, end) => 1,
                TokenKind::Hyphen if next_is_capital => 2,
                TokenKind::Mark('.') if is_initial && token.gap == Gap::None && next_is_capital => 2,
                _ => break,
            };
        }
        Self { first, end }
    }
}

/// What is seen of one token by itself, each fact as a number.
#[derive(Clone, Copy)]
struct Atom {
    word: u64,
    shape: u64,
    lists: u64,
    cues: u64,
    prefix: u64,
    suffix: u64,
    ending: u64,
    cluster: u64,
}

impl Atom {
    /// Before the first and after the last token.
    const BORDER: Self = Self { word: 1, shape: 1, lists: 0, cues: 0, prefix: 1, suffix: 1, ending: 1, cluster: 1 };

    fn of(scene: &Scene<'_>, cluster: u32, at: usize) -> Self {
        let token = &scene.document.tokens[at];
        let is_upper = token.is_capitalised();
        let bytes = if is_upper { scene.document.slice(at, at + 1).as_bytes() } else { &[] };
        let part = |from: usize, end: usize| bytes.get(from..end).map_or(0, stable_hash);
        Self {
            word: scene.document.hashes[at],
            shape: shape_of(token, bytes),
            lists: lists_of(scene, at),
            cues: if token.is_word() { cues_of(scene, at) } else { 0 },
            prefix: part(0, 3),
            suffix: part(bytes.len().saturating_sub(3), bytes.len()),
            ending: part(bytes.len().saturating_sub(2), bytes.len()),
            cluster: match cluster {
                _ if !token.is_word() => Clusters::NO_WORD,
                0 => Clusters::UNKNOWN,
                cluster => u64::from(cluster),
            },
        }
    }
}

fn shape_of(token: &Token, bytes: &[u8]) -> u64 {
    let length = u64::from((token.char_end - token.char_start).min(5));
    let kind = match (token.kind, token.shape) {
        (TokenKind::Word, Shape::Lower) => return 2,
        (TokenKind::Number, _) => return 3 + length,
        (TokenKind::Possessive, _) => return 10,
        (TokenKind::Hyphen, _) => return 11,
        (TokenKind::Mark(mark), _) => return 1000 + u64::from(u32::from(mark)),
        (TokenKind::Word, Shape::Upper) => 0,
        (TokenKind::Word, Shape::AllUpper) => 1,
    };
    let has_dot = u64::from(bytes.contains(&b'.'));
    let has_inner_capital = u64::from(kind == 0 && bytes.iter().skip(1).any(u8::is_ascii_uppercase));
    let has_digit = u64::from(bytes.iter().any(u8::is_ascii_digit));
    100 + kind + 2 * has_dot + 4 * has_inner_capital + 8 * has_digit + 16 * length
}

/// What the lists say of the token, and whether it stands first in what they know.
fn lists_of(scene: &Scene<'_>, at: usize) -> u64 {
    match scene.tags[at] {
        Tag::Free | Tag::Taken => 0,
        Tag::Name(position) => {
            let name = &scene.names[position as usize];
            let facts = [name.country, name.demonym, name.metonym, name.place, name.organisation, name.person];
            let bits = facts.iter().enumerate().fold(0, |bits, (bit, fact)| bits | u64::from(fact.is_some()) << bit);
            1 + (bits << 2 | u64::from(name.first == at) << 1 | u64::from(name.end == at + 1))
        }
        Tag::Role(position) => match scene.knowledge.roles[scene.roles[position as usize].role as usize].kind {
            RoleKind::Title | RoleKind::Office => 500,
            RoleKind::Group => 501,
            RoleKind::Person => 502,
        },
    }
}

/// The order is part of the model's format.
const CUES: [Cue; 14] = [
    Cue::FirstName,
    Cue::OrganisationHead,
    Cue::LocationHead,
    Cue::FacilityHead,
    Cue::LocationLead,
    Cue::Honorific,
    Cue::Particle,
    Cue::FunctionWord,
    Cue::Reporting,
    Cue::PlacePreposition,
    Cue::Month,
    Cue::Weekday,
    Cue::PassiveBe,
    Cue::Sport,
];

fn cues_of(scene: &Scene<'_>, at: usize) -> u64 {
    let token = &scene.document.tokens[at];
    let vocabulary = &scene.knowledge.vocabulary;
    let bits = vocabulary.facts(token.word).which(&CUES) << 1 | u64::from(token.word != Vocabulary::UNKNOWN);
    let is_surname = token.is_capitalised() && vocabulary.has(token.word, Cue::Surname);
    bits | u64::from(is_surname) << 20
}

/// The atoms of a chain and of the tokens round it.
struct View<'a> {
    atoms: &'a [Atom],
    /// Token of the first atom.
    base: usize,
    sentence_first: usize,
}

impl View<'_> {
    /// The atom `offset` tokens from token `at`.
    fn get(&self, at: usize, offset: isize) -> Atom {
        let index = at.checked_add_signed(offset).and_then(|token| token.checked_sub(self.base));
        index.and_then(|i| self.atoms.get(i)).copied().unwrap_or(Atom::BORDER)
    }

    /// Rows of the weight table for a token of a run.
    fn features(&self, at: usize, run: Run) -> [u32; FEATURES] {
        let here = self.get(at, 0);
        let (before, after) = (self.get(at, -1), self.get(at, 1));
        let (before2, after2) = (self.get(at, -2), self.get(at, 2));
        let head = self.get(run.end, -1);
        let lead = self.get(run.first, 0);
        let (left, right) = (self.get(run.first, -1), self.get(run.end, 0));
        let (left2, right2) = (self.get(run.first, -2), self.get(run.end, 1));
        let place = ((at - run.first).min(4) as u64) << 4 | (run.end - at).min(4) as u64;
        let is_first = u64::from(at == self.sentence_first);
        let starts = u64::from(run.first == self.sentence_first);
        let mut next = 0;
        let mut row = |value: u64| {
            next += 1;
            ((value ^ u64::wrapping_mul(next, 0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
                >> (64 - BUCKET_BITS)) as u32
        };
        [
            row(0),
            row(here.word),
            row(before.word),
            row(after.word),
            row(before2.word),
            row(after2.word),
            row(pair(before.word, here.word)),
            row(pair(here.word, after.word)),
            row(pair(here.shape, is_first)),
            row(pair(pair(before.shape, here.shape), after.shape)),
            row(here.prefix),
            row(here.suffix),
            row(pair(here.ending, here.shape)),
            row(here.lists),
            row(pair(before.lists, here.lists)),
            row(pair(here.lists, after.lists)),
            row(here.cues),
            row(pair(before.cues, here.cues)),
            row(pair(here.cues, after.cues)),
            row(before.cues),
            row(after.cues),
            row(pair(head.word, place)),
            row(pair(head.cues, place)),
            row(pair(head.lists, place)),
            row(pair(lead.word, place)),
            row(pair(lead.cues, place)),
            row(left.word),
            row(right.word),
            row(pair(left.cues, place)),
            row(pair(right.cues, place)),
            row(pair(left.lists, right.lists)),
            row(pair(pair(place, starts), here.shape)),
            row(pair(left2.word, left.word)),
            row(pair(right.word, right2.word)),
            row(pair(head.suffix, place)),
            row(pair(pair(lead.cues, head.cues), place)),
            row(here.cluster),
            row(before.cluster),
            row(after.cluster),
            row(pair(before.cluster, here.cluster)),
            row(pair(here.cluster, after.cluster)),
            row(pair(head.cluster, place)),
            row(pair(left.cluster, right.cluster)),
            row(pair(pair(before2.cluster, before.cluster), here.shape)),
        ]
    }
}

fn pair(a: u64, b: u64) -> u64 {
    (a ^ b.rotate_left(29)).wrapping_mul(0xff51_afd7_ed55_8ccd) ^ b
}
