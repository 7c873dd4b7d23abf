//! What is wrong with a file of rules, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 where it is about the file as a whole.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.message),
            line => write!(f, "{}:{line}:{}: {}", self.file.display(), self.column, self.message),
        }
    }
}

/// All mistakes that were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if number > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Problems {
    pub(crate) fn add(&mut self, file: &Path, (line, column): (u64, u64), message: impl Into<String>) {
        self.0.push(Problem { file: file.to_owned(), line, column, message: message.into() });
    }

    /// `value`, where nothing was found.
    pub(crate) fn or<T>(mut self, value: T) -> Result<T, Self> {
        self.0.sort();
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// `"sgnal" is no field: did you mean "signal"?`, or all there are.
pub(crate) fn unknown(what: &str, given: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &given.to_lowercase()), *name))
        .min();
    match near.filter(|(distance, name)| *distance <= 1 + name.len() / 4) {
        Some((_, name)) => format!("{given:?} is no {what}: did you mean {name}?"),
        None => format!("{given:?} is no {what}: there are {}", known.join(", ")),
    }
}
