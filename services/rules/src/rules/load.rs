//! Folders and files of rules.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use faultline_schemas::Severity;
use serde::de::DeserializeOwned;

use super::check::Checker;
use super::condition::{Calm, When};
use super::explain::Held;
use super::expression::Expression;
use super::problem::{Problem, Problems, unknown};
use super::raw::RuleFile;
use super::terms::Vocabulary;
use crate::seen::Seen;
use crate::template::Template;

/// A rule that has been checked.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// How urgent its alerts are.
    pub severity: Severity,
    /// Whether it is watched.
    pub enabled: bool,
    /// Who wrote it and why.
    pub owner: Option<String>,
    /// Where it is written.
    pub file: PathBuf,
    /// On which line, from 1.
    pub line: u64,
    /// Receivers that its alerts go to; all of them where it names none.
    pub to: Vec<String>,
    /// Hash of all that it is made of: a rule with another one is another rule, whatever its id.
    pub(crate) definition: u64,
    pub(crate) inhibits: Vec<String>,
    /// It is not watched from this time on, in milliseconds since 1970.
    pub(crate) expires: Option<i64>,
    pub(crate) title: Template,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, Template>,
    pub(crate) expression: Expression,
    pub(crate) when: When,
    pub(crate) calm: Calm,
}

/// Rules that are watched together.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) vocabulary: Vocabulary,
}

/// Folders within folders that are read.
const DEEPEST: usize = 8;

impl RuleSet {
    /// Reads every `*.yaml` and `*.yml` below a folder but tests (`*.test.yaml`), with the lists of terms in `lists/*.txt`; or a single
    /// file, with the lists beside it.
    ///
    /// # Errors
    /// Every mistake in every file.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let lists = lists(&folder.join("lists"), &mut problems);
        let files = if path.is_dir() { files(path, false, &mut problems) } else { vec![path.to_owned()] };
        if files.is_empty() && problems.0.is_empty() {
            problems.add(path, (0, 0), "there are no rules here: files of rules end in .yaml");
        }
        let mut set = Self::default();
        for file in files {
            match std::fs::read_to_string(&file) {
                Ok(text) => set.add(&file, &text, &lists, &mut problems),
                Err(error) => problems.add(&file, (0, 0), format!("failed to read it: {error}")),
            }
        }
        set.find_repeats(&mut problems);
        set.find_bad_inhibitions(&mut problems);
        problems.or(set)
    }

    /// Reads one text.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let (mut set, mut problems) = (Self::default(), Problems::default());
        set.add(Path::new(name), text, &BTreeMap::new(), &mut problems);
        set.find_repeats(&mut problems);
        set.find_bad_inhibitions(&mut problems);
        problems.or(set)
    }

    fn add(&mut self, file: &Path, text: &str, lists: &BTreeMap<String, Vec<String>>, problems: &mut Problems) {
        match yaml::<RuleFile>(file, text) {
            Ok(raw) => {
                let lines: Vec<u64> = raw.rules.iter().map(|rule| rule.place.0).collect();
                let definitions = definitions(text, lists, &lines);
                let mut checker = Checker { file, vocabulary: &mut self.vocabulary, lists, problems };
                let rules = raw.rules.into_iter().zip(definitions);
                self.rules.extend(rules.map(|(rule, definition)| Rule { definition, ..checker.rule(rule) }));
            }
            Err(problem) => problems.0.push(problem),
        }
    }

    /// Rules that silence each other, in whatever turn, would leave nothing told; and one that is not there silences nothing.
    fn find_bad_inhibitions(&self, problems: &mut Problems) {
        let by_id: BTreeMap<&str, &Rule> = self.rules.iter().map(|rule| (&*rule.id, rule)).collect();
        let known: Vec<&str> = by_id.keys().copied().collect();
        for rule in &self.rules {
            for id in rule.inhibits.iter().filter(|id| !by_id.contains_key(&***id)) {
                problems.add(&rule.file, (rule.line, 1), format!("inhibits: {}", unknown("rule", id, &known)));
            }
            let (mut reached, mut open) = (BTreeSet::new(), vec![rule]);
            while let Some(next) = open.pop() {
                open.extend(
                    next.inhibits.iter().filter(|id| reached.insert((*id).clone())).filter_map(|id| by_id.get(&**id)),
                );
            }
            if reached.contains(&rule.id) {
                let message = format!("{:?} inhibits itself, by way of the rules that it inhibits", rule.id);
                problems.add(&rule.file, (rule.line, 1), message);
            }
        }
    }

    /// Says which receivers rules name that are not among `known`, with their places.
    ///
    /// # Errors
    /// Every one of them.
    pub fn check_receivers(&self, known: &[&str]) -> Result<(), Problems> {
        let mut problems = Problems::default();
        for rule in &self.rules {
            for name in rule.to.iter().filter(|name| !known.contains(&&***name)) {
                problems.add(&rule.file, (rule.line, 1), format!("to: {}", unknown("receiver", name, known)));
            }
        }
        problems.or(())
    }

    /// Without the rules that watch for silence.
    #[must_use]
    pub fn without_silence(mut self) -> Self {
        self.rules.retain(|rule| !matches!(rule.when.condition, super::Condition::Flatline { .. }));
        self
    }

    /// Only the rules that `is_kept` says.
    pub fn retain(&mut self, is_kept: impl FnMut(&Rule) -> bool) {
        self.rules.retain(is_kept);
    }

    fn find_repeats(&self, problems: &mut Problems) {
        let mut known: BTreeMap<&str, &Rule> = BTreeMap::new();
        for rule in &self.rules {
            if let Some(first) = known.insert(&rule.id, rule) {
                let message = format!("the id {:?} is taken: {}:{}", rule.id, first.file.display(), first.line);
                problems.add(&rule.file, (rule.line, 1), message);
            }
        }
    }

    /// The rules, in the order of their files.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Only the rule of that id, watched even where it is not enabled.
    ///
    /// # Errors
    /// Says which there are.
    pub fn only(&self, id: &str) -> Result<Self, String> {
        let rule = self.rules.iter().find(|rule| rule.id == id).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.rules.iter().map(|rule| &*rule.id).collect();
            unknown("rule", id, &known)
        })?;
        Ok(Self { rules: vec![Rule { enabled: true, ..rule }], vocabulary: self.vocabulary.clone() })
    }

    /// The one rule that there is, at other thresholds, each with its own; and the threshold that it has.
    ///
    /// # Errors
    /// Says that its condition has none.
    pub fn variants(&self) -> Result<(Vec<(f64, Self)>, f64), String> {
        let [rule] = &self.rules[..] else { return Err("name one rule".to_owned()) };
        let now = rule.when.condition.figure().ok_or_else(|| {
            format!("{} has no threshold to tune: frequency, cardinality, spike and threshold have one", rule.id)
        })?;
        let figures = rule.when.condition.figures();
        let with = |figure: f64| {
            let mut rule = rule.clone();
            rule.when.condition.set_figure(figure);
            // Its end would be above its beginning.
            rule.calm.close_below = rule.calm.close_below.map(|below| below.min(figure));
            (figure, Self { rules: vec![rule], vocabulary: self.vocabulary.clone() })
        };
        Ok((figures.into_iter().map(with).collect(), now))
    }

    /// The rules that match an article, each tried in turn; whether their conditions are met is another matter.
    #[must_use]
    pub fn matching(&self, document: &std::sync::Arc<faultline_schemas::Enriched>) -> Vec<&Rule> {
        let seen = Seen::new(document.clone(), 0, &self.vocabulary);
        self.rules.iter().filter(|rule| rule.expression.holds(&seen)).collect()
    }

    /// Which parts of each rule's match hold of an article.
    #[must_use]
    pub fn explain(&self, document: &std::sync::Arc<faultline_schemas::Enriched>) -> Vec<(&Rule, Held)> {
        let seen = Seen::new(document.clone(), 0, &self.vocabulary);
        self.rules.iter().map(|rule| (rule, Held::of(&rule.expression, &seen))).collect()
    }
}

/// Hashes of what rules are made of, which begin on these lines: their own lines, and the lists that they may refer to.
fn definitions(text: &str, lists: &BTreeMap<String, Vec<String>>, lines: &[u64]) -> Vec<u64> {
    let all: Vec<&str> = text.lines().map(str::trim_end).collect();
    let from = |line: u64| (line.saturating_sub(1) as usize).min(all.len());
    let own = |number: usize| {
        let (start, next) = (from(lines[number]), lines.get(number + 1).map_or(all.len(), |next| from(*next)));
        // Several on a line are told apart by nothing less than all of the file.
        if start < next { &all[start..next] } else { &all[..] }
    };
    let hash = |number: usize| {
        let mut hasher = rustc_hash::FxHasher::default();
        own(number)
            .iter()
            .filter(|line| !line.trim_start().starts_with('#') && !line.is_empty())
            .for_each(|line| line.hash(&mut hasher));
        (number * usize::from(own(number).len() == all.len()), lists).hash(&mut hasher);
        hasher.finish()
    };
    (0..lines.len()).map(hash).collect()
}

/// Files of rules, or of their tests, below a folder, by name.
pub(crate) fn files(folder: &Path, tests: bool, problems: &mut Problems) -> Vec<PathBuf> {
    fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>, problems: &mut Problems) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return problems.add(folder, (0, 0), format!("failed to list the folder: {error}")),
        };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() && depth < DEEPEST {
                walk(&path, depth + 1, found, problems);
            } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, 0, &mut found, problems);
    let is_test = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".test"));
    found.retain(|path| is_test(path) == tests);
    found.sort();
    found
}

/// Lists of terms by name: a term on each line; empty lines and `#` lines say nothing.
fn lists(folder: &Path, problems: &mut Problems) -> BTreeMap<String, Vec<String>> {
    let mut lists = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return lists };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_none_or(|ending| ending != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let terms = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                let terms: Vec<String> = terms.map(str::to_owned).collect();
                if terms.is_empty() {
                    problems.add(&path, (0, 0), "this list holds no term: write one on each line");
                }
                lists.insert(name, terms);
            }
            Err(error) => problems.add(&path, (0, 0), format!("failed to read it: {error}")),
        }
    }
    lists
}

/// Reads YAML; what is wrong comes with its place and, for a name, the nearest that there is.
pub(crate) fn yaml<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Problem> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        Problem { file: file.to_owned(), line, column, message: message_of(&error.to_string()) }
    })
}

/// serde's words for an unknown name, in ours.
fn message_of(message: &str) -> String {
    // Where it is comes before the message already.
    let message = message.split(" at line ").next().unwrap_or(message);
    for (what, start) in [("field", "unknown field `"), ("value", "unknown variant `")] {
        let told = message.split_once(start).and_then(|(_, rest)| rest.split_once("`, expected "));
        let Some((given, known)) = told else { continue };
        let known = known.trim_start_matches("one of ").split([',', ' ']).filter(|name| !matches!(*name, "" | "or"));
        let known: Vec<&str> = known.map(|name| name.trim_matches('`')).collect();
        return unknown(what, given, &known);
    }
    message.to_owned()
}
