//! Why an address was not fetched.

use faultline_outbound::GuardError;
use jiff::Timestamp;

/// Why an address was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebError {
    #[error(transparent)]
    Refused(#[from] GuardError),
    #[error("failed to reach {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("no whole answer from {host} within {seconds} s")]
    Timeout { host: String, seconds: u64 },
    #[error(
        "{host} sends more than {limit} bytes: raise producer.web.max_feed_bytes or max_page_bytes if that is right"
    )]
    TooLarge { host: String, limit: usize },
    #[error("{url} redirects more than {limit} times")]
    TooManyRedirects { url: String, limit: u32 },
    #[error("{url} redirects in a circle")]
    Circle { url: String },
    #[error("{url} redirects to {to:?}: {why}")]
    BadRedirect { url: String, to: String, why: String },
    #[error("the answer of {host} broke off or is damaged: {why}")]
    BadBody { host: String, why: String },
    #[error("{host} has asked for no more requests until {until}")]
    AskedToWait { host: String, until: Timestamp },
}

impl WebError {
    /// Stable name, for counting.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Refused(GuardError::BadAddress { .. }) => "bad_address",
            Self::Refused(GuardError::Private { .. }) => "private_address",
            Self::Refused(GuardError::NoAddress { .. }) | Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyRedirects { .. } | Self::Circle { .. } | Self::BadRedirect { .. } => "bad_redirect",
            Self::BadBody { .. } => "bad_body",
            Self::AskedToWait { .. } => "asked_to_wait",
        }
    }
}
