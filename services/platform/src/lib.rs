//! faultline-platform
