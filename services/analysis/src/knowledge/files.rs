//! The text of the lists: compiled in, and replaceable.

use std::borrow::Cow;

/// A file name that is no list of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFile {
    /// The name given.
    pub name: String,
}

impl std::fmt::Display for UnknownFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
        write!(f, "no knowledge file is called {:?}: use one of {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownFile {}

const BUNDLED: [(&str, &str); 17] = [
    ("countries.tsv", include_str!("../../data/countries.tsv")),
    ("places.tsv", include_str!("../../data/places.tsv")),
    ("organisations.tsv", include_str!("../../data/organisations.tsv")),
    ("people.tsv", include_str!("../../data/people.tsv")),
    ("roles.tsv", include_str!("../../data/roles.tsv")),
    ("name_words.tsv", include_str!("../../data/name_words.tsv")),
    ("tension.tsv", include_str!("../../data/tension.tsv")),
    ("tension_categories.tsv", include_str!("../../data/tension_categories.tsv")),
    ("tension_guards.tsv", include_str!("../../data/tension_guards.tsv")),
    ("cameo.tsv", include_str!("../../data/cameo.tsv")),
    ("tone.tsv", include_str!("../../data/tone.tsv")),
    ("tone_modifiers.tsv", include_str!("../../data/tone_modifiers.tsv")),
    ("cues.tsv", include_str!("../../data/cues.tsv")),
    ("grammar.tsv", include_str!("../../data/grammar.tsv")),
    ("irregular_verbs.tsv", include_str!("../../data/irregular_verbs.tsv")),
    ("events.tsv", include_str!("../../data/events.tsv")),
    ("event_compounds.tsv", include_str!("../../data/event_compounds.tsv")),
];

/// The text of every list, by file name.
#[derive(Debug, Clone)]
pub struct KnowledgeFiles {
    files: Vec<(&'static str, Cow<'static, str>)>,
}

impl KnowledgeFiles {
    /// The lists compiled into this crate.
    #[must_use]
    pub fn bundled() -> Self {
        Self { files: BUNDLED.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect() }
    }

    /// Puts `text` in the place of the list called `name`.
    ///
    /// # Errors
    /// [`UnknownFile`] where there is no such list.
    pub fn replace(&mut self, name: &str, text: String) -> Result<(), UnknownFile> {
        match self.files.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => {
                *slot = Cow::Owned(text);
                Ok(())
            }
            None => Err(UnknownFile { name: name.to_owned() }),
        }
    }

    /// Names of all lists.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.files.iter().map(|(name, _)| *name)
    }

    /// The text of one list; empty for an unknown name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.files.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }

    /// Hash of names and texts, 16 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, text) in &self.files {
            hasher.update(name.as_bytes()).update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hasher.finalize().to_hex().as_str().get(..16).unwrap_or_default().to_owned()
    }
}
