//! How far it is: a bar on a terminal, a line now and then otherwise. On standard error.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use faultline_producer::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::look::{bytes, grouped};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

pub(in crate::commands) enum Meter {
    Bar(ProgressBar),
    /// Holds when the latest line was written.
    Lines(Mutex<Instant>),
}

impl Meter {
    pub(in crate::commands) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines(Mutex::new(Instant::now()));
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {wide_msg}"));
        Self::Bar(bar)
    }

    /// How far reading and publishing are.
    pub(in crate::commands) fn show(&self, progress: &Progress) {
        self.tell(progress.bytes_settled(), progress.bytes_total, || told(progress));
    }

    /// How much of what was taken in is stored.
    pub(in crate::commands) fn show_stored(&self, stored: usize, taken: usize) {
        let (stored, taken) = (stored as u64, taken as u64);
        self.tell(stored, Some(taken), || format!("{} of {} articles stored", grouped(stored), grouped(taken)));
    }

    fn tell(&self, done: u64, total: Option<u64>, told: impl Fn() -> String) {
        match self {
            Self::Bar(bar) => {
                if let (Some(total), None) = (total, bar.length()) {
                    bar.set_length(total);
                    bar.set_style(style("{bar:30} {percent:>3}%  {wide_msg}"));
                }
                bar.set_position(done);
                bar.set_message(told());
            }
            Self::Lines(latest) => {
                let mut latest = latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if latest.elapsed() >= LINE_EVERY {
                    *latest = Instant::now();
                    eprintln!("{}", told());
                }
            }
        }
    }

    /// Takes the bar away: the report says the rest.
    pub(in crate::commands) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// `1,234 articles, 520/s, 12.5 MB of 39.2 MB, 3 refused, 40 s left`.
fn told(progress: &Progress) -> String {
    let mut parts = vec![
        format!("{} articles", grouped(progress.acknowledged)),
        format!("{:.0}/s", progress.articles_per_second()),
        match progress.bytes_total {
            Some(total) => format!("{} of {}", bytes(progress.bytes_settled()), bytes(total)),
            None => bytes(progress.bytes_settled()),
        },
    ];
    if progress.refused > 0 {
        parts.push(format!("{} refused", grouped(progress.refused)));
    }
    if let Some(before) = progress.waits_for {
        parts.push(format!("waits for the enricher and the sink, {} before them", grouped(before)));
    }
    if let Some(left) = progress.time_left().filter(|left| !left.is_zero()) {
        parts.push(format!("{} left", duration(left)));
    }
    parts.join(", ")
}

/// `40 s`, `3 min`, `2 h 5 min`.
fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..120 => format!("{} s", seconds.max(1)),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_articles_rate_bytes_refusals_and_time_left() {
        let mut progress = Progress {
            bytes_read: 10_000_000,
            bytes_total: Some(40_000_000),
            read: 2_010,
            acknowledged: 2_000,
            repeats: 7,
            refused: 3,
            passed: 0,
            waits_for: None,
            elapsed: Duration::from_secs(4),
        };
        assert_eq!(told(&progress), "2,000 articles, 500/s, 10.0 MB of 40.0 MB, 3 refused, 12 s left");
        progress.read = 4_020;
        let ahead = "2,000 articles, 500/s, 5.0 MB of 40.0 MB, 3 refused, 28 s left";
        assert_eq!(told(&progress), ahead, "what was read ahead is still on its way");
        progress.waits_for = Some(500);
        let waiting = "2,000 articles, 500/s, 5.0 MB of 40.0 MB, 3 refused, waits for the enricher and the sink, 500 before \
                       them, 28 s left";
        assert_eq!(told(&progress), waiting);
        progress.waits_for = None;
        progress.read = 2_007;
        progress.bytes_total = None;
        progress.refused = 0;
        assert_eq!(told(&progress), "2,000 articles, 500/s, 10.0 MB");
    }

    #[test]
    fn durations_are_short() {
        let told = [0, 119, 120, 7_199, 7_500].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(told, ["1 s", "119 s", "2 min", "119 min", "2 h 5 min"]);
    }
}
