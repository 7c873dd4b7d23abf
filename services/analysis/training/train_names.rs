//! Trains the model that finds names: a linear-chain conditional random field by AdaGrad, in five passes.
//!
//! ```text
//! train_names train OUT.bin CLUSTERS.tsv SILVER.jsonl GOLD.jsonl...
//! train_names cross OUT_FOLDER CLUSTERS.tsv SILVER.jsonl GOLD.jsonl...
//! ```
//!
//! A line is `{"id", "text", "names": [[start, end, "PER|ORG|LOC|MISC"], ...]}` in code points. `cross` writes one file of
//! enriched articles for each gold file, each fifth of it read by a model that has not seen it.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;

use faultline_analysis::Analyzer;
use faultline_analysis::training::{NAME_LABELS, NAME_ROWS, NameChain, WordClusters, name_may_follow, names_file};
use faultline_schemas::Article;

const PASSES: usize = 5;
const RATE: f32 = 0.04;
const DECAY: f32 = 2e-6;
/// How often a labelled sentence is seen in a pass, against once for those of the teacher.
const GOLD_SHARE: usize = 3;
const FOLDS: usize = 5;
const SEED: u64 = 20_261_125;

type Labels = [f32; NAME_LABELS];

struct Line {
    id: String,
    text: String,
    names: Vec<(u32, u32, u8)>,
}

/// A chain with the right label of each token.
struct Lesson {
    chain: NameChain,
    labels: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, out, clusters, silver, gold @ ..] = arguments.as_slice() else {
        return Err("usage: train_names train|cross OUT CLUSTERS SILVER GOLD...".into());
    };
    let analyzer = Analyzer::bundled();
    let clusters = std::fs::read_to_string(clusters)?;
    let words = clusters.lines().filter_map(|line| line.split_once('\t'));
    let clusters = WordClusters::new(words.filter_map(|(word, number)| Some((word, number.parse().ok()?))));
    let silver: Vec<Lesson> = read(silver)?.iter().flat_map(|line| lessons(analyzer, &clusters, line)).collect();
    let files: Vec<Vec<Line>> = gold.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let gold_lessons = |left_out: usize| -> Vec<Lesson> {
        let lines = files.iter().flat_map(|lines| {
            lines.iter().enumerate().filter(move |(number, _)| number * FOLDS / lines.len() != left_out)
        });
        lines.flat_map(|(_, line)| lessons(analyzer, &clusters, line)).collect()
    };
    if mode == "train" {
        std::fs::write(out, train(&silver, &gold_lessons(FOLDS), &clusters))?;
        return Ok(());
    }
    let mut enriched: Vec<Vec<String>> = files.iter().map(|lines| vec![String::new(); lines.len()]).collect();
    for fold in 0..FOLDS {
        let model = train(&silver, &gold_lessons(fold), &clusters);
        let reader = Analyzer::with_names(&model);
        for (lines, slots) in files.iter().zip(&mut enriched) {
            for number in (0..lines.len()).filter(|number| number * FOLDS / lines.len() == fold) {
                let line = &lines[number];
                let article = Article { id: line.id.clone(), text: line.text.clone(), ..Article::default() };
                slots[number] = serde_json::to_string(&reader.enrich(&article))?;
            }
        }
    }
    for (path, lines) in gold.iter().zip(enriched) {
        let name = Path::new(path).file_name().ok_or("a gold file without a name")?;
        let mut file = std::fs::File::create(Path::new(out).join(name))?;
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
    }
    Ok(())
}

fn read(path: &str) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut lines = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(path)?).lines() {
        let value: serde_json::Value = serde_json::from_str(&line?)?;
        let names = value["names"].as_array().ok_or("a line without names")?;
        let name = |name: &serde_json::Value| {
            let label = match name[2].as_str() {
                Some("PER") => 1,
                Some("ORG") => 3,
                Some("LOC") => 5,
                _ => 7,
            };
            Some((u32::try_from(name[0].as_u64()?).ok()?, u32::try_from(name[1].as_u64()?).ok()?, label))
        };
        lines.push(Line {
            id: value["id"].as_str().unwrap_or_default().to_owned(),
            text: value["text"].as_str().unwrap_or_default().to_owned(),
            names: names.iter().filter_map(name).collect(),
        });
    }
    Ok(lines)
}

fn lessons(analyzer: &Analyzer, clusters: &WordClusters, line: &Line) -> Vec<Lesson> {
    let with_labels = |chain: NameChain| {
        let labels = chain.spans.iter().map(|(start, end)| {
            let next = line.names.partition_point(|name| name.1 <= *start);
            line.names.get(next).filter(|name| name.0 < *end).map_or(0, |name| name.2 + u8::from(name.0 < *start))
        });
        let mut labels: Vec<u8> = labels.collect();
        // A name that began before the chain begins with it.
        for at in 0..labels.len() {
            if !name_may_follow(labels[at], if at == 0 { 0 } else { labels[at - 1] }) {
                labels[at] -= 1;
            }
        }
        Lesson { chain, labels }
    };
    analyzer.name_chains(&line.text, clusters).into_iter().map(with_labels).collect()
}

fn train(silver: &[Lesson], gold: &[Lesson], clusters: &WordClusters) -> Vec<u8> {
    let mut order: Vec<&Lesson> = silver.iter().chain((0..GOLD_SHARE).flat_map(|_| gold)).collect();
    let mut learner = Learner::new();
    let mut state = SEED;
    for pass in 0..PASSES {
        for at in (1..order.len()).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            order.swap(at, (state % (at as u64 + 1)) as usize);
        }
        order.iter().for_each(|lesson| learner.learn(lesson));
        eprintln!("pass {pass}: {:.4} a token", learner.loss / learner.tokens as f64);
        (learner.loss, learner.tokens) = (0.0, 0);
    }
    names_file(&learner.steps, &learner.weights, clusters)
}

/// Weights, and the squares of their gradients so far.
struct Learner {
    weights: Vec<f32>,
    squares: Vec<f32>,
    steps: [Labels; NAME_LABELS],
    step_squares: [Labels; NAME_LABELS],
    loss: f64,
    tokens: usize,
}

impl Learner {
    fn new() -> Self {
        Self {
            weights: vec![0.0; NAME_ROWS * NAME_LABELS],
            squares: vec![1e-2; NAME_ROWS * NAME_LABELS],
            steps: [[0.0; NAME_LABELS]; NAME_LABELS],
            step_squares: [[1.0; NAME_LABELS]; NAME_LABELS],
            loss: 0.0,
            tokens: 0,
        }
    }

    fn emission(&self, features: &[u32]) -> Labels {
        let mut sums = [0.0; NAME_LABELS];
        for row in features {
            let from = *row as usize * NAME_LABELS;
            sums.iter_mut().zip(&self.weights[from..from + NAME_LABELS]).for_each(|(sum, weight)| *sum += weight);
        }
        sums
    }

    fn step(&self, from: usize, to: usize) -> f32 {
        if name_may_follow(to as u8, from as u8) { self.steps[from][to] } else { f32::NEG_INFINITY }
    }

    /// One step down the gradient of the chain's negative log-likelihood; outside stands before and after the chain.
    fn learn(&mut self, lesson: &Lesson) {
        let length = lesson.labels.len();
        let emissions: Vec<Labels> = lesson.chain.features.iter().map(|f| self.emission(f)).collect();
        let mut forward = vec![[0.0f32; NAME_LABELS]; length];
        for at in 0..length {
            for to in 0..NAME_LABELS {
                let paths = match at {
                    0 => self.step(0, to),
                    _ => log_sum((0..NAME_LABELS).map(|from| forward[at - 1][from] + self.step(from, to))),
                };
                forward[at][to] = emissions[at][to] + paths;
            }
        }
        let mut backward = vec![[0.0f32; NAME_LABELS]; length];
        for at in (0..length).rev() {
            for from in 0..NAME_LABELS {
                backward[at][from] = match at + 1 {
                    end if end == length => self.step(from, 0),
                    next => log_sum(
                        (0..NAME_LABELS).map(|to| self.step(from, to) + emissions[next][to] + backward[next][to]),
                    ),
                };
            }
        }
        let total = log_sum((0..NAME_LABELS).map(|label| forward[length - 1][label] + backward[length - 1][label]));
        let mut step_gradient = [[0.0f32; NAME_LABELS]; NAME_LABELS];
        let ends = |at: usize, label: usize| if at == length { usize::from(label != 0) } else { 0 };
        for at in 0..=length {
            for from in 0..NAME_LABELS {
                let before = if at == 0 { if from == 0 { 0.0 } else { continue } } else { forward[at - 1][from] };
                for to in 0..NAME_LABELS {
                    if ends(at, to) == 1 {
                        continue;
                    }
                    let after = if at == length { 0.0 } else { emissions[at][to] + backward[at][to] };
                    let share = (before + self.step(from, to) + after - total).exp();
                    step_gradient[from][to] += share;
                }
            }
            let from = if at == 0 { 0 } else { lesson.labels[at - 1] };
            let to = if at == length { 0 } else { lesson.labels[at] };
            step_gradient[from as usize][to as usize] -= 1.0;
        }
        for at in 0..length {
            let right = lesson.labels[at] as usize;
            let mut gradient: Labels =
                std::array::from_fn(|label| (forward[at][label] + backward[at][label] - total).exp());
            self.loss -= f64::from(gradient[right].max(1e-9).ln());
            gradient[right] -= 1.0;
            self.update(&lesson.chain.features[at], &gradient);
        }
        self.tokens += length;
        for (from, row) in step_gradient.iter().enumerate() {
            for (to, gradient) in row.iter().enumerate() {
                self.step_squares[from][to] += gradient * gradient;
                self.steps[from][to] -= RATE * gradient / self.step_squares[from][to].sqrt();
            }
        }
    }

    fn update(&mut self, features: &[u32], gradient: &Labels) {
        if gradient.iter().all(|g| g.abs() < 1e-4) {
            return;
        }
        for row in features {
            let from = *row as usize * NAME_LABELS;
            let weights = &mut self.weights[from..from + NAME_LABELS];
            let squares = &mut self.squares[from..from + NAME_LABELS];
            for ((weight, square), slope) in weights.iter_mut().zip(squares).zip(gradient) {
                *square += slope * slope;
                *weight -= RATE * (slope / square.sqrt() + DECAY * *weight);
            }
        }
    }
}

fn log_sum(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let largest = values.clone().fold(f32::NEG_INFINITY, f32::max);
    if largest == f32::NEG_INFINITY { largest } else { largest + values.map(|v| (v - largest).exp()).sum::<f32>().ln() }
}
