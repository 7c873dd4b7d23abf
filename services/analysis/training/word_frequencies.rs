//! Makes `data/word_frequencies.tsv`: in how many pieces of news text each stem stands, twenty sentences to a piece.
//!
//! ```text
//! cargo run --release -p faultline-analysis --example word_frequencies < NewsMTSC/train.jsonl > services/analysis/data/word_frequencies.tsv
//! ```

#![expect(clippy::print_stdout, reason = "its output is the file")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead as _;

use faultline_analysis::words::stems;

const SENTENCES: usize = 20;
/// A stem in one piece only tells nothing that one in none does not.
const MIN_PIECES: u32 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sentences = BTreeSet::new();
    for line in std::io::stdin().lock().lines() {
        let sentence: serde_json::Value = serde_json::from_str(&line?)?;
        let text = sentence["sentence_normalized"].as_str().unwrap_or_default().to_owned();
        // Neighbours in the file are of one article: in an order of their own they are of many.
        sentences.insert((text.bytes().rev().collect::<Vec<u8>>(), text));
    }
    let sentences: Vec<String> = sentences.into_iter().map(|(_, text)| text).collect();
    let mut pieces: BTreeMap<String, u32> = BTreeMap::new();
    for piece in sentences.chunks(SENTENCES) {
        let stems: BTreeSet<String> = piece.iter().flat_map(|sentence| stems(sentence)).collect();
        for stem in stems {
            *pieces.entry(stem).or_default() += 1;
        }
    }
    println!("# In how many of so many pieces of news text each stem stands, twenty sentences to a piece. Counted by");
    println!("# training/word_frequencies.rs in the training split of NewsMTSC (see NOTICE).");
    println!("\t{}", sentences.len().div_ceil(SENTENCES));
    for (stem, count) in pieces.into_iter().filter(|(_, count)| *count >= MIN_PIECES) {
        println!("{stem}\t{count}");
    }
    Ok(())
}
