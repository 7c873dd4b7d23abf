//! One story: every report of it, and how it moved.

use std::collections::{BTreeMap, BTreeSet};

use faultline_schemas::Level;
use faultline_sink::{Story, StoryReport};
use serde::Serialize;
use serde_json::{Value, json};

use super::{as_json, moves, reach, title};
use crate::look::{BOLD, DIM, LEVEL, level_cell, one_line, row, time};
use crate::terminal::{Terminal, cut, fit};

const HOUR_MS: i64 = 3_600_000;
/// Hours of a step, the fewest with which there are no more steps than this.
const STEPS: [i64; 6] = [1, 3, 6, 12, 24, 168];
const MOST_STEPS: i64 = 48;

/// Columns of a minute, an outlet, an id.
const MINUTE: usize = 16;
const PAPER: usize = 20;
const ID: usize = 16;

/// What was reported in a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Step {
    /// Its beginning, RFC 3339.
    from: String,
    reports: usize,
    reports_per_hour: f64,
    /// Outlets with a report.
    sources: usize,
    /// The highest level.
    level: Level,
    /// Mean escalation of the reports, 0 to 1.
    score: f64,
    /// Their mean tone, -1 to 1.
    tone: f64,
}

/// Hours of a step, and the steps that have reports.
fn steps(story: &Story) -> (i64, Vec<Step>) {
    let times = || story.reports.iter().map(|report| report.at);
    let span = times().max().unwrap_or(0).saturating_sub(times().min().unwrap_or(0));
    let fits = |hours: &i64| span / (hours * HOUR_MS) < MOST_STEPS;
    let hours = STEPS.into_iter().find(fits).unwrap_or(STEPS[STEPS.len() - 1]);
    let mut by_start: BTreeMap<i64, Vec<&StoryReport>> = BTreeMap::new();
    for report in &story.reports {
        by_start.entry(report.at.div_euclid(hours * HOUR_MS)).or_default().push(report);
    }
    let steps = by_start.into_iter().map(|(number, reports)| {
        #[expect(clippy::cast_precision_loss, reason = "reports of one story")]
        let (count, long) = (reports.len() as f64, hours as f64);
        let mean = |value: fn(&StoryReport) -> f64| reports.iter().map(|report| value(report)).sum::<f64>() / count;
        Step {
            from: time(number * hours * HOUR_MS),
            reports: reports.len(),
            reports_per_hour: count / long,
            sources: reports.iter().map(|report| &report.source).collect::<BTreeSet<_>>().len(),
            level: reports.iter().map(|report| report.level).max().unwrap_or_default(),
            score: mean(|report| report.score),
            tone: mean(|report| report.tone),
        }
    });
    (hours, steps.collect())
}

/// The story, and how it moved.
pub(super) fn json(story: &Story) -> Value {
    let (hours, steps) = steps(story);
    json!({"story": as_json(story), "moves": {"hours": hours, "steps": steps}})
}

pub(super) fn render(story: &Story, terminal: Terminal) -> String {
    let mut out = format!("{}\n", terminal.paint(BOLD, &cut(&title(&story.first), terminal.width)));
    out.push_str(&format!("{}  {}\n\n", reach(story), moves(story)));
    let (hours, steps) = steps(story);
    let stretch = if hours == 1 { "HOUR".to_owned() } else { format!("{hours} HOURS FROM") };
    let heading =
        [fit(&stretch, MINUTE), "REPORTS  AN HOUR  PAPERS  TENSION   TONE  ".to_owned(), "HIGHEST".to_owned()];
    out.push_str(&heading_line(&heading, terminal));
    for step in &steps {
        let Step { reports, reports_per_hour, sources, score, tone, .. } = step;
        let figures = format!("{reports:>7}  {reports_per_hour:>7.2}  {sources:>6}  {score:>7.2}  {tone:>+5.2}  ");
        out.push_str(&row(&[minute(&step.from), figures, level_cell(step.level, terminal)]));
    }
    let heading =
        [fit("REPORT", MINUTE), fit("LEVEL", LEVEL), "TENSION   TONE".into(), fit("PAPER", PAPER), fit("ID", ID)];
    let heading = [heading.join("  "), "TITLE".to_owned()];
    out.push('\n');
    out.push_str(&heading_line(&heading, terminal));
    for report in &story.reports {
        out.push_str(&told(report, terminal));
    }
    out
}

fn heading_line(cells: &[String], terminal: Terminal) -> String {
    format!("{}\n", terminal.paint(DIM, row(cells).trim_end()))
}

fn told(report: &StoryReport, terminal: Terminal) -> String {
    let StoryReport { score, tone, .. } = report;
    let before = MINUTE + LEVEL + PAPER + ID.max(report.id.chars().count()) + "TENSION   TONE".len() + 5 * 2;
    let headline = report.title.as_deref().map(one_line).unwrap_or_default();
    row(&[
        minute(&time(report.at)),
        level_cell(report.level, terminal),
        format!("{score:>7.2}  {tone:>+5.2}"),
        fit(&cut(&one_line(report.source.as_deref().unwrap_or("-")), PAPER), PAPER),
        fit(&report.id, ID.max(report.id.chars().count())),
        cut(&headline, terminal.width.saturating_sub(before).max(PAPER)).into_owned(),
    ])
}

/// `2022-08-01 18:00`.
fn minute(written: &str) -> String {
    fit(&written.replace('T', " ").chars().take(MINUTE).collect::<String>(), MINUTE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with_third() -> Story {
        let mut story = super::super::tests::story();
        let third = StoryReport {
            id: "a3".into(),
            source: None,
            at: story.reports[1].at + 60_000,
            score: 0.7,
            tone: -0.62,
            ..story.reports[1].clone()
        };
        story.reports.push(third);
        story.articles = 3;
        story
    }

    #[test]
    fn a_story_shows_its_hours_and_every_report() {
        let shown = render(&with_third(), Terminal { width: 120, colour: false });
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "Shots fired in the north",
                "3 articles in 1 paper  ▁▆▆ tone -0.10 → -0.62",
                "",
                "HOUR              REPORTS  AN HOUR  PAPERS  TENSION   TONE    HIGHEST",
                "2022-07-31 18:00        1     1.00       1     0.50  -0.10    ▁ calm",
                "2022-08-01 18:00        2     2.00       2     0.60  -0.52    ▆ high",
                "",
                "REPORT            LEVEL       TENSION   TONE  PAPER                 ID                TITLE",
                "2022-07-31 18:00  ▁ calm         0.50  -0.10  example.org           a1                Shots fired",
                "2022-08-01 18:00  ▆ high         0.50  -0.42  example.org           a2                Shots fired",
                "2022-08-01 18:01  ▆ high         0.70  -0.62  -                     a3                Shots fired",
            ]
        );
    }

    #[test]
    fn a_long_story_moves_in_longer_steps_and_says_how_long_they_are() {
        let mut story = with_third();
        story.reports[2].at += 10 * 24 * HOUR_MS;
        let told = json(&story);
        assert_eq!(told["moves"]["hours"], 6);
        let steps = told["moves"]["steps"].as_array().unwrap();
        assert_eq!(steps.iter().map(|step| step["reports"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(
            (steps[0]["from"].as_str(), steps[0]["reports_per_hour"].as_f64()),
            (Some("2022-07-31T18:00:00Z"), Some(1.0 / 6.0))
        );
        assert_eq!(told["story"]["reports"][2]["id"], "a3");
        assert!(render(&story, Terminal { width: 80, colour: false }).contains("\n6 HOURS FROM"));
    }
}
