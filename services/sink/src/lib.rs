//! faultline-sink
