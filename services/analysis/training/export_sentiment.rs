//! Writes down what the model of sentiment sees, so that it learns from the same sentences that it will read.
//!
//! ```text
//! export_sentiment lessons < ARTICLES.jsonl > LESSONS.jsonl     of each target of each article, one line
//! export_sentiment mentions LIMIT < ARTICLES.jsonl > ARTICLES   the articles with the mentions of their actors as targets
//! export_sentiment keys < WORDS.txt > KEYS.txt                  key of each word
//! ```
//!
//! An article is what `faultline enrich` takes; a lesson is `[[key, [signs...], [distance, company, speech]], ...]`.

use std::error::Error;
use std::io::{BufRead, BufWriter, Write};

use faultline_analysis::Analyzer;
use faultline_analysis::training::sentiment_key;
use faultline_schemas::Article;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let analyzer = Analyzer::bundled();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match arguments.as_slice() {
            ["lessons"] => {
                let article: Article = serde_json::from_str(&line)?;
                for lesson in analyzer.sentiment_lessons(&article) {
                    writeln!(out, "{}", serde_json::to_string(&lesson)?)?;
                }
            }
            ["mentions", limit] => {
                let mut article: Article = serde_json::from_str(&line)?;
                article.targets = analyzer.mention_spans(&article, limit.parse()?);
                writeln!(out, "{}", serde_json::to_string(&article)?)?;
            }
            ["keys"] => writeln!(out, "{}", sentiment_key(&line))?,
            _ => return Err("usage: export_sentiment lessons | mentions LIMIT | keys".into()),
        }
    }
    Ok(())
}
