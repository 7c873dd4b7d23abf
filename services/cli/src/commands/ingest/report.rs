//! What came of it, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use faultline_producer::IngestReport;
use serde_json::{Value, json};

use super::wait::Stored;
use crate::look::{counted, grouped, spaced};

fn count(number: u64, what: &str) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX), what)
}

pub(in crate::commands) fn render(report: &IngestReport, stored: Option<&Stored>) -> String {
    let progress = &report.progress;
    let mut out = format!(
        "{} read, {} taken in, in {:.1} s ({:.0}/s)\n",
        count(progress.read, "input"),
        count(progress.acknowledged, "article"),
        progress.elapsed.as_secs_f64(),
        progress.articles_per_second()
    );
    if progress.repeats > 0 {
        writeln!(out, "{} left out", count(progress.repeats, "exact repeat")).ok();
    }
    for (reason, number) in &report.warnings {
        writeln!(out, "{} taken without a part of it: {}", count(*number, "article"), spaced(reason)).ok();
    }
    if progress.passed > 0 {
        let reasons = counted_by_reason(&report.passed_over);
        writeln!(out, "{} passed over, being no articles: {reasons}", count(progress.passed, "record")).ok();
    }
    if progress.refused > 0 {
        write_refusals(&mut out, report);
    }
    if let Some(stored) = stored {
        let done = report.taken.len().saturating_sub(stored.missing.len() + stored.rejected);
        writeln!(out, "{} stored after {:.1} s more", counted(done, "article"), stored.took.as_secs_f64()).ok();
    }
    out
}

fn write_refusals(out: &mut String, report: &IngestReport) {
    let refused = count(report.progress.refused, "input");
    let reasons = counted_by_reason(&report.refused);
    writeln!(out, "{refused} refused, now in the dead letters: {reasons}").ok();
    for explained in &report.explained {
        writeln!(out, "  {}: {}", explained.origin, explained.error).ok();
    }
    let more = report.progress.refused.saturating_sub(report.explained.len() as u64);
    if more > 0 {
        writeln!(out, "  and {} more: faultline dead-letters list", grouped(more)).ok();
    }
}

fn counted_by_reason(counts: &BTreeMap<&'static str, u64>) -> String {
    counts.iter().map(|(reason, number)| format!("{} {reason}", grouped(*number))).collect::<Vec<_>>().join(", ")
}

pub(in crate::commands) fn as_json(report: &IngestReport, stored: Option<&Stored>) -> Value {
    let progress = &report.progress;
    let explained: Vec<Value> = report
        .explained
        .iter()
        .map(|explained| json!({"origin": explained.origin, "reason": explained.reason, "error": explained.error}))
        .collect();
    let mut value = json!({
        "read": progress.read,
        "acknowledged": progress.acknowledged,
        "repeats": progress.repeats,
        "refused": progress.refused,
        "passed_over": progress.passed,
        "passed_over_by_reason": by_reason(&report.passed_over),
        "refused_by_reason": by_reason(&report.refused),
        "warnings_by_reason": by_reason(&report.warnings),
        "explained": explained,
        "failures": report.failures,
        "interrupted": report.interrupted,
        "bytes_read": progress.bytes_read,
        "seconds": progress.elapsed.as_secs_f64(),
    });
    if let Some(stored) = stored {
        value["stored"] = json!({
            "articles": report.taken.len().saturating_sub(stored.missing.len() + stored.rejected),
            "rejected": stored.rejected,
            "missing": stored.missing.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            "seconds": stored.took.as_secs_f64(),
        });
    }
    value
}

fn by_reason(counts: &BTreeMap<&'static str, u64>) -> Value {
    counts.iter().map(|(reason, number)| ((*reason).to_owned(), Value::from(*number))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use faultline_producer::{Explained, Progress};

    use super::*;

    fn report() -> IngestReport {
        IngestReport {
            progress: Progress {
                read: 30,
                acknowledged: 3,
                repeats: 1,
                refused: 26,
                passed: 2,
                elapsed: Duration::from_millis(1_500),
                ..Progress::default()
            },
            refused: [("not_json", 25), ("html", 1)].into(),
            passed_over: [("no_article", 2)].into(),
            warnings: [("date_broken", 2)].into(),
            explained: vec![Explained {
                origin: "a.jsonl".into(),
                reason: "html",
                error: "line 4: the text is HTML".into(),
            }],
            taken: ["a", "b", "c"].map(|id| (id.to_owned(), "r".to_owned())).into(),
            ..IngestReport::default()
        }
    }

    fn stored() -> Stored {
        Stored {
            missing: vec![("c".into(), "r".into())],
            rejected: 1,
            took: Duration::from_secs(2),
            interrupted: false,
        }
    }

    #[test]
    fn a_report_accounts_for_every_input() {
        assert_eq!(
            render(&report(), Some(&stored())).lines().collect::<Vec<_>>(),
            [
                "30 inputs read, 3 articles taken in, in 1.5 s (2/s)",
                "1 exact repeat left out",
                "2 articles taken without a part of it: date broken",
                "2 records passed over, being no articles: 2 no_article",
                "26 inputs refused, now in the dead letters: 1 html, 25 not_json",
                "  a.jsonl: line 4: the text is HTML",
                "  and 25 more: faultline dead-letters list",
                "1 article stored after 2.0 s more",
            ]
        );
    }

    #[test]
    fn json_has_the_same_counts_and_what_is_missing() {
        let value = as_json(&report(), Some(&stored()));
        assert_eq!((&value["acknowledged"], &value["refused_by_reason"]["not_json"]), (&json!(3), &json!(25)));
        assert_eq!((&value["stored"]["articles"], &value["stored"]["missing"]), (&json!(1), &json!(["c"])));
        assert_eq!(as_json(&report(), None).get("stored"), None);
    }
}
