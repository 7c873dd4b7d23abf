//! faultline-tests
