//! One article while it is read: the state that all parts share.

use faultline_schemas::{Actor, Article, EventTag, Quote, Sentiment, Signal, Span, TargetSentiment, TargetSpan};

use crate::actors::{Cast, read_cast};
use crate::day;
use crate::events::{Deed, deeds};
use crate::knowledge::Knowledge;
use crate::lexicon::{Cue, Match};
use crate::quotes::{Statement, statements};
use crate::sentiment::{Opinion, Sayings, Scene, Tones, article_tone};
use crate::signals::{Cues, Participants, Setting, Trigger, add_event_signals, triggers};
use crate::text::{Document, detect};

/// What a signal in the title is worth, against one in the text.
const TITLE_FACTOR: f32 = 1.25;

/// An article, tokenized, matched and cast.
pub(crate) struct Reading<'a> {
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) language: Option<String>,
    pub(crate) document: Document<'a>,
    pub(crate) cast: Cast,
    /// What the tension lexicon finds in the text, in text order.
    pub(crate) triggers: Vec<Trigger>,
    /// Who did what, in text order.
    pub(crate) deeds: Vec<Deed>,
    /// Who said what, in text order.
    pub(crate) statements: Vec<Statement>,
    /// What the text is about.
    pub(crate) setting: Setting,
    title: Option<Title<'a>>,
    in_name: Vec<bool>,
    tones: Tones,
    sayings: Sayings,
}

/// The title, read like a text of its own.
struct Title<'a> {
    document: Document<'a>,
    cast: Cast,
    triggers: Vec<Trigger>,
    in_name: Vec<bool>,
    tones: Tones,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(knowledge: &'a Knowledge, article: &'a Article) -> Self {
        let mut document = Document::read(&article.text, &knowledge.vocabulary);
        let told = article.language.clone();
        let language = told.or_else(|| detect(&document, &knowledge.vocabulary).map(str::to_owned));
        let is_english = language.as_deref().is_none_or(is_english);
        let day = article.published_at.as_deref().and_then(day::parse);
        let matches = knowledge.lexicon.find_all(&document);
        document.mark_boilerplate(knowledge, &matches);
        let cast = read_cast(&document, knowledge, &matches, day, is_english);
        let in_name = names_mask(&document, &cast);
        let setting = Setting::of(&document, knowledge);
        let (told, tones) = if is_english {
            (
                Told::read(&document, knowledge, &matches, day, &cast, setting, Participants::default()),
                Tones::read(&document, knowledge, &in_name),
            )
        } else {
            (Told::default(), Tones::none(&document))
        };
        let Told { triggers, deeds } = told;
        let title = article.title.as_deref().filter(|t| !t.trim().is_empty());
        let title = title.map(|text| {
            // A title names few: who takes part is who the first sentence names.
            let around = document.sentences.first().map(|first| Participants::of(*first, &cast)).unwrap_or_default();
            Title::read(text, knowledge, day, is_english, setting, around)
        });
        let mut reading = Self {
            knowledge,
            language,
            document,
            cast,
            triggers,
            deeds,
            statements: Vec::new(),
            setting,
            title,
            in_name,
            tones,
            sayings: Sayings::of(&[]),
        };
        if is_english {
            reading.statements = statements(&reading);
            reading.sayings = Sayings::of(&reading.statements);
        }
        reading
    }

    /// Tone of the whole article, whose escalation is of that score.
    pub(crate) fn tone(&self, escalation: f32) -> f32 {
        let told = self.document.sentences.iter().zip(&self.tones.sentences);
        let tones = told.filter(|(sentence, _)| !sentence.is_boilerplate).map(|(_, tone)| *tone);
        article_tone(self.title.as_ref().map(Title::tone), tones, escalation)
    }

    /// Tone towards a span that the caller marked.
    pub(crate) fn target(&self, target: TargetSpan) -> TargetSentiment {
        let (first, end) = self.tokens_of(target);
        let score = if self.is_toneless() { 0.0 } else { self.scene().towards_span(&self.sayings, first, end) };
        TargetSentiment { start: target.start, end: target.end, sentiment: Sentiment::from_score(score) }
    }

    /// For training: what the model of sentiment sees for a target.
    #[cfg(feature = "training")]
    pub(crate) fn lesson(&self, target: TargetSpan) -> Vec<crate::sentiment::Lesson> {
        let (first, end) = self.tokens_of(target);
        self.scene().lesson(&self.sayings, first, end)
    }

    /// The tokens of a span in code points.
    fn tokens_of(&self, target: TargetSpan) -> (usize, usize) {
        let first = self.document.token_at(target.start);
        (first, self.document.tokens.partition_point(|t| t.char_start < target.end).max(first))
    }

    /// Tone of tokens `first..end`.
    pub(crate) fn tone_between(&self, first: usize, end: usize) -> f32 {
        if self.is_toneless() { 0.0 } else { self.scene().tone_between(first, end) }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            document: &self.document,
            knowledge: self.knowledge,
            rows: &self.tones.rows,
            valences: &self.tones.valences,
            in_name: &self.in_name,
        }
    }

    /// What the title and the text say of each actor of the cast.
    fn opinions(&self) -> Vec<f32> {
        /// A mention in the title against one in the text.
        const TITLE_WEIGHT: f32 = 2.0;
        let mut opinions = vec![Opinion::default(); self.cast.actors.len()];
        if !self.is_toneless() {
            if let Some(title) = &self.title {
                let actor = |number: usize| self.cast.position(&title.cast.actors[number].id);
                let sayings = Sayings::of(&[]);
                title.scene(self.knowledge).add_mentions(
                    &sayings,
                    &title.cast.found,
                    TITLE_WEIGHT,
                    &mut opinions,
                    actor,
                );
            }
            self.scene().add_mentions(&self.sayings, &self.cast.found, 1.0, &mut opinions, Some);
        }
        opinions.into_iter().map(Opinion::score).collect()
    }

    fn is_toneless(&self) -> bool {
        !self.language.as_deref().is_none_or(is_english)
    }

    /// The actors, most salient first, without the passers-by that no quote and no event knows.
    pub(crate) fn actors(&self, quotes: &[Quote], events: &[EventTag]) -> Vec<Actor> {
        let in_title: Vec<bool> = match &self.title {
            None => Vec::new(),
            Some(title) => self.cast.actors.iter().map(|actor| title.names(&actor.id)).collect(),
        };
        let speakers = quotes.iter().filter_map(|quote| quote.speaker.as_deref());
        let sides = events.iter().flat_map(|event| [&event.source, &event.target]).flatten();
        let active = speakers.chain(sides.filter_map(|side| side.actor.as_deref())).collect();
        self.cast.finish_actors(&self.document, self.knowledge, &self.opinions(), &in_title, &active)
    }

    /// What moves the escalation score: signals of the title, then of the text, where the events of the text make some, too.
    pub(crate) fn signals(&self, events: &[EventTag]) -> Vec<Signal> {
        let rule = |trigger: &Trigger| &self.knowledge.tension[trigger.rule as usize];
        let mut signals = Vec::with_capacity(self.triggers.len());
        if let Some(title) = &self.title {
            for trigger in &title.triggers {
                let weighted = Trigger { weight: (trigger.weight * TITLE_FACTOR).min(1.0), ..*trigger };
                signals.extend(weighted.signal(&title.document, rule(trigger), true));
            }
        }
        signals.extend(self.triggers.iter().filter_map(|t| t.signal(&self.document, rule(t), false)));
        add_event_signals(self, events, &mut signals);
        signals
    }

    /// Whether a word of the span belongs to the class.
    pub(crate) fn holds(&self, span: Span, cue: Cue) -> bool {
        let (first, end) = self.tokens_of(TargetSpan { start: span.start, end: span.end });
        self.document.tokens[first..end].iter().any(|token| self.knowledge.vocabulary.has(token.word, cue))
    }

    /// Number of the sentence that holds the span.
    pub(crate) fn sentence_at(&self, span: Span) -> usize {
        self.document.sentence_of(self.document.token_at(span.start))
    }
}

impl<'a> Title<'a> {
    fn read(
        text: &'a str,
        knowledge: &Knowledge,
        day: Option<u32>,
        is_english: bool,
        setting: Setting,
        around: Participants,
    ) -> Self {
        let document = Document::read(text, &knowledge.vocabulary);
        let matches = knowledge.lexicon.find_all(&document);
        let cast = read_cast(&document, knowledge, &matches, day, is_english);
        let in_name = names_mask(&document, &cast);
        let (triggers, tones) = if is_english {
            let triggers = Told::read(&document, knowledge, &matches, day, &cast, setting, around).triggers;
            (triggers, Tones::read(&document, knowledge, &in_name))
        } else {
            (Vec::new(), Tones::none(&document))
        };
        Self { document, cast, triggers, in_name, tones }
    }

    /// Tone of the title: the mean of its sentences, of which it rarely has two.
    fn tone(&self) -> f32 {
        self.tones.sentences.iter().sum::<f32>() / self.tones.sentences.len().max(1) as f32
    }

    fn scene(&self, knowledge: &'a Knowledge) -> Scene<'_> {
        Scene {
            document: &self.document,
            knowledge,
            rows: &self.tones.rows,
            valences: &self.tones.valences,
            in_name: &self.in_name,
        }
    }

    fn names(&self, actor_id: &str) -> bool {
        self.cast.actors.iter().any(|actor| actor.id == actor_id)
    }
}

fn is_english(language: &str) -> bool {
    language.get(..2).is_some_and(|code| code.eq_ignore_ascii_case("en"))
}

/// What a document tells of, in the light of the words round it.
#[derive(Default)]
struct Told {
    triggers: Vec<Trigger>,
    deeds: Vec<Deed>,
}

impl Told {
    fn read(
        document: &Document<'_>,
        knowledge: &Knowledge,
        matches: &[Match],
        day: Option<u32>,
        cast: &Cast,
        setting: Setting,
        around: Participants,
    ) -> Self {
        let cues = Cues::new(document, knowledge, matches, day);
        let is_story = |sentence: usize| !document.sentences[sentence].is_boilerplate;
        let mut triggers = triggers(document, knowledge, matches, &cues, cast, setting, around);
        let mut deeds = deeds(document, knowledge, matches, &cues, cast, setting);
        triggers.retain(|trigger| is_story(trigger.sentence));
        deeds.retain(|deed| is_story(deed.sentence));
        Self { triggers, deeds }
    }
}

fn names_mask(document: &Document<'_>, cast: &Cast) -> Vec<bool> {
    let mut mask = vec![false; document.tokens.len()];
    for found in cast.found.iter().filter(|f| !f.coreference) {
        mask[found.first..found.end].fill(true);
    }
    mask
}
