//! faultline-producer
