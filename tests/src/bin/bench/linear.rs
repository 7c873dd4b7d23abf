//! Whether the time of the analysis grows with the length of the text and no faster, and what its knowledge takes.

use std::{hint::black_box, time::Duration};

use faultline_analysis::Analyzer;
use faultline_schemas::Article;

use crate::{
    Bench,
    figures::Figures,
    machine::{resident_mb, thread_cpu_time},
};

/// Texts of one kind, of which one of about the given number of bytes can be had.
type Kind = (&'static str, fn(usize) -> String);

/// What has made readers of text slow before.
const KINDS: [Kind; 6] = [
    ("one word without end", |bytes| "a".repeat(bytes)),
    ("one sentence without end", |bytes| repeat("the army and the rebels ", bytes)),
    ("opening quotes", |bytes| repeat("“", bytes)),
    ("quotes that close", |bytes| repeat("“We will fight,” he said. ", bytes)),
    ("names", |bytes| names(bytes)),
    ("attacks", |bytes| repeat("Serbia attacked Kosovo and Kosovo threatened Serbia. ", bytes)),
];

/// How many times longer the second text is.
const LONGER: usize = 10;

/// What the first use of the analysis takes, then a text against one that is ten times as long.
pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    load(figures)?;
    let bytes = bench.choose(1_000_000, 100_000);
    let article: String = bench.corpus.articles.iter().flat_map(|article| [article.text.as_str(), "\n\n"]).collect();
    let mut worst: f64 = 0.0;
    for (kind, text) in KINDS {
        worst = worst.max(growth(kind, &text(bytes), &text(bytes * LONGER))?);
    }
    let news = |bytes: usize| repeat(&article, bytes);
    worst = worst.max(growth("news", &news(bytes), &news(bytes * LONGER))?);
    figures.set("enrich.ten_times_longer", worst);
    Ok(())
}

/// The knowledge is loaded on first use: the first group to run sees what that takes.
fn load(figures: &mut Figures) -> anyhow::Result<()> {
    let before = (resident_mb(std::process::id())?, thread_cpu_time()?);
    black_box(Analyzer::bundled());
    figures.set("enrich.load_ms", (thread_cpu_time()? - before.1).as_secs_f64() * 1e3);
    figures.set("enrich.knowledge_mb", resident_mb(std::process::id())? - before.0);
    Ok(())
}

/// Time for the longer text over time for the shorter one: the best of three each, since other work only adds.
fn growth(kind: &str, short: &str, long: &str) -> anyhow::Result<f64> {
    let best = |text: &str| -> anyhow::Result<Duration> {
        let article = Article { id: "long".into(), text: text.into(), ..Article::default() };
        let taken: anyhow::Result<Vec<Duration>> = (0..3).map(|_| read(&article)).collect();
        Ok(taken?.into_iter().min().unwrap_or_default())
    };
    let (short_time, long_time) = (best(short)?, best(long)?);
    let ratio = long_time.as_secs_f64() / short_time.as_secs_f64();
    println!("{kind}: {:.1} MB in {long_time:.2?}, {ratio:.1} times the tenth of it", long.len() as f64 / 1e6);
    Ok(ratio)
}

/// What one reading takes, on average over enough of them: the system counts in steps of some milliseconds.
fn read(article: &Article) -> anyhow::Result<Duration> {
    const ENOUGH: Duration = Duration::from_millis(300);
    let begun = thread_cpu_time()?;
    for readings in 1.. {
        black_box(Analyzer::bundled().enrich(black_box(article)));
        let taken = thread_cpu_time()? - begun;
        if taken >= ENOUGH {
            return Ok(taken / readings);
        }
    }
    unreachable!("time goes on")
}

fn repeat(piece: &str, bytes: usize) -> String {
    let mut text = piece.repeat(bytes / piece.len() + 1);
    text.truncate(text.floor_char_boundary(bytes));
    text
}

/// People that are all different.
fn names(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 32);
    let mut number = 0_u32;
    while text.len() < bytes {
        let letters: String = (0..6).map(|place| char::from(b'a' + (number / 26_u32.pow(place) % 26) as u8)).collect();
        text.push_str(&format!("Ana M{letters} met Ivan K{letters}. "));
        number += 1;
    }
    text
}
