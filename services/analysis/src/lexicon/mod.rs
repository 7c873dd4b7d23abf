//! Words and phrases of all lists in one vocabulary and one trie, matched in a single pass over the tokens.

mod key_table;
mod matcher;
mod pattern;
mod stems;
mod vocabulary;

pub(crate) use key_table::KeyTable;
pub(crate) use matcher::{Builder, Entry, Lexicon, Match, WordForm};
pub(crate) use pattern::parse_pattern;
pub(crate) use vocabulary::{Cue, LOOK_UPS, Part, Vocabulary, WordId};
