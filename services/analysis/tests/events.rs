//! Who did what to whom, and what moves the escalation score.

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Plover};

#[test]
fn an_event_is_numbered_by_the_sentence_that_tells_it() {
    let text = "Talks went on — calmly. Serbia threatened Kosovo with military intervention. It rained.".to_owned();
    let article = Article { text, language: Some("en".into()), ..Article::default() };
    let (enriched, sentences) = Analyzer::bundled().read(&article);
    assert_eq!(enriched, Analyzer::bundled().enrich(&article));
    let threat = enriched.events.iter().find(|e| e.plover == Plover::Threaten).expect("a threat");
    let told = &article.text[sentences[threat.sentence as usize].clone()];
    assert_eq!(told, "Serbia threatened Kosovo with military intervention.");
}
