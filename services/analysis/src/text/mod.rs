//! One reading of the characters that every other part shares: words with byte and code-point offsets, sentences.

mod boilerplate;
mod document;
mod fold;
mod language;
mod sentence;
mod teaser;
mod token;

pub(crate) use document::{Document, Sentence};
pub(crate) use fold::{finalise, hash_word, normalise, stable_hash};
pub(crate) use language::detect;
pub(crate) use token::{Gap, Shape, Token, TokenKind, scan_words, tokenize};
