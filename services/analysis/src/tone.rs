//! Tone of words and sentences by VADER's published method.
//!
//! C.J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text",
//! ICWSM 2014. A departure, for news: words inside names carry no tone ("United Nations", "Justice Ministry").

use crate::knowledge::Knowledge;
use crate::lexicon::{Vocabulary, WordId};
use crate::text::{Document, Shape, Token, TokenKind};

/// A negated word keeps this share of its valence, turned round.
const NEGATION: f32 = -0.74;
/// What capitals add in a sentence that is not all capitals.
const CAPITALS: f32 = 0.733;
/// Squared half-way point of the normalisation.
const ALPHA: f32 = 15.0;
/// How far a modifier reaches, and what is left of it there.
const REACH: [f32; 3] = [1.0, 0.95, 0.9];

/// Words that the method names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToneWords {
    but: WordId,
    no: WordId,
    or: WordId,
    nor: WordId,
    never: WordId,
    so: WordId,
    this: WordId,
    without: WordId,
    doubt: WordId,
    least: WordId,
    at: WordId,
    very: WordId,
    kind: WordId,
    of: WordId,
}

impl ToneWords {
    pub(crate) fn intern(vocabulary: &mut Vocabulary) -> Self {
        let mut id = |word| vocabulary.intern(word);
        Self {
            but: id("but"),
            no: id("no"),
            or: id("or"),
            nor: id("nor"),
            never: id("never"),
            so: id("so"),
            this: id("this"),
            without: id("without"),
            doubt: id("doubt"),
            least: id("least"),
            at: id("at"),
            very: id("very"),
            kind: id("kind"),
            of: id("of"),
        }
    }
}

/// Calls `each` with every word of tone among tokens `first..end`, and its valence there; gives their tone together, -1 to 1.
/// `in_name` says of every token of the document whether a name holds it.
pub(crate) fn valences(
    document: &Document<'_>,
    knowledge: &Knowledge,
    in_name: &[bool],
    first: usize,
    end: usize,
    mut each: impl FnMut(usize, f32),
) -> f32 {
    let tokens = document.tokens.get(first..end).unwrap_or_default();
    let mut scorer = Scorer {
        knowledge,
        capitals_count: has_both_cases(tokens),
        before: [Vocabulary::UNKNOWN; 3],
        shouted: [false; 3],
        seen: 0,
        sum: 0.0,
        factor: 1.0,
    };
    let (mut exclamations, mut questions) = (0u32, 0u32);
    for (offset, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Word => {
                let next = tokens[offset + 1..].iter().find(|t| t.is_word()).map_or(Vocabulary::UNKNOWN, |t| t.word);
                let named = in_name.get(first + offset).copied().unwrap_or(false);
                let valence = scorer.word(token, next, named);
                if valence != 0.0 {
                    each(first + offset, valence);
                }
            }
            TokenKind::Mark('!') => exclamations += 1,
            TokenKind::Mark('?') => questions += 1,
            _ => {}
        }
    }
    normalise(emphasise(scorer.sum, exclamations, questions))
}

fn has_both_cases(tokens: &[Token]) -> bool {
    let capitals = tokens.iter().any(|t| t.is_word() && t.shape == Shape::AllUpper);
    capitals && tokens.iter().any(|t| t.is_word() && t.shape != Shape::AllUpper)
}

fn emphasise(sum: f32, exclamations: u32, questions: u32) -> f32 {
    let from_exclamations = exclamations.min(4) as f32 * 0.292;
    let from_questions = match questions {
        0 | 1 => 0.0,
        2 | 3 => questions as f32 * 0.18,
        _ => 0.96,
    };
    let emphasis = from_exclamations + from_questions;
    if sum > 0.0 {
        sum + emphasis
    } else if sum < 0.0 {
        sum - emphasis
    } else {
        sum
    }
}

fn normalise(sum: f32) -> f32 {
    (sum / (sum * sum + ALPHA).sqrt()).clamp(-1.0, 1.0)
}

struct Scorer<'a> {
    knowledge: &'a Knowledge,
    capitals_count: bool,
    /// The three words before, nearest first.
    before: [WordId; 3],
    /// Which of them are in capitals.
    shouted: [bool; 3],
    seen: usize,
    sum: f32,
    /// What a word counts: more after "but".
    factor: f32,
}

impl Scorer<'_> {
    fn word(&mut self, token: &Token, next: WordId, named: bool) -> f32 {
        let words = &self.knowledge.tone_words;
        let facts = self.knowledge.vocabulary.facts(token.word);
        let mut valence = 0.0;
        if token.word == words.but && self.factor == 1.0 {
            self.sum *= 0.5;
            self.factor = 1.5;
        } else if facts.valence != 0.0
            && facts.boost == 0.0
            && !named
            && !(token.word == words.kind && next == words.of)
        {
            valence = self.valence(token, facts.valence, next);
            self.sum += valence * self.factor;
        }
        self.before = [token.word, self.before[0], self.before[1]];
        self.shouted = [token.shape == Shape::AllUpper, self.shouted[0], self.shouted[1]];
        self.seen += 1;
        valence
    }

    fn valence(&self, token: &Token, own: f32, next: WordId) -> f32 {
        let words = &self.knowledge.tone_words;
        let vocabulary = &self.knowledge.vocabulary;
        let mut valence = own;
        if token.word == words.no && vocabulary.facts(next).valence != 0.0 {
            // "no" before a tone word only negates it.
            valence = 0.0;
        }
        let [one, two, three] = self.before;
        if one == words.no || two == words.no || three == words.no && (one == words.or || one == words.nor) {
            valence = own * NEGATION;
        }
        if token.shape == Shape::AllUpper && self.capitals_count && token.char_end - token.char_start > 3 {
            valence += CAPITALS.copysign(valence);
        }
        for (distance, reach) in REACH.iter().enumerate() {
            let modifier = self.before[distance];
            if distance >= self.seen || vocabulary.facts(modifier).valence != 0.0 {
                continue;
            }
            let plain = vocabulary.facts(modifier).boost;
            let emphasis = if plain != 0.0 && self.shouted[distance] && self.capitals_count { CAPITALS } else { 0.0 };
            let boost = (plain + emphasis) * reach;
            valence += if valence < 0.0 { -boost } else { boost };
            valence *= self.negation(distance);
        }
        if let Some(boost) = self.knowledge.pair_boosts.get(&(two, one)) {
            valence += boost;
        }
        if one == words.least && two != words.at && two != words.very {
            valence *= NEGATION;
        }
        valence
    }

    /// What the word `distance + 1` before makes of the valence.
    fn negation(&self, distance: usize) -> f32 {
        let words = &self.knowledge.tone_words;
        let [one, two, _] = self.before;
        let negator = self.before[distance];
        if distance > 0 && negator == words.never {
            let emphatic = [one, two].iter().take(distance).any(|w| *w == words.so || *w == words.this);
            if emphatic {
                return 1.25;
            }
        }
        if distance > 0 && negator == words.without && (one == words.doubt || distance == 2 && two == words.doubt) {
            return 1.0;
        }
        if self.knowledge.vocabulary.facts(negator).negates_tone && negator != words.no { NEGATION } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use crate::Analyzer;
    use crate::text::Document;

    fn tone(text: &str) -> f32 {
        let knowledge = Analyzer::bundled().knowledge();
        let document = Document::read(text, &knowledge.vocabulary);
        super::valences(&document, knowledge, &[], 0, document.tokens.len(), |_, _| {})
    }

    /// What the authors' own program (vaderSentiment 3.3.2) gives.
    #[test]
    fn single_sentences_score_as_published() {
        for (text, expected) in [
            ("VADER is smart, handsome, and funny.", 0.8316),
            ("VADER is smart, handsome, and funny!", 0.8439),
            ("VADER is very smart, handsome, and funny.", 0.8545),
            ("VADER is VERY SMART, handsome, and FUNNY.", 0.9227),
            ("VADER is not smart, handsome, nor funny.", -0.7424),
            ("The book was good.", 0.4404),
            ("The book was kind of good.", 0.3832),
            ("At least it isn't a horrible book.", 0.431),
            ("Not bad at all", 0.431),
            ("The talks were without doubt a success", 0.7013),
            ("No agreement was reached.", -0.3022),
            ("The least helpful answer.", -0.3252),
        ] {
            let found = tone(text);
            assert!((found - expected).abs() < 0.002, "{text}: {found}, published {expected}");
        }
    }

    #[test]
    fn negation_turns_and_boosters_strengthen() {
        assert!(tone("The plan is good.") > 0.0);
        assert!(tone("The plan is not good.") < 0.0);
        assert!(tone("The plan is very good.") > tone("The plan is good."));
        assert!(tone("The plan is bad but the people are good.") > 0.0);
        assert!(tone("No agreement was reached.") < 0.0);
        assert_eq!(tone("The table stands in the room."), 0.0);
    }
}
