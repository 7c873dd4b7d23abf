//! What is said of somebody: over one mention, and over all.

use super::model::{Chances, Line};
use super::view::View;
use crate::actors::Found;
use crate::knowledge::Knowledge;
use crate::quotes::Statement;
use crate::text::{Document, Sentence};

/// Mentions of an actor beyond these do not move the sentiment any more: news says early what it holds of people.
const MENTIONS: u32 = 6;
/// What lies further from a marked span, in tokens, is not read for it.
const WINDOW: usize = 120;

/// A document with what sentiment needs of it.
pub(crate) struct Scene<'a> {
    pub(crate) document: &'a Document<'a>,
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) valences: &'a [f32],
    pub(crate) in_name: &'a [bool],
}

/// Who says what, by the words that name the speaker.
pub(crate) struct Sayings {
    /// Source and content in tokens, by the source.
    all: Vec<((usize, usize), (usize, usize))>,
}

impl Sayings {
    pub(crate) fn of(statements: &[Statement]) -> Self {
        let sourced = statements.iter().filter_map(|s| Some((s.source_tokens()?, s.content)));
        let mut all: Vec<_> = sourced.collect();
        all.sort_unstable();
        Self { all }
    }

    /// What the words at tokens `first..end` are said to say, into `said` (cleared first).
    fn by(&self, first: usize, end: usize, said: &mut Vec<(usize, usize)>) {
        /// Sources are short and hardly overlap.
        const LOOK_BACK: usize = 8;
        said.clear();
        let until = self.all.partition_point(|((source, _), _)| *source < end);
        let near = self.all[..until].iter().rev().take(LOOK_BACK);
        said.extend(near.filter(|((_, source_end), _)| *source_end > first).map(|(_, content)| *content));
    }
}

impl Scene<'_> {
    /// What the text says of the words at tokens `first..end`.
    pub(crate) fn towards_span(&self, sayings: &Sayings, first: usize, end: usize) -> f32 {
        let Some(window) = self.window(first, end) else { return 0.0 };
        let line = self.knowledge.sentiment.read(self.view(window));
        let mut said = Vec::new();
        sayings.by(first, end, &mut said);
        self.knowledge.sentiment.towards(&line, first, end, told(&said)).score()
    }

    /// For training: what the model sees for the words at tokens `first..end`.
    #[cfg(feature = "training")]
    pub(crate) fn lesson(&self, sayings: &Sayings, first: usize, end: usize) -> Vec<super::Lesson> {
        let mut said = Vec::new();
        sayings.by(first, end, &mut said);
        self.window(first, end).map_or_else(Vec::new, |window| self.view(window).lesson((first, end), told(&said)))
    }

    /// The sentence of the token `first`, or what of it is near.
    fn window(&self, first: usize, end: usize) -> Option<Sentence> {
        let sentence = self.document.sentences.get(self.document.sentence_of(first))?;
        let from = sentence.first.max(first.saturating_sub(WINDOW));
        let to = sentence.end.min(end.saturating_add(WINDOW));
        (from < to).then_some(Sentence { first: from, end: to, ..*sentence })
    }

    /// Adds the document's mentions to what is known of `actors`, the positions of a cast's actors in `opinions`.
    pub(crate) fn add_mentions(
        &self,
        sayings: &Sayings,
        mentions: &[Found],
        weight: f32,
        opinions: &mut [Opinion],
        opinion_of: impl Fn(usize) -> Option<usize>,
    ) {
        let mut line: Option<(usize, Line)> = None;
        let mut said = Vec::new();
        for mention in mentions {
            let Some(position) = mention.actor.and_then(&opinion_of) else { continue };
            let Some(sentence) = self.document.sentences.get(mention.sentence).filter(|s| !s.is_boilerplate) else {
                continue;
            };
            let Some(opinion) = opinions.get_mut(position).filter(|opinion| opinion.mentions < MENTIONS) else {
                continue;
            };
            if line.as_ref().is_none_or(|(number, _)| *number != mention.sentence) {
                line = Some((mention.sentence, self.knowledge.sentiment.read(self.view(*sentence))));
            }
            let Some((_, line)) = &line else { continue };
            sayings.by(mention.first, mention.end, &mut said);
            let chances = self.knowledge.sentiment.towards(line, mention.first, mention.end, told(&said));
            opinion.add(chances, weight);
        }
    }

    fn view(&self, sentence: Sentence) -> View {
        View::of(self.document, self.knowledge, self.valences, self.in_name, sentence)
    }
}

fn told(said: &[(usize, usize)]) -> Option<&[(usize, usize)]> {
    (!said.is_empty()).then_some(said)
}

/// What an article says of an actor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opinion {
    negative: f32,
    neutral: f32,
    positive: f32,
    total: f32,
    mentions: u32,
}

impl Opinion {
    fn add(&mut self, chances: Chances, weight: f32) {
        self.negative += weight * chances.negative;
        self.neutral += weight * chances.neutral;
        self.positive += weight * chances.positive;
        self.total += weight;
        self.mentions += 1;
    }

    /// Score from -1 to 1; 0 where nothing was read.
    pub(crate) fn score(self) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let share = |sum: f32| sum / self.total;
        let chances =
            Chances { negative: share(self.negative), neutral: share(self.neutral), positive: share(self.positive) };
        chances.score()
    }
}
