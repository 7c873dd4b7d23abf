//! faultline-analysis
