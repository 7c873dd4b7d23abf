//! What is said of somebody: over one mention, and over all.

use faultline_schemas::Sentiment;

use super::model::{Chances, Line};
use super::view::View;
use crate::actors::Found;
use crate::knowledge::Knowledge;
use crate::quotes::Statement;
use crate::text::{Document, Sentence};

/// Mentions of an actor beyond these do not move the sentiment any more: news says early what it holds of people.
const MENTIONS: u32 = 4;
/// Everybody mentioned in this many sentences from the start is read of.
const LEAD_SENTENCES: usize = 5;
/// What lies further from a marked span, in tokens, is not read for it.
const WINDOW: usize = 120;

/// A document with what sentiment needs of it.
pub(crate) struct Scene<'a> {
    pub(crate) document: &'a Document<'a>,
    pub(crate) knowledge: &'a Knowledge,
    /// The model's row of each token.
    pub(crate) rows: &'a [u32],
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
        let mut line = Line::default();
        self.knowledge.sentiment.read(self.view(window), &mut line);
        let mut said = Vec::new();
        sayings.by(first, end, &mut said);
        self.knowledge.sentiment.towards(&line, first, end, told(&said)).score()
    }

    /// For training: what the model sees for the words at tokens `first..end`.
    #[cfg(feature = "training")]
    pub(crate) fn lesson(&self, sayings: &Sayings, first: usize, end: usize) -> Vec<super::Lesson> {
        let mut said = Vec::new();
        sayings.by(first, end, &mut said);
        self.window(first, end)
            .map_or_else(Vec::new, |window| self.view(window).lesson(self.document, (first, end), told(&said)))
    }

    /// The sentence of the token `first`, or what of it is near.
    fn window(&self, first: usize, end: usize) -> Option<Sentence> {
        let sentence = self.document.sentences.get(self.document.sentence_of(first))?;
        let from = sentence.first.max(first.saturating_sub(WINDOW));
        let to = sentence.end.min(end.saturating_add(WINDOW));
        (from < to).then_some(Sentence { first: from, end: to, ..*sentence })
    }

    /// Adds the document's mentions to what is known of its actors; `opinion_of` gives an actor's position in `opinions`.
    ///
    /// A sentence is read where it is one of the first or mentions an actor that is mentioned again: who is named once, in
    /// passing, further down, stays neutral.
    pub(crate) fn add_mentions(
        &self,
        sayings: &Sayings,
        mentions: &[Found],
        weight: f32,
        opinions: &mut [Opinion],
        opinion_of: impl Fn(usize) -> Option<usize>,
    ) {
        let position = |mention: &Found| mention.actor.and_then(&opinion_of);
        let mut times = vec![0u32; opinions.len()];
        for actor in mentions.iter().filter_map(position) {
            times[actor] += 1;
        }
        let (mut said, mut line) = (Vec::new(), Line::default());
        for mentions in mentions.chunk_by(|one, next| one.sentence == next.sentence) {
            let number = mentions.first().map_or(0, |mention| mention.sentence);
            let Some(sentence) = self.document.sentences.get(number).filter(|s| !s.is_boilerplate) else { continue };
            let is_open = |actor: usize| opinions[actor].mentions < MENTIONS;
            let is_central = |actor: usize| number < LEAD_SENTENCES || times[actor] > 1;
            if !mentions.iter().filter_map(position).any(|actor| is_open(actor) && is_central(actor)) {
                continue;
            }
            self.knowledge.sentiment.read(self.view(*sentence), &mut line);
            for mention in mentions {
                let Some(actor) = position(mention) else { continue };
                if opinions[actor].mentions < MENTIONS {
                    sayings.by(mention.first, mention.end, &mut said);
                    let chances = self.knowledge.sentiment.towards(&line, mention.first, mention.end, told(&said));
                    opinions[actor].add(chances, weight);
                }
            }
        }
    }

    fn view(&self, sentence: Sentence) -> View {
        View::of(self, sentence)
    }
}

fn told(said: &[(usize, usize)]) -> Option<&[(usize, usize)]> {
    (!said.is_empty()).then_some(said)
}

/// What an article says of an actor: the lean of its mentions, from negative to positive.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opinion {
    leans: f32,
    total: f32,
    mentions: u32,
}

impl Opinion {
    /// What speaks for neutral before anything is read, in mentions.
    const DOUBT: f32 = 2.0;
    /// News tells of bad things more than it blames whom it mentions: a person is spoken of neutrally at this lean, give or
    /// take [`Self::SLACK`]. Under both, the most salient actors of the corpus's articles are spoken of negatively, neutrally and
    /// positively as often as the targets of NewsMTSC's training file are (.379, .346, .274).
    const NEUTRAL_LEAN: f32 = -0.07;
    const SLACK: f32 = 0.11;

    fn add(&mut self, chances: Chances, weight: f32) {
        self.leans += weight * (chances.positive - chances.negative);
        self.total += weight;
        self.mentions += 1;
    }

    /// Score from -1 to 1; 0 where nothing was read.
    pub(crate) fn score(self) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let lean = self.leans / (self.total + Self::DOUBT) - Self::NEUTRAL_LEAN;
        // What is within the slack stays within the threshold of the labels; what is beyond goes on from there.
        let beyond = (lean.abs() - Self::SLACK).max(0.0) / (1.0 - Self::SLACK);
        let within = lean.abs().min(Self::SLACK) / Self::SLACK;
        let size = Sentiment::THRESHOLD * within + (1.0 - Sentiment::THRESHOLD) * beyond;
        size.min(1.0).copysign(lean)
    }
}

#[cfg(test)]
mod tests {
    use faultline_schemas::{Actor, Article, Polarity, TargetSpan};

    use super::*;
    use crate::Analyzer;

    /// Label of the sentiment towards the words of `text` between square brackets.
    fn towards(text: &str) -> Polarity {
        let (before, rest) = text.split_once('[').unwrap();
        let (target, after) = rest.split_once(']').unwrap();
        let start = before.chars().count() as u32;
        let targets = vec![TargetSpan { start, end: start + target.chars().count() as u32 }];
        let article = Article { text: format!("{before}{target}{after}"), targets, ..Article::default() };
        Analyzer::bundled().enrich(&article).targets[0].sentiment.label
    }

    fn actor(text: &str, name: &str) -> Actor {
        let article = Article { text: text.to_owned(), ..Article::default() };
        let enriched = Analyzer::bundled().enrich(&article);
        enriched.actors.into_iter().find(|actor| actor.name == name).unwrap()
    }

    #[test]
    fn praise_and_blame_fall_on_whom_they_are_meant_for() {
        for (text, expected) in [
            ("Critics accused [Anna Weber] of fraud and of lying to parliament.", Polarity::Negative),
            ("[Anna Weber] was praised for her courage and her honest work.", Polarity::Positive),
            ("The minister will meet [Anna Weber] on Tuesday to discuss the budget.", Polarity::Neutral),
            ("[Anna Weber] was convicted of corruption and sentenced to six years in prison.", Polarity::Negative),
        ] {
            assert_eq!(towards(text), expected, "{text}");
        }
    }

    #[test]
    fn one_sentence_says_different_things_of_two() {
        let blamed =
            towards("Anna Weber won wide praise for the rescue, while [Peter Lang] was accused of a cowardly lie.");
        let praised =
            towards("[Anna Weber] won wide praise for the rescue, while Peter Lang was accused of a cowardly lie.");
        assert_eq!((praised, blamed), (Polarity::Positive, Polarity::Negative));
    }

    #[test]
    fn an_actor_is_judged_over_all_mentions() {
        let text = "Angela Merkel was hailed as a brilliant and honest leader. Allies praised Merkel's courage. Merkel won a \
                    prize for her great work. Vladimir Putin was accused of war crimes. Critics condemned Putin as a brutal \
                    and corrupt dictator.";
        let (praised, blamed) = (actor(text, "Angela Merkel").sentiment, actor(text, "Vladimir Putin").sentiment);
        assert_eq!((praised.label, blamed.label), (Polarity::Positive, Polarity::Negative));
    }

    #[test]
    fn a_plain_mention_leaves_an_actor_neutral() {
        let text = "Angela Merkel met reporters on Monday. Merkel spoke in Berlin on Tuesday about the budget.";
        assert_eq!(actor(text, "Angela Merkel").sentiment.label, Polarity::Neutral);
    }

    #[test]
    fn an_opinion_is_neutral_within_the_slack_and_never_leaves_the_scale() {
        for (lean, expected) in [(0.0, Polarity::Neutral), (1.0, Polarity::Positive), (-1.0, Polarity::Negative)] {
            let opinion = Opinion { leans: lean * 100.0, total: 100.0, mentions: 6 };
            assert!(opinion.score().abs() <= 1.0);
            assert_eq!(Sentiment::from_score(opinion.score()).label, expected);
        }
        assert_eq!(Opinion::default().score(), 0.0);
    }
}
