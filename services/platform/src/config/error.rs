//! What can be wrong with settings, said so that it can be put right.

use std::{fmt, path::PathBuf};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Not set anywhere.
    Default,
    /// In the file, on a line counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// In the environment variable of this name.
    Environment(String),
    /// On the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("failed to read the configuration {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}:{column}: not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// There is no such setting.
    #[error("{origin}: unknown setting {key:?}, the nearest known one is {nearest:?}")]
    Unknown {
        /// Where it was set.
        origin: Origin,
        /// Its full name.
        key: String,
        /// Full name of the known setting most like it.
        nearest: String,
    },
    /// A value that the setting cannot have.
    #[error("{origin}: {key} is {found}, expected {expected}")]
    Wrong {
        /// Where it was set.
        origin: Origin,
        /// Full name of the setting.
        key: String,
        /// What was found.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// Settings that do not go together, or are missing.
    #[error("failed to read the settings{}: {message}", of(path.as_ref()))]
    Refused {
        /// The file, where there is one.
        path: Option<PathBuf>,
        /// What is wrong.
        message: String,
    },
}

fn of(path: Option<&PathBuf>) -> String {
    path.map_or_else(String::new, |path| format!(" of {}", path.display()))
}
