//! Countries, places, organisations, people and roles.

use faultline_schemas::ActorType;
use rustc_hash::FxHashMap;

use super::table::{Problem, Row, rows};
use crate::lexicon::{Builder, Cue, Entry};
use crate::text::scan_words;

/// A country or territory.
pub(crate) struct Country {
    /// ISO 3166-1 alpha-3, `XKX` for Kosovo.
    pub(crate) iso3: String,
    /// CAMEO code: `KSV` for Kosovo.
    pub(crate) cameo: String,
    /// Usual English name.
    pub(crate) name: String,
    /// Of the country: "Italian". Its name where no demonym is listed.
    pub(crate) adjective: String,
    pub(crate) latitude: Option<f32>,
    pub(crate) longitude: Option<f32>,
}

/// All countries.
#[derive(Default)]
pub(crate) struct Countries {
    pub(crate) all: Vec<Country>,
    by_iso3: FxHashMap<String, u32>,
}

impl Countries {
    const COLUMNS: [&'static str; 9] =
        ["iso3", "cameo", "name", "capital", "latitude", "longitude", "names", "demonyms", "metonyms"];

    pub(super) fn load(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) -> Self {
        let mut countries = Self::default();
        for row in rows("countries.tsv", text, &Self::COLUMNS, problems) {
            if let Err(problem) = countries.add(&row, builder) {
                problems.push(problem);
            }
        }
        countries
    }

    fn add(&mut self, row: &Row<'_>, builder: &mut Builder) -> Result<(), Problem> {
        let iso3 = row.code("iso3", row.required("iso3")?)?;
        let country = Country {
            cameo: row.code("cameo", row.required("cameo")?)?,
            name: row.required("name")?.to_owned(),
            adjective: row.list("demonyms").next().unwrap_or(row.required("name")?).to_owned(),
            latitude: row.number("latitude", -90.0, 90.0)?,
            longitude: row.number("longitude", -180.0, 180.0)?,
            iso3,
        };
        let number = self.all.len() as u32;
        if self.by_iso3.insert(country.iso3.clone(), number).is_some() {
            return Err(row.problem(format!("{} is listed twice", country.iso3)));
        }
        builder.add_phrase(&country.name, Entry::Country(number));
        for name in row.list("names") {
            builder.add_phrase(name, Entry::Country(number));
        }
        for demonym in row.list("demonyms") {
            builder.add_phrase(demonym, Entry::Demonym(number));
        }
        for metonym in row.list("metonyms") {
            builder.add_phrase(metonym, Entry::Metonym(number));
        }
        self.all.push(country);
        Ok(())
    }

    /// Position of the country with that ISO code.
    pub(crate) fn find(&self, iso3: &str) -> Option<u32> {
        self.by_iso3.get(iso3).copied()
    }

    fn optional(&self, row: &Row<'_>, column: &str) -> Result<Option<u32>, Problem> {
        match row.text(column) {
            "" => Ok(None),
            iso3 => self
                .find(iso3)
                .map(Some)
                .ok_or_else(|| row.problem(format!("{column} {iso3:?} is in no countries.tsv line"))),
        }
    }
}

/// A city, region or other place.
pub(crate) struct PlaceEntry {
    pub(crate) name: String,
    pub(crate) country: Option<u32>,
    pub(crate) latitude: Option<f32>,
    pub(crate) longitude: Option<f32>,
    pub(crate) population: u32,
}

pub(super) fn load_places(
    text: &str,
    countries: &Countries,
    builder: &mut Builder,
    problems: &mut Vec<Problem>,
) -> Vec<PlaceEntry> {
    const COLUMNS: [&str; 6] = ["name", "iso3", "latitude", "longitude", "population", "names"];
    let mut places = Vec::new();
    for row in rows("places.tsv", text, &COLUMNS, problems) {
        let read = || -> Result<PlaceEntry, Problem> {
            Ok(PlaceEntry {
                name: row.required("name")?.to_owned(),
                country: countries.optional(&row, "iso3")?,
                latitude: row.number("latitude", -90.0, 90.0)?,
                longitude: row.number("longitude", -180.0, 180.0)?,
                population: row.number("population", 0.0, 1e9)?.map_or(0, |n| n as u32),
            })
        };
        match read() {
            Ok(place) => {
                let entry = Entry::Place(places.len() as u32);
                builder.add_phrase(&place.name, entry);
                row.list("names").for_each(|name| builder.add_phrase(name, entry));
                places.push(place);
            }
            Err(problem) => problems.push(problem),
        }
    }
    places
}

/// A body that acts.
pub(crate) struct Organisation {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ActorType,
    pub(crate) country: Option<u32>,
    pub(crate) sectors: Vec<String>,
    pub(crate) cameo: Option<String>,
}

/// All organisations.
pub(crate) type Organisations = Vec<Organisation>;

pub(super) fn load_organisations(
    text: &str,
    countries: &Countries,
    builder: &mut Builder,
    problems: &mut Vec<Problem>,
) -> Organisations {
    const COLUMNS: [&str; 7] = ["id", "name", "type", "country", "sectors", "cameo", "names"];
    let mut organisations = Vec::new();
    for row in rows("organisations.tsv", text, &COLUMNS, problems) {
        let read = || -> Result<Organisation, Problem> {
            Ok(Organisation {
                id: row.required("id")?.to_owned(),
                name: row.required("name")?.to_owned(),
                kind: actor_type(&row)?,
                country: countries.optional(&row, "country")?,
                sectors: row.codes("sectors")?,
                cameo: row.optional("cameo"),
            })
        };
        match read() {
            Ok(organisation) => {
                let entry = Entry::Organisation(organisations.len() as u32);
                builder.add_phrase(&organisation.name, entry);
                row.list("names").for_each(|name| builder.add_phrase(name, entry));
                organisations.push(organisation);
            }
            Err(problem) => problems.push(problem),
        }
    }
    organisations
}

fn actor_type(row: &Row<'_>) -> Result<ActorType, Problem> {
    Ok(match row.required("type")? {
        "person" => ActorType::Person,
        "country" => ActorType::Country,
        "organisation" => ActorType::Organisation,
        "armed_group" => ActorType::ArmedGroup,
        "ethnic_group" => ActorType::EthnicGroup,
        "religious_group" => ActorType::ReligiousGroup,
        "international_organisation" => ActorType::InternationalOrganisation,
        "other" => ActorType::Other,
        unknown => return Err(row.problem(format!("type {unknown:?} is no actor type of the contract"))),
    })
}

/// Somebody known, with the offices held.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In the order of the file.
    pub(crate) offices: Vec<Office>,
}

/// An office, and when it was held.
pub(crate) struct Office {
    pub(crate) country: Option<u32>,
    pub(crate) sectors: Vec<String>,
    pub(crate) cameo: Option<String>,
    from: Option<u32>,
    to: Option<u32>,
}

impl Office {
    fn held_on(&self, day: u32) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl Office {
    /// Whether the office is held on the day; without a day, whether no end of it is known.
    pub(crate) fn is_held_on(&self, day: Option<u32>) -> bool {
        day.map_or(self.to.is_none(), |day| self.held_on(day))
    }
}

impl Person {
    /// The office held on the day, or else the last one before it, or else the first.
    pub(crate) fn office_on(&self, day: Option<u32>) -> Option<&Office> {
        let Some(day) = day else { return self.offices.iter().max_by_key(|o| o.from.unwrap_or(0)) };
        let held = self.offices.iter().find(|office| office.held_on(day));
        let before =
            || self.offices.iter().filter(|o| o.from.is_none_or(|from| from <= day)).max_by_key(|o| o.to.unwrap_or(0));
        held.or_else(before).or_else(|| self.offices.first())
    }

    /// Whether some office was held on the day.
    pub(crate) fn in_office_on(&self, day: u32) -> bool {
        self.offices.iter().any(|office| office.held_on(day))
    }
}

/// Letters of a name of one word.
const SHORTEST_SINGLE_NAME: usize = 4;

/// All people, and who bears which surname.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) all: Vec<Person>,
    /// By hash of the surname's normal form.
    pub(crate) by_surname: FxHashMap<u64, Vec<u32>>,
}

impl People {
    const COLUMNS: [&'static str; 9] = ["id", "name", "country", "sectors", "cameo", "role", "from", "to", "names"];

    pub(super) fn load(text: &str, countries: &Countries, builder: &mut Builder, problems: &mut Vec<Problem>) -> Self {
        let mut people = Self::default();
        let mut by_id: FxHashMap<String, u32> = FxHashMap::default();
        for row in rows("people.tsv", text, &Self::COLUMNS, problems) {
            let read = || -> Result<(String, String, Office), Problem> {
                let office = Office {
                    country: countries.optional(&row, "country")?,
                    sectors: row.codes("sectors")?,
                    cameo: row.optional("cameo"),
                    from: row.day("from")?,
                    to: row.day("to")?,
                };
                if let (Some(from), Some(to)) = (office.from, office.to)
                    && to < from
                {
                    return Err(row.problem("the office ends before it begins"));
                }
                Ok((row.required("id")?.to_owned(), row.required("name")?.to_owned(), office))
            };
            match read() {
                Ok((id, name, office)) => {
                    let number = *by_id.entry(id.clone()).or_insert_with(|| {
                        people.all.push(Person { id, name: name.clone(), offices: Vec::new() });
                        (people.all.len() - 1) as u32
                    });
                    people.all[number as usize].offices.push(office);
                    people.index_name(&name, number, builder);
                    row.list("names").for_each(|other| people.index_name(other, number, builder));
                }
                Err(problem) => problems.push(problem),
            }
        }
        people
    }

    /// Adds a name to the phrases, its first word to the first names, its last to the surnames.
    fn index_name(&mut self, name: &str, number: u32, builder: &mut Builder) {
        let words = scan_words(name);
        let [first, .., last] = words.as_slice() else {
            // The list has single words where they mostly mean this person.
            if name.chars().count() >= SHORTEST_SINGLE_NAME {
                builder.add_phrase(name, Entry::Person(number));
            }
            return;
        };
        builder.add_phrase(name, Entry::Person(number));
        if first.chars().count() >= 3 && first.chars().all(char::is_alphabetic) {
            let id = builder.vocabulary.intern(first);
            builder.vocabulary.set(id, Cue::FirstName);
        }
        let surname = builder.vocabulary.intern(last);
        builder.vocabulary.set(surname, Cue::Surname);
        let mut normal = String::new();
        crate::text::normalise(last, &mut normal);
        let bearers = self.by_surname.entry(crate::text::stable_hash(normal.as_bytes())).or_default();
        if !bearers.contains(&number) {
            bearers.push(number);
        }
    }
}

/// What people are called for what they do.
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) sectors: Vec<String>,
    pub(crate) kind: RoleKind,
}

/// How a role stands in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleKind {
    /// Before a name: `prime minister`.
    Title,
    /// Before a name as well, and what the body is says what its holder is: `chairman`, `spokesman`.
    Office,
    /// A body of people: `police`, `rebels`.
    Group,
    /// One person: `lawyer`.
    Person,
}

pub(super) fn load_roles(text: &str, builder: &mut Builder, problems: &mut Vec<Problem>) -> Vec<Role> {
    const COLUMNS: [&str; 4] = ["role", "sectors", "plural", "kind"];
    let mut roles = Vec::new();
    for row in rows("roles.tsv", text, &COLUMNS, problems) {
        let read = || -> Result<Role, Problem> {
            let kind = match row.required("kind")? {
                "title" => RoleKind::Title,
                "office" => RoleKind::Office,
                "group" => RoleKind::Group,
                "person" => RoleKind::Person,
                other => return Err(row.problem(format!("kind {other:?} is not title, office, group or person"))),
            };
            Ok(Role { name: row.required("role")?.to_owned(), sectors: row.codes("sectors")?, kind })
        };
        match read() {
            Ok(role) => {
                let entry = Entry::Role(roles.len() as u32);
                builder.add_phrase(&role.name, entry);
                row.list("plural").for_each(|plural| builder.add_phrase(plural, entry));
                roles.push(role);
            }
            Err(problem) => problems.push(problem),
        }
    }
    roles
}
