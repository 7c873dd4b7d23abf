//! Any bytes, as a title and a text: no panic, honest spans, and the same tags twice.
#![no_main]

#[path = "../tests/honest/mod.rs"]
mod honest;

use faultline_analysis::Analyzer;
use faultline_schemas::Article;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    // A line separator, which nobody types by chance, parts the title from the text.
    let (title, text) = match input.split_once('\u{2028}') {
        Some((title, text)) => (Some(title.to_owned()), text.to_owned()),
        None => (None, input.into_owned()),
    };
    let title_length = title.as_deref().map_or(0, |title| title.chars().count() as u32);
    let article = Article { text, title, language: Some("en".to_owned()), ..Article::default() };
    let tags = Analyzer::bundled().enrich(&article);
    honest::check(&tags, title_length);
    assert_eq!(tags, Analyzer::bundled().enrich(&article));
});
