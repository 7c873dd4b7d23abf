//! CAMEO codes and the rules of the tension lexicon.

use faultline_schemas::{Direction, Plover, Quad};
use rustc_hash::FxHashMap;

use super::files::KnowledgeFiles;
use super::table::{Problem, Row, rows};
use crate::lexicon::{Builder, Entry, parse_pattern};

/// A CAMEO code that makes an event.
pub(crate) struct CameoCode {
    pub(crate) code: String,
    pub(crate) goldstein: f32,
    /// None for statements (01x), which make no event.
    pub(crate) plover: Option<Plover>,
    pub(crate) mode: Option<String>,
    pub(crate) quad: Quad,
}

/// All codes.
#[derive(Default)]
pub(crate) struct CameoCodes {
    pub(crate) all: Vec<CameoCode>,
    by_code: FxHashMap<String, u32>,
}

impl CameoCodes {
    const COLUMNS: [&'static str; 6] = ["cameo", "label", "goldstein", "plover", "mode", "quad"];

    pub(super) fn load(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut codes = Self::default();
        for row in rows("cameo.tsv", text, &Self::COLUMNS, problems) {
            match read_code(&row) {
                Ok(code) => {
                    let number = codes.all.len() as u32;
                    if codes.by_code.insert(code.code.clone(), number).is_some() {
                        problems.push(row.problem(format!("code {} is listed twice", code.code)));
                    }
                    codes.all.push(code);
                }
                Err(problem) => problems.push(problem),
            }
        }
        codes
    }

    pub(crate) fn find(&self, code: &str) -> Option<u32> {
        self.by_code.get(code).copied()
    }
}

fn read_code(row: &Row<'_>) -> Result<CameoCode, Problem> {
    let code = row.required("cameo")?;
    if !(2..=4).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(row.problem(format!("code {code:?} is not two to four digits")));
    }
    let plover = match row.text("plover") {
        "" => None,
        name => Some(plover(name).ok_or_else(|| row.problem(format!("{name:?} is no PLOVER type")))?),
    };
    let quad = match row.text("quad") {
        "1" => Quad::VerbalCooperation,
        "2" => Quad::MaterialCooperation,
        "3" => Quad::VerbalConflict,
        "4" => Quad::MaterialConflict,
        "" => quad_of_root(code),
        other => return Err(row.problem(format!("quad is {other:?}, not 1 to 4"))),
    };
    Ok(CameoCode {
        code: code.to_owned(),
        goldstein: row.number("goldstein", -10.0, 10.0)?.unwrap_or(0.0),
        plover,
        mode: row.optional("mode"),
        quad,
    })
}

/// CAMEO's roots 01 to 05 are verbal and 06 to 08 material cooperation, 09 to 13 verbal and 14 to 20 material conflict.
fn quad_of_root(code: &str) -> Quad {
    match code.get(..2).and_then(|root| root.parse::<u8>().ok()).unwrap_or(0) {
        0..=5 => Quad::VerbalCooperation,
        6..=8 => Quad::MaterialCooperation,
        9..=13 => Quad::VerbalConflict,
        _ => Quad::MaterialConflict,
    }
}

pub(super) fn plover(name: &str) -> Option<Plover> {
    Some(match name {
        "AGREE" => Plover::Agree,
        "CONSULT" => Plover::Consult,
        "SUPPORT" => Plover::Support,
        "CONCEDE" => Plover::Concede,
        "COOPERATE" => Plover::Cooperate,
        "AID" => Plover::Aid,
        "RETREAT" => Plover::Retreat,
        "REQUEST" => Plover::Request,
        "ACCUSE" => Plover::Accuse,
        "REJECT" => Plover::Reject,
        "THREATEN" => Plover::Threaten,
        "PROTEST" => Plover::Protest,
        "SANCTION" => Plover::Sanction,
        "MOBILIZE" => Plover::Mobilize,
        "COERCE" => Plover::Coerce,
        "ASSAULT" => Plover::Assault,
        _ => return None,
    })
}

/// A line of `tension.tsv`.
pub(crate) struct TensionRule {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) direction: Direction,
    pub(crate) weight: f32,
    /// Position of the CAMEO code.
    pub(crate) cameo: Option<u32>,
    pub(crate) kind: RuleKind,
    /// Whether the pattern itself says "not", as in "not rule out": then the words of the match negate nothing.
    pub(crate) names_negator: bool,
}

/// A line of `tension_categories.tsv` that events count under.
pub(crate) struct EventCategory {
    pub(crate) name: String,
    pub(crate) direction: Direction,
}

/// Category of the events of each code, by the beginning of the code; the longest beginning decides.
#[derive(Default)]
pub(crate) struct EventCategories {
    all: Vec<EventCategory>,
    by_code: FxHashMap<String, usize>,
}

impl EventCategories {
    pub(crate) fn of(&self, code: &str) -> Option<&EventCategory> {
        let beginnings = (2..=code.len()).rev().filter_map(|end| code.get(..end));
        beginnings.filter_map(|beginning| self.by_code.get(beginning)).next().map(|number| &self.all[*number])
    }
}

/// What a rule tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    /// Something done.
    Deed,
    /// Rhetoric, accusations, refusals, talk of tension.
    Words,
    /// CAMEO's root 13: threats in themselves.
    Threat,
}

pub(super) fn load_tension(
    files: &KnowledgeFiles,
    codes: &CameoCodes,
    builder: &mut Builder,
    problems: &mut Vec<Problem>,
) -> (Vec<TensionRule>, EventCategories) {
    const CATEGORY_COLUMNS: [&str; 4] = ["category", "direction", "events", "explanation"];
    const COLUMNS: [&str; 6] = ["id", "category", "direction", "weight", "cameo", "pattern"];
    let mut events = EventCategories::default();
    let mut categories: Vec<String> = Vec::new();
    for row in rows("tension_categories.tsv", files.text("tension_categories.tsv"), &CATEGORY_COLUMNS, problems) {
        categories.push(row.text("category").to_owned());
        let read = direction(&row).and_then(|direction| read_event_codes(&row, direction, codes, &mut events));
        problems.extend(read.err());
    }
    let mut rules: Vec<TensionRule> = Vec::new();
    for row in rows("tension.tsv", files.text("tension.tsv"), &COLUMNS, problems) {
        let number = rules.len() as u32;
        if !categories.iter().any(|category| category == row.text("category")) {
            let category = row.text("category");
            problems.push(row.problem(format!("category {category:?} is not in tension_categories.tsv")));
            continue;
        }
        match read_rule(&row, codes, number, builder) {
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    (rules, events)
}

fn direction(row: &Row<'_>) -> Result<Direction, Problem> {
    match row.required("direction")? {
        "escalation" => Ok(Direction::Escalation),
        "de_escalation" => Ok(Direction::DeEscalation),
        other => Err(row.problem(format!("direction {other:?} is not escalation or de_escalation"))),
    }
}

fn read_event_codes(
    row: &Row<'_>,
    direction: Direction,
    codes: &CameoCodes,
    events: &mut EventCategories,
) -> Result<(), Problem> {
    for code in row.list("events") {
        if !codes.all.iter().any(|known| known.code.starts_with(code)) {
            return Err(row.problem(format!("no code begins with {code:?}")));
        }
        if events.by_code.insert(code.to_owned(), events.all.len()).is_some() {
            return Err(row.problem(format!("code {code:?} is of two categories")));
        }
    }
    events.all.push(EventCategory { name: row.required("category")?.to_owned(), direction });
    Ok(())
}

const NEGATORS: [&str; 10] = ["no", "not", "never", "without", "neither", "nor", "don't", "doesn't", "didn't", "won't"];

fn read_rule(row: &Row<'_>, codes: &CameoCodes, number: u32, builder: &mut Builder) -> Result<TensionRule, Problem> {
    let direction = direction(row)?;
    let cameo = match row.text("cameo") {
        "" => None,
        code => Some(codes.find(code).ok_or_else(|| row.problem(format!("code {code:?} is not in cameo.tsv")))?),
    };
    let pattern = row.required("pattern")?;
    let is_threat = cameo.is_some_and(|code| codes.all[code as usize].code.starts_with("13"));
    let kind = match row.text("category") {
        _ if is_threat => RuleKind::Threat,
        "hostile_rhetoric" | "accusation" | "rejection" | "rising_tension" => RuleKind::Words,
        _ => RuleKind::Deed,
    };
    let rule = TensionRule {
        kind,
        names_negator: pattern.split([' ', '/']).any(|word| NEGATORS.contains(&word)),
        id: row.required("id")?.to_owned(),
        category: row.required("category")?.to_owned(),
        direction,
        weight: row.number("weight", 0.0, 1.0)?.ok_or_else(|| row.problem("weight is empty"))?,
        cameo,
    };
    let elements = parse_pattern(pattern).map_err(|message| row.problem(message))?;
    builder.add_pattern(&elements, Entry::Tension(number)).map_err(|message| row.problem(message))?;
    Ok(rule)
}

/// A line of `tension_guards.tsv`.
pub(crate) struct Guard {
    /// True where all signals of the sentence are halved, false where those that touch the match are dropped.
    pub(crate) whole_sentence: bool,
}

pub(super) fn load_guards(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) -> Vec<Guard> {
    const COLUMNS: [&str; 4] = ["id", "pattern", "scope", "note"];
    let mut guards = Vec::new();
    for row in rows("tension_guards.tsv", text, &COLUMNS, problems) {
        let whole_sentence = match row.text("scope") {
            "span" => false,
            "sentence" => true,
            other => {
                problems.push(row.problem(format!("scope {other:?} is not span or sentence")));
                continue;
            }
        };
        let added = parse_pattern(row.text("pattern"))
            .and_then(|elements| builder.add_pattern(&elements, Entry::Guard(guards.len() as u32)));
        match added {
            Ok(()) => guards.push(Guard { whole_sentence }),
            Err(message) => problems.push(row.problem(message)),
        }
    }
    guards
}
