//! Every word of every list, numbered, with what is known of it alone: tone and cues.

use crate::text::{Token, normalise, stable_hash};

/// Number of a word's normal form.
pub(crate) type WordId = u32;

/// How many words are looked up side by side.
pub(crate) const LOOK_UPS: usize = 16;

/// Classes of words and phrases that the reading leans on; the names are those of `cues.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cue {
    Abbreviation,
    Starter,
    FunctionWord,
    Month,
    Weekday,
    Honorific,
    Particle,
    Reporting,
    PlacePreposition,
    Negator,
    Denial,
    Hypothetical,
    Threat,
    Past,
    ClauseBreak,
    PassiveBe,
    OrganisationHead,
    LocationHead,
    FacilityHead,
    LocationLead,
    Sport,
    Pronoun,
    FirstName,
    /// The last word of a listed person's name.
    Surname,
    WomanName,
    Speech,
    Thought,
    Stance,
    BaseForm,
    Auxiliary,
    Adverb,
    ReportNoun,
    SubjectPronoun,
    AlsoNoun,
    Boilerplate,
    BoilerplateAnywhere,
    Numbering,
    StateNoun,
    GroundNoun,
    Mishap,
    /// Surnames of China, Korea and Vietnam, which stand before the given name.
    FamilyName,
    /// "Former", "ex-": the title after it is held no more.
    FormerWord,
    /// "Hurricane": what it names is no actor.
    StormHead,
    /// Compounds that name no actor: "German shepherd".
    NoActor,
    /// After the name of a people, what part of it lives somewhere: "minority".
    PeopleNoun,
    /// Roles whose country says what they are about: "Russia adviser".
    TopicRole,
    /// Roles that are adjectives before a noun: "the official residence".
    AdjectiveRole,
    /// A line of nothing else is a bar of links: "Twitter", "Email".
    ShareWord,
    /// Storms, floods and the like.
    Disaster,
    /// "if", "unless".
    Condition,
}

impl Cue {
    const NAMES: [(&'static str, Self); 53] = [
        ("abbreviation", Self::Abbreviation),
        ("starter", Self::Starter),
        ("function_word", Self::FunctionWord),
        ("month", Self::Month),
        ("weekday", Self::Weekday),
        ("honorific", Self::Honorific),
        ("particle", Self::Particle),
        ("reporting", Self::Reporting),
        ("place_preposition", Self::PlacePreposition),
        ("negator", Self::Negator),
        ("denial", Self::Denial),
        ("hypothetical", Self::Hypothetical),
        ("threat", Self::Threat),
        ("past_cue", Self::Past),
        ("clause_break", Self::ClauseBreak),
        ("passive_be", Self::PassiveBe),
        ("organisation_head", Self::OrganisationHead),
        ("location_head", Self::LocationHead),
        ("facility_head", Self::FacilityHead),
        ("location_lead", Self::LocationLead),
        ("sport", Self::Sport),
        ("pronoun", Self::Pronoun),
        ("first_name", Self::FirstName),
        ("woman_name", Self::WomanName),
        ("speech", Self::Speech),
        ("thought", Self::Thought),
        ("stance", Self::Stance),
        ("base_form", Self::BaseForm),
        ("auxiliary", Self::Auxiliary),
        ("adverb", Self::Adverb),
        ("report_noun", Self::ReportNoun),
        ("subject_pronoun", Self::SubjectPronoun),
        ("also_noun", Self::AlsoNoun),
        ("boilerplate", Self::Boilerplate),
        ("boilerplate_phrase", Self::Boilerplate),
        ("boilerplate_anywhere", Self::BoilerplateAnywhere),
        ("numbering", Self::Numbering),
        ("state_noun", Self::StateNoun),
        ("ground_noun", Self::GroundNoun),
        ("mishap", Self::Mishap),
        ("family_name", Self::FamilyName),
        ("former_word", Self::FormerWord),
        ("storm_head", Self::StormHead),
        ("no_actor_phrase", Self::NoActor),
        ("people_noun", Self::PeopleNoun),
        ("topic_role", Self::TopicRole),
        ("adjective_role", Self::AdjectiveRole),
        ("share_word", Self::ShareWord),
        ("disaster", Self::Disaster),
        ("condition", Self::Condition),
        ("hypothetical_phrase", Self::Hypothetical),
        ("threat_phrase", Self::Threat),
        ("past_phrase", Self::Past),
    ];

    /// The class of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, cue)| *cue)
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// Parts of speech, for the words that `grammar.tsv` lists and the forms of the verbs of `events.tsv`. A word may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Part {
    Determiner,
    Preposition,
    Auxiliary,
    Modal,
    Relative,
    Subordinator,
    Conjunction,
    Time,
    Adverb,
    Pronoun,
    /// A verb in a finite form.
    Verb,
    /// Present form of a verb as it stands after "to".
    Base,
    /// A verb whose object does what the infinitive after it tells: "prompt", "force".
    Control,
    /// A verb whose object was there before, done or not: "failed to heed calls".
    Response,
    /// Begins the object or clause that a verb takes: "fears that", "plans to".
    ObjectLead,
    /// Stands within a subject: "the president of the council".
    NounLink,
    /// Cannot begin a subject: "in Belgrade officials said".
    NoSubjectLead,
    /// Begins a subject that follows its verb: "said one resident".
    SubjectLead,
    /// Ends a name that follows its verb: "said Kurti on".
    NameEnd,
}

impl Part {
    const NAMES: [(&'static str, Self); 18] = [
        ("determiner", Self::Determiner),
        ("preposition", Self::Preposition),
        ("auxiliary", Self::Auxiliary),
        ("modal", Self::Modal),
        ("relative", Self::Relative),
        ("subordinator", Self::Subordinator),
        ("conjunction", Self::Conjunction),
        ("time", Self::Time),
        ("adverb", Self::Adverb),
        ("pronoun", Self::Pronoun),
        ("verb", Self::Verb),
        ("control", Self::Control),
        ("response", Self::Response),
        ("object_lead", Self::ObjectLead),
        ("noun_link", Self::NounLink),
        ("no_subject_lead", Self::NoSubjectLead),
        ("subject_lead", Self::SubjectLead),
        ("name_end", Self::NameEnd),
    ];

    /// The part of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, part)| *part)
    }
}

/// Parts of speech of one word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts(u32);

impl Parts {
    pub(crate) fn has(self, part: Part) -> bool {
        self.0 & (1 << part as u32) != 0
    }
}

/// What is known of a word by itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WordFacts {
    /// VADER valence, -4 to 4; 0 where it has none.
    pub(crate) valence: f32,
    /// What it adds to the valence of the word after it.
    pub(crate) boost: f32,
    /// Whether it turns the tone of the words after it.
    pub(crate) negates_tone: bool,
    /// Of the normal form.
    hash: u64,
    cues: u64,
    parts: u32,
}

impl WordFacts {
    /// Which of these classes the word belongs to, the first as the lowest bit.
    pub(crate) fn which(self, cues: &[Cue]) -> u64 {
        let bit = |(number, cue): (usize, &Cue)| u64::from(self.cues & cue.bit() != 0) << number;
        cues.iter().enumerate().map(bit).sum()
    }
}

/// Words by number.
///
/// A word is known by the 64-bit hash of its normal form alone: among a hundred thousand listed words, chance takes another
/// word for one of them once in 10^14 look-ups.
pub(crate) struct Vocabulary {
    /// A table at most half full: the upper half of a hash and the word's number, 0 where a slot is empty. Eight bytes a slot, so
    /// that a look-up seldom waits for memory twice.
    slots: Vec<(u32, WordId)>,
    facts: Vec<WordFacts>,
}

impl Vocabulary {
    /// The number of every word that is in no list.
    pub(crate) const UNKNOWN: WordId = 0;

    pub(crate) fn new() -> Self {
        const FIRST_SLOTS: usize = 1024;
        Self { slots: vec![(0, Self::UNKNOWN); FIRST_SLOTS], facts: vec![WordFacts::default()] }
    }

    /// Number of the word whose normal form has this hash, or [`Self::UNKNOWN`].
    pub(crate) fn find(&self, hash: u64) -> WordId {
        let (mut slot, tag) = (self.home(hash), (hash >> 32) as u32);
        loop {
            match self.slots[slot] {
                (_, Self::UNKNOWN) => return Self::UNKNOWN,
                (known, id) if known == tag && self.facts[id as usize].hash == hash => return id,
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Sets the number of every token's word, by the hashes of their normal forms. Several are looked up side by side, so
    /// that their waits for memory overlap.
    pub(crate) fn look_up(&self, tokens: &mut [Token], hashes: &[u64]) {
        for (group, asked) in tokens.chunks_mut(LOOK_UPS).zip(hashes.chunks(LOOK_UPS)) {
            let mut slots = [(0, Self::UNKNOWN); LOOK_UPS];
            for (slot, hash) in slots.iter_mut().zip(asked) {
                *slot = self.slots[self.home(*hash)];
            }
            let known = slots.map(|(_, id)| self.facts[id as usize].hash);
            for (((token, asked), (_, id)), known) in group.iter_mut().zip(asked).zip(slots).zip(known) {
                token.word = match id {
                    Self::UNKNOWN => Self::UNKNOWN,
                    id if known == *asked => id,
                    _ => self.find(*asked),
                };
            }
        }
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn place(&mut self, hash: u64, id: WordId) {
        let mut slot = self.home(hash);
        while self.slots[slot].1 != Self::UNKNOWN {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = ((hash >> 32) as u32, id);
    }

    /// Number of a word in any spelling, or [`Self::UNKNOWN`].
    pub(crate) fn number(&self, word: &str) -> WordId {
        let mut normal = String::new();
        normalise(word, &mut normal);
        self.find(stable_hash(normal.as_bytes()))
    }

    /// Number of a word in any spelling, new or known.
    pub(crate) fn intern(&mut self, word: &str) -> WordId {
        let mut normal = String::new();
        normalise(word, &mut normal);
        let hash = stable_hash(normal.as_bytes());
        let known = self.find(hash);
        if known != Self::UNKNOWN {
            return known;
        }
        let id = self.facts.len() as WordId;
        self.facts.push(WordFacts { hash, ..WordFacts::default() });
        if self.facts.len() * 2 > self.slots.len() {
            self.slots = vec![(0, Self::UNKNOWN); self.slots.len() * 2];
            for word in 1..id {
                self.place(self.facts[word as usize].hash, word);
            }
        }
        self.place(hash, id);
        id
    }

    pub(crate) fn len(&self) -> usize {
        self.facts.len()
    }

    pub(crate) fn facts(&self, id: WordId) -> WordFacts {
        self.facts.get(id as usize).copied().unwrap_or_default()
    }

    pub(crate) fn facts_mut(&mut self, id: WordId) -> &mut WordFacts {
        &mut self.facts[id as usize]
    }

    /// Whether the word belongs to the class.
    pub(crate) fn has(&self, id: WordId, cue: Cue) -> bool {
        self.facts.get(id as usize).is_some_and(|facts| facts.cues & cue.bit() != 0)
    }

    pub(crate) fn set(&mut self, id: WordId, cue: Cue) {
        self.facts[id as usize].cues |= cue.bit();
    }

    /// Parts of speech of the word.
    pub(crate) fn parts(&self, id: WordId) -> Parts {
        Parts(self.facts.get(id as usize).map_or(0, |facts| facts.parts))
    }

    /// Whether the word is one of the small words and auxiliaries that `grammar.tsv` lists.
    pub(crate) fn is_grammatical(&self, id: WordId) -> bool {
        self.facts.get(id as usize).is_some_and(|facts| facts.parts != 0)
    }

    pub(crate) fn set_part(&mut self, id: WordId, part: Part) {
        self.facts[id as usize].parts |= 1 << part as u32;
    }
}
