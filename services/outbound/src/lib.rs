//! What every connection to somebody else's server keeps to: feeds that are fetched, and receivers of alerts.
//!
//! In: what the operator allows. Out: a [`Guard`] that decides which addresses may be connected to, and is the resolver of
//! an HTTP client; [`tls`] with the certificates to trust; [`retry_after`], when a server wants to be asked again.
//!
//! **Invariants.** Only `http` and `https`. Unless it is allowed, no connection goes to an address that is not on the public
//! internet: the address that is checked is the one connected to, so a name that changes its mind does not lead inside. Whoever
//! follows redirects checks each step.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod guard;
mod headers;
mod tls;

use std::error::Error;

pub use guard::{Guard, GuardError, is_public};
pub use headers::{header_text, retry_after};
pub use tls::{TlsError, tls};

/// What it all comes down to: the outer errors of a client only say that sending failed.
#[must_use]
pub fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

/// The guard's own refusal, where that is why the client failed.
#[must_use]
pub fn refused<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e GuardError> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(ours) = current.downcast_ref() {
            return Some(ours);
        }
        cause = current.source();
    }
    None
}
