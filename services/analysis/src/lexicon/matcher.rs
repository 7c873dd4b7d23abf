//! The trie of all phrases, and the pass that finds them.

use rustc_hash::FxHashMap;

use super::pattern::{Element, GAP_WORDS, MOST_GAPS, PatternWord};
use super::vocabulary::{Cue, Vocabulary, WordId};
use crate::text::{Document, Gap, Shape, Token, TokenKind, normalise, scan_words};

/// What a phrase is in the lists; numbers are positions in the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Name of a country.
    Country(u32),
    /// Word for a country's people.
    Demonym(u32),
    /// Name that stands for a country's government.
    Metonym(u32),
    /// City or region.
    Place(u32),
    /// Organisation.
    Organisation(u32),
    /// Somebody's name; position of the person, not of the office.
    Person(u32),
    /// Office, rank or kind of people.
    Role(u32),
    /// Rule of the tension lexicon.
    Tension(u32),
    /// Context in which tension rules do not count.
    Guard(u32),
    /// Cue of several words.
    Cue(Cue),
    /// Words that tell a deed, with the form of their head.
    Deed(u32, WordForm),
}

/// Form of a verb or noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WordForm {
    /// "attacked".
    PastOrParticiple,
    /// "broke".
    Past,
    /// "broken".
    Participle,
    /// "attack", the verb.
    Base,
    /// "attacks", the verb.
    Third,
    /// "attacking".
    Gerund,
    /// "attack" and "attacks", the noun.
    Noun,
}

/// A phrase found: tokens `first..end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Match {
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) entry: Entry,
}

/// What a step of a phrase asks of a token: a word in a capitalisation, one of a family of endings, or anything.
type Symbol = u32;
const STEM_BASE: Symbol = 1 << 31;
/// A gap of so many times [`GAP_WORDS`] words is this symbol less that number.
const GAP: Symbol = Symbol::MAX;
/// Product of the choices of one pattern.
const MAX_EXPANSION: usize = 8192;
const ROOT: u32 = 0;

fn word_symbol(word: WordId, asked: Shape) -> Symbol {
    word * 3 + asked as u32
}

/// Collects phrases, then becomes a [`Lexicon`].
pub(crate) struct Builder {
    pub(crate) vocabulary: Vocabulary,
    edges: FxHashMap<u64, u32>,
    values: Vec<Vec<Entry>>,
    /// Which gaps go on from each node: the lowest bit stands for the shortest.
    gaps: Vec<u8>,
    stems: FxHashMap<Box<str>, u32>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            edges: FxHashMap::default(),
            values: vec![Vec::new()],
            gaps: vec![0],
            stems: FxHashMap::default(),
        }
    }

    /// Adds a name or phrase. Its capitalised words match only capitals, its acronyms only acronyms.
    pub(crate) fn add_phrase(&mut self, phrase: &str, entry: Entry) {
        let mut node = ROOT;
        for word in scan_words(phrase) {
            let symbol = self.symbol(&word, false);
            node = self.step(node, symbol);
        }
        self.end(node, entry);
    }

    /// Adds a pattern.
    ///
    /// # Errors
    /// Says that the pattern offers too many choices.
    pub(crate) fn add_pattern(&mut self, elements: &[Element], entry: Entry) -> Result<(), String> {
        let mut nodes = vec![ROOT];
        for element in elements {
            let choices: Vec<Vec<Symbol>> = match element {
                Element::Gap(words) => {
                    let size = words / GAP_WORDS;
                    for node in &nodes {
                        self.gaps[*node as usize] |= 1 << (size - 1);
                    }
                    vec![vec![GAP - size as Symbol]]
                }
                Element::Choice(choices) => {
                    choices.iter().map(|words| words.iter().map(|w| self.pattern_symbol(w)).collect()).collect()
                }
            };
            if nodes.len() * choices.len() > MAX_EXPANSION {
                return Err(format!("the pattern offers more than {MAX_EXPANSION} choices: split it"));
            }
            let mut next = Vec::with_capacity(nodes.len() * choices.len());
            for node in &nodes {
                for symbols in &choices {
                    next.push(symbols.iter().fold(*node, |from, symbol| self.step(from, *symbol)));
                }
            }
            next.sort_unstable();
            next.dedup();
            nodes = next;
        }
        for node in nodes {
            self.end(node, entry);
        }
        Ok(())
    }

    fn pattern_symbol(&mut self, word: &PatternWord) -> Symbol {
        self.symbol(&word.text, word.prefix)
    }

    fn symbol(&mut self, word: &str, prefix: bool) -> Symbol {
        let mut normal = String::new();
        let shape = normalise(word, &mut normal);
        if prefix {
            let next = self.stems.len() as u32;
            return STEM_BASE | *self.stems.entry(normal.into()).or_insert(next);
        }
        word_symbol(self.vocabulary.intern(word), shape)
    }

    fn step(&mut self, node: u32, symbol: Symbol) -> u32 {
        let values = &mut self.values;
        let gaps = &mut self.gaps;
        *self.edges.entry(edge(node, symbol)).or_insert_with(|| {
            values.push(Vec::new());
            gaps.push(0);
            (values.len() - 1) as u32
        })
    }

    fn end(&mut self, node: u32, entry: Entry) {
        let values = &mut self.values[node as usize];
        if node != ROOT && !values.contains(&entry) {
            values.push(entry);
        }
    }

    pub(crate) fn build(self) -> (Vocabulary, Lexicon) {
        let mut first = vec![ROOT; self.vocabulary.len() * 3];
        for (key, node) in &self.edges {
            let (from, symbol) = ((key >> 32) as u32, *key as u32);
            if from == ROOT && symbol < STEM_BASE {
                first[symbol as usize] = *node;
            }
        }
        let mut entries = Vec::new();
        let nodes = self
            .values
            .into_iter()
            .zip(self.gaps)
            .map(|(values, gaps)| {
                let from = entries.len() as u32;
                entries.extend(values);
                Node { from, to: entries.len() as u32, gaps }
            })
            .collect();
        let mut stems: FxHashMap<[u8; 3], Vec<(Box<str>, Symbol)>> = FxHashMap::default();
        for (stem, number) in self.stems {
            if let Some(key) = stem_key(stem.as_bytes()) {
                stems.entry(key).or_default().push((stem, STEM_BASE | number));
            }
        }
        (self.vocabulary, Lexicon { first, edges: self.edges, nodes, entries, stems })
    }
}

fn edge(node: u32, symbol: Symbol) -> u64 {
    u64::from(node) << 32 | u64::from(symbol)
}

fn stem_key(bytes: &[u8]) -> Option<[u8; 3]> {
    let head = bytes.first_chunk::<3>()?;
    Some(head.map(|b| b.to_ascii_lowercase()))
}

struct Node {
    from: u32,
    to: u32,
    gaps: u8,
}

/// All phrases, ready to be matched.
pub(crate) struct Lexicon {
    /// Node after the first word, by symbol: most tokens end here.
    first: Vec<u32>,
    edges: FxHashMap<u64, u32>,
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    stems: FxHashMap<[u8; 3], Vec<(Box<str>, Symbol)>>,
}

impl Lexicon {
    /// Every phrase in every sentence, by first token; of those that start together, in no particular order.
    pub(crate) fn find_all(&self, document: &Document<'_>) -> Vec<Match> {
        let mut search =
            Search { lexicon: self, document, stems_of: Vec::with_capacity(document.tokens.len()), found: Vec::new() };
        search.index_stems();
        for sentence in &document.sentences {
            for at in sentence.first..sentence.end {
                search.start(at, sentence.end);
            }
        }
        search.found
    }
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    document: &'a Document<'a>,
    /// Stems of each token: at most two matter, the longest ones.
    stems_of: Vec<[Symbol; 2]>,
    found: Vec<Match>,
}

/// No stem.
const NONE: Symbol = 0;

impl Search<'_> {
    fn index_stems(&mut self) {
        let mut normal = String::new();
        for token in &self.document.tokens {
            let mut stems = [NONE; 2];
            let written = self.document.text.get(token.start as usize..token.end as usize).unwrap_or_default();
            let candidates = if token.is_word() { stem_key(written.as_bytes()) } else { None };
            if let Some(family) = candidates.and_then(|key| self.lexicon.stems.get(&key)) {
                normalise(written, &mut normal);
                let mut fitting = family.iter().filter(|(stem, _)| normal.starts_with(&**stem));
                for slot in &mut stems {
                    *slot = fitting.next().map_or(NONE, |(_, symbol)| *symbol);
                }
            }
            self.stems_of.push(stems);
        }
    }

    fn start(&mut self, at: usize, limit: usize) {
        let token = self.document.tokens[at];
        if token.word != Vocabulary::UNKNOWN {
            for asked in shapes(&token) {
                let node = self.lexicon.first.get(word_symbol(token.word, asked) as usize).copied().unwrap_or(ROOT);
                if node != ROOT {
                    self.walk(node, at, at + 1, limit);
                }
            }
        }
        for stem in self.stems_of[at] {
            if stem != NONE
                && let Some(node) = self.lexicon.edges.get(&edge(ROOT, stem))
            {
                self.walk(*node, at, at + 1, limit);
            }
        }
    }

    fn walk(&mut self, node: u32, first: usize, at: usize, limit: usize) {
        let lexicon = self.lexicon;
        let Some(here) = lexicon.nodes.get(node as usize) else { return };
        for entry in &lexicon.entries[here.from as usize..here.to as usize] {
            self.found.push(Match { first, end: at, entry: *entry });
        }
        for size in (1..=MOST_GAPS).filter(|size| here.gaps & (1 << (size - 1)) != 0) {
            if let Some(after_gap) = lexicon.edges.get(&edge(node, GAP - size as Symbol)) {
                self.walk_gap(*after_gap, first, at, limit, size * GAP_WORDS);
            }
        }
        self.branch(node, first, at, limit);
    }

    fn branch(&mut self, node: u32, first: usize, mut at: usize, limit: usize) {
        // Quotation marks do not end a phrase: could turn into “an assault”.
        if self.document.tokens.get(at).is_some_and(is_quote) {
            at += 1;
        }
        if at >= limit {
            return;
        }
        let token = self.document.tokens[at];
        if token.word != Vocabulary::UNKNOWN {
            for asked in shapes(&token) {
                if let Some(next) = self.lexicon.edges.get(&edge(node, word_symbol(token.word, asked))) {
                    self.walk(*next, first, at + 1, limit);
                }
            }
        }
        for stem in self.stems_of[at] {
            if stem != NONE
                && let Some(next) = self.lexicon.edges.get(&edge(node, stem))
            {
                self.walk(*next, first, at + 1, limit);
            }
        }
    }

    /// Tries the steps after a gap with none, one and up to `most` words skipped; marks end the gap.
    fn walk_gap(&mut self, node: u32, first: usize, at: usize, limit: usize, most: usize) {
        let mut words = 0;
        let mut here = at;
        let mut after_hyphen = false;
        while here < limit {
            self.branch(node, first, here, limit);
            let token = &self.document.tokens[here];
            let is_abbreviation = token.is_mark('.') && here + 1 < limit;
            words += match token.kind {
                // "three-month-old" is one word.
                TokenKind::Word | TokenKind::Number if after_hyphen => 0,
                TokenKind::Word | TokenKind::Number => 1,
                TokenKind::Possessive | TokenKind::Hyphen | TokenKind::Mark('"' | '“' | '”' | '‘' | '’') => 0,
                TokenKind::Mark(_) if is_abbreviation => 0,
                TokenKind::Mark(_) => return,
            };
            if words > most || token.gap == Gap::Paragraph {
                return;
            }
            after_hyphen = token.kind == TokenKind::Hyphen;
            here += 1;
        }
    }
}

fn is_quote(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Mark('"' | '“' | '”' | '‘' | '’'))
}

/// Capitalisations that a token answers to: `US` is asked for by `us`, `Us` and `US`.
fn shapes(token: &Token) -> impl Iterator<Item = Shape> + use<> {
    let most = token.shape;
    [Shape::Lower, Shape::Upper, Shape::AllUpper].into_iter().take_while(move |asked| *asked <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::parse_pattern;

    fn found(patterns: &[&str], text: &str) -> Vec<(u32, String)> {
        let mut builder = Builder::new();
        for (number, pattern) in patterns.iter().enumerate() {
            builder.add_pattern(&parse_pattern(pattern).unwrap(), Entry::Tension(number as u32)).unwrap();
        }
        let (vocabulary, lexicon) = builder.build();
        let document = Document::read(text, &vocabulary);
        let mut all: Vec<(u32, String)> = lexicon
            .find_all(&document)
            .into_iter()
            .map(|m| match m.entry {
                Entry::Tension(n) => (n, document.slice(m.first, m.end).to_owned()),
                other => panic!("{other:?}"),
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn patterns_match_stems_choices_gaps_and_capitals() {
        let cases: [(&str, &str, &[&str]); 10] = [
            ("clash*", "Clashes erupted", &["Clashes"]),
            ("clash* with/between police", "they clashed with police.", &["clashed with police"]),
            ("seize* _ town", "rebels seized the small town", &["seized the small town"]),
            ("seize* _ town", "rebels seized town", &["seized town"]),
            ("seize* _ town", "rebels seized the very small town", &[]),
            ("seize* _ _ town", "rebels seized the very small town", &["seized the very small town"]),
            ("seize* _ town", "rebels seized it. Town hall", &[]),
            ("US troops", "US troops and us troops", &["US troops"]),
            ("cease-fire", "a cease-fire holds", &["cease-fire"]),
            ("ceasefire", "a Ceasefire holds", &["Ceasefire"]),
        ];
        for (pattern, text, expected) in cases {
            let spans: Vec<String> = found(&[pattern], text).into_iter().map(|(_, s)| s).collect();
            assert_eq!(spans, expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn overlapping_patterns_are_all_found() {
        let all = found(&["open* fire", "fire", "opened"], "they opened fire");
        assert_eq!(all.len(), 3);
    }
}
