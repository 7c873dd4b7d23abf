//! `faultline show`: one article with its tags, and why it has them.

mod changes;
mod marked;
pub(super) mod reasons;
mod related;

use anyhow::bail;
use clap::Args;
use faultline_schemas::Enriched;
use faultline_sink::{Brief, Related, Store, StoredRevision};
use serde_json::json;

use self::marked::{Mark, Marked};
use super::{output, stories};
use crate::look::{BOLD, DIM, level_style, one_line, time, title, tone_style};
use crate::settings::Settings;
use crate::terminal::{Terminal, wrap};

const EXAMPLES: &str = "\
Examples:
  faultline show 9f3c61d2a4b07e58             an id as faultline search shows it
  faultline show 9f3c61d2a4b07e58 | less
  faultline show 9f3c61d2a4b07e58 --changes   what its publisher changed in it
  faultline show 9f3c61d2a4b07e58 --json | jq .article.events

On a terminal tags are in colour. Otherwise [actors and places], {↑what escalates} and {↓what calms} are marked.";

/// What `faultline show` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArguments {
    /// Id of the article
    #[arg(value_name = "ID")]
    id: String,
    /// Show what each revision changed: title, words, level, tone and signals
    #[arg(long)]
    changes: bool,
    /// Print JSON: the tagged article, its revisions, what it repeats, and its story; with --changes what each revision changed
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &ShowArguments, settings: &Settings) -> anyhow::Result<()> {
    let store = Store::open_existing(&settings.sink, &settings.common.data_dir).await?;
    let revisions = store.revisions(&arguments.id).await?;
    let related = store.related(&arguments.id).await?;
    let story = store.story_of(&arguments.id).await?;
    store.close().await;
    let Some(current) = revisions.iter().find(|revision| revision.current) else {
        bail!("there is no article {:?} in {}: faultline search shows ids", arguments.id, store.location());
    };
    if arguments.changes {
        return match arguments.json {
            true => output::json(&json!({"changes": changes::json(&revisions)})),
            false => output::text(&changes::render(&revisions, Terminal::stdout())),
        };
    }
    if arguments.json {
        let revisions: Vec<_> = revisions
            .iter()
            .map(|revision| {
                json!({
                    "revision": revision.revision,
                    "current": revision.current,
                    "fetched_at": time(revision.fetched_at),
                    "stored_at": time(revision.stored_at),
                })
            })
            .collect();
        let (first, repeats) = (related.duplicate_of.as_ref().map(brief), related.repeats.iter().map(brief));
        return output::json(&json!({
            "article": current.document,
            "revisions": revisions,
            "duplicate_of": first,
            "repeats": repeats.collect::<Vec<_>>(),
            "story": story.as_ref().map(stories::as_json),
        }));
    }
    let terminal = Terminal::stdout();
    let story = story.map_or_else(String::new, |story| related::story(&story, terminal));
    output::text(&(render(&current.document, &revisions, &related, terminal) + &story))
}

fn brief(brief: &Brief) -> serde_json::Value {
    let mut value = json!(brief);
    value["at"] = time(brief.at).into();
    value
}

fn render(article: &Enriched, revisions: &[StoredRevision], related: &Related, terminal: Terminal) -> String {
    let mut out = format!("{}\n{}", tagged(article, terminal), reasons::revisions(revisions, terminal));
    let related = related::section(related, terminal);
    if !related.is_empty() {
        out.push('\n');
        out.push_str(&related);
    }
    out
}

/// The article with every tag marked where it was read from, and why it has them.
pub(super) fn tagged(article: &Enriched, terminal: Terminal) -> String {
    let mut out = head(article, terminal);
    out.push('\n');
    out.push_str(&body(article, terminal));
    for section in [
        reasons::escalation(article, terminal),
        reasons::events(article, terminal),
        reasons::actors(article, terminal),
        reasons::quotes(article, terminal),
        reasons::places(article, terminal),
    ] {
        if !section.is_empty() {
            out.push('\n');
            out.push_str(&section);
        }
    }
    out
}

/// Title, where and when, level and tone.
fn head(article: &Enriched, terminal: Terminal) -> String {
    let mut out = String::new();
    for line in wrap(&title(article), terminal.width) {
        out.push_str(&format!("{}\n", terminal.paint(BOLD, &line)));
    }
    let info = &article.article;
    let facts = [
        info.published_at.clone().or_else(|| info.fetched_at.as_ref().map(|at| format!("taken in {at}"))),
        info.source.clone(),
        (!info.authors.is_empty()).then(|| info.authors.join(", ")),
        info.language.clone(),
        Some(format!("{} words", info.words)),
        info.partial.map(|partial| partial.as_note().to_owned()),
        Some(format!("id {}", info.id)),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    for line in wrap(&facts, terminal.width).into_iter().chain(info.url.as_deref().map(one_line)) {
        out.push_str(&format!("{}\n", terminal.paint(DIM, &line)));
    }
    let level = &article.escalation;
    out.push_str(&format!(
        "{}  tone {}\n",
        terminal.paint(level_style(level.level), &format!("{} {:.2}", level.level.as_str(), level.score)),
        terminal.paint(
            tone_style(article.sentiment),
            &format!("{:+.2} {}", article.sentiment.score, reasons::polarity(article.sentiment.label))
        )
    ));
    out
}

/// The text with every tag marked where it was read from.
fn body(article: &Enriched, terminal: Terminal) -> String {
    let mut marked = Marked::new(&article.text);
    for quote in &article.quotes {
        marked.quote(quote.content);
    }
    for place in &article.places {
        for mention in &place.mentions {
            marked.mark(mention.start, mention.end, Mark::Place);
        }
    }
    for actor in &article.actors {
        for mention in actor.mentions.iter().filter(|mention| !mention.coreference) {
            marked.mark(mention.start, mention.end, Mark::Actor);
        }
    }
    for signal in article.escalation.signals.iter().filter(|signal| !signal.in_title) {
        marked.mark(signal.span.start, signal.span.end, Mark::Signal(signal.direction));
    }
    marked.render(terminal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use faultline_analysis::Analyzer;
    use faultline_schemas::{Article, Partial};
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn article() -> Enriched {
        let text = "Kosovo's prime minister Albin Kurti accused Serbia on Monday. \"We will defend ourselves,\" Kurti said.\n\n\
                    Serbia put its army on high alert and threatened to send troops across the border into Kosovo. \
                    Both sides later agreed to hold talks in Brussels.";
        Analyzer::bundled().enrich(&Article {
            id: "a1".into(),
            title: Some("Army on alert".into()),
            text: text.into(),
            published_at: Some("2022-12-26T20:00:00Z".into()),
            source: Some("example.org".into()),
            partial: Some(Partial::Paywall),
            ..Article::default()
        })
    }

    fn revisions(article: &Enriched) -> Vec<StoredRevision> {
        let revision = |revision: &str, current| StoredRevision {
            revision: revision.into(),
            current,
            fetched_at: 1_672_084_800_000,
            stored_at: 1_672_084_801_000,
            document: article.clone(),
        };
        vec![revision("r1", false), revision("r2", true)]
    }

    fn related() -> Related {
        let brief = |id: &str| Brief {
            id: id.into(),
            source: Some("other.example".into()),
            title: Some("Army on alert, and a title that goes on for longer than any terminal is wide".repeat(2)),
            at: 1_672_084_800_000,
        };
        Related { duplicate_of: Some(brief("b1")), repeats: vec![brief("b2")] }
    }

    #[test]
    fn an_article_is_shown_with_its_tags_marked_and_why_it_has_them() {
        let article = article();
        let shown = render(&article, &revisions(&article), &related(), Terminal { width: 100, colour: false });
        for expected in
            ["Army on alert", "2022-12-26T20:00:00Z · example.org", "for subscribers", "[Serbia]", "{↑", "{↓"]
        {
            assert!(shown.contains(expected), "no {expected:?} in\n{shown}");
        }
        for heading in ["Why ", "Actors", "Revisions", "Repeats"] {
            assert!(shown.lines().any(|line| line.starts_with(heading)), "no {heading:?} in\n{shown}");
        }
        for signal in &article.escalation.signals {
            assert!(
                shown.contains(&signal.category.replace('_', " ")),
                "{} is not explained:\n{shown}",
                signal.category
            );
        }
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let article = article();
        for width in [60, 80, 160] {
            let shown = render(&article, &revisions(&article), &related(), Terminal { width, colour: false });
            let wide: Vec<&str> = shown.lines().filter(|line| line.width() > width).collect();
            assert!(wide.is_empty(), "{width}: {wide:#?}");
        }
    }

    #[test]
    fn colours_are_on_a_terminal_only_and_change_no_word() {
        let article = article();
        let shown = body(&article, Terminal { width: 100, colour: true });
        assert!(shown.contains('\u{1b}') && !shown.contains("{↑"));
        let mut plain = String::new();
        let mut rest = shown.as_str();
        while let Some(start) = rest.find('\u{1b}') {
            plain.push_str(&rest[..start]);
            rest = &rest[start + rest[start..].find('m').unwrap() + 1..];
        }
        plain.push_str(rest);
        assert_eq!(one_line(&plain), one_line(&article.text));
    }
}
