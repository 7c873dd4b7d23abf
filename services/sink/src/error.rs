//! What can go wrong with a database, and which of it is worth another try.

/// A store that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The setting `sink.url` is not one of the forms that Faultline knows.
    #[error(
        "sink.url is wrong: {problem}; write \"sqlite\", \"sqlite:PATH\" or \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\""
    )]
    BadUrl {
        /// What is wrong with it, without repeating it: it may hold a password.
        problem: String,
    },
    /// There is nothing to read yet.
    #[error("no database at {location}: start `faultline up` or `faultline sink` first, or set sink.url")]
    Missing {
        /// Where it was looked for.
        location: String,
    },
    /// A later version of Faultline has been here.
    #[error(
        "the database at {location} was made by a later version of faultline (migration {version}): upgrade this one"
    )]
    Newer {
        /// Which database.
        location: String,
        /// The migration that this version does not know.
        version: i64,
    },
    /// The database answered with an error, or not at all.
    #[error("failed to {doing} in {location}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Which database, without its password.
        location: String,
        /// What the database or the connection said.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Whose fault that is.
        fault: Fault,
    },
    /// A stored document cannot be read back.
    #[error("the stored document of article {id} is damaged: {problem}")]
    Damaged {
        /// Article id.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// A search cursor that no search handed out.
    #[error("the cursor {0:?} did not come from an earlier page of this search")]
    BadCursor(String),
}

/// Whose fault a failed statement is, which decides what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The rows: trying again fails again.
    Rows,
    /// The database is away, locked or full: try again.
    Database,
    /// The database does not know us, or is none: somebody must see to it.
    Setup,
}

impl StoreError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database { fault, .. } => *fault,
            // What an article replaces cannot be read: that article is the one to set aside.
            Self::Damaged { .. } => Fault::Rows,
            Self::BadUrl { .. } | Self::Missing { .. } | Self::Newer { .. } | Self::BadCursor(_) => Fault::Setup,
        }
    }
}

/// Judges an error by its SQLSTATE (PostgreSQL, five characters) or result code (SQLite, a number).
pub(crate) fn fault_of(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Encode(_) => Fault::Rows,
        sqlx::Error::Database(error) => match error.code() {
            // Two sinks storing the same article at once, which the next try will see as stored.
            _ if error.is_unique_violation() => Fault::Database,
            Some(code) if code.len() == 5 => match &code[..2] {
                // Data exception, constraint violation, program limit exceeded.
                "22" | "23" | "54" => Fault::Rows,
                // Invalid authorization, no such database, and what a role may not do.
                "28" | "3D" => Fault::Setup,
                "42" if code == "42501" => Fault::Setup,
                _ => Fault::Database,
            },
            // The low byte is the primary code: TOOBIG, CONSTRAINT, MISMATCH.
            Some(code) => match code.parse::<i32>().map(|code| code & 0xff) {
                Ok(18..=20) => Fault::Rows,
                // CORRUPT, NOTADB.
                Ok(11 | 26) => Fault::Setup,
                _ => Fault::Database,
            },
            None => Fault::Database,
        },
        _ => Fault::Database,
    }
}

/// What somebody can do about a database in trouble, where that is not obvious from what it says.
pub(crate) fn advice(error: &sqlx::Error) -> Option<&'static str> {
    let sqlx::Error::Database(error) = error else { return None };
    let code = error.code()?;
    // SQLSTATEs of PostgreSQL have five characters; the low byte of a result code of SQLite is the primary code.
    let sqlite = code.parse::<i32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
    match (&*code, sqlite) {
        // disk_full; FULL.
        ("53100", _) | (_, Some(13)) => Some(
            "the disk or its quota is full: make room there, or set sink.retention_days; what is not stored waits in kafka",
        ),
        (_, Some(10)) => Some("check that its disk is sound and has room; what is not stored waits in kafka"),
        // BUSY, LOCKED; lock_not_available.
        ("55P03", _) | (_, Some(5 | 6)) => {
            Some("another program holds its lock: let that finish or end it; what is not stored waits in kafka")
        }
        _ => None,
    }
}
