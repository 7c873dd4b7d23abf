//! Kafka as tests and the bench address it.

use faultline_platform::{
    settings::Common,
    topics::{self, TopicError},
};

/// Settings of a client of these brokers, all else as by default.
#[must_use]
pub fn common(brokers: &str) -> Common {
    let mut common = Common::default();
    brokers.clone_into(&mut common.kafka.brokers);
    common
}

/// Whether a broker answers now.
#[must_use]
pub fn answer(common: &Common) -> bool {
    !matches!(topics::check(common), Err(TopicError::Unreachable { .. }))
}
