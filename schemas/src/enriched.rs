//! An article with every tag and the words each tag was read from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Partial, topic};

/// One document on the `enriched` topic, and one line of output of `faultline enrich`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Enriched {
    /// `faultline.enriched/1`.
    pub schema: String,
    /// What is known of the article itself.
    pub article: ArticleInfo,
    /// Exactly the text that came in; all spans point into it.
    pub text: String,
    /// Tone of the whole article.
    pub sentiment: Sentiment,
    /// Sentiment towards the spans that the caller asked about, in the order asked.
    #[serde(default)]
    pub targets: Vec<TargetSentiment>,
    /// Who appears, most salient first.
    #[serde(default)]
    pub actors: Vec<Actor>,
    /// Where, with coordinates where known.
    #[serde(default)]
    pub places: Vec<Place>,
    /// Who said what.
    #[serde(default)]
    pub quotes: Vec<Quote>,
    /// Who did what to whom.
    #[serde(default)]
    pub events: Vec<EventTag>,
    /// How far the article tells of escalation or calming.
    pub escalation: Escalation,
    /// For finding repeats and near repeats.
    pub fingerprint: Fingerprint,
    /// What made these tags.
    #[serde(default)]
    pub provenance: Provenance,
}

impl Enriched {
    /// The value of [`Enriched::schema`] that this version writes.
    pub const SCHEMA: &'static str = topic::ENRICHED.schema;
}

/// The article's own facts, carried through from [`crate::Article`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleInfo {
    /// As [`crate::Article::id`].
    pub id: String,
    /// As [`crate::Article::revision`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// As [`crate::Article::url`].
    #[serde(default)]
    pub url: Option<String>,
    /// As [`crate::Article::source`].
    #[serde(default)]
    pub source: Option<String>,
    /// As [`crate::Article::title`].
    #[serde(default)]
    pub title: Option<String>,
    /// As [`crate::Article::authors`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// As [`crate::Article::published_at`].
    #[serde(default)]
    pub published_at: Option<String>,
    /// As [`crate::Article::fetched_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<String>,
    /// ISO 639-1 code, given or detected; null where neither was possible.
    #[serde(default)]
    pub language: Option<String>,
    /// As [`crate::Article::feed`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// Words in `text`.
    pub words: u32,
    /// As [`crate::Article::partial`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

/// A half-open range of code points into `text`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// First code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
}

/// How positive or negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sentiment {
    /// From -1 (negative) to 1 (positive).
    pub score: f32,
    /// The score in words.
    pub label: Polarity,
}

impl Sentiment {
    /// Scores at least this far from zero are called positive or negative, as VADER's authors do.
    pub const THRESHOLD: f32 = 0.05;

    /// Clamps to `-1..=1`, rounds to four decimals and labels.
    #[must_use]
    pub fn from_score(score: f32) -> Self {
        let score = if score.is_finite() { (score.clamp(-1.0, 1.0) * 1e4).round() / 1e4 } else { 0.0 };
        let label = if score >= Self::THRESHOLD {
            Polarity::Positive
        } else if score <= -Self::THRESHOLD {
            Polarity::Negative
        } else {
            Polarity::Neutral
        };
        // Adding zero turns a negative zero into a plain one.
        Self { score: score + 0.0, label }
    }
}

/// Sentiment in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// At most -0.05.
    Negative,
    /// In between.
    #[default]
    Neutral,
    /// At least 0.05.
    Positive,
}

/// Sentiment towards a span that the caller marked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetSentiment {
    /// First code point of the span asked about.
    pub start: u32,
    /// One past its last code point.
    pub end: u32,
    /// Sentiment of the text towards it.
    pub sentiment: Sentiment,
}

/// Somebody who appears in the article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Stable across articles where the actor is known: `KSV/GOV/albin-kurti`, `SRB`, `IGO/NATO`.
    pub id: String,
    /// Fullest name: as the lists have it, or as the text does.
    pub name: String,
    /// What kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// ISO 3166-1 alpha-3 (`XKX` for Kosovo); null for those of no one country.
    pub country: Option<String>,
    /// CAMEO role codes: `GOV`, `MIL`, `REB`…
    pub sectors: Vec<String>,
    /// CAMEO actor code, `KSVGOV`.
    pub cameo: Option<String>,
    /// Share of the article's attention, 0 to 1.
    pub salience: f32,
    /// Sentiment of the text towards this actor.
    pub sentiment: Sentiment,
    /// Everywhere it is named, in order.
    pub mentions: Vec<Mention>,
}

/// What kind of actor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorType {
    /// A person.
    Person,
    /// A state: its people or government.
    Country,
    /// A body within one country: ministry, party, company, newspaper.
    Organisation,
    /// Fights outside a state's army.
    ArmedGroup,
    /// A people.
    EthnicGroup,
    /// A faith or church.
    ReligiousGroup,
    /// Founded by states, or works across them.
    InternationalOrganisation,
    /// Anything else that acts.
    #[default]
    Other,
}

/// One place where an actor or place is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mention {
    /// First code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
    /// The words themselves: `text[start..end]`.
    pub text: String,
    /// OntoNotes type of the name.
    pub label: MentionLabel,
    /// True where a place's name stands for its government or people.
    #[serde(default)]
    pub metonymic: bool,
    /// True for pronouns, bare titles and descriptions; false for names.
    #[serde(default)]
    pub coreference: bool,
}

/// OntoNotes entity types that Faultline uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MentionLabel {
    /// People.
    Person,
    /// Organisations.
    #[default]
    Org,
    /// Countries, cities, states.
    Gpe,
    /// Nationalities, religious and political groups.
    Norp,
    /// Mountains, seas, regions.
    Loc,
    /// Buildings, bridges, crossings.
    Fac,
}

/// A place named in the article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Usual English name.
    pub name: String,
    /// ISO 3166-1 alpha-3 of the country it lies in or is.
    pub country: Option<String>,
    /// Degrees north.
    pub latitude: Option<f32>,
    /// Degrees east.
    pub longitude: Option<f32>,
    /// Everywhere it is named, in order.
    pub mentions: Vec<Mention>,
}

/// Something somebody said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// What was said.
    pub content: Span,
    /// The reporting word: `said`.
    pub cue: Option<Span>,
    /// The words that name who said it.
    pub source: Option<Span>,
    /// Id of an actor of this document.
    pub speaker: Option<String>,
    /// Tone of what was said.
    pub sentiment: Sentiment,
}

/// Who did what to whom, within one article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventTag {
    /// Hash of what it was derived from.
    pub id: String,
    /// PLOVER event type.
    pub plover: Plover,
    /// PLOVER mode, where one is known.
    #[serde(default)]
    pub mode: Option<String>,
    /// CAMEO code, two to four digits.
    pub cameo: String,
    /// Which quarter of the conflict-cooperation, verbal-material plane.
    pub quad: Quad,
    /// Goldstein's value of the CAMEO code, -10 to 10.
    pub goldstein: f32,
    /// Whether this raises or lowers tension; null where it does neither.
    pub direction: Option<Direction>,
    /// Whether it happened.
    pub modality: Modality,
    /// 0 to 1.
    pub confidence: f32,
    /// Who did it.
    pub source: Option<Participant>,
    /// To whom.
    pub target: Option<Participant>,
    /// The words that tell the deed first.
    pub trigger: Span,
    /// Number of the sentence, from 0.
    pub sentence: u32,
    /// Where it is told again, in text order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<EventMention>,
}

/// A further telling of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventMention {
    /// The words that tell the deed.
    pub trigger: Span,
    /// Number of the sentence, from 0.
    pub sentence: u32,
}

/// One side of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Participant {
    /// Id of an actor of this document.
    pub actor: Option<String>,
    /// ISO 3166-1 alpha-3.
    pub country: Option<String>,
    /// The words that name it.
    pub span: Option<Span>,
}

/// PLOVER event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Plover {
    /// Agree to act or settle.
    Agree,
    /// Meet, talk, negotiate.
    Consult,
    /// Praise, endorse, ally with.
    Support,
    /// Give ground, ease measures.
    Concede,
    /// Work together materially.
    Cooperate,
    /// Give help.
    Aid,
    /// Withdraw, release, disarm.
    Retreat,
    /// Appeal, demand.
    Request,
    /// Blame, criticise, investigate.
    Accuse,
    /// Refuse.
    Reject,
    /// Threaten.
    Threaten,
    /// Demonstrate, strike, riot.
    Protest,
    /// Break relations, impose sanctions.
    Sanction,
    /// Put forces on alert, deploy.
    Mobilize,
    /// Arrest, seize, repress.
    Coerce,
    /// Use force.
    Assault,
}

/// Quadrants of the event plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quad {
    /// Words that bring together.
    VerbalCooperation,
    /// Deeds that bring together.
    MaterialCooperation,
    /// Words that set apart.
    VerbalConflict,
    /// Deeds that set apart.
    MaterialConflict,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Raises tension.
    Escalation,
    /// Lowers tension.
    DeEscalation,
}

/// Whether a told deed happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Told as fact.
    #[default]
    Actual,
    /// Announced as a threat or ultimatum.
    Threatened,
    /// Possible, conditional or asked for.
    Hypothetical,
    /// Denied.
    Negated,
    /// Before the story's own time.
    Past,
}

/// How far the article tells of rising or falling tension.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Escalation {
    /// 0 (calm) to 1.
    pub score: f32,
    /// The score in words.
    pub level: Level,
    /// What moved it, in text order.
    #[serde(default)]
    pub signals: Vec<Signal>,
}

/// Levels of [`Escalation::score`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below 0.2.
    #[default]
    Calm,
    /// From 0.2.
    Watch,
    /// From 0.4.
    Elevated,
    /// From 0.6.
    High,
    /// From 0.8.
    Critical,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] = [Self::Calm, Self::Watch, Self::Elevated, Self::High, Self::Critical];

    /// The level of a score.
    #[must_use]
    pub fn from_score(score: f32) -> Self {
        match score {
            s if s >= 0.8 => Self::Critical,
            s if s >= 0.6 => Self::High,
            s if s >= 0.4 => Self::Elevated,
            s if s >= 0.2 => Self::Watch,
            _ => Self::Calm,
        }
    }

    /// As it is written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Watch => "watch",
            Self::Elevated => "elevated",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One reason for the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// Named category: `threat_of_force`, `talks`…
    pub category: String,
    /// Up or down.
    pub direction: Direction,
    /// 0 to 1, after negation, modality and context.
    pub weight: f32,
    /// The words.
    pub span: Span,
    /// True where the words stand in the title and `span` points into it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_title: bool,
    /// Id of the lexicon entry or event behind it.
    pub rule: String,
}

/// For finding repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// Hash of the text, hexadecimal.
    pub content: String,
    /// MinHash signature, hexadecimal; empty where the text is too short for one.
    pub minhash: String,
    /// Id of the earliest article of the run or window that this one nearly repeats.
    #[serde(default)]
    pub duplicate_of: Option<String>,
    /// Id shared by reports of the same happening.
    #[serde(default)]
    pub story: Option<String>,
}

/// What made the tags, so that stored tags can be compared across versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of the analysis crate.
    pub analyzer: String,
    /// Hash of the knowledge files in force, hexadecimal.
    pub knowledge: String,
}
