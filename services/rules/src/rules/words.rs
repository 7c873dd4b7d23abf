//! Words, phrases and how near they are.
//!
//! ```text
//! words = and ("OR" and)*
//! and   = not ("AND"? not)*           side by side: all of them
//! not   = ("NOT" | "-") not | near
//! near  = unit ("NEAR/5" unit)*       at most so many words between them, in any order
//! unit  = "(" words ")" | "a phrase" | word | word* | =Word | @list
//! ```

use super::terms::{LEAST_PREFIX, TermId, Vocabulary};
use crate::seen::WordIndex;

/// A condition on words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Words {
    Term(TermId),
    /// Side by side.
    Phrase(Vec<TermId>),
    /// At most so many words between them.
    Near(Box<Words>, Box<Words>, u32),
    All(Vec<Words>),
    Any(Vec<Words>),
    Not(Box<Words>),
}

/// Words from `first` to `last`, by their number in the article.
type Place = (u32, u32);

impl Words {
    pub(crate) fn holds(&self, index: &WordIndex) -> bool {
        match self {
            Self::Term(term) => !index.of(*term).is_empty(),
            Self::All(parts) => parts.iter().all(|part| part.holds(index)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(index)),
            Self::Not(part) => !part.holds(index),
            Self::Phrase(_) | Self::Near(..) => !self.places(index).is_empty(),
        }
    }

    /// Where it holds, in text order for each part.
    pub(crate) fn places(&self, index: &WordIndex) -> Vec<Place> {
        match self {
            Self::Term(term) => index.of(*term).iter().map(|hit| (hit.word, hit.word)).collect(),
            Self::Phrase(terms) => {
                let starts = index.of(terms[0]).iter().map(|hit| hit.word);
                let follows =
                    |start: u32| (1..).zip(&terms[1..]).all(|(offset, term)| index.has(*term, start + offset));
                starts.filter(|start| follows(*start)).map(|start| (start, start + terms.len() as u32 - 1)).collect()
            }
            Self::Near(left, right, most) => {
                let right = right.places(index);
                let near = |a: Place, b: Place| {
                    let between = if a.1 < b.0 { b.0 - a.1 - 1 } else { a.0.saturating_sub(b.1 + 1) };
                    (a.1 < b.0 || b.1 < a.0) && between <= *most
                };
                let mut places = Vec::new();
                for a in left.places(index) {
                    // Those far before are passed over at once: they are in order.
                    let from = right.partition_point(|b| b.1.saturating_add(*most) + 1 < a.0);
                    let reach = a.1.saturating_add(*most) + 1;
                    let found = right[from..].iter().take_while(|b| b.0 <= reach).find(|b| near(a, **b));
                    places.extend(found.map(|b| (a.0.min(b.0), a.1.max(b.1))));
                }
                places.sort_unstable();
                places
            }
            Self::All(parts) | Self::Any(parts) => {
                let mut places: Vec<Place> = parts.iter().flat_map(|part| part.places(index)).collect();
                places.sort_unstable();
                places
            }
            Self::Not(_) => Vec::new(),
        }
    }

    /// Whether it says where it holds, so that something can be near it.
    fn has_place(&self) -> bool {
        match self {
            Self::Term(_) | Self::Phrase(_) | Self::Near(..) => true,
            Self::Any(parts) => parts.iter().all(Self::has_place),
            Self::All(_) | Self::Not(_) => false,
        }
    }
}

/// A piece of what is written, and its place in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Open,
    Close,
    Or,
    And,
    Not,
    Near(u32),
    Phrase(String),
    Word(String),
}

/// Most words that may stand between two that are near.
const MOST_BETWEEN: u32 = 100;
/// Parentheses within parentheses.
const DEEPEST: usize = 32;

/// Reads a condition; `list` gives the terms of a list by its name.
///
/// # Errors
/// The place in characters from 0, and what is wrong there.
pub(super) fn parse(
    text: &str,
    vocabulary: &mut Vocabulary,
    list: &dyn Fn(&str) -> Result<Vec<String>, String>,
) -> Result<Words, (usize, String)> {
    let pieces = pieces(text)?;
    let mut parser = Parser { pieces: &pieces, at: 0, end: text.chars().count(), depth: 0, vocabulary, list };
    let words = parser.or()?;
    match parser.peek() {
        None => Ok(words),
        Some(_) => Err((parser.place(), "this parenthesis was never opened".to_owned())),
    }
}

fn pieces(text: &str) -> Result<Vec<(usize, Piece)>, (usize, String)> {
    let chars: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        match chars[at] {
            c if c.is_whitespace() => at += 1,
            '(' | ')' => {
                pieces.push((at, if chars[at] == '(' { Piece::Open } else { Piece::Close }));
                at += 1;
            }
            '-' if chars.get(at + 1).is_some_and(|c| !c.is_whitespace()) => {
                pieces.push((at, Piece::Not));
                at += 1;
            }
            '"' | '“' | '”' => {
                let length = chars[at + 1..].iter().position(|c| matches!(c, '"' | '“' | '”'));
                let length = length.ok_or((start, "this quotation mark is never closed".to_owned()))?;
                pieces.push((start, Piece::Phrase(chars[at + 1..at + 1 + length].iter().collect())));
                at += length + 2;
            }
            _ => {
                let is_end = |c: &char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '“' | '”');
                at += chars[at..].iter().position(is_end).unwrap_or(chars.len() - at);
                let word: String = chars[start..at].iter().collect();
                pieces.push((start, operator(word).map_err(|message| (start, message))?));
            }
        }
    }
    Ok(pieces)
}

fn operator(word: String) -> Result<Piece, String> {
    Ok(match &*word {
        "OR" => Piece::Or,
        "AND" => Piece::And,
        "NOT" => Piece::Not,
        "NEAR" => return Err("write how near: NEAR/5".to_owned()),
        near if near.starts_with("NEAR/") => match near[5..].parse() {
            Ok(most @ 0..=MOST_BETWEEN) => Piece::Near(most),
            _ => return Err(format!("{near:?} is no distance: write NEAR/5, at most NEAR/{MOST_BETWEEN}")),
        },
        _ => Piece::Word(word),
    })
}

struct Parser<'a> {
    pieces: &'a [(usize, Piece)],
    at: usize,
    end: usize,
    depth: usize,
    vocabulary: &'a mut Vocabulary,
    list: &'a dyn Fn(&str) -> Result<Vec<String>, String>,
}

type Parsed = Result<Words, (usize, String)>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.at).map(|(_, piece)| piece)
    }

    fn place(&self) -> usize {
        self.pieces.get(self.at).map_or(self.end, |(place, _)| *place)
    }

    fn or(&mut self) -> Parsed {
        let mut parts = vec![self.and()?];
        while self.peek() == Some(&Piece::Or) {
            self.at += 1;
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Words::Any(parts) })
    }

    fn and(&mut self) -> Parsed {
        let mut parts = vec![self.not()?];
        loop {
            match self.peek() {
                Some(Piece::And) => self.at += 1,
                None | Some(Piece::Or | Piece::Close) => break,
                Some(_) => {}
            }
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Words::All(parts) })
    }

    fn not(&mut self) -> Parsed {
        let mut is_negated = false;
        while self.peek() == Some(&Piece::Not) {
            self.at += 1;
            is_negated = !is_negated;
        }
        let words = self.near()?;
        Ok(if is_negated { Words::Not(Box::new(words)) } else { words })
    }

    fn near(&mut self) -> Parsed {
        let place = self.place();
        let mut words = self.unit()?;
        while let Some(Piece::Near(most)) = self.peek() {
            let most = *most;
            self.at += 1;
            let right_place = self.place();
            let right = self.unit()?;
            for (part, place) in [(&words, place), (&right, right_place)] {
                if !part.has_place() {
                    return Err((place, "NEAR takes words, phrases, or several of them with OR".to_owned()));
                }
            }
            words = Words::Near(Box::new(words), Box::new(right), most);
        }
        Ok(words)
    }

    fn unit(&mut self) -> Parsed {
        let place = self.place();
        let Some(piece) = self.peek().cloned() else {
            return Err((place, "a word, a phrase in quotation marks, or a parenthesis is missing here".to_owned()));
        };
        self.at += 1;
        match piece {
            Piece::Open if self.depth >= DEEPEST => {
                Err((place, format!("more than {DEEPEST} parentheses within each other")))
            }
            Piece::Open => {
                self.depth += 1;
                let words = self.or()?;
                self.depth -= 1;
                if self.peek() != Some(&Piece::Close) {
                    return Err((place, "this parenthesis is never closed".to_owned()));
                }
                self.at += 1;
                Ok(words)
            }
            Piece::Phrase(text) => self.phrase(&text, place),
            Piece::Word(text) => self.word(&text, place),
            Piece::Close | Piece::Or | Piece::And | Piece::Not | Piece::Near(_) => {
                Err((place, "a word, a phrase in quotation marks, or a parenthesis is missing before this".to_owned()))
            }
        }
    }

    fn word(&mut self, text: &str, place: usize) -> Parsed {
        if let Some(name) = text.strip_prefix('@') {
            let terms = (self.list)(name).map_err(|message| (place, message))?;
            let parts: Result<Vec<Words>, _> = terms.iter().map(|term| self.phrase(term, place)).collect();
            return Ok(Words::Any(parts?));
        }
        if let Some(exact) = text.strip_prefix('=') {
            let words: Vec<(usize, usize)> = faultline_analysis::words::spans(exact).collect();
            return match words[..] {
                [] => Err((place, format!("{text:?} holds no letter or digit"))),
                _ => {
                    let terms: Vec<TermId> =
                        words.iter().map(|(start, end)| self.vocabulary.exact(&exact[*start..*end])).collect();
                    Ok(one_or_phrase(terms))
                }
            };
        }
        if let Some(start) = text.strip_suffix('*') {
            let is_word = !start.is_empty() && start.chars().all(char::is_alphanumeric);
            if !is_word || start.chars().count() < LEAST_PREFIX {
                return Err((
                    place,
                    format!("{text:?}: the star follows a word's first {LEAST_PREFIX} letters or more"),
                ));
            }
            return Ok(Words::Term(self.vocabulary.prefix(start)));
        }
        if text.contains('*') {
            return Err((place, format!("{text:?}: the star stands at the end of a word only")));
        }
        self.phrase(text, place)
    }

    fn phrase(&mut self, text: &str, place: usize) -> Parsed {
        let spans: Vec<(usize, usize)> = faultline_analysis::words::spans(text).collect();
        let terms: Vec<TermId> =
            spans.into_iter().filter_map(|(start, end)| self.vocabulary.stem(&text[start..end])).collect();
        if terms.is_empty() {
            Err((place, format!("{text:?} holds no letter or digit")))
        } else {
            Ok(one_or_phrase(terms))
        }
    }
}

fn one_or_phrase(terms: Vec<TermId>) -> Words {
    if terms.len() == 1 { Words::Term(terms[0]) } else { Words::Phrase(terms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, vocabulary: &mut Vocabulary) -> Parsed {
        parse(text, vocabulary, &|name| match name {
            "unrest" => Ok(vec!["riot".to_owned(), "road blocks".to_owned()]),
            _ => Err(format!("there is no list {name}")),
        })
    }

    #[test]
    fn words_match_as_a_reader_expects() {
        let text = "Troops moved towards the border. Kosovo’s police took down road blocks near Jarinje; NATO's mobilisation went on.";
        for (query, expected) in [
            ("troop", true),
            ("troops border", true),
            ("troops missiles", false),
            ("missiles OR border", true),
            ("\"road blocks\"", true),
            ("\"blocks road\"", false),
            ("road-block", true),
            ("@unrest", true),
            ("-missile", true),
            ("NOT troops", false),
            ("troops NEAR/3 border", true),
            ("troops NEAR/2 border", false),
            ("border NEAR/3 troops", true),
            ("troops NEAR/0 moved", true),
            ("(missile OR troops) NEAR/3 (river OR border)", true),
            ("mobilis*", true),
            ("mobiliz*", false),
            ("=NATO", true),
            ("=nato", false),
            ("nato", true),
            ("\"police took\" (\"road blocks\" OR barricades) -riot", true),
        ] {
            let mut vocabulary = Vocabulary::default();
            let words = read(query, &mut vocabulary).unwrap();
            let index = WordIndex::new("", text, &vocabulary);
            assert_eq!(words.holds(&index), expected, "{query}");
        }
    }

    #[test]
    fn no_phrase_reaches_from_the_title_into_the_text() {
        let mut vocabulary = Vocabulary::default();
        let words = read("\"army moves\" OR army NEAR/5 moves", &mut vocabulary).unwrap();
        assert!(!words.holds(&WordIndex::new("The army", "Moves are afoot.", &vocabulary)));
        assert!(words.holds(&WordIndex::new("", "The army moves.", &vocabulary)));
    }

    #[test]
    fn any_script_is_matched() {
        for (query, text) in [
            ("сукоб*", "Сукоби на граници"),
            ("北京", "北京发表声明"),
            ("نزاع", "نزاع حدودي"),
            ("vucic", "Vučić spoke"),
        ] {
            let mut vocabulary = Vocabulary::default();
            let words = read(query, &mut vocabulary).unwrap();
            assert!(words.holds(&WordIndex::new(text, "", &vocabulary)), "{query}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (query, place, says) in [
            ("", 0, "missing"),
            ("troops OR", 9, "missing"),
            ("(troops", 0, "never closed"),
            ("troops)", 6, "never opened"),
            ("a \"b c", 2, "never closed"),
            ("a NEAR b", 2, "NEAR/5"),
            ("a NEAR/x b", 2, "distance"),
            ("a NEAR/500 b", 2, "at most"),
            ("(a b) NEAR/5 c", 0, "NEAR takes"),
            ("to*", 0, "first 3 letters"),
            ("*ing", 0, "at the end"),
            ("@nolist", 0, "no list nolist"),
            ("…", 0, "no letter"),
            ("= x", 0, "no letter"),
        ] {
            let error = read(query, &mut Vocabulary::default()).unwrap_err();
            assert!(error.0 == place && error.1.contains(says), "{query}: {error:?}");
        }
        let deep = format!("{}a{}", "(".repeat(40), ")".repeat(40));
        assert!(read(&deep, &mut Vocabulary::default()).unwrap_err().1.contains("parentheses"));
    }
}
