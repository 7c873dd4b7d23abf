//! Names that the lists know.

use faultline_schemas::MentionLabel;

use super::cast::{Cast, Found};
use crate::knowledge::Knowledge;
use crate::lexicon::{Entry, Match};
use crate::text::Document;

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
            Entry::Role(_) | Entry::Tension(_) | Entry::Guard(_) | Entry::Cue(_) => {}
        }
    }
}

fn is_name(entry: Entry) -> bool {
    !matches!(entry, Entry::Role(_) | Entry::Tension(_) | Entry::Guard(_) | Entry::Cue(_))
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

/// Everybody and everywhere in the document.
pub(crate) fn read_cast(document: &Document<'_>, knowledge: &Knowledge, matches: &[Match], day: Option<u32>) -> Cast {
    let mut cast = Cast::new();
    for name in names(matches, knowledge, day) {
        add_name(&mut cast, document, knowledge, &name, day);
    }
    cast.sort();
    cast
}

fn add_name(cast: &mut Cast, document: &Document<'_>, knowledge: &Knowledge, name: &Name, day: Option<u32>) {
    let mut found = Found {
        first: name.first,
        end: name.end,
        sentence: document.sentence_of(name.first),
        actor: None,
        place: None,
        label: MentionLabel::Gpe,
        metonymic: false,
        coreference: false,
    };
    if let Some(person) = name.person {
        found.actor = Some(cast.person(&knowledge.people.all[person as usize], day));
        found.label = MentionLabel::Person;
    } else if let Some(country) = name.country {
        found.actor = Some(cast.country(country, knowledge));
        found.place = Some(cast.country_place(country, knowledge));
    } else if let Some(organisation) = name.organisation {
        found.actor = Some(cast.organisation(organisation, knowledge));
        found.label = MentionLabel::Org;
    } else if let Some(demonym) = name.demonym {
        found.actor = Some(cast.country(demonym, knowledge));
        found.label = MentionLabel::Norp;
    } else if let Some(place) = name.place {
        found.place = Some(cast.listed_place(place, knowledge));
    } else if let Some(country) = name.metonym {
        found.actor = Some(cast.country(country, knowledge));
        found.metonymic = true;
    }
    cast.found.push(found);
}
