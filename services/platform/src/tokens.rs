//! Bearer tokens for what is served over HTTP: made once, kept as hashes, each with scopes, revocable while roles run.
//!
//! The file is read again whenever it changes. Where there is none, whatever is served stays on the loopback address, and is open
//! there.

use std::{
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use parking_lot::Mutex;
use rand::RngExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What every token starts with, so that one is known for what it is where it should not be.
const PREFIX: &str = "faultline_";
/// Bytes of chance in a token. With so many, one fast hash is as good as a slow one.
const SECRET_BYTES: usize = 32;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Asking questions.
    Read,
    /// Handing articles in.
    Push,
    /// Everything, and changing what others see.
    Admin,
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Push => "push",
            Self::Admin => "admin",
        })
    }
}

/// A token as it is kept: what it is itself cannot be told from this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Who holds it, for people and metrics.
    pub name: String,
    /// BLAKE3 hash of the token, in hexadecimal.
    pub hash: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// Why the tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file is there and cannot be used.
    #[error("failed to read the tokens in {}: {problem}: mend the file, or delete it and make the tokens anew", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file cannot be written.
    #[error("failed to write the tokens to {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The name is taken, or no name.
    #[error("{0}")]
    BadName(String),
}

/// What came of looking at a request's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// There is no list of tokens: who is let in is for the caller to say.
    Open,
    /// Allowed, under this name.
    Allowed(Arc<str>),
    /// There is no such token, or none was given.
    Unknown,
    /// There is, and it does not allow this.
    Forbidden,
}

/// The tokens of one installation.
#[derive(Debug)]
pub struct Tokens {
    path: PathBuf,
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    version: Option<(SystemTime, u64)>,
    /// None where there is no file.
    tokens: Option<Vec<Token>>,
}

impl Tokens {
    /// The tokens in the data folder `data_dir`.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join("tokens.json"), loaded: Mutex::default() }
    }

    /// Whether there is a list of tokens, if only an empty one.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn exist(&self) -> Result<bool, TokenError> {
        Ok(self.read()?.is_some())
    }

    /// What `bearer` may do.
    ///
    /// # Errors
    /// When the list cannot be read: nobody is allowed anything then.
    pub fn check(&self, bearer: Option<&str>, wanted: Scope) -> Result<Access, TokenError> {
        let mut loaded = self.loaded.lock();
        let version = std::fs::metadata(&self.path).ok().and_then(|file| Some((file.modified().ok()?, file.len())));
        if version.is_none() || version != loaded.version {
            *loaded = Loaded { version: None, tokens: self.read()? };
            loaded.version = version;
        }
        let Some(tokens) = &loaded.tokens else { return Ok(Access::Open) };
        let Some(bearer) = bearer else { return Ok(Access::Unknown) };
        let hash = blake3::hash(bearer.as_bytes());
        // Compared in constant time.
        let found = tokens.iter().find(|token| blake3::Hash::from_hex(&token.hash).is_ok_and(|known| known == hash));
        Ok(match found {
            None => Access::Unknown,
            Some(token) if token.scopes.contains(&wanted) || token.scopes.contains(&Scope::Admin) => {
                Access::Allowed(Arc::from(token.name.as_str()))
            }
            Some(_) => Access::Forbidden,
        })
    }

    /// The tokens there are.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn list(&self) -> Result<Vec<Token>, TokenError> {
        Ok(self.read()?.unwrap_or_default())
    }

    /// Makes a token. What is returned is the only time that it is seen.
    ///
    /// # Errors
    /// When the name is taken or empty, or the list cannot be read or written.
    pub fn add(&self, name: &str, scopes: &[Scope]) -> Result<String, TokenError> {
        let mut tokens = self.list()?;
        if name.is_empty() || name.len() > 100 || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(TokenError::BadName(format!(
                "{name:?} is no name for a token: use up to 100 letters, digits, '-', '_'"
            )));
        }
        if tokens.iter().any(|token| token.name == name) {
            return Err(TokenError::BadName(format!(
                "there is a token {name:?}: revoke that one first, or choose another name"
            )));
        }
        let secret: [u8; SECRET_BYTES] = rand::rng().random();
        let token = format!("{PREFIX}{}", blake3::Hash::from_bytes(secret).to_hex());
        tokens.push(Token {
            name: name.to_owned(),
            hash: blake3::hash(token.as_bytes()).to_hex().to_string(),
            scopes: scopes.to_vec(),
            created_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        });
        self.write(&tokens)?;
        Ok(token)
    }

    /// Takes a token back. Roles that run notice at the next request.
    ///
    /// # Errors
    /// When there is none of that name, or the list cannot be read or written.
    pub fn revoke(&self, name: &str) -> Result<(), TokenError> {
        let mut tokens = self.list()?;
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before {
            let known = tokens.iter().map(|token| token.name.as_str()).collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "there are none".to_owned() } else { format!("there are {known}") };
            return Err(TokenError::BadName(format!("there is no token {name:?}: {known}")));
        }
        self.write(&tokens)
    }

    fn read(&self) -> Result<Option<Vec<Token>>, TokenError> {
        let unreadable = |problem: String| TokenError::Unreadable { path: self.path.clone(), problem };
        match std::fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Puts a new file in the place of the old one, so that nobody reads half of it.
    fn write(&self, tokens: &[Token]) -> Result<(), TokenError> {
        let failed = |source: io::Error| TokenError::Unwritable { path: self.path.clone(), source };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        // For its owner alone, as temporary files are made.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        serde_json::to_writer_pretty(&mut file, tokens).map_err(io::Error::from).map_err(failed)?;
        file.write_all(b"\n").map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(name: &str) -> Access {
        Access::Allowed(Arc::from(name))
    }

    #[test]
    fn a_token_allows_its_scopes_until_it_is_revoked_and_is_kept_as_a_hash() {
        let folder = tempfile::tempdir().unwrap();
        let (served, changed) = (Tokens::of(folder.path()), Tokens::of(folder.path()));
        assert_eq!(served.check(None, Scope::Push).unwrap(), Access::Open);
        let desk = changed.add("desk", &[Scope::Push]).unwrap();
        let boss = changed.add("boss", &[Scope::Admin]).unwrap();
        assert_eq!(served.check(None, Scope::Push).unwrap(), Access::Unknown);
        assert_eq!(served.check(Some("faultline_00"), Scope::Push).unwrap(), Access::Unknown);
        assert_eq!(served.check(Some(&desk), Scope::Push).unwrap(), allowed("desk"));
        assert_eq!(served.check(Some(&desk), Scope::Read).unwrap(), Access::Forbidden);
        assert_eq!(served.check(Some(&boss), Scope::Read).unwrap(), allowed("boss"));
        let kept = std::fs::read_to_string(folder.path().join("tokens.json")).unwrap();
        assert!(!kept.contains(&desk) && !kept.contains(desk.trim_start_matches(PREFIX)));
        changed.revoke("desk").unwrap();
        changed.revoke("boss").unwrap();
        assert_eq!(served.check(Some(&desk), Scope::Push).unwrap(), Access::Unknown, "the last one leaves a lock");
    }

    #[cfg(unix)]
    #[test]
    fn the_list_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Tokens::of(folder.path()).add("desk", &[Scope::Push]).unwrap();
        let mode = std::fs::metadata(folder.path().join("tokens.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn names_are_checked_and_a_broken_list_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        tokens.add("desk", &[Scope::Push]).unwrap();
        for (outcome, expected) in [
            (tokens.add("desk", &[Scope::Push]).map(drop), "there is a token \"desk\""),
            (tokens.add("a b", &[Scope::Push]).map(drop), "no name for a token"),
            (tokens.revoke("night"), "there is no token \"night\": there are desk"),
        ] {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        std::fs::write(folder.path().join("tokens.json"), "[{").unwrap();
        assert!(tokens.check(None, Scope::Push).unwrap_err().to_string().contains("mend the file"));
    }
}
