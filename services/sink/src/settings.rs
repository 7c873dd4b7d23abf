//! Which database, and for how long.

use std::path::{Path, PathBuf};

use faultline_platform::config::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Settings of the sink.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SinkSettings {
    /// Where articles are stored: empty or "sqlite" for a file in the data folder, "sqlite:PATH" for a file elsewhere, or
    /// "postgres://USER:PASSWORD@HOST:PORT/DATABASE" (add ?sslmode=require to insist on TLS).
    pub url: Secret,
    /// Delete an article this many days after its last revision was stored; 0 keeps all. Hourly roll-ups stay.
    pub retention_days: u32,
    /// Look for the article that a new one nearly repeats among those taken in so many days before it; 0 looks for none, and
    /// tells no stories either: the same index serves both.
    pub repeat_window_days: u32,
}

impl Default for SinkSettings {
    fn default() -> Self {
        Self { url: Secret::default(), retention_days: 0, repeat_window_days: 7 }
    }
}

impl SinkSettings {
    /// Finds what the types cannot rule out.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`].
    pub fn check(&self) -> Result<(), StoreError> {
        Location::parse(self.url.expose(), Path::new("")).map(drop)
    }
}

/// A database's address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL, password included: never shown.
    Postgres(String),
}

impl Location {
    /// Name of the SQLite file in the data folder.
    const DEFAULT_FILE: &str = "faultline.sqlite";

    pub(crate) fn parse(url: &str, data_dir: &Path) -> Result<Self, StoreError> {
        if url == "sqlite" || url.is_empty() {
            return Ok(Self::Sqlite(data_dir.join(Self::DEFAULT_FILE)));
        }
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(StoreError::BadUrl { problem: "sqlite: needs a path".into() });
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return match url::Url::parse(url) {
                Ok(_) => Ok(Self::Postgres(url.to_owned())),
                Err(error) => Err(StoreError::BadUrl { problem: format!("not a URL: {error}") }),
            };
        }
        Err(StoreError::BadUrl { problem: "unknown kind of database".into() })
    }

    /// The address as it may be shown: without password and parameters.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => match url::Url::parse(url) {
                Ok(mut parsed) => {
                    if parsed.password().is_some() && parsed.set_password(Some("***")).is_err() {
                        return "postgres://***".into();
                    }
                    parsed.set_query(None);
                    parsed.to_string()
                }
                Err(_) => "postgres://***".into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_which_database() {
        let data = Path::new("data");
        let table = [
            ("sqlite", Location::Sqlite("data/faultline.sqlite".into())),
            ("sqlite:a/b.db", Location::Sqlite("a/b.db".into())),
            ("sqlite:///a/b.db", Location::Sqlite("/a/b.db".into())),
            ("postgres://u:p@h/d", Location::Postgres("postgres://u:p@h/d".into())),
        ];
        for (url, expected) in table {
            assert_eq!(Location::parse(url, data).unwrap(), expected, "{url}");
        }
        for bad in ["mysql://h/d", "sqlite:", "postgres://[", "file.db"] {
            assert!(Location::parse(bad, data).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_shown_url_and_its_errors_hold_no_secret() {
        let location = Location::parse("postgres://u:hunter2@h:5433/d?password=hunter2", Path::new("")).unwrap();
        assert_eq!(location.shown(), "postgres://u:***@h:5433/d");
        let error = Location::parse("mysql://u:hunter2@h/d", Path::new("")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
