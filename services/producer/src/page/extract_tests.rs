//! Pages written in the shapes of real publishers, and what is found on them.

use std::{collections::HashMap, fs, path::Path};

use super::*;

/// An article as it was put into a page.
struct Written {
    title: String,
    paragraphs: Vec<String>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages")
}

fn articles() -> Vec<Written> {
    let text = fs::read_to_string(folder().join("articles.txt")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let articles = lines.split(|line| *line == "---").filter(|lines| lines.len() > 1);
    articles
        .map(|lines| Written {
            title: lines[0].to_owned(),
            paragraphs: lines[1..].iter().map(|line| (*line).to_owned()).collect(),
        })
        .collect()
}

fn shapes() -> Vec<(String, String)> {
    let mut shapes: Vec<(String, String)> = fs::read_dir(folder().join("shapes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    shapes.sort();
    shapes
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Puts an article into a shape.
fn fill(shape: &str, written: &Written) -> String {
    let texts: Vec<String> = written.paragraphs.iter().map(|text| escaped(text)).collect();
    let p: Vec<String> = texts.iter().map(|text| format!("<p>{text}</p>")).collect();
    let json = serde_json::to_string(&written.paragraphs.join(" ")).unwrap();
    let mut page = shape
        .replace("{{title}}", &escaped(&written.title))
        .replace("{{paragraphs}}", &p.join("\n"))
        .replace("{{first}}", &p[0])
        .replace("{{rest}}", &p[1..].join("\n"))
        .replace("{{br}}", &texts.join("<br><br>\n"))
        .replace("{{unclosed}}", &texts.join("\n<p>"))
        .replace("{{json}}", json.trim_matches('"'));
    for (index, text) in texts.iter().enumerate() {
        page = page.replace(&format!("{{{{p{}}}}}", index + 1), &format!("<p>{text}</p>"));
        page = page.replace(&format!("{{{{text{}}}}}", index + 1), text);
    }
    if let Some((before, rest)) = page.split_once("{{wrap:") {
        let (wrap, after) = rest.split_once("}}").unwrap();
        let (open, close) = wrap.split_once('|').unwrap();
        page =
            format!("{before}{}{after}", texts.iter().map(|text| format!("{open}{text}{close}")).collect::<String>());
    }
    assert!(!page.contains("{{"), "a place was not filled: {page}");
    page
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_lowercase()).or_default() += 1;
    }
    words
}

/// F1 of words, as they are counted with their number.
fn f1(expected: &str, found: &str) -> f64 {
    let (expected, found) = (words(expected), words(found));
    let common: usize = expected.iter().map(|(word, times)| found.get(word).map_or(0, |other| *times.min(other))).sum();
    let total = |words: &HashMap<String, usize>| words.values().sum::<usize>();
    2.0 * common as f64 / (total(&expected) + total(&found)) as f64
}

fn url() -> Url {
    Url::parse("https://news.example/2026/story").unwrap()
}

#[test]
fn articles_are_found_on_pages_in_the_shapes_of_publishers() {
    let (articles, shapes) = (articles(), shapes());
    let (mut scores, mut failures) = (Vec::new(), Vec::new());
    for (name, shape) in &shapes {
        for written in &articles {
            let page = extract(&fill(shape, written), &url()).unwrap();
            let score = f1(&written.paragraphs.join("\n"), &page.text);
            scores.push(score);
            if score < 0.95 {
                failures.push(format!("{name} {score:.3}: {}", page.text));
            }
            assert!(
                page.title.as_deref().is_some_and(|title| title.contains(&written.title)),
                "{name}: {:?}",
                page.title
            );
            assert!(!page.is_paywalled && !page.is_forbidden, "{name}");
        }
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    eprintln!(
        "{} shapes, {} pages: word F1 {mean:.3} on average, {:.3} at the worst",
        shapes.len(),
        scores.len(),
        scores.iter().copied().fold(1.0, f64::min)
    );
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(shapes.len() >= 40 && mean >= 0.98, "{mean}");
}

#[test]
fn paragraphs_are_kept_wherever_the_page_shows_them() {
    let written = &articles()[0];
    // These have the whole text in a script alone.
    let unseen = ["script_rendered", "teaser_with_linked_body"];
    for (name, shape) in shapes().iter().filter(|(name, _)| !unseen.contains(&name.as_str())) {
        let text = extract(&fill(shape, written), &url()).unwrap().text;
        let starts = |paragraph: &String| {
            let start: String = paragraph.chars().take(30).collect();
            text.lines().any(|line| line.trim_start().starts_with(&start))
        };
        let kept = written.paragraphs.iter().filter(|paragraph| starts(paragraph)).count();
        assert_eq!(kept, written.paragraphs.len(), "{name}: {text}");
    }
}

#[test]
fn what_a_page_says_of_its_article_is_read() {
    let written = &articles()[2];
    let shapes: HashMap<String, String> = shapes().into_iter().collect();
    let page = |name: &str| extract(&fill(&shapes[name], written), &url()).unwrap();
    assert_eq!(page("script_rendered").authors, ["Jo Lind"]);
    assert_eq!(page("newsletter_platform").authors, ["Anna Berg"]);
    assert_eq!(page("wire_agency").published_at.as_deref(), Some("2026-10-03T05:40:00Z"));
    assert_eq!(page("wordpress_theme").published_at.as_deref(), Some("2026-10-03T08:12:44+00:00"));
    assert_eq!(page("public_broadcaster").language.as_deref(), Some("en-GB"));
    assert_eq!(page("amp_page").canonical.as_ref().map(Url::as_str), Some("https://news.example/story"));
}

#[test]
fn a_page_whose_rest_has_to_be_paid_for_is_recognised() {
    let written = &articles()[0];
    let start = format!("<p>{}</p><p>{}</p>", written.paragraphs[0], written.paragraphs[1]);
    let page = |head: &str, body: &str| {
        format!("<html><head><title>x</title>{head}</head><body><article>{body}</article></body></html>")
    };
    let linked = |free: &str| {
        format!(
            "<script type='application/ld+json'>{{\"@type\":\"NewsArticle\",\"isAccessibleForFree\":{free}}}</script>"
        )
    };
    for (html, expected) in [
        (page(&linked("false"), &start), true),
        (page(&linked("\"False\""), &start), true),
        (page(&linked("true"), &start), false),
        (page("<meta property='article:content_tier' content='locked'>", &start), true),
        (page("<meta property='article:content_tier' content='free'>", &start), false),
        (
            page(
                "",
                &format!(
                    "{start}<div class='gate'><h2>Subscribe to continue reading</h2><a href='/s'>See offers</a></div>"
                ),
            ),
            true,
        ),
        (page("", &start), false),
        (page("", &format!("{}<p>She asked readers to subscribe to read more.</p>", start.repeat(5))), false),
    ] {
        assert_eq!(extract(&html, &url()).unwrap().is_paywalled, expected, "{html}");
    }
}

#[test]
fn pages_without_an_article_give_no_text() {
    for html in
        ["", "<html></html>", "<script>x()</script>", "<p>Not found</p>", "<ul><li><a href=/a>A</a></ul>", "\u{0}\u{1}"]
    {
        assert_eq!(extract(html, &url()).unwrap().text, "", "{html}");
    }
}

proptest::proptest! {
    #[test]
    fn no_page_panics(html in "(<article>|</article>|<p>|</p>|<div class='share'>|</div>|<meta name='robots' content='|'>|<script type='application/ld\\+json'>|</script>|\\{\"@type\":|\\}|word word, |é|<h1>|<table>|<td>){0,30}") {
        extract(&html, &url());
    }
}
