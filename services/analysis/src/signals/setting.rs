//! What a whole text is about, where its words of force mean something else: games are fought and storms kill.

use crate::knowledge::Knowledge;
use crate::lexicon::Cue;
use crate::text::{Document, TokenKind};

/// Share of words of the kind from which a whole text is about it.
const LEAST_SHARE: f32 = 0.012;
const LEAST_WORDS: u32 = 4;

/// The kind of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Setting {
    #[default]
    News,
    Sport,
    /// Storms, floods, earthquakes, fires.
    Disaster,
}

impl Setting {
    pub(crate) fn of(document: &Document<'_>, knowledge: &Knowledge) -> Self {
        let (mut words, mut sport, mut disaster) = (0u32, 0u32, 0u32);
        for token in document.tokens.iter().filter(|t| t.kind == TokenKind::Word) {
            words += 1;
            sport += u32::from(knowledge.vocabulary.has(token.word, Cue::Sport));
            disaster += u32::from(knowledge.vocabulary.has(token.word, Cue::Disaster));
        }
        let is_about = |count: u32| count >= LEAST_WORDS && count as f32 > LEAST_SHARE * words as f32;
        if is_about(sport) && sport >= disaster {
            Self::Sport
        } else if is_about(disaster) {
            Self::Disaster
        } else {
            Self::News
        }
    }

    /// What a signal is worth in such a text.
    pub(super) fn factor(self) -> f32 {
        match self {
            Self::News => 1.0,
            Self::Sport => 0.1,
            Self::Disaster => 0.2,
        }
    }
}
