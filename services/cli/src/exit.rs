//! How a failure becomes a message and an exit code.

use std::process::ExitCode;

use faultline_enricher::knowledge::KnowledgeError;
use faultline_platform::ClientError;
use faultline_platform::config::ConfigError;
use faultline_producer::SettingsError;
use faultline_sink::StoreError;

/// Wrong usage or configuration: what is wrong and what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Prints `error` with its causes, and returns 2 where usage or configuration is to blame, otherwise 1.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    if error.chain().any(is_usage) { 2 } else { 1 }
}

fn is_usage(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<Usage>()
        || cause.is::<ConfigError>()
        || cause.is::<SettingsError>()
        || cause.is::<KnowledgeError>()
        || cause.is::<ClientError>()
        || matches!(cause.downcast_ref(), Some(StoreError::BadUrl { .. }))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn wrong_usage_is_2_however_deep_and_the_rest_is_1() {
        let usage = anyhow::Error::new(Usage("x".into()));
        assert_eq!(code(&usage), 2);
        assert_eq!(code(&usage.context("while doing y")), 2);
        assert_eq!(code(&anyhow!("disk")), 1);
    }
}
