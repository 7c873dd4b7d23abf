//! The verbs and nouns that tell who did what to whom.

use faultline_schemas::Plover;
use rustc_hash::FxHashMap;

use super::codes::{CameoCodes, plover};
use super::files::KnowledgeFiles;
use super::inflect::Inflector;
use super::table::{Problem, Row, rows};
use crate::lexicon::{Builder, Entry, Part, WordForm, WordId, parse_pattern};
use crate::text::{scan_words, stable_hash};

/// A phrase of `events.tsv`.
pub(crate) struct DeedRule {
    /// Position of the CAMEO code; it has a PLOVER type.
    pub(crate) cameo: u32,
    /// Words of the phrase before its head.
    pub(crate) head_offset: u8,
    /// Words that the phrase names.
    pub(crate) named_words: u8,
    /// Hash of the first letters of its head: "attack" the verb and the noun have one, "meet" and "meeting", too.
    pub(crate) stem: u64,
    pub(crate) source: Side,
    pub(crate) target: Side,
}

/// Where one side of a deed is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Side {
    /// Where to look, best first.
    pub(crate) places: Vec<SidePlace>,
}

/// One way to a side of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SidePlace {
    Subject,
    Object,
    /// Nowhere: the deed has no such side.
    None,
    /// After this preposition.
    After(WordId),
}

/// Words that the clause analysis asks for by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClauseWords {
    pub(crate) to: WordId,
    pub(crate) by: WordId,
    pub(crate) of: WordId,
    pub(crate) between: WordId,
}

/// All phrases, and what they become within one another.
pub(crate) struct Deeds {
    pub(crate) rules: Vec<DeedRule>,
    pub(crate) words: ClauseWords,
    compounds: FxHashMap<(u8, Plover), u32>,
}

impl Deeds {
    /// The code of a deed told within words about it.
    pub(crate) fn compound(&self, outer_root: u8, inner: Plover) -> Option<u32> {
        self.compounds.get(&(outer_root, inner)).copied()
    }
}

/// Forms that a verb phrase is listed under.
const VERB_FORMS: [WordForm; 6] = [
    WordForm::PastOrParticiple,
    WordForm::Past,
    WordForm::Participle,
    WordForm::Base,
    WordForm::Third,
    WordForm::Gerund,
];

pub(super) fn load_deeds(
    files: &KnowledgeFiles,
    codes: &CameoCodes,
    builder: &mut Builder,
    problems: &mut Vec<Problem>,
) -> Deeds {
    let inflector = Inflector::load(files.text("irregular_verbs.tsv"), problems);
    let mut intern = |word| builder.vocabulary.intern(word);
    let words = ClauseWords { to: intern("to"), by: intern("by"), of: intern("of"), between: intern("between") };
    let mut deeds = Deeds { rules: Vec::new(), words, compounds: FxHashMap::default() };
    for row in rows("events.tsv", files.text("events.tsv"), &["cameo", "source", "target", "phrases"], problems) {
        if let Err(problem) = read_row(&row, codes, &inflector, &mut deeds.rules, builder) {
            problems.push(problem);
        }
    }
    for row in rows("event_compounds.tsv", files.text("event_compounds.tsv"), &["outer", "inner", "cameo"], problems) {
        match read_compound(&row, codes) {
            Ok((key, code)) => drop(deeds.compounds.insert(key, code)),
            Err(problem) => problems.push(problem),
        }
    }
    deeds
}

fn read_compound(row: &Row<'_>, codes: &CameoCodes) -> Result<((u8, Plover), u32), Problem> {
    let outer = row.required("outer")?;
    let root = outer.parse::<u8>().map_err(|_| row.problem(format!("outer {outer:?} is no root")))?;
    let inner = row.required("inner")?;
    let inner = plover(inner).ok_or_else(|| row.problem(format!("{inner:?} is no PLOVER type")))?;
    Ok(((root, inner), event_code(row, codes)?))
}

fn event_code(row: &Row<'_>, codes: &CameoCodes) -> Result<u32, Problem> {
    let code = row.required("cameo")?;
    let found = codes.find(code).filter(|number| codes.all[*number as usize].plover.is_some());
    found.ok_or_else(|| row.problem(format!("code {code:?} is not in cameo.tsv or makes no event")))
}

fn read_row(
    row: &Row<'_>,
    codes: &CameoCodes,
    inflector: &Inflector,
    rules: &mut Vec<DeedRule>,
    builder: &mut Builder,
) -> Result<(), Problem> {
    let cameo = event_code(row, codes)?;
    let source = read_side(row.text("source"), builder);
    let target = read_side(row.text("target"), builder);
    for phrase in row.list("phrases") {
        let number = rules.len() as u32;
        let head_offset =
            add_phrase(phrase, number, inflector, builder).map_err(|m| row.problem(format!("{phrase:?}: {m}")))?;
        let named_words = phrase.split_whitespace().filter(|part| *part != "_").count() as u8;
        let stem = phrase.split_whitespace().find_map(lemmas).map_or(0, |(_, lemma)| stem(lemma));
        rules.push(DeedRule { cameo, head_offset, named_words, stem, source: source.clone(), target: target.clone() });
    }
    Ok(())
}

fn read_side(cell: &str, builder: &mut Builder) -> Side {
    let place = |name: &str| match name {
        "subject" => SidePlace::Subject,
        "object" => SidePlace::Object,
        "none" => SidePlace::None,
        preposition => SidePlace::After(builder.vocabulary.intern(preposition)),
    };
    Side { places: cell.split(',').map(str::trim).filter(|part| !part.is_empty()).map(place).collect() }
}

/// Adds the phrase under every form of its head; how many words stand before the head.
fn add_phrase(phrase: &str, number: u32, inflector: &Inflector, builder: &mut Builder) -> Result<u8, String> {
    let parts: Vec<&str> = phrase.split_whitespace().collect();
    let head = parts.iter().position(|p| lemmas(p).is_some()).ok_or("no word of it is marked v: or n:")?;
    if parts[..head].contains(&"_") {
        return Err("no gap may stand before the head".into());
    }
    let (is_verb, head_lemmas) = lemmas(parts[head]).ok_or("no head")?;
    let forms: &[WordForm] = if is_verb { &VERB_FORMS } else { &[WordForm::Noun] };
    for form in forms {
        let written: Vec<String> = head_lemmas.split('/').flat_map(|lemma| inflector.forms(lemma, *form)).collect();
        if written.is_empty() {
            continue;
        }
        mark_parts(&written, *form, builder);
        let pattern: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| if at == head { written.join("/") } else { all_forms(part, inflector) })
            .collect();
        builder.add_pattern(&parse_pattern(&pattern.join(" "))?, Entry::Deed(number, *form))?;
    }
    Ok(parts[..head].iter().map(|p| scan_words(p.split('/').next().unwrap_or(p)).len()).sum::<usize>() as u8)
}

/// Hash of a word's first letters.
pub(crate) fn stem(word: &str) -> u64 {
    const LETTERS: usize = 4;
    stable_hash(word.chars().take(LETTERS).collect::<String>().to_lowercase().as_bytes())
}

/// The lemmas of a marked word, and whether they are verbs.
fn lemmas(part: &str) -> Option<(bool, &str)> {
    part.strip_prefix("v:").map(|verb| (true, verb)).or_else(|| part.strip_prefix("n:").map(|noun| (false, noun)))
}

fn all_forms(part: &str, inflector: &Inflector) -> String {
    let Some((is_verb, list)) = lemmas(part) else { return part.to_owned() };
    let forms: &[WordForm] = if is_verb { &VERB_FORMS } else { &[WordForm::Noun] };
    let written: Vec<String> =
        list.split('/').flat_map(|lemma| forms.iter().flat_map(|form| inflector.forms(lemma, *form))).collect();
    written.join("/")
}

/// Verbs of deeds are verbs to the clause analysis, too.
fn mark_parts(written: &[String], form: WordForm, builder: &mut Builder) {
    let part = match form {
        WordForm::PastOrParticiple | WordForm::Past | WordForm::Participle => Part::Verb,
        WordForm::Base => Part::Base,
        WordForm::Third | WordForm::Gerund | WordForm::Noun => return,
    };
    for word in written.iter().filter(|w| !w.contains('-')) {
        let id = builder.vocabulary.intern(word);
        builder.vocabulary.set_part(id, part);
    }
}
