//! What the words round a name say of it.

use super::names::RoleHit;
use super::scene::{Scene, Tag};
use crate::knowledge::RoleKind;
use crate::lexicon::{Cue, Part};
use crate::text::{Gap, Sentence, Shape, TokenKind};

/// How far after a name its role may stand, in tokens.
const ROLE_REACH: usize = 8;
/// How far a description goes on after the role.
const PLACE_REACH: usize = 20;
/// How far before a name's comma its role may stand: "The new head of the station, X".
const LEAD_REACH: usize = 6;
/// Titles in a row: "Deputy Minister of Defence Colonel-General X".
const MAX_TITLES: usize = 3;

/// What is known of a name besides itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Description {
    pub(super) country: Option<u32>,
    pub(super) sectors: Vec<String>,
    /// The role that says it.
    pub(super) role: Option<u32>,
    /// "The ambassador to Syria": not from the country that is named.
    pub(super) is_abroad: bool,
}

/// A sentence all in capitals tells nothing by them.
pub(super) fn is_shouting(scene: &Scene<'_>, sentence: Sentence) -> bool {
    let words = scene.document.tokens[sentence.first..sentence.end].iter().filter(|t| t.is_word());
    let (mut all, mut capitals) = (0u32, 0u32);
    for token in words {
        all += 1;
        capitals += u32::from(token.shape == Shape::AllUpper);
    }
    all >= 4 && capitals * 10 > all * 7
}

/// What the words round a person's name say: "Serbia's President X", "X, the Serbian president", "NPR's X", "the Vatican
/// spokesman, the Rev. X".
pub(super) fn describe(scene: &Scene<'_>, first: usize, end: usize) -> Description {
    let mut description = Description::default();
    let lead = titles(scene, first, &mut description);
    if lead == first {
        owner(scene, first, &mut description);
    }
    if !description.is_complete() {
        after(scene, end, false, &mut description);
    }
    if !description.is_complete() {
        before_comma(scene, lead, false, &mut description);
    }
    if !description.is_complete() {
        heads(scene, end, &mut description);
    }
    if description.sectors.is_empty() && has_show(scene, end) {
        description.sectors.push("MED".to_owned());
    }
    description
}

/// "told X on his morning radio show".
fn has_show(scene: &Scene<'_>, end: usize) -> bool {
    const REACH: usize = 6;
    let is_own = scene.is_word(end, "on") && ["his", "her"].iter().any(|word| scene.is_word(end + 1, word));
    let is_show = |at: usize| ["show", "podcast", "programme", "program"].iter().any(|word| scene.is_word(at, word));
    let goes_on = |at: &usize| {
        scene.token(*at).is_some_and(|t| !matches!(t.kind, TokenKind::Mark(_))) && !scene.has(*at, Cue::FunctionWord)
    };
    is_own && (end + 2..end + 2 + REACH).take_while(goes_on).any(is_show)
}

/// What the words round the name of a body say: "the militant group X", "X, the nation's second-largest retailer", "the
/// editor of X", "X in Seoul".
pub(super) fn describe_body(scene: &Scene<'_>, first: usize, end: usize) -> Description {
    let mut description = Description::default();
    let lead = first - usize::from(first > 0 && scene.is_word(first - 1, "the"));
    if let Some(hit) = role_before(scene, lead) {
        if scene.kind_of(hit) == RoleKind::Group {
            description.add(scene, hit);
        }
    } else if let Some(of) = lead.checked_sub(1).filter(|of| ["of", "at", "for"].iter().any(|p| scene.is_word(*of, p)))
    {
        // Who edits, teaches at or owns a body tells what it is; most others may have come from anywhere.
        let hit = role_before(scene, of).filter(|hit| scene.kind_of(hit) != RoleKind::Office);
        description.sectors = hit.map(|hit| scene.sectors_of(hit).to_vec()).unwrap_or_default();
        description.sectors.retain(|sector| matches!(sector.as_str(), "MED" | "EDU" | "BUS" | "REL" | "LAB"));
    }
    if !description.is_complete() {
        after(scene, end, true, &mut description);
    }
    if description.sectors.is_empty() {
        before_comma(scene, lead, true, &mut description);
    }
    if description.sectors.is_empty() {
        description.sectors = led_as(scene, end);
    }
    let is_based = scene.is_word(end, "in") || scene.is_word(end, "of");
    if description.country.is_none() && is_based {
        description.country = scene.country_from(end + 1);
    }
    description
}

/// "X's chief executive": only a business has one.
fn led_as(scene: &Scene<'_>, end: usize) -> Vec<String> {
    let lead = end + usize::from(scene.token(end).is_some_and(|t| t.kind == TokenKind::Possessive));
    let hit = match scene.tags.get(lead) {
        Some(Tag::Role(position)) => &scene.roles[*position as usize],
        _ => return Vec::new(),
    };
    let is_business = hit.first == lead && scene.sectors_of(hit).iter().any(|sector| sector == "BUS");
    if is_business && scene.kind_of(hit) != RoleKind::Group { vec!["BUS".to_owned()] } else { Vec::new() }
}

impl Description {
    fn is_complete(&self) -> bool {
        self.country.is_some() && !self.sectors.is_empty()
    }

    /// Adds what a role says, with the body that it is held in.
    fn add(&mut self, scene: &Scene<'_>, hit: &RoleHit) {
        let (country, sectors) = scene.reading_of(hit);
        self.country = self.country.or(country);
        for sector in sectors {
            if !self.sectors.contains(&sector) {
                self.sectors.push(sector);
            }
        }
        self.role = self.role.or(Some(hit.role));
        self.is_abroad |= scene.is_abroad(hit);
    }
}

/// Adds the titles that end at `first`, and returns where they begin.
fn titles(scene: &Scene<'_>, first: usize, description: &mut Description) -> usize {
    let mut lead = first;
    for _ in 0..MAX_TITLES {
        let Some(hit) = scene.title_before(lead) else { break };
        description.add(scene, hit);
        lead = hit.first;
    }
    lead
}

/// "NPR's X", "Russia's X", "President of Serbia X", but not "the ambassador to Syria X".
fn owner(scene: &Scene<'_>, first: usize, description: &mut Description) {
    let Some(before) = first.checked_sub(1) else { return };
    let is_possessive =
        scene.document.tokens[before].kind == TokenKind::Possessive || ends_in_apostrophe(scene, before);
    let Some(last) = before.checked_sub(usize::from(is_possessive)) else { return };
    let Some(name) = scene.name_at(last) else { return };
    if name.end != last + 1 || name.person.is_some() || scene.token(first).is_none_or(|t| t.gap != Gap::Space) {
        return;
    }
    let of = name.first.checked_sub(1 + usize::from(name.first > 0 && scene.is_word(name.first - 1, "the")));
    if of.is_some_and(|of| scene.is_word(of, "to") || scene.has(of, Cue::PlacePreposition) && !scene.is_word(of, "of"))
    {
        if let Some(hit) = of.and_then(|of| role_before(scene, of)) {
            description.add(scene, hit);
        }
        return;
    }
    if let Some(organisation) = name.organisation.filter(|_| is_possessive) {
        let body = &scene.knowledge.organisations[organisation as usize];
        (description.country, description.sectors) = (body.country, body.sectors.clone());
    } else if let Some(country) = name.any_country() {
        description.country = Some(country);
        let hit = of.filter(|of| scene.is_word(*of, "of")).and_then(|of| scene.title_before(of));
        description.sectors = hit.map(|hit| scene.sectors_of(hit).to_vec()).unwrap_or_default();
        description.role = hit.map(|hit| hit.role);
    }
}

/// "X leads the Free Ruritanian Army".
fn heads(scene: &Scene<'_>, end: usize, description: &mut Description) {
    if !["runs", "heads", "leads", "commands", "led", "headed", "commanded"].iter().any(|verb| scene.is_word(end, verb))
    {
        return;
    }
    let sentence_end = scene.document.sentences[scene.document.sentence_of(end)].end;
    let next = scene.names.partition_point(|name| name.first <= end);
    let Some(name) = scene.names.get(next).filter(|name| name.first < sentence_end.min(end + ROLE_REACH)) else {
        return;
    };
    if let Some(organisation) = name.organisation {
        let body = &scene.knowledge.organisations[organisation as usize];
        description.country = description.country.or(body.country);
        if description.sectors.is_empty() {
            description.sectors = body.sectors.clone();
        }
    }
}

/// "Fox News' X".
fn ends_in_apostrophe(scene: &Scene<'_>, at: usize) -> bool {
    let token = &scene.document.tokens[at];
    matches!(token.kind, TokenKind::Mark('\'' | '’'))
        && token.gap == Gap::None
        && at.checked_sub(1).is_some_and(|word| scene.document.slice(word, word + 1).ends_with('s'))
}

fn role_before<'s>(scene: &'s Scene<'_>, end: usize) -> Option<&'s RoleHit> {
    match scene.tags.get(end.checked_sub(1)?)? {
        Tag::Role(position) => Some(&scene.roles[*position as usize]).filter(|hit| hit.end == end),
        _ => None,
    }
}

/// "X, the Serbian president,", "X, 41, a resident of Kosovo's capital", "X (R), the mayor of Houston".
fn after(scene: &Scene<'_>, end: usize, of_body: bool, description: &mut Description) {
    let Some(start) = apposition(scene, end) else { return };
    let sentence_end = scene.document.sentences[scene.document.sentence_of(end)].end;
    let mut named = None;
    for at in start..sentence_end.min(start + ROLE_REACH) {
        match (scene.tags[at], scene.document.tokens[at].kind) {
            (Tag::Role(position), _) => {
                let hit = scene.roles[position as usize];
                let is_title_of_another = hit.end < sentence_end
                    && scene.document.tokens[hit.end].is_capitalised()
                    && scene.document.tokens[hit.end].gap == Gap::Space;
                if (scene.kind_of(&hit) == RoleKind::Group) == of_body && !is_title_of_another {
                    description.add(scene, &hit);
                    description.country =
                        description.country.or(named).or_else(|| place_in(scene, hit.end, sentence_end));
                    return;
                }
                if is_title_of_another {
                    return;
                }
            }
            (Tag::Name(position), _) => {
                let name = &scene.names[position as usize];
                let is_party = scene.is_party(name);
                named = named.or(name.any_country()).or_else(|| {
                    (is_party || at == start).then(|| scene.country_of_name(name).filter(|_| name.person.is_none()))?
                });
                // "X, Maryland Democrat".
                if is_party && !of_body {
                    description.country = description.country.or(named);
                    return;
                }
            }
            (_, TokenKind::Mark(_)) => return,
            (_, TokenKind::Word) if breaks_description(scene, at, at == start) => return,
            _ => {}
        }
    }
}

/// Where the description after a name begins, past a bracket and an age: after a comma, "who is" or "is".
fn apposition(scene: &Scene<'_>, end: usize) -> Option<usize> {
    const BRACKET_REACH: usize = 6;
    let mut at = end;
    if let Some(start) = predicate(scene, end) {
        return Some(start);
    }
    if scene.is_mark(at, '(') {
        at = (at..at + BRACKET_REACH).find(|close| scene.is_mark(*close, ')'))? + 1;
    }
    if !scene.is_mark(at, ',') {
        return None;
    }
    at += 1;
    let is_age = scene.token(at).is_some_and(|t| t.kind == TokenKind::Number) && scene.is_mark(at + 1, ',');
    at += if is_age { 2 } else { 0 };
    let predicate = scene.is_word(at, "who").then(|| predicate(scene, at + 1)).flatten();
    Some(predicate.unwrap_or(at))
}

/// What follows "is the", "was a".
fn predicate(scene: &Scene<'_>, at: usize) -> Option<usize> {
    let is_copula = ["is", "was"].iter().any(|word| scene.is_word(at, word));
    let is_told = is_copula && ["a", "an", "the"].iter().any(|word| scene.is_word(at + 1, word));
    is_told.then_some(at + 1)
}

/// "who", "said", "is", and an "and" that starts: what follows tells something else.
fn breaks_description(scene: &Scene<'_>, at: usize, is_first: bool) -> bool {
    let parts = scene.knowledge.vocabulary.parts(scene.document.tokens[at].word);
    let before = at.checked_sub(1).map(|at| scene.document.tokens[at].word);
    // "A respected anchor": after an article it is no verb.
    let is_participle = before.is_some_and(|word| scene.knowledge.vocabulary.parts(word).has(Part::Determiner));
    [Part::Relative, Part::Auxiliary, Part::Modal].iter().any(|part| parts.has(*part))
        || !is_participle && (parts.has(Part::Verb) || scene.has(at, Cue::Reporting))
        || is_first && parts.has(Part::Conjunction)
}

/// What binds a place or body to who is described.
const LINKS: [&str; 9] = ["in", "at", "of", "from", "for", "runs", "heads", "leads", "commands"];

/// The country of the first place after the role: "a resident of Kosovo's capital", "an expert at the institute in Seoul".
fn place_in(scene: &Scene<'_>, from: usize, sentence_end: usize) -> Option<u32> {
    for at in from..sentence_end.min(from + PLACE_REACH) {
        match scene.document.tokens[at].kind {
            TokenKind::Mark(_) => return None,
            TokenKind::Word if LINKS.iter().any(|word| scene.is_word(at, word)) => {
                let is_people = scene.name_at(at + 1).is_some_and(|name| name.demonym.is_some());
                if let Some(country) = scene.country_from(at + 1).filter(|_| !is_people) {
                    return Some(country);
                }
            }
            _ => {}
        }
    }
    None
}

/// "The Vatican spokesman, the Rev. X", "the new head of the station, X": a role that is told before the name.
fn before_comma(scene: &Scene<'_>, lead: usize, of_body: bool, description: &mut Description) {
    let lead = lead - usize::from(lead > 0 && scene.is_word(lead - 1, "the"));
    let Some(comma) = lead.checked_sub(1).filter(|comma| scene.is_mark(*comma, ',')) else { return };
    let floor = scene.document.sentences[scene.document.sentence_of(lead)].first.max(comma.saturating_sub(LEAD_REACH));
    for at in (floor..comma).rev() {
        match (scene.tags[at], scene.document.tokens[at].kind) {
            (Tag::Role(position), _) => {
                let hit = scene.roles[position as usize];
                let is_bound = hit.end == comma || ["of", "at", "for"].iter().any(|word| scene.is_word(hit.end, word));
                let is_one = scene.document.slice(hit.first, hit.end).len() == scene.role_name(&hit).len();
                if is_bound
                    && is_one
                    && is_determined(scene, &hit)
                    && (scene.kind_of(&hit) == RoleKind::Group) == of_body
                {
                    description.add(scene, &hit);
                }
                return;
            }
            (_, TokenKind::Mark(_)) => return,
            _ => {}
        }
    }
}

/// "the new head", "Serbia's president", "the Vatican spokesman".
fn is_determined(scene: &Scene<'_>, hit: &RoleHit) -> bool {
    const ADJECTIVES: usize = 3;
    (hit.first.saturating_sub(ADJECTIVES)..hit.first).rev().any(|at| {
        scene.document.tokens[at].kind == TokenKind::Possessive
            || scene.knowledge.vocabulary.parts(scene.document.tokens[at].word).has(Part::Determiner)
            || scene.country_at(at).is_some()
    })
}
