//! All lists together.

use super::actors::{Countries, Organisations, People, PlaceEntry, Role, load_organisations, load_places, load_roles};
use super::codes::{CameoCodes, EventCategories, EventCategory, Guard, TensionRule, load_guards, load_tension};
use super::deeds::{Deeds, load_deeds};
use super::files::KnowledgeFiles;
use super::table::Problem;
use super::words::{NameWords, PairBoosts, load_cues, load_grammar, load_modifiers, load_name_words, load_tone};
use crate::actors::NamesModel;
use crate::lexicon::{Builder, Lexicon, Vocabulary};
use crate::sentiment::SentimentModel;
use crate::tone::ToneWords;

/// Every list, read, with its words in one vocabulary and its phrases in one trie.
pub(crate) struct Knowledge {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) lexicon: Lexicon,
    pub(crate) countries: Countries,
    pub(crate) places: Vec<PlaceEntry>,
    pub(crate) organisations: Organisations,
    pub(crate) people: People,
    pub(crate) roles: Vec<Role>,
    pub(crate) tension: Vec<TensionRule>,
    event_categories: EventCategories,
    pub(crate) guards: Vec<Guard>,
    pub(crate) cameo: CameoCodes,
    pub(crate) deeds: Deeds,
    /// What the words of a body's name say of it: `radio`, `hospital`.
    pub(crate) name_words: NameWords,
    pub(crate) pair_boosts: PairBoosts,
    pub(crate) tone_words: ToneWords,
    /// Finds names by their form and company.
    pub(crate) names: NamesModel,
    /// What a sentence says of whom it mentions.
    pub(crate) sentiment: SentimentModel,
    /// Hash of the files.
    pub(crate) hash: String,
}

impl Knowledge {
    /// Reads the files. Bad entries are left out and reported.
    pub(crate) fn load(files: &KnowledgeFiles) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut builder = Builder::new();
        load_cues(files.text("cues.tsv"), &mut builder, &mut problems);
        load_grammar(files.text("grammar.tsv"), &mut builder, &mut problems);
        load_tone(files.text("tone.tsv"), &mut builder, &mut problems);
        let name_words = load_name_words(files.text("name_words.tsv"), &mut builder, &mut problems);
        let pair_boosts = load_modifiers(files.text("tone_modifiers.tsv"), &mut builder, &mut problems);
        let countries = Countries::load(files.text("countries.tsv"), &mut builder, &mut problems);
        let places = load_places(files.text("places.tsv"), &countries, &mut builder, &mut problems);
        let organisations =
            load_organisations(files.text("organisations.tsv"), &countries, &mut builder, &mut problems);
        let people = People::load(files.text("people.tsv"), &countries, &mut builder, &mut problems);
        let roles = load_roles(files.text("roles.tsv"), &mut builder, &mut problems);
        let cameo = CameoCodes::load(files.text("cameo.tsv"), &mut problems);
        let (tension, event_categories) = load_tension(files, &cameo, &mut builder, &mut problems);
        let guards = load_guards(files.text("tension_guards.tsv"), &mut builder, &mut problems);
        let deeds = load_deeds(files, &cameo, &mut builder, &mut problems);
        let tone_words = ToneWords::intern(&mut builder.vocabulary);
        let (vocabulary, lexicon) = builder.build();
        let knowledge = Self {
            vocabulary,
            lexicon,
            countries,
            places,
            organisations,
            people,
            roles,
            tension,
            event_categories,
            guards,
            cameo,
            deeds,
            name_words,
            pair_boosts,
            tone_words,
            names: NamesModel::bundled(),
            sentiment: SentimentModel::bundled(),
            hash: files.hash(),
        };
        (knowledge, problems)
    }

    /// The category of signals that an event of the CAMEO code makes.
    pub(crate) fn event_category(&self, code: &str) -> Option<&EventCategory> {
        self.event_categories.of(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_files_hold_no_bad_entry() {
        let (_, problems) = Knowledge::load(&KnowledgeFiles::bundled());
        let listed: Vec<String> = problems.iter().take(40).map(Problem::to_string).collect();
        assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), listed.join("\n"));
    }

    #[test]
    fn a_bad_entry_is_reported_with_file_and_line() {
        let cases = [
            (
                "countries.tsv",
                "iso3\tcameo\tname\tcapital\tlatitude\tlongitude\tnames\tdemonyms\tmetonyms\nSerbia\tSRB\tSerbia\t\t44\t20\t\t\t",
                2,
                "iso3",
            ),
            ("places.tsv", "# head\nname\tiso3\tlatitude\tlongitude\tpopulation\tnames\nX\tQQQ\t1\t1\t5\t", 3, "QQQ"),
            (
                "people.tsv",
                "id\tname\tcountry\tsectors\tcameo\trole\tfrom\tto\tnames\na\tA B\t\tGOV\t\t\t2020-01-40\t\t",
                2,
                "from",
            ),
            ("roles.tsv", "role\tsectors\tplural\tkind\npolice\tCOP\t\tcrowd", 2, "kind"),
            (
                "tension.tsv",
                "id\tcategory\tdirection\tweight\tcameo\tpattern\na\tthreat_of_force\tescalation\t1.5\t\twar",
                2,
                "weight",
            ),
            (
                "tension.tsv",
                "id\tcategory\tdirection\tweight\tcameo\tpattern\na\tthreat_of_force\tescalation\t0.5\t999\twar",
                2,
                "999",
            ),
            (
                "tension.tsv",
                "id\tcategory\tdirection\tweight\tcameo\tpattern\na\tthreats\tescalation\t0.5\t\twar",
                2,
                "threats",
            ),
            ("tone.tsv", "word\tvalence\nbad\tvery", 2, "valence"),
            ("cues.tsv", "class\tphrases\nnothing_such\ta", 2, "nothing_such"),
            ("organisations.tsv", "id\tname", 1, "header"),
            ("cameo.tsv", "", 1, "no header"),
        ];
        for (file, text, line, expected) in cases {
            let mut files = KnowledgeFiles::bundled();
            files.replace(file, text.to_owned()).unwrap();
            let (_, problems) = Knowledge::load(&files);
            let found = problems.iter().any(|p| p.file == file && p.line == line && p.message.contains(expected));
            assert!(found, "{file}:{line} {expected}: {problems:?}");
        }
    }

    #[test]
    fn an_unknown_file_name_is_refused_with_the_names_there_are() {
        let error = KnowledgeFiles::bundled().replace("country.tsv", String::new()).unwrap_err();
        assert!(error.to_string().contains("countries.tsv"), "{error}");
    }
}
