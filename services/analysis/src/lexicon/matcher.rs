//! The trie of all phrases, and the pass that finds them.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::pattern::{Element, GAP_WORDS, MOST_GAPS, PatternWord};
use super::stems::{NO_STEM, Stems};
use super::vocabulary::{Cue, LOOK_UPS, Vocabulary, WordId};
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
pub(super) type Symbol = u32;
pub(super) const STEM_BASE: Symbol = 1 << 31;
/// A gap of so many times [`GAP_WORDS`] words is this symbol less that number.
const GAP: Symbol = Symbol::MAX;
/// Product of the choices of one pattern.
const MAX_EXPANSION: usize = 8192;
const ROOT: u32 = 0;
/// Nodes that one token may lead to from the root: three capitalisations and two stems.
const STARTS: usize = 5;

fn word_symbol(word: WordId, asked: Shape) -> Symbol {
    word * 3 + asked as u32
}

fn gap_symbol(size: usize) -> Symbol {
    GAP - size as Symbol
}

/// Collects phrases, then becomes a [`Lexicon`].
pub(crate) struct Builder {
    pub(crate) vocabulary: Vocabulary,
    edges: FxHashMap<u64, u32>,
    values: Vec<Vec<Entry>>,
    stems: FxHashMap<Box<str>, u32>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            edges: FxHashMap::default(),
            values: vec![Vec::new()],
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
                Element::Gap(words) => vec![vec![gap_symbol(words / GAP_WORDS)]],
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
        *self.edges.entry(edge(node, symbol)).or_insert_with(|| {
            values.push(Vec::new());
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
        let mut edges: Vec<(u64, u32)> = self.edges.into_iter().collect();
        edges.sort_unstable();
        let mut lexicon = Lexicon {
            first: vec![[ROOT; 3]; self.vocabulary.len()],
            first_of_stem: vec![ROOT; self.stems.len()],
            nodes: Vec::with_capacity(self.values.len() + 1),
            children: Vec::with_capacity(edges.len()),
            entries: Vec::new(),
            stems: Stems::new(self.stems),
        };
        let mut edges = edges.into_iter().peekable();
        for (number, values) in (0u32..).zip(self.values) {
            let mut node =
                Node { entries: lexicon.entries.len() as u32, children: lexicon.children.len() as u32, asked: 0 };
            while let Some((key, next)) = edges.next_if(|(key, _)| (key >> 32) as u32 == number) {
                let symbol = key as u32;
                match (number, symbol) {
                    (ROOT, symbol) if symbol < STEM_BASE => {
                        lexicon.first[symbol as usize / 3][symbol as usize % 3] = next;
                    }
                    (ROOT, symbol) => lexicon.first_of_stem[(symbol - STEM_BASE) as usize] = next,
                    (_, symbol) => {
                        node.asked |= asked_bit(if symbol < STEM_BASE { symbol / 3 } else { symbol });
                        lexicon.children.push((symbol, next));
                    }
                }
            }
            lexicon.nodes.push(node);
            lexicon.entries.extend(values);
        }
        let (entries, children) = (lexicon.entries.len() as u32, lexicon.children.len() as u32);
        lexicon.nodes.push(Node { entries, children, asked: 0 });
        (self.vocabulary, lexicon)
    }
}

fn edge(node: u32, symbol: Symbol) -> u64 {
    u64::from(node) << 32 | u64::from(symbol)
}

/// The bit of [`Node::asked`] for a word, stem or gap.
fn asked_bit(asked: u32) -> u64 {
    1 << (asked.wrapping_mul(0x9e37_79b1) >> 26)
}

/// A node's entries and children run up to those of the next node.
struct Node {
    entries: u32,
    children: u32,
    /// Says of most words at once that no child asks for them: one bit for each word, stem or gap that one asks for.
    asked: u64,
}

/// All phrases, ready to be matched.
pub(crate) struct Lexicon {
    /// Nodes after the first word, by the capitalisation that they ask for: most tokens end here.
    first: Vec<[u32; 3]>,
    /// Node after the first word, by stem.
    first_of_stem: Vec<u32>,
    nodes: Vec<Node>,
    /// Steps from each node but the root: symbol and node, by symbol.
    children: Vec<(Symbol, u32)>,
    entries: Vec<Entry>,
    stems: Stems,
}

impl Lexicon {
    /// Every phrase in every sentence, by first token; of those that start together, in no particular order.
    pub(crate) fn find_all(&self, document: &Document<'_>) -> Vec<Match> {
        let stems_of = self.stems.of_all(document);
        let mut search = Search { lexicon: self, document, stems_of, found: Vec::new() };
        let mut starts = Vec::with_capacity(LOOK_UPS * STARTS);
        for sentence in &document.sentences {
            for group in (sentence.first..sentence.end).step_by(LOOK_UPS) {
                search.starts(group..sentence.end.min(group + LOOK_UPS), &mut starts);
                for start in &starts {
                    search.walk(start.node, start.asked, start.first, start.first + 1, sentence.end);
                }
            }
        }
        search.found
    }

    fn entries(&self, node: u32) -> &[Entry] {
        let (from, to) = (self.nodes[node as usize].entries, self.nodes[node as usize + 1].entries);
        &self.entries[from as usize..to as usize]
    }

    /// The node's children from the symbol on; none where a bit says that nothing of the kind is asked.
    fn children_from(&self, node: u32, bit: u64, symbol: Symbol) -> &[(Symbol, u32)] {
        /// Up to here looking at all is faster than halving.
        const FEW: usize = 8;
        let here = &self.nodes[node as usize];
        if here.asked & bit == 0 {
            return &[];
        }
        let children = &self.children[here.children as usize..self.nodes[node as usize + 1].children as usize];
        let from = if children.len() <= FEW {
            children.iter().take_while(|child| child.0 < symbol).count()
        } else {
            children.partition_point(|child| child.0 < symbol)
        };
        &children[from..]
    }

    fn child(&self, node: u32, symbol: Symbol) -> Option<u32> {
        let child = self.children_from(node, asked_bit(symbol), symbol).first()?;
        (child.0 == symbol).then_some(child.1)
    }
}

/// A node that a token leads to from the root.
struct Start {
    first: usize,
    node: u32,
    /// Of the node.
    asked: u64,
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    document: &'a Document<'a>,
    stems_of: Vec<[Symbol; 2]>,
    found: Vec<Match>,
}

impl Search<'_> {
    /// Where the tokens lead to from the root, into `starts` (cleared first). All is fetched before anything is decided, so that the
    /// waits for memory overlap.
    fn starts(&self, tokens: Range<usize>, starts: &mut Vec<Start>) {
        starts.clear();
        let lexicon = self.lexicon;
        let mut firsts = [[ROOT; 3]; LOOK_UPS];
        for (first, token) in firsts.iter_mut().zip(&self.document.tokens[tokens.clone()]) {
            *first = lexicon.first[token.word as usize];
        }
        for (at, first) in tokens.zip(&firsts) {
            let by_word = first[..=self.document.tokens[at].shape as usize].iter();
            let stems = self.stems_of[at].iter().filter(|stem| **stem != NO_STEM);
            let by_stem = stems.map(|stem| &lexicon.first_of_stem[(stem - STEM_BASE) as usize]);
            let nodes = by_word.chain(by_stem).filter(|node| **node != ROOT);
            starts.extend(nodes.map(|node| Start { first: at, node: *node, asked: 0 }));
        }
        for start in starts.iter_mut() {
            start.asked = lexicon.nodes[start.node as usize].asked;
        }
    }

    /// `asked` is that of the node.
    fn walk(&mut self, node: u32, asked: u64, first: usize, at: usize, limit: usize) {
        let lexicon = self.lexicon;
        self.found.extend(lexicon.entries(node).iter().map(|entry| Match { first, end: at, entry: *entry }));
        if asked == 0 {
            return;
        }
        for size in 1..=MOST_GAPS {
            if asked & asked_bit(gap_symbol(size)) != 0
                && let Some(after_gap) = lexicon.child(node, gap_symbol(size))
            {
                self.walk_gap(after_gap, first, at, limit, size * GAP_WORDS);
            }
        }
        self.branch(node, first, at, limit);
    }

    fn step(&mut self, node: u32, first: usize, at: usize, limit: usize) {
        self.walk(node, self.lexicon.nodes[node as usize].asked, first, at, limit);
    }

    fn branch(&mut self, node: u32, first: usize, mut at: usize, limit: usize) {
        let lexicon = self.lexicon;
        // Quotation marks do not end a phrase: could turn into “an assault”.
        if self.document.tokens.get(at).is_some_and(is_quote) {
            at += 1;
        }
        if at >= limit {
            return;
        }
        let token = self.document.tokens[at];
        if token.word != Vocabulary::UNKNOWN {
            let (lowest, highest) = (word_symbol(token.word, Shape::Lower), word_symbol(token.word, token.shape));
            for (symbol, next) in lexicon.children_from(node, asked_bit(token.word), lowest) {
                if *symbol > highest {
                    break;
                }
                self.step(*next, first, at + 1, limit);
            }
        }
        for stem in self.stems_of[at] {
            if stem != NO_STEM
                && let Some(next) = lexicon.child(node, stem)
            {
                self.step(next, first, at + 1, limit);
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
