//! What users type to find articles, the same for both stores.
//!
//! ```text
//! query   = or
//! or      = and ("OR" and)*
//! and     = not ("AND"? not)*            words side by side must all be there
//! not     = ("NOT" | "-") not | "(" or ")" | "phrase in quotes" | word | field:value
//! ```
//!
//! | field | finds articles |
//! |---|---|
//! | `actor:SRB`, `actor:"Albin Kurti"` | with the actor of that id, or one whose name holds these words |
//! | `country:XKX` | with an actor, place or side of an event of that country (ISO 3166-1 alpha-3) |
//! | `level:high` | at that level or above; also `level:=high`, `level:>=high`, `level:>high`, `level:<=high`, `level:<high` |
//! | `signal:threat_of_force` | with a signal of that category |
//! | `source:example.org` | of that source |
//! | `dyad:SRB-XKX` | in which the first acts upon the second |
//! | `since:2022-08-01`, `until:2022-08-31` | from that day on, up to the end of that day; also `7d`, `12h`, `2w` ago or an RFC 3339 time |
//!
//! Words are compared as the full-text index has them: without regard to case, accents and endings. Operators are
//! written in capitals; `and` is a word. A quoted value may hold spaces.
//!
//! ```
//! use faultline_sink::query;
//! assert!(query::parse(r#"(barricades OR "road blocks") country:XKX level:elevated since:30d"#).is_ok());
//! let error = query::parse("talks AND (deal").unwrap_err();
//! assert_eq!((error.position, error.message.as_str()), (10, "this parenthesis is never closed"));
//! ```

mod compile;
mod fields;
mod lexer;
mod parser;

use faultline_schemas::Level;

pub(crate) use compile::{Compiled, compile};

/// A query that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// None finds everything.
    pub(crate) root: Option<Expr>,
}

/// A condition on an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// All of these.
    And(Vec<Expr>),
    /// Any of these.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// These stems side by side, in title or text.
    Words(Vec<String>),
    /// A field's value.
    Field(Field),
}

/// A condition on something other than the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    /// Actor id in lower case, and the stems of a name.
    Actor { id: String, name: Vec<String> },
    /// Alpha-3 code in capitals.
    Country(String),
    /// Levels that will do.
    Level(Vec<Level>),
    /// Signal category.
    Signal(String),
    /// Source in lower case.
    Source(String),
    /// Alpha-3 codes of who acts and who is acted upon.
    Dyad(String, String),
    /// From this millisecond on.
    Since(i64),
    /// Before this millisecond.
    Before(i64),
}

/// A query that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", position + 1)]
pub struct QueryError {
    /// Where, in characters from the start of the query, from 0.
    pub position: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Reads a query; times such as `7d` count back from now.
///
/// # Errors
/// [`QueryError`] with the place of the first mistake.
pub fn parse(query: &str) -> Result<Query, QueryError> {
    parse_at(query, jiff::Timestamp::now())
}

/// [`parse`], with the time that `7d` counts back from.
///
/// # Errors
/// As [`parse`].
pub fn parse_at(query: &str, now: jiff::Timestamp) -> Result<Query, QueryError> {
    parser::parse(query, now)
}

impl Query {
    /// Finds everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { root: None }
    }

    /// The words and phrases that an article may be found by, as stems.
    pub(crate) fn wanted_words(&self) -> Vec<&[String]> {
        fn collect<'a>(expr: &'a Expr, into: &mut Vec<&'a [String]>) {
            match expr {
                Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, into)),
                Expr::Words(stems) => into.push(stems),
                Expr::Not(_) | Expr::Field(_) => {}
            }
        }
        let mut words = Vec::new();
        if let Some(root) = &self.root {
            collect(root, &mut words);
        }
        words
    }

    /// Whether the query names words, so that some articles fit it better than others.
    #[must_use]
    pub fn has_words(&self) -> bool {
        !self.wanted_words().is_empty()
    }
}
