//! What may stand in the way of an answer.

use kafka_protocol::ResponseError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The client asked for what is not there or makes no sense, and is told this.
    #[error("{0}")]
    Refused(#[from] ResponseError),
    /// The database failed.
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    /// The database failed before, and nothing is written any more.
    #[error("the broker no longer writes")]
    Stopped,
    /// A batch in the log is not what was written to it.
    #[error("a batch in the log cannot be read: {0}")]
    Unreadable(anyhow::Error),
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
