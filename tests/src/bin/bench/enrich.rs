//! The analysis in this process, against the VADER crate.

use std::{hint::black_box, time::Duration};

use faultline_analysis::Analyzer;
use faultline_schemas::Article;
use vader_sentimental::SentimentIntensityAnalyzer;

use crate::{Bench, figures::Figures, machine::thread_cpu_time};

/// Articles that are read by the one and then by the other.
const TURN: usize = 50;

/// Reads articles with both in turns, on one thread. The clock is that of the thread's time on its core, so that other
/// work on the machine does not count.
pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let articles = &bench.corpus.articles;
    let step = articles.len().div_ceil(bench.choose(2_000, 300)).max(1);
    let articles: Vec<&Article> = articles.iter().step_by(step).collect();
    let analyzer = Analyzer::bundled();
    let vader = SentimentIntensityAnalyzer::new();
    read(analyzer, &articles[..articles.len().min(TURN)])?;
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for turn in articles.chunks(TURN) {
        ours += read(analyzer, turn)?;
        theirs += rate(analyzer, &vader, turn)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let count = articles.len() as f64;
    figures.set("enrich.articles_per_second_core", count / ours.as_secs_f64());
    figures.set("enrich.vader_articles_per_second", count / theirs.as_secs_f64());
    figures.set("enrich.ratio_to_vader", theirs.as_secs_f64() / ours.as_secs_f64());
    Ok(())
}

/// All tags of the articles.
fn read(analyzer: &Analyzer, articles: &[&Article]) -> anyhow::Result<Duration> {
    let begun = thread_cpu_time()?;
    for article in articles {
        black_box(analyzer.enrich(black_box(article)));
    }
    Ok(thread_cpu_time()? - begun)
}

/// VADER's scores of their sentences, which are cut before the clock runs.
fn rate<'a>(
    analyzer: &Analyzer,
    vader: &SentimentIntensityAnalyzer<'_>,
    articles: &[&'a Article],
) -> anyhow::Result<Duration> {
    let cut = |article: &'a Article| {
        let (_, sentences) = analyzer.read(article);
        sentences.into_iter().map(move |bytes| &article.text[bytes])
    };
    let sentences: Vec<&str> = articles.iter().copied().flat_map(cut).collect();
    let begun = thread_cpu_time()?;
    for sentence in &sentences {
        black_box(vader.polarity_scores(black_box(sentence)));
    }
    Ok(thread_cpu_time()? - begun)
}
