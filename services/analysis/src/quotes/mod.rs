//! Who said what: direct, indirect and mixed quotations, with the reporting word and the speaker.
//!
//! Each reporting word outside quotation marks is asked three things: is it a verb here, who is its subject
//! (`subject.rs`), and where do the reported words begin and end (`content.rs`). Quotations that no reporting word claims
//! go on with the statement before them, or stand for themselves (`finder.rs`). Without a parser: the order of words and
//! the classes of `cues.tsv` decide.

mod content;
mod finder;
mod labels;
mod marks;
mod subject;

use faultline_schemas::{Quote, Sentiment};

use crate::reading::Reading;

/// A statement: token ranges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    /// What was said.
    pub(crate) content: (usize, usize),
    cue: Option<usize>,
    source: Option<(usize, usize)>,
    /// Position of the actor.
    pub(crate) speaker: Option<usize>,
}

impl Statement {
    /// The words that name the speaker.
    pub(crate) fn source_tokens(&self) -> Option<(usize, usize)> {
        self.source
    }
}

/// Every statement, in text order.
pub(crate) fn statements(reading: &Reading<'_>) -> Vec<Statement> {
    finder::Finder::new(reading).run()
}

/// The statements as the contract has them.
pub(crate) fn quotes(reading: &Reading<'_>) -> Vec<Quote> {
    let document = &reading.document;
    let quote = |statement: &Statement| Quote {
        content: document.span(statement.content.0, statement.content.1),
        cue: statement.cue.map(|cue| document.span(cue, cue + 1)),
        source: statement.source.map(|(first, end)| document.span(first, end)),
        speaker: statement.speaker.map(|actor| reading.cast.actors[actor].id.clone()),
        sentiment: Sentiment::from_score(reading.tone_between(statement.content.0, statement.content.1)),
    };
    reading.statements.iter().map(quote).collect()
}
