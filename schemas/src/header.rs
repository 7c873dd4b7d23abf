//! Names of message headers, and the check of the `schema` header.

/// Name and major version of the value's schema: `faultline.article/1`.
pub const SCHEMA: &str = "schema";
/// Media type of the value.
pub const CONTENT_TYPE: &str = "content-type";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// When the article behind the message was taken in, RFC 3339: latency is counted from here without parsing the
/// value.
pub const FETCHED_AT: &str = "faultline-fetched-at";
/// How often the message has been processed; set when a dead letter is replayed.
pub const ATTEMPT: &str = "faultline-attempt";
/// What all values are.
pub const JSON: &str = "application/json";

/// A `schema` header that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaMismatch {
    /// What the header says.
    pub found: String,
    /// What this version reads.
    pub expected: &'static str,
}

impl std::fmt::Display for SchemaMismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "message has schema {:?} but this version reads {:?}: upgrade this service, then replay the dead letter",
            self.found, self.expected
        )
    }
}

impl std::error::Error for SchemaMismatch {}

/// Checks a `schema` header against `expected` (`name/major`). A missing header passes, since other tools may write
/// plain JSON; a minor version (`name/1.4`) passes too.
///
/// # Errors
/// [`SchemaMismatch`] when the name or the major version differs.
pub fn check_schema(found: Option<&str>, expected: &'static str) -> Result<(), SchemaMismatch> {
    let Some(found) = found else { return Ok(()) };
    let matches = found == expected || found.strip_prefix(expected).is_some_and(|rest| rest.starts_with('.'));
    if matches { Ok(()) } else { Err(SchemaMismatch { found: found.to_owned(), expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_major_version_or_name_is_refused() {
        let expected = "faultline.article/1";
        for ok in [None, Some("faultline.article/1"), Some("faultline.article/1.7")] {
            assert_eq!(check_schema(ok, expected), Ok(()), "{ok:?}");
        }
        for bad in ["faultline.article/2", "faultline.article/10", "faultline.event/1", "", "1"] {
            assert!(check_schema(Some(bad), expected).is_err(), "{bad:?}");
        }
    }
}
