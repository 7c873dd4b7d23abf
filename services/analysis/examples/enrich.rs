//! Reads one article a line as JSON from standard input and writes one enriched article a line, in the same order:
//! the analysis by itself, without the services around it.
//!
//! ```text
//! echo '{"text": "Talks resumed in Brussels."}' | cargo run -q -p faultline-analysis --example enrich
//! ```

use std::io::{BufRead, BufWriter, Write};

use faultline_analysis::{Analyzer, Deduplicator};
use faultline_schemas::Article;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let analyzer = Analyzer::bundled();
    let mut seen = Deduplicator::new(100_000);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let article: Article = serde_json::from_str(&line?)?;
        let mut enriched = analyzer.enrich(&article);
        enriched.fingerprint.duplicate_of = seen.observe(&article.id, &enriched.fingerprint);
        serde_json::to_writer(&mut out, &enriched)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
