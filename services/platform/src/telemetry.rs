//! Logs on standard error, and W3C trace context.

use std::{fmt, io::IsTerminal as _, str::FromStr as _};

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

use crate::settings::{LogFormat, LogSettings};

/// Starts logging to standard error: human on a terminal, JSON lines otherwise. Call it once, at the start.
///
/// # Errors
/// When the filter cannot be read, or logging was started before.
pub fn init(log: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::from_str(&log.filter).with_context(|| {
        format!("failed to read log.filter {:?}: expected a level, or module=level pairs with commas", log.filter)
    })?;
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()));
    let json = match log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let started = if json { builder.json().flatten_event(true).try_init() } else { builder.compact().try_init() };
    started.map_err(|error| anyhow::anyhow!("failed to start logging: {error}"))
}

/// Where a message stands in a trace: the `traceparent` header of W3C Trace Context, version 00
/// (<https://www.w3.org/TR/trace-context/>). Displays as that header's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// The trace is recorded by somebody.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// Starts a trace.
    #[must_use]
    pub fn new_root() -> Self {
        Self { trace_id: rand::random_range(1..=u128::MAX), span_id: new_span_id(), flags: SAMPLED }
    }

    /// Reads a header's value; none where it is not a valid one.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (version, rest) = header.trim().split_once('-')?;
        let (trace_id, rest) = rest.split_once('-')?;
        let (span_id, rest) = rest.split_once('-')?;
        let version = u8::try_from(hex(version, 2)?).ok()?;
        // Later versions may add fields after the flags; version 00 has none, and 255 is forbidden.
        let flags = match version {
            255 => return None,
            0 => rest,
            _ => rest.split_once('-').map_or(rest, |(flags, _)| flags),
        };
        let context = Self {
            trace_id: hex(trace_id, 32)?,
            span_id: u64::try_from(hex(span_id, 16)?).ok()?,
            flags: u8::try_from(hex(flags, 2)?).ok()?,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }

    /// The next step in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: new_span_id(), ..*self }
    }

    /// The id that all steps of a trace share, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

fn new_span_id() -> u64 {
    rand::random_range(1..=u64::MAX)
}

/// Exactly `digits` lower-case hexadecimal digits, as the standard demands.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let valid = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    valid.then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error_naming_setting_and_value() {
        let log = LogSettings { filter: "faultline_sink=loud".to_owned(), ..LogSettings::default() };
        let error = init(&log).unwrap_err().to_string();
        assert!(error.contains("log.filter") && error.contains("faultline_sink=loud"), "{error}");
    }

    #[test]
    fn a_child_keeps_the_trace_and_has_a_span_of_its_own() {
        let root = TraceContext::new_root();
        let child = root.child();
        assert_eq!(root.trace_id(), child.trace_id());
        assert_ne!(root.to_string(), child.to_string());
        assert_ne!(root.trace_id(), TraceContext::new_root().trace_id());
    }

    #[test]
    fn headers_that_the_standard_forbids_are_not_read() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceContext::parse(good).unwrap().to_string(), good);
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert_eq!(TraceContext::parse(later).unwrap().to_string(), good);
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_context_is_read_back_as_it_was_written(trace_id in 1..=u128::MAX, span_id in 1..=u64::MAX, flags: u8) {
            let context = TraceContext { trace_id, span_id, flags };
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            if let Some(context) = TraceContext::parse(&text) {
                prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
            }
        }
    }
}
