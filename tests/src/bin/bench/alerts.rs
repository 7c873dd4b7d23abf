//! Rules of alerts: what an article costs when ten thousand of them are watched.

use std::{fmt::Write as _, hint::black_box, sync::Arc};

use anyhow::Context as _;
use faultline_analysis::Analyzer;
use faultline_rules::{Engine, Limits, RuleSet, Seen};
use faultline_schemas::Enriched;

use crate::{Bench, figures::Figures, machine::thread_cpu_time};

const MANY: usize = 10_000;
const FEW: usize = 100;
/// Articles on which each rule is tried in turn.
const IN_TURN: usize = 40;

/// Rules made up in the shapes that analysts write, watched over the corpus; then the same rules tried one after the other.
pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let step = bench.corpus.articles.len().div_ceil(bench.choose(1_500, 200)).max(1);
    let analyzer = Analyzer::bundled();
    let mut enriched: Vec<Enriched> =
        bench.corpus.articles.iter().step_by(step).map(|article| analyzer.enrich(article)).collect();
    enriched.sort_by_key(Seen::time_of);
    // The corpus is of years: at the rate of the world's press, alerts stay open, as they do where ten thousand rules are watched.
    let articles: Vec<(i64, Arc<Enriched>)> =
        (0..).zip(enriched).map(|(number, article)| at_a_rate(article, number)).collect::<anyhow::Result<_>>()?;
    let words = words(&articles);
    let many = rules(MANY, &words)?;
    let few = rules(FEW, &words)?;
    watch(&few, &articles[..articles.len().min(100)])?;
    let (few, many_us) = (watch(&few, &articles)?, watch(&many, &articles)?);
    let begun = thread_cpu_time()?;
    let tried = &articles[..articles.len().min(IN_TURN)];
    for (_, article) in tried {
        black_box(many.matching(article));
    }
    #[expect(clippy::cast_precision_loss, reason = "dozens")]
    let in_turn = (thread_cpu_time()? - begun).as_secs_f64() * 1e6 / tried.len() as f64;
    figures.set("alerts.us_per_article_10000", many_us);
    figures.set("alerts.ratio_10000_to_100", many_us / few);
    figures.set("alerts.ratio_to_linear", in_turn / many_us);
    Ok(())
}

/// The article as one of a stream of five a second.
fn at_a_rate(mut article: Enriched, number: i64) -> anyhow::Result<(i64, Arc<Enriched>)> {
    const BEGUN: i64 = 1_700_000_000_000;
    let at = BEGUN + number * 200;
    article.article.published_at = Some(jiff::Timestamp::from_millisecond(at)?.to_string());
    Ok((at, Arc::new(article)))
}

/// Microseconds of the processor for each article.
fn watch(rules: &RuleSet, articles: &[(i64, Arc<Enriched>)]) -> anyhow::Result<f64> {
    let mut engine = Engine::new(rules.clone(), Limits::default());
    let mut alerts = Vec::new();
    let begun = thread_cpu_time()?;
    for (_, article) in articles {
        engine.push(article.clone(), None, &mut alerts);
        alerts.clear();
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let (each, count) =
        ((thread_cpu_time()? - begun).as_secs_f64() * 1e6 / articles.len() as f64, articles.len() as f64);
    let counts = engine.counts();
    #[expect(clippy::cast_precision_loss, reason = "millions")]
    let (tried, matched) = (counts.tried as f64 / count, counts.matched as f64 / count);
    println!("{} rules: of them {tried:.0} are tried on an article and {matched:.0} match", rules.rules().len());
    Ok(each)
}

/// Words of headlines, each once, in the order in which they come.
fn words(articles: &[(i64, Arc<Enriched>)]) -> Vec<String> {
    let titles = articles.iter().filter_map(|(_, article)| article.article.title.as_deref());
    let mut words: Vec<String> = titles
        .flat_map(str::split_whitespace)
        .filter(|word| word.len() > 5 && word.chars().all(|c| c.is_ascii_alphabetic()))
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

const COUNTRIES: [&str; 40] = [
    "SRB", "XKX", "USA", "RUS", "UKR", "CHN", "TWN", "JPN", "KOR", "PRK", "IND", "PAK", "IRN", "ISR", "PSE", "SYR",
    "TUR", "IRQ", "SAU", "YEM", "ETH", "ERI", "SDN", "COD", "RWA", "MLI", "NGA", "LBY", "EGY", "ARM", "AZE", "GEO",
    "DEU", "FRA", "GBR", "VEN", "COL", "BRA", "MEX", "AFG",
];
const SIGNALS: [&str; 8] =
    ["threat_of_force", "mobilisation", "sanctions", "protest", "talks", "airstrike", "arrest", "cyber_attack"];

fn rules(many: usize, words: &[String]) -> anyhow::Result<RuleSet> {
    anyhow::ensure!(!words.is_empty(), "the articles have no titles to make rules of");
    let mut text = "rules:\n".to_owned();
    for number in 0..many {
        let (a, b) = (COUNTRIES[number % 40], COUNTRIES[(number / 40 + number + 1) % 40]);
        let word = |at: usize| &words[(number * 7 + at * 131) % words.len()];
        let signal = SIGNALS[number / 3 % 8];
        let matches = match number % 5 {
            0 if a != b => format!("{{event: {{dyad: {a}~{b}, quad: [verbal_conflict, material_conflict]}}}}"),
            1 => format!("{{words: '{} OR {}', country: [{a}, {b}]}}", word(0), word(1)),
            2 => format!("{{words: '{} NEAR/8 {}', level: watch}}", word(0), word(2)),
            3 => format!("{{actor: '{a}/GOV/*', signal: {signal}, level: elevated}}"),
            _ => format!("{{words: '\"{} {}\" OR {}', not: {{signal: talks}}}}", word(0), word(3), word(4)),
        };
        let when = match number % 4 {
            0 => "{frequency: {at_least: 3, within: 6h}, group_by: country}",
            1 => "{cardinality: {of: source, at_least: 3, within: 1d}}",
            2 => "{spike: {within: 1d}, group_by: pair}",
            _ => "{}",
        };
        writeln!(
            text,
            "  - {{id: r{number}, title: '{{{{ headline }}}}', severity: watch, match: {matches}, when: {when}}}"
        )?;
    }
    RuleSet::parse("bench.yaml", &text).context("the rules that the bench makes are wrong")
}
