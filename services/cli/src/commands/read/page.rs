//! The web page: one file that asks for nothing else, runs no script, and suits light and dark.

use faultline_schemas::Enriched;

use super::panels;
use super::spans::{of_text, of_title, render};
use crate::commands::show::reasons;
use crate::look::escape;

/// What comes before the articles.
pub(super) const HEAD: &str = concat!(
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    "<title>Faultline reading</title>\n<style>\n",
    include_str!("page.css"),
    "</style></head><body>\n"
);

/// What comes after them.
pub(super) const FOOT: &str = "</body></html>\n";

/// Actors of one article whose mentions light up together.
const LIT_ACTORS: usize = 60;

/// One article: the text with its tags, and the panels beside it. `number` counts the articles of the page.
pub(super) fn article(article: &Enriched, number: usize) -> String {
    let given = article.article.title.as_deref().filter(|title| !title.trim().is_empty());
    // As it came, since the tags have places in it.
    let title = given.map_or_else(|| crate::look::title(article), str::to_owned);
    let info = &article.article;
    let facts: Vec<String> = [
        info.published_at.clone(),
        info.source.clone(),
        (!info.authors.is_empty()).then(|| info.authors.join(", ")),
        info.language.clone(),
        Some(format!("{} words", info.words)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let level = article.escalation.level.as_str();
    let score = article.escalation.score;
    format!(
        "<style>{lit}</style>\n<article id=\"article-{number}\" class=\"article-{number}\"><header><h1>{title}</h1>\n\
         <p class=\"facts\">{facts}</p>\n\
         <p class=\"score\"><strong class=\"level {level}\">{level} {score:.2}</strong>\
         <span class=\"bar\"><i class=\"{level}\" style=\"width:{width:.0}%\"></i></span>\
         <span class=\"tone {label}\">tone {tone:+.2} {label}</span></p>\n{LEGEND}</header>\n\
         <main class=\"text\">{text}</main>\n<aside>{panels}</aside></article>\n",
        lit = lit(article, number),
        title = render(&title, &of_title(article), number + 1_000_000),
        facts = escape(&facts.join(" · ")),
        width = score * 100.0,
        label = reasons::polarity(article.sentiment.label),
        tone = article.sentiment.score,
        text = render(&article.text, &of_text(article), number),
        panels = panels::all(article, number),
    )
}

const LEGEND: &str = "<p class=\"legend\"><span class=\"actor\">actor</span> <span class=\"place\">place</span> \
    <span class=\"quote\">quotation</span> <span class=\"event\">event</span> <span class=\"up\">raises tension</span> \
    <span class=\"down\">lowers tension</span> <small>hover or tab to a tag: it says why</small></p>\n";

/// Rules that light up every mention of the actor under the pointer.
fn lit(article: &Enriched, number: usize) -> String {
    let rule = |actor: usize| {
        format!(".article-{number}:has(.a{actor}:hover) .a{actor}{{background:var(--lit);color:var(--lit-ink)}}")
    };
    (0..article.actors.len().min(LIT_ACTORS)).map(rule).collect()
}

#[cfg(test)]
mod tests {
    use faultline_analysis::Analyzer;
    use faultline_schemas::Article;

    use super::*;

    fn page(title: &str, text: &str) -> String {
        let read = Analyzer::bundled().enrich(&Article {
            title: Some(title.to_owned()),
            text: text.to_owned(),
            language: Some("en".to_owned()),
            ..Article::default()
        });
        format!("{HEAD}{}{FOOT}", article(&read, 1))
    }

    #[test]
    fn the_page_shows_the_text_with_its_tags_and_says_why() {
        let shown = page(
            "Army attacks town",
            "Serbia put its army on high alert and threatened to send troops into Kosovo. “We will defend ourselves,” Albin Kurti said.",
        );
        for expected in
            ["class=\"actor a", "raises tension: ", "said by Albin Kurti", "<h2>Why", "<h2>Actors", "<h2>Quotes"]
        {
            assert!(shown.contains(expected), "no {expected:?} in\n{shown}");
        }
    }

    #[test]
    fn the_page_asks_for_nothing_and_runs_nothing_of_the_article() {
        let shown = page(
            "<img src=x onerror=alert(1)>",
            "<script>alert(1)</script> \"><b onclick=x> said Albin Kurti, https://example.org",
        );
        for bad in ["<script", "<img", "<b onclick", "src=\"", "@import", "url(", "href=\"http"] {
            assert!(!shown.contains(bad), "{bad} in\n{shown}");
        }
        assert!(shown.contains("&lt;script&gt;") && shown.contains("default-src 'none'"));
    }
}
