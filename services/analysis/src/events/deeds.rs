//! Which matches of `events.tsv` tell a deed: the longest at each head, in a form that fits its place in the sentence.

use faultline_schemas::{Modality, Plover, Quad};

use super::clause::{Clause, Kind, VerbGroup};
use crate::actors::Cast;
use crate::knowledge::Knowledge;
use crate::lexicon::{Cue, Entry, Match, Part, WordForm};
use crate::signals::{Cues, Setting};
use crate::text::{Document, TokenKind};

/// Root of words that tell an intent.
const INTENT: u8 = 3;
/// How far words about a deed reach, in tokens.
const COMPLEMENT_REACH: usize = 14;
/// How far they reach to a noun.
const NOMINAL_REACH: usize = 7;

/// A deed told by tokens `first..end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed {
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// The verb or noun.
    pub(crate) head: usize,
    pub(crate) sentence: usize,
    /// Position of the rule.
    pub(crate) rule: u32,
    /// Position of the CAMEO code: the rule's, or that of a deed within words about it.
    pub(crate) cameo: u32,
    pub(crate) modality: Modality,
    /// The verb that says how a noun was answered: "failed to *heed* calls for".
    pub(super) answered_by: Option<usize>,
    /// None for a noun.
    pub(super) group: Option<VerbGroup>,
    /// Where the words end that say what it is: those of a deed within it, too.
    pub(super) told_to: usize,
    /// Where the words end that it is about: what they tell is part of it.
    pub(super) reach: usize,
}

/// A match of `events.tsv` with the place of its head.
#[derive(Clone, Copy)]
struct Candidate {
    found: Match,
    head: usize,
    rule: u32,
    form: WordForm,
}

/// Every deed of the document, in text order. In a text about sport nobody is assaulted: "beat", "shot" and "attacked" are
/// the game; a storm that kills does no deed.
pub(crate) fn deeds(
    document: &Document<'_>,
    knowledge: &Knowledge,
    matches: &[Match],
    cues: &Cues<'_>,
    cast: &Cast,
    setting: Setting,
) -> Vec<Deed> {
    let mut told: Vec<Deed> = Vec::new();
    for candidate in longest(document, knowledge, matches, cast) {
        let sentence = document.sentence_of(candidate.head);
        let clause = Clause { document, knowledge, sentence: document.sentences[sentence] };
        let is_noun = candidate.form == WordForm::Noun;
        let cameo = knowledge.deeds.rules[candidate.rule as usize].cameo;
        let is_force = knowledge.cameo.all[cameo as usize].plover == Some(Plover::Assault);
        let is_mishap = || knowledge.vocabulary.has(document.tokens[candidate.head].word, Cue::Mishap);
        let means_else = match setting {
            Setting::News => false,
            Setting::Sport => is_force && !is_bombing(&knowledge.cameo.all[cameo as usize].code),
            Setting::Disaster => is_force && is_mishap(),
        };
        if means_else {
            continue;
        }
        let group = (!is_noun).then(|| clause.verb_group(candidate.head, candidate.form));
        let is_threat = knowledge.cameo.all[cameo as usize].plover == Some(Plover::Threaten);
        let modality = cues.modality(clause.sentence, candidate.found.first, is_threat);
        // "held no talks": a word of the gap takes it back.
        let taken_back = (candidate.head + 1..candidate.found.end).any(|at| cues.is(at, Cue::Negator));
        let modality = if taken_back { Modality::Negated } else { modality };
        let modality = if is_noun && is_imagined(&clause, candidate.found.first) {
            unlikelier(modality, Modality::Hypothetical)
        } else {
            modality
        };
        let answered_by = (is_noun && is_asked(root(knowledge, cameo)))
            .then(|| clause.answering_verb(candidate.found.first))
            .flatten();
        let modality = if answered_by.is_some() { Modality::Actual } else { modality };
        let (cameo, modality) = announced(knowledge, group.as_ref(), cameo).unwrap_or((cameo, modality));
        told.push(Deed {
            first: candidate.found.first,
            end: candidate.found.end,
            head: candidate.head,
            sentence,
            rule: candidate.rule,
            cameo,
            modality,
            answered_by,
            group,
            told_to: candidate.found.end,
            reach: candidate.found.end,
        });
    }
    let mut deeds = fold_complements(document, knowledge, told);
    for deed in deeds.iter_mut().filter(|d| d.group.is_some() && is_prospective(root(knowledge, d.cameo))) {
        let clause = Clause { document, knowledge, sentence: document.sentences[deed.sentence] };
        deed.reach = deed.reach.max(clause.clause_end(deed.end).min(deed.end + NOMINAL_REACH));
    }
    deeds
}

/// Bombs and chemical weapons are no game.
fn is_bombing(code: &str) -> bool {
    code.starts_with("183") || code.starts_with("204")
}

/// Of matches with one head the longest that fits; none whose head lies within a longer one, unless it begins with words of
/// its own: "join EU-*mediated talks*".
fn longest(document: &Document<'_>, knowledge: &Knowledge, matches: &[Match], cast: &Cast) -> Vec<Candidate> {
    let candidate = |found: &Match| match found.entry {
        Entry::Deed(rule, form) => {
            let head = found.first + usize::from(knowledge.deeds.rules[rule as usize].head_offset);
            Some(Candidate { found: *found, head, rule, form })
        }
        _ => None,
    };
    let stands_well = |candidate: &Candidate| {
        let sentence = document.sentences[document.sentence_of(candidate.head)];
        fits(&Clause { document, knowledge, sentence }, cast, candidate)
    };
    let mut all: Vec<Candidate> = matches.iter().filter_map(candidate).filter(stands_well).collect();
    let length = |c: &Candidate| c.found.end - c.found.first;
    let named = |c: &Candidate| knowledge.deeds.rules[c.rule as usize].named_words;
    all.sort_by_key(|c| (c.head, std::cmp::Reverse((length(c), named(c))), c.form, c.rule));
    all.dedup_by_key(|c| c.head);
    let mut taken_to = 0;
    let mut kept: Vec<Candidate> = Vec::with_capacity(all.len());
    for candidate in all {
        let has_lead = candidate.found.first < candidate.head;
        if candidate.head < taken_to && !has_lead {
            continue;
        }
        while kept.last().is_some_and(|last| candidate.found.first <= last.head) {
            kept.pop();
        }
        taken_to = taken_to.max(candidate.found.end);
        kept.push(candidate);
    }
    kept
}

/// Whether the head is a verb, or a noun, as its rule has it.
fn fits(clause: &Clause<'_>, cast: &Cast, candidate: &Candidate) -> bool {
    let Candidate { found, head, form, .. } = *candidate;
    let tokens = &clause.document.tokens;
    let mut before = head.checked_sub(1).filter(|b| *b >= clause.sentence.first);
    // "would “respond to” it"
    if before.is_some_and(|b| clause.kind(b) == Kind::Quote) {
        before = before.and_then(|b| b.checked_sub(1)).filter(|b| *b >= clause.sentence.first);
    }
    let before_kind = before.map(|b| clause.kind(b));
    let hyphenated = before.is_some_and(|b| tokens[b].kind == TokenKind::Hyphen)
        || tokens.get(head + 1).is_some_and(|t| t.kind == TokenKind::Hyphen) && found.end == head + 1;
    let in_name = tokens[head].is_capitalised()
        && cast.within(head.saturating_sub(8), head + 1).iter().any(|f| f.end > head && !f.coreference);
    if hyphenated || in_name {
        return false;
    }
    let opens = matches!(before_kind, Some(Kind::Determiner))
        || before.is_some_and(|b| matches!(tokens[b].kind, TokenKind::Possessive | TokenKind::Number));
    let after_to = before.is_some_and(|b| clause.is_to(b));
    match form {
        WordForm::Noun => {
            let as_verb = after_to && !opens || matches!(before_kind, Some(Kind::Modal | Kind::Pronoun));
            !as_verb
        }
        WordForm::Past => !opens,
        WordForm::PastOrParticiple | WordForm::Participle => {
            !(opens && !clause.has_part(head + 1, Part::Preposition) || clause.is_attributive(head))
        }
        // "a good meeting" is a noun, "troops attacking the town" a verb.
        WordForm::Gerund => !opens && (before_kind != Some(Kind::Nominal) || follows_object(clause, found.end)),
        WordForm::Base => is_base_verb(clause, head, before, before_kind, opens, found.first < head),
        WordForm::Third => !opens && is_third_person(clause, cast, candidate, before),
    }
}

fn is_base_verb(
    clause: &Clause<'_>,
    head: usize,
    before: Option<usize>,
    before_kind: Option<Kind>,
    opens: bool,
    has_lead: bool,
) -> bool {
    if opens {
        return false;
    }
    if has_lead || before.is_some_and(|b| clause.is_to(b)) {
        return true;
    }
    match before_kind {
        Some(Kind::Modal | Kind::Pronoun | Kind::Relative | Kind::Auxiliary) => true,
        Some(Kind::Adverb) => before.and_then(|b| b.checked_sub(1)).is_some_and(|b| {
            b >= clause.sentence.first
                && (clause.is_to(b) || matches!(clause.kind(b), Kind::Modal | Kind::Pronoun | Kind::Auxiliary))
        }),
        Some(Kind::Conjunction) => follows_object(clause, head + 1) && !clause.document.tokens[head].is_capitalised(),
        Some(Kind::Nominal) => {
            // "Protesters demand that …", "Russia and China sign deal".
            let plural = before.is_some_and(|b| {
                clause.word(b).ends_with('s') || clause.word(b) == "people" || clause.word(b) == "police"
            });
            let joined = || clause.phrase_before(head).is_some_and(|phrase| clause.joined_before(phrase).len() > 1);
            (plural || joined()) && follows_object(clause, head + 1)
        }
        _ => false,
    }
}

fn is_third_person(
    clause: &Clause<'_>,
    cast: &Cast,
    &Candidate { found, head, rule, .. }: &Candidate,
    before: Option<usize>,
) -> bool {
    let Some(before) = before else { return false };
    let is_adjective = cast
        .within(before, before + 1)
        .iter()
        .any(|f| f.end == before + 1 && f.label == faultline_schemas::MentionLabel::Norp);
    // "foreign forces with up to": the words of a phrase's gap, of which a preposition cannot be an object.
    let is_gap = || clause.knowledge.deeds.rules[rule as usize].named_words < (found.end - found.first) as u8;
    if found.end > head + 1 && clause.kind(head + 1) == Kind::Preposition && is_gap() && !clause.is_to(head + 1) {
        return false;
    }
    let has_object = found.end > head + 1 || follows_object(clause, found.end);
    // "to heed U.S. calls"
    let is_object =
        clause.phrase_before(head).is_some_and(|p| p.first > clause.sentence.first && clause.is_to(p.first - 1));
    if is_object && clause.kind(before) == Kind::Nominal {
        return false;
    }
    match clause.kind(before) {
        Kind::Nominal => !is_adjective && has_object,
        Kind::Pronoun | Kind::Relative | Kind::Adverb => true,
        Kind::Conjunction | Kind::Comma => has_object,
        _ => false,
    }
}

/// Whether what stands at `at` can begin an object: an article, a pronoun, a capital, a number.
fn follows_object(clause: &Clause<'_>, at: usize) -> bool {
    if at >= clause.sentence.end {
        return false;
    }
    let before_is_preposition = clause.kind(at - 1) == Kind::Preposition;
    match clause.kind(at) {
        Kind::Determiner | Kind::Pronoun | Kind::Quote => true,
        Kind::Nominal => {
            let token = &clause.document.tokens[at];
            before_is_preposition
                || token.is_capitalised()
                || token.kind == TokenKind::Number
                || clause.document.tokens[at - 1].is_word() && clause.word(at).len() > 2
        }
        Kind::Relative | Kind::Preposition => clause.word(at) == "that" || clause.is_to(at),
        _ => false,
    }
}

/// Deeds within words about them ("agreed to release", "threatened to attack", "refused talks with") make one deed with the
/// outer words: they decide what it is, the inner deed says which code. An intent to say something ("aims to condemn") is
/// what is to be said, and not yet done.
fn fold_complements(document: &Document<'_>, knowledge: &Knowledge, told: Vec<Deed>) -> Vec<Deed> {
    let mut kept: Vec<Deed> = Vec::with_capacity(told.len());
    for deed in told {
        let clause = Clause { document, knowledge, sentence: document.sentences[deed.sentence] };
        let outer = kept.last().copied().filter(|outer| outer.sentence == deed.sentence);
        match outer {
            Some(outer) if is_complement(&clause, knowledge, &outer, &deed) => {
                let code = compound(knowledge, &outer, &deed);
                let intends = root(knowledge, outer.cameo) == INTENT && code.is_none() && deed.group.is_some();
                if let Some(last) = kept.last_mut() {
                    if intends && is_general(knowledge, outer.cameo) {
                        *last = Deed { modality: unlikelier(outer.modality, Modality::Hypothetical), ..deed };
                        continue;
                    }
                    last.cameo = code.unwrap_or(outer.cameo);
                    last.reach = last.reach.max(deed.end);
                    if code.is_some() || deed.group.is_some() {
                        last.told_to = last.told_to.max(deed.end);
                    }
                }
            }
            _ => kept.push(deed),
        }
    }
    kept
}

/// "could create … than a brief strike on": any such deed, after a verb that says what might be.
fn is_imagined(clause: &Clause<'_>, first: usize) -> bool {
    const REACH: usize = 16;
    let floor = clause.sentence.first.max(first.saturating_sub(REACH));
    let starts_phrase = |at: &usize| !matches!(clause.kind(*at), Kind::Nominal | Kind::Verb);
    let opener = (floor..first).rev().find(starts_phrase);
    let is_any = opener.is_some_and(|at| first - at <= 3 && matches!(clause.word(at), "a" | "an" | "any"));
    let ends_clause = |at: usize| {
        matches!(clause.kind(at), Kind::Comma | Kind::Stop | Kind::Subordinator)
            || clause.kind(at) == Kind::Relative && clause.word(at) != "that"
    };
    is_any
        && (floor..first)
            .rev()
            .take_while(|at| !ends_clause(*at))
            .any(|at| matches!(clause.word(at), "could" | "would" | "might" | "may" | "should"))
}

/// The one that says less: what is denied or past stays so.
fn unlikelier(outer: Modality, inner: Modality) -> Modality {
    if matches!(outer, Modality::Negated | Modality::Past) { outer } else { inner }
}

/// What a deed that is announced or refused becomes, and its modality: "will visit" tells an intent, "will not lift" a
/// refusal, "will attack" a threat. None for a deed told as done.
fn announced(knowledge: &Knowledge, group: Option<&VerbGroup>, cameo: u32) -> Option<(u32, Modality)> {
    const REFUSAL: u8 = 12;
    let group = group.filter(|g| !g.passive && (g.future || g.negated))?;
    let code = &knowledge.cameo.all[cameo as usize];
    let is_cooperation = matches!(code.quad, Quad::VerbalCooperation | Quad::MaterialCooperation);
    let outer = match (is_cooperation, group.negated) {
        (true, true) => REFUSAL,
        (_, false) => INTENT,
        (false, true) => return None,
    };
    let compound = knowledge.deeds.compound(outer, code.plover?)?;
    Some((compound, if is_cooperation { Modality::Actual } else { Modality::Threatened }))
}

fn root(knowledge: &Knowledge, cameo: u32) -> u8 {
    knowledge.cameo.all[cameo as usize].code.get(..2).and_then(|root| root.parse().ok()).unwrap_or(0)
}

/// Roots of appeals and demands.
fn is_asked(root: u8) -> bool {
    matches!(root, 2 | 10)
}

/// Roots of words about deeds that are not done: appeals, intents, demands, refusals, threats.
fn is_prospective(root: u8) -> bool {
    matches!(root, 2 | 3 | 10 | 12 | 13)
}

fn compound(knowledge: &Knowledge, outer: &Deed, inner: &Deed) -> Option<u32> {
    let inner_type = knowledge.cameo.all[inner.cameo as usize].plover?;
    is_general(knowledge, outer.cameo)
        .then(|| knowledge.deeds.compound(root(knowledge, outer.cameo), inner_type))
        .flatten()
}

/// A code of more digits than its root's general one already says what the deed is about.
fn is_general(knowledge: &Knowledge, cameo: u32) -> bool {
    knowledge.cameo.all[cameo as usize].code.ends_with('0')
}

/// Whether `deed` stands within the words that `outer` is about.
fn is_complement(clause: &Clause<'_>, knowledge: &Knowledge, outer: &Deed, deed: &Deed) -> bool {
    let outer_root = root(knowledge, outer.cameo);
    let speaks = is_prospective(outer_root) || outer_root == 11;
    let distance = deed.head.saturating_sub(outer.end);
    match deed.group {
        None => {
            matches!(outer_root, 2 | 3 | 10 | 12 | 13)
                && deed.head >= outer.end
                && outer.group.is_some()
                && distance <= NOMINAL_REACH
                && clause.clause_end(outer.end) >= deed.head
        }
        Some(group) => {
            let follows_to = group.infinitive
                || deed.first > 0 && clause.is_to(deed.first - 1)
                || clause.is_to(outer.end.saturating_sub(1)) && deed.first == outer.end;
            let follows_preposition = group.bare_participle
                && !group.passive
                && group.first > outer.first
                && clause.kind(group.first - 1) == Kind::Preposition;
            let binds = follows_to || speaks && follows_preposition || speaks && group.first == outer.end;
            // "placed tariffs, prompting China to levy": China's own deed.
            let is_brought_about = clause.controlling_verb(group.first).is_some_and(|verb| verb >= outer.end);
            let binds = binds && !is_brought_about;
            let near = distance <= COMPLEMENT_REACH && clause.clause_end(outer.end) + 1 >= group.first;
            outer.group.is_some() && binds && near
        }
    }
}
