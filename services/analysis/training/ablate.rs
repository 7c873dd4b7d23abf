//! The reader without one of its parts, to see what the part adds. The table in `src/lib.rs` was made with it:
//!
//! ```text
//! cargo build --release -p faultline-analysis --features training --example ablate
//! score.py --cmd "target/release/examples/ablate tagger" ner wikigold.txt
//! ```
//!
//! A part is left out by taking its data away: a list is emptied, a model says nothing, a class of cues holds no words.

use std::error::Error;
use std::io::{BufRead, BufWriter, Write};

use faultline_analysis::training::{NAME_LABELS, NAME_ROWS, WordClusters, names_file};
use faultline_analysis::{Analyzer, KnowledgeFiles};
use faultline_schemas::Article;

const CUES: &str = include_str!("../data/cues.tsv");
const USAGE: &str = "usage: ablate nothing | tagger | lists | roles | metonymy | sentiment | rated_words | quotes | events | \
                     tension | guards | boilerplate";

fn main() -> Result<(), Box<dyn Error>> {
    let part = std::env::args().nth(1).ok_or(USAGE)?;
    let analyzer = without(&part)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let article: Article = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut out, &analyzer.enrich(&article))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn without(part: &str) -> Result<Analyzer, Box<dyn Error>> {
    match part {
        "nothing" => with_files(&[]),
        "tagger" => Ok(Analyzer::with_names(&silent_names())),
        "sentiment" => Ok(Analyzer::without_sentiment_model()),
        "lists" => with_files(&[
            ("people.tsv", head(include_str!("../data/people.tsv"))),
            ("organisations.tsv", head(include_str!("../data/organisations.tsv"))),
            ("places.tsv", head(include_str!("../data/places.tsv"))),
        ]),
        "roles" => with_files(&[("roles.tsv", head(include_str!("../data/roles.tsv")))]),
        "metonymy" => with_files(&[("cues.tsv", cues_without(&["place_preposition", "ground_noun", "state_noun"]))]),
        "rated_words" => with_files(&[("tone.tsv", head(include_str!("../data/tone.tsv")))]),
        "quotes" => with_files(&[("cues.tsv", cues_without(&["speech", "thought", "stance"]))]),
        "events" => with_files(&[("events.tsv", head(include_str!("../data/events.tsv")))]),
        "tension" => with_files(&[("tension.tsv", head(include_str!("../data/tension.tsv")))]),
        "guards" => with_files(&[("tension_guards.tsv", head(include_str!("../data/tension_guards.tsv")))]),
        "boilerplate" => {
            let classes = ["boilerplate", "boilerplate_phrase", "boilerplate_anywhere"];
            with_files(&[("cues.tsv", cues_without(&classes))])
        }
        _ => Err(USAGE.into()),
    }
}

fn with_files(replaced: &[(&str, String)]) -> Result<Analyzer, Box<dyn Error>> {
    let mut files = KnowledgeFiles::bundled();
    for (name, text) in replaced {
        files.replace(name, text.clone())?;
    }
    let listed = |problems: Vec<faultline_analysis::Problem>| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    Ok(Analyzer::with_knowledge(&files).map_err(listed)?)
}

/// A list's notes and header.
fn head(list: &str) -> String {
    let notes = list.lines().take_while(|line| line.starts_with('#')).count();
    list.lines().take(notes + 1).flat_map(|line| [line, "\n"]).collect()
}

fn cues_without(classes: &[&str]) -> String {
    let is_kept = |line: &&str| !line.split('\t').next().is_some_and(|class| classes.contains(&class));
    CUES.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect()
}

/// A model under which no word is part of a name.
fn silent_names() -> Vec<u8> {
    let mut steps = [[0.0; NAME_LABELS]; NAME_LABELS];
    steps.iter_mut().for_each(|step| step[0] = 1.0);
    names_file(&steps, &vec![0.0; NAME_ROWS * NAME_LABELS], &WordClusters::new(std::iter::empty()))
}
