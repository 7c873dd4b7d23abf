//! Names that the lists know.

use crate::knowledge::Knowledge;
use crate::lexicon::{Cue, Entry, Match};

/// What a name in the text may stand for, by the lists.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Name {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) country: Option<u32>,
    pub(super) demonym: Option<u32>,
    pub(super) metonym: Option<u32>,
    pub(super) place: Option<u32>,
    pub(super) organisation: Option<u32>,
    pub(super) person: Option<u32>,
}

impl Name {
    /// The country it names, by name, people or government.
    pub(super) fn any_country(&self) -> Option<u32> {
        self.country.or(self.demonym).or(self.metonym)
    }

    /// A place and nothing else: may well be part of somebody's name.
    pub(super) fn is_weak(&self) -> bool {
        self.place.is_some() && self.any_country().is_none() && self.organisation.is_none() && self.person.is_none()
    }

    fn add(&mut self, entry: Entry, knowledge: &Knowledge, day: Option<u32>) {
        match entry {
            Entry::Country(n) => self.country = self.country.or(Some(n)),
            Entry::Demonym(n) => self.demonym = self.demonym.or(Some(n)),
            Entry::Metonym(n) => self.metonym = self.metonym.or(Some(n)),
            Entry::Organisation(n) => self.organisation = self.organisation.or(Some(n)),
            Entry::Place(n) => {
                let population = |place: u32| knowledge.places[place as usize].population;
                if self.place.is_none_or(|known| population(n) > population(known)) {
                    self.place = Some(n);
                }
            }
            Entry::Person(n) => {
                let in_office =
                    |person: u32| day.is_some_and(|d| knowledge.people.all[person as usize].in_office_on(d));
                if self.person.is_none_or(|known| in_office(n) && !in_office(known)) {
                    self.person = Some(n);
                }
            }
            Entry::Role(_) | Entry::Tension(_) | Entry::Guard(_) | Entry::Cue(_) | Entry::Deed(..) => {}
        }
    }
}

fn is_name(entry: Entry) -> bool {
    !matches!(entry, Entry::Role(_) | Entry::Tension(_) | Entry::Guard(_) | Entry::Cue(_) | Entry::Deed(..))
}

/// Leftmost longest names, none overlapping another.
pub(super) fn names(matches: &[Match], knowledge: &Knowledge, day: Option<u32>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut at = 0;
    while at < matches.len() {
        let first = matches[at].first;
        let group_end = at + matches[at..].iter().take_while(|m| m.first == first).count();
        let group = &matches[at..group_end];
        at = group_end;
        let is_free = names.last().is_none_or(|last| last.end <= first);
        let longest = group.iter().filter(|m| is_name(m.entry)).map(|m| m.end).max();
        if let (true, Some(end)) = (is_free, longest) {
            let mut name = Name { first, end, ..Name::default() };
            group.iter().filter(|m| m.end == end).for_each(|m| name.add(m.entry, knowledge, day));
            names.push(name);
        }
    }
    names
}

/// "Georgia" is a country and a state: the one whose country the document names more, and the country where it names neither.
pub(super) fn settle_namesakes(names: &mut [Name], knowledge: &Knowledge) {
    let region = |name: &Name| knowledge.places[name.place? as usize].country.filter(|of| Some(*of) != name.country);
    let namesakes: Vec<(usize, u32, u32)> = names
        .iter()
        .enumerate()
        .filter_map(|(position, name)| Some((position, name.country?, region(name)?)))
        .collect();
    let Some((_, country, other)) = namesakes.first().copied() else { return };
    let told = |of: u32| {
        let is_told = |name: &&Name| match name.place {
            Some(place) => knowledge.places[place as usize].country == Some(of) && name.country.is_none(),
            None => name.any_country() == Some(of),
        };
        names.iter().filter(is_told).count()
    };
    let is_region = told(other) > told(country);
    for (position, ..) in namesakes.into_iter().filter(|(_, of, _)| *of == country) {
        let name = &mut names[position];
        if is_region { name.country = None } else { name.place = None }
    }
}

/// "German shepherd" names no German.
pub(super) fn drop_compounds(names: &mut Vec<Name>, matches: &[Match]) {
    let mut compounds = matches.iter().filter(|m| m.entry == Entry::Cue(Cue::NoActor)).peekable();
    if compounds.peek().is_none() {
        return;
    }
    let compounds: Vec<&Match> = compounds.collect();
    names.retain(|name| {
        let next = compounds.partition_point(|compound| compound.first <= name.first);
        next.checked_sub(1).is_none_or(|at| compounds[at].end < name.end)
    });
}

/// A role in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoleHit {
    pub(super) first: usize,
    pub(super) end: usize,
    /// Position of the role.
    pub(super) role: u32,
}

/// Leftmost longest roles, none overlapping another or a name.
pub(super) fn roles(matches: &[Match], names: &[Name]) -> Vec<RoleHit> {
    let mut hits: Vec<RoleHit> = matches
        .iter()
        .filter_map(|m| match m.entry {
            Entry::Role(role) => Some(RoleHit { first: m.first, end: m.end, role }),
            _ => None,
        })
        .collect();
    hits.sort_by_key(|hit| (hit.first, std::cmp::Reverse(hit.end)));
    let mut free_from = 0;
    hits.retain(|hit| {
        let next_name = names.partition_point(|name| name.end <= hit.first);
        let is_free = hit.first >= free_from && names.get(next_name).is_none_or(|name| name.first >= hit.end);
        if is_free {
            free_from = hit.end;
        }
        is_free
    });
    hits
}
