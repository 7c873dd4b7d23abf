//! What surrounds the table: how tension moved, what was repeated, what was refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use faultline_platform::dead_letter::StoredLetter;
use faultline_schemas::{Enriched, Level};
use jiff::civil::Date;
use unicode_width::UnicodeWidthStr as _;

use crate::look::{BOLD, bytes, counted, level_style, title};
use crate::terminal::{Terminal, cut, wrap};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Most weeks drawn: with more, the latest.
const WEEKS: usize = 52;

/// How tension moved, week by week; nothing for less than three weeks.
pub(super) fn weeks(articles: &[Enriched], terminal: Terminal) -> Option<String> {
    let weeks = weekly_scores(articles);
    let (first, last) = (*weeks.keys().next()?, *weeks.keys().next_back()?);
    let count = usize::try_from(last - first + 1).ok()?;
    if count < 3 {
        return None;
    }
    let start = first.max(last - i64::try_from(WEEKS).ok()? + 1);
    let means: Vec<Option<f32>> = (start..=last)
        .map(|week| weeks.get(&week).map(|scores| scores.iter().sum::<f32>() / scores.len() as f32))
        .collect();
    let highest = means.iter().flatten().fold(0.01_f32, |highest, mean| highest.max(*mean));
    let bars: String = means.iter().map(|mean| bar(*mean, highest, terminal)).collect();
    let (from, to) = (monday(start)?, monday(last)?);
    let gap = means.len().saturating_sub(from.to_string().len()).max(2);
    Some(format!(
        "{}\n  {bars}\n  {from}{:gap$}{to}\n",
        terminal.paint(BOLD, "Tension week by week (mean score of the articles)"),
        ""
    ))
}

/// Scores by the number of the week since the year 0.
fn weekly_scores(articles: &[Enriched]) -> BTreeMap<i64, Vec<f32>> {
    let mut weeks: BTreeMap<i64, Vec<f32>> = BTreeMap::new();
    for article in articles {
        let published = article.article.published_at.as_deref().and_then(|at| at.get(..10));
        if let Some(date) = published.and_then(|date| date.parse::<Date>().ok()) {
            weeks.entry(week(date)).or_default().push(article.escalation.score);
        }
    }
    weeks
}

/// A Monday from which weeks are counted.
const EPOCH: Date = Date::constant(1900, 1, 1);

fn week(date: Date) -> i64 {
    (date.duration_since(EPOCH).as_hours() / 24).div_euclid(7)
}

fn monday(week: i64) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_weeks(week).ok()?).ok()
}

fn bar(mean: Option<f32>, highest: f32, terminal: Terminal) -> String {
    let Some(mean) = mean else { return "·".to_owned() };
    let step = (mean / highest * (BARS.len() - 1) as f32).round() as usize;
    terminal.paint(level_style(Level::from_score(mean)), &BARS[step.min(BARS.len() - 1)].to_string())
}

/// Near repeats and corrections. `revisions` counts those of each article by its id; `dropped` are exact repeats.
pub(super) fn repeats(
    articles: &[Enriched],
    revisions: &BTreeMap<String, usize>,
    dropped: u64,
    terminal: Terminal,
) -> Option<String> {
    let titles: BTreeMap<&str, String> = articles.iter().map(|a| (a.article.id.as_str(), title(a))).collect();
    let mut out = String::new();
    for article in articles {
        let own = cut(&title(article), 60).into_owned();
        if let Some(earlier) = &article.fingerprint.duplicate_of {
            let earlier = titles.get(earlier.as_str()).map_or(earlier.as_str(), String::as_str);
            writeln!(out, "  ≈ “{own}” nearly repeats “{}”", cut(earlier, 60)).ok();
        }
        if let Some(count) = revisions.get(&article.article.id).filter(|count| **count > 1) {
            writeln!(out, "  ✎ “{own}” was corrected: {count} revisions kept, the latest shown").ok();
        }
    }
    if dropped > 0 {
        let dropped = counted(usize::try_from(dropped).unwrap_or(usize::MAX), "exact repeat");
        writeln!(out, "  = {dropped} dropped before tagging").ok();
    }
    let heading = terminal.paint(BOLD, "Repeats and corrections");
    (!out.is_empty()).then(|| format!("{heading}\n{out}"))
}

/// What was refused, and why.
pub(super) fn dead_letters(letters: &[StoredLetter], terminal: Terminal) -> String {
    if letters.is_empty() {
        return format!("{}\n", terminal.paint(BOLD, "Nothing went to the dead letters"));
    }
    let heading = format!("{} went to the dead letters, bytes untouched", counted(letters.len(), "input"));
    let mut out = format!("{}\n", terminal.paint(BOLD, &heading));
    for stored in letters {
        let letter = &stored.letter;
        let place = match letter.origin.is_empty() {
            true => format!("{} {}:{}", letter.topic, letter.partition, letter.offset),
            false => format!("{} line {}", file_name(&letter.origin), letter.offset),
        };
        let size = bytes(letter.original_bytes);
        let line = format!("{place}, {size}, {}: {}", letter.reason, letter.error);
        for (number, part) in wrap(&line, terminal.width.saturating_sub(4)).iter().enumerate() {
            writeln!(out, "  {} {part}", if number == 0 { '✗' } else { ' ' }).ok();
        }
    }
    out
}

fn file_name(origin: &str) -> &str {
    origin.rsplit('/').next().unwrap_or(origin)
}

/// How to look further.
pub(super) fn further(kept: Option<&str>, articles: &[Enriched], terminal: Terminal) -> String {
    let heading = terminal.paint(BOLD, "Look further");
    let Some(folder) = kept else {
        return format!(
            "{heading}\n  faultline demo --keep DIR    the same, kept in a folder to search\n  \
             faultline demo FILE…         on articles of your own: JSON lines or plain text, .gz and .zst too\n  \
             faultline up                 all of it, until you stop it\n"
        );
    };
    let worst = articles.iter().max_by(|a, b| a.escalation.score.total_cmp(&b.escalation.score));
    let id = worst.map_or("ID", |article| article.article.id.as_str());
    let commands = [
        (format!("faultline --data-dir {folder} show {id}"), "every tag of the tensest, and why"),
        (format!("faultline --data-dir {folder} search 'level:high'"), "by level, actor:, country:, since:, words"),
        (format!("faultline --data-dir {folder} up"), "run on with this data"),
    ];
    let width = commands.iter().map(|(command, _)| command.width()).max().unwrap_or(0);
    let lines: String = commands.iter().map(|(command, why)| format!("  {command:width$}  {why}\n")).collect();
    format!("{heading}\n{lines}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_platform::Message;
    use faultline_schemas::{ArticleInfo, DeadLetter, Escalation, Stage};

    use super::*;

    const PLAIN: Terminal = Terminal { width: 80, colour: false };

    fn article(id: &str, date: &str, score: f32) -> Enriched {
        Enriched {
            schema: Enriched::SCHEMA.into(),
            article: ArticleInfo {
                id: id.into(),
                title: Some(format!("Title of {id}")),
                published_at: Some(format!("{date}T10:00:00Z")),
                ..ArticleInfo::default()
            },
            text: String::new(),
            sentiment: Default::default(),
            targets: vec![],
            actors: vec![],
            places: vec![],
            quotes: vec![],
            events: vec![],
            escalation: Escalation { score, level: Level::from_score(score), signals: vec![] },
            fingerprint: Default::default(),
            provenance: Default::default(),
        }
    }

    #[test]
    fn weeks_start_on_mondays_and_empty_ones_are_dots() {
        let articles = [
            article("a", "2022-07-31", 0.8),
            article("b", "2022-08-01", 0.1),
            article("c", "2022-08-07", 0.3),
            article("d", "2022-08-15", 0.0),
        ];
        let drawn = weeks(&articles, PLAIN).unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[1], "  █▃·▁", "{drawn}");
        assert_eq!(lines[2], "  2022-07-25  2022-08-15", "{drawn}");
        assert!(weeks(&articles[..3], PLAIN).is_none(), "two weeks are no chart");
        assert!(weeks(&[], PLAIN).is_none());
    }

    #[test]
    fn repeats_name_what_they_repeat_and_corrections_count_revisions() {
        let mut repeat = article("b", "2022-08-01", 0.1);
        repeat.fingerprint.duplicate_of = Some("a".into());
        let articles = [article("a", "2022-07-31", 0.8), repeat];
        let told = repeats(&articles, &BTreeMap::from([("a".into(), 2), ("b".into(), 1)]), 0, PLAIN).unwrap();
        assert!(told.contains("“Title of b” nearly repeats “Title of a”"), "{told}");
        assert!(told.contains("“Title of a” was corrected: 2 revisions"), "{told}");
        assert_eq!(told.lines().count(), 3);
        assert!(repeats(&articles[..1], &BTreeMap::new(), 0, PLAIN).is_none());
    }

    #[test]
    fn a_dead_letter_says_where_it_came_from_how_large_it_is_and_why() {
        let letter = StoredLetter {
            id: "0:0".into(),
            letter: DeadLetter {
                stage: Stage::Producer,
                reason: "not_json".into(),
                error: "expected a comma at column 7: mend the line and ingest the file again".into(),
                topic: String::new(),
                partition: -1,
                offset: 58,
                origin: "/some/folder/articles.jsonl".into(),
                attempt: 1,
                at: "2022-07-31T00:00:00Z".into(),
                original_bytes: 2_400_000,
            },
            message: Message {
                topic: "faultline.dead-letters".into(),
                partition: 0,
                offset: 0,
                timestamp_ms: None,
                key: None,
                payload: None,
                headers: vec![],
            },
        };
        let told = dead_letters(&[letter], PLAIN);
        assert!(told.starts_with("1 input went to the dead letters"), "{told}");
        assert!(told.contains("articles.jsonl line 58, 2.4 MB, not_json: expected a comma at column 7"), "{told}");
        assert!(told.lines().all(|line| line.width() <= 80), "{told}");
    }
}
