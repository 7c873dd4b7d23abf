//! faultline-enricher
