//! The model's weights, and what a sentence means for a mention under them.

use super::view::{KEYS, Place, SIGNS, View, key_of_word};
use crate::lexicon::KeyTable;

/// Numbers of a word's vector.
const WIDTH: usize = 16;
/// Numbers of a unit read in its context, a multiple of eight.
const HIDDEN: usize = 24;
/// Negative, neutral, positive.
const CLASSES: usize = 3;

type Vector = [f32; WIDTH];
type Reading = [f32; HIDDEN];

/// How likely a text is negative, neutral and positive towards somebody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chances {
    pub(crate) negative: f32,
    pub(crate) neutral: f32,
    pub(crate) positive: f32,
}

impl Chances {
    /// Score from -1 to 1 whose label is the likeliest of the three: neutral stays within the threshold.
    pub(crate) fn score(self) -> f32 {
        const NEUTRAL: f32 = 0.049;
        const FIRM: f32 = 0.05;
        let lean = self.positive - self.negative;
        if self.neutral >= self.positive.max(self.negative) {
            lean.clamp(-NEUTRAL, NEUTRAL)
        } else {
            lean.abs().max(FIRM).copysign(lean)
        }
    }
}

/// Weights.
///
/// The file, little-endian: `FLS1`; `f32` numbers in the order of [`Weights`]; then for each word its key (`u32`), its tone (`i8`)
/// and its vector (`WIDTH` `i8`). The first four words are those of the keys that are no words.
pub(crate) struct Model {
    weights: Weights,
    /// What each place adds, by [`Place::number`].
    shifts: Vec<Shift>,
    words: Words,
}

/// What a place adds to what is read there, and to how much that counts.
#[derive(Clone, Copy)]
struct Shift {
    reading: Reading,
    gate: f32,
}

/// What is learnt beside the words.
struct Weights {
    /// What one step of each number of a word's vector is worth.
    scale: Vector,
    /// What one step of a word's tone is worth.
    tone_scale: f32,
    signs: [Vector; SIGNS],
    /// For the unit before, the unit itself and the unit after.
    kernel: [[Reading; WIDTH]; 3],
    bias: Reading,
    distances: [Reading; Place::DISTANCES],
    companies: [Reading; Place::COMPANIES],
    speeches: [Reading; Place::SPEECHES],
    gate: Reading,
    distance_gates: [f32; Place::DISTANCES],
    company_gates: [f32; Place::COMPANIES],
    speech_gates: [f32; Place::SPEECHES],
    mean_out: [Reading; CLASSES],
    greatest_out: [Reading; CLASSES],
    out_bias: [f32; CLASSES],
}

/// Words by row; the first is that of unknown words.
struct Words {
    rows: KeyTable,
    tones: Vec<i8>,
    vectors: Vec<[i8; WIDTH]>,
}

/// A sentence read by the model, good for every mention in it.
#[derive(Default)]
pub(crate) struct Line {
    view: View,
    vectors: Vec<Vector>,
    readings: Vec<Reading>,
}

const MAGIC: &[u8; 4] = b"FLS1";
const WORD_BYTES: usize = 4 + 1 + WIDTH;

impl Model {
    /// The model compiled into this crate.
    pub(crate) fn bundled() -> Self {
        // A test holds that the bundled file is whole; without weights everything is neutral.
        Self::from_bytes(include_bytes!("../../data/sentiment.bin")).unwrap_or_else(Self::blank)
    }

    /// A model that says nothing.
    pub(crate) fn blank() -> Self {
        let weights = Weights::from_numbers(std::iter::repeat(0.0));
        let words = (0..4u32).map(|key| (key, 0, [0; WIDTH]));
        Self { shifts: weights.shifts(), weights, words: Words::new(words) }
    }

    /// Reads a model file; none where it has another shape.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (numbers, words) = rest.split_at_checked(Weights::COUNT * 4)?;
        let (words, tail) = words.as_chunks::<WORD_BYTES>();
        let special = words.iter().take(4).enumerate().all(|(at, word)| word[..4] == (at as u32).to_le_bytes());
        if !tail.is_empty() || words.len() < 4 || !special {
            return None;
        }
        let numbers = numbers.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
        let word = |bytes: &[u8; WORD_BYTES]| {
            let mut vector = [0; WIDTH];
            vector.iter_mut().zip(&bytes[5..]).for_each(|(number, byte)| *number = byte.cast_signed());
            (u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]), bytes[4].cast_signed(), vector)
        };
        let weights = Weights::from_numbers(numbers);
        Some(Self { shifts: weights.shifts(), weights, words: Words::new(words.iter().map(word)) })
    }

    /// Row of each token's word, by their hashes.
    pub(crate) fn rows(&self, hashes: &[u64]) -> Vec<u32> {
        let mut rows = Vec::new();
        self.words.rows.numbers(hashes.iter().map(|hash| key_of_word(*hash)), &mut rows);
        rows
    }

    /// Tone of a word by itself, by its row.
    pub(crate) fn tone(&self, row: u32) -> f32 {
        f32::from(self.words.tones[row as usize]) * self.weights.tone_scale
    }

    /// Reads a sentence, into the room of one read before.
    pub(crate) fn read(&self, view: View, line: &mut Line) {
        line.vectors.clear();
        line.vectors.extend(view.units.iter().map(|unit| self.vector(unit.row, &unit.signs)));
        line.readings.clear();
        line.readings.extend((0..line.vectors.len()).map(|at| {
            let before = at.checked_sub(1).map(|before| &line.vectors[before]);
            self.convolve(before, &line.vectors[at], line.vectors.get(at + 1))
        }));
        line.view = view;
    }

    /// What the sentence says of the mention at tokens `first..end`; `said` holds the token ranges of what the mentioned says.
    pub(crate) fn towards(&self, line: &Line, first: usize, end: usize, said: Option<&[(usize, usize)]>) -> Chances {
        let (from, to) = line.view.covered(first, end);
        let mention = self.vector(KEYS.mention, &[0.0; SIGNS]);
        let vector = |at: Option<usize>| at.and_then(|at| line.vectors.get(at));
        let before = from.checked_sub(1);
        let mut pool = Pool::new(self);
        let own = self.convolve(vector(before), &mention, vector(Some(to)));
        pool.add(&own, View::own_place(said.is_some()));
        line.view.places((from, to), said, |position, place| {
            // The neighbours of the mention were read with its words beside them: they are read again with the mention.
            if Some(position) == before {
                let reading = self.convolve(vector(position.checked_sub(1)), &line.vectors[position], Some(&mention));
                pool.add(&reading, place);
            } else if position == to {
                let reading = self.convolve(Some(&mention), &line.vectors[position], vector(Some(position + 1)));
                pool.add(&reading, place);
            } else {
                pool.add(&line.readings[position], place);
            }
        });
        pool.chances()
    }

    fn vector(&self, row: u32, signs: &[f32; SIGNS]) -> Vector {
        let steps = &self.words.vectors[row as usize];
        let mut vector = self.weights.scale;
        vector.iter_mut().zip(steps).for_each(|(number, step)| *number *= f32::from(*step));
        for (sign, row) in signs.iter().zip(&self.weights.signs).filter(|(sign, _)| **sign != 0.0) {
            vector.iter_mut().zip(row).for_each(|(number, weight)| *number += sign * weight);
        }
        vector
    }

    fn convolve(&self, before: Option<&Vector>, here: &Vector, after: Option<&Vector>) -> Reading {
        let mut reading = self.weights.bias;
        for (vector, rows) in [before, Some(here), after].iter().zip(&self.weights.kernel) {
            let Some(vector) = vector else { continue };
            for (number, row) in vector.iter().zip(rows) {
                reading.iter_mut().zip(row).for_each(|(sum, weight)| *sum += number * weight);
            }
        }
        reading
    }
}

/// Sums over a sentence's units, each by its weight.
struct Pool<'m> {
    model: &'m Model,
    sum: Reading,
    greatest: Reading,
    total: f32,
}

impl<'m> Pool<'m> {
    fn new(model: &'m Model) -> Self {
        Self { model, sum: [0.0; HIDDEN], greatest: [0.0; HIDDEN], total: 0.0 }
    }

    fn add(&mut self, reading: &Reading, place: Place) {
        /// Beyond this the exponential is of no more use.
        const LARGEST_GATE: f32 = 30.0;
        let shift = &self.model.shifts[place.number()];
        let mut placed = *reading;
        placed.iter_mut().zip(&shift.reading).for_each(|(value, shift)| *value = (*value + shift).max(0.0));
        let gate = shift.gate + dot(&placed, &self.model.weights.gate);
        let share = gate.clamp(-LARGEST_GATE, LARGEST_GATE).exp();
        self.total += share;
        self.sum.iter_mut().zip(&placed).for_each(|(sum, value)| *sum += share * value);
        self.greatest.iter_mut().zip(&placed).for_each(|(greatest, value)| *greatest = greatest.max(*value));
    }

    fn chances(&self) -> Chances {
        let mut mean = self.sum;
        mean.iter_mut().for_each(|value| *value /= self.total);
        let weights = &self.model.weights;
        let logit = |class: usize| {
            weights.out_bias[class]
                + dot(&mean, &weights.mean_out[class])
                + dot(&self.greatest, &weights.greatest_out[class])
        };
        let logits = [logit(0), logit(1), logit(2)];
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let [negative, neutral, positive] = logits.map(|logit| (logit - highest).exp());
        let total = negative + neutral + positive;
        Chances { negative: negative / total, neutral: neutral / total, positive: positive / total }
    }
}

/// In eight sums side by side, which processors add at once.
fn dot(a: &Reading, b: &Reading) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

impl Weights {
    const COUNT: usize = WIDTH
        + 1
        + SIGNS * WIDTH
        + 3 * WIDTH * HIDDEN
        + HIDDEN
        + (Place::DISTANCES + Place::COMPANIES + Place::SPEECHES) * (HIDDEN + 1)
        + HIDDEN
        + 2 * CLASSES * HIDDEN
        + CLASSES;

    fn from_numbers(mut numbers: impl Iterator<Item = f32>) -> Self {
        let mut weights = Self {
            scale: [0.0; WIDTH],
            tone_scale: 0.0,
            signs: [[0.0; WIDTH]; SIGNS],
            kernel: [[[0.0; HIDDEN]; WIDTH]; 3],
            bias: [0.0; HIDDEN],
            distances: [[0.0; HIDDEN]; Place::DISTANCES],
            companies: [[0.0; HIDDEN]; Place::COMPANIES],
            speeches: [[0.0; HIDDEN]; Place::SPEECHES],
            gate: [0.0; HIDDEN],
            distance_gates: [0.0; Place::DISTANCES],
            company_gates: [0.0; Place::COMPANIES],
            speech_gates: [0.0; Place::SPEECHES],
            mean_out: [[0.0; HIDDEN]; CLASSES],
            greatest_out: [[0.0; HIDDEN]; CLASSES],
            out_bias: [0.0; CLASSES],
        };
        let slots = weights
            .scale
            .iter_mut()
            .chain(std::iter::once(&mut weights.tone_scale))
            .chain(weights.signs.as_flattened_mut())
            .chain(weights.kernel.as_flattened_mut().as_flattened_mut())
            .chain(&mut weights.bias)
            .chain(weights.distances.as_flattened_mut())
            .chain(weights.companies.as_flattened_mut())
            .chain(weights.speeches.as_flattened_mut())
            .chain(&mut weights.gate)
            .chain(&mut weights.distance_gates)
            .chain(&mut weights.company_gates)
            .chain(&mut weights.speech_gates)
            .chain(weights.mean_out.as_flattened_mut())
            .chain(weights.greatest_out.as_flattened_mut())
            .chain(&mut weights.out_bias);
        for slot in slots {
            *slot = numbers.next().unwrap_or(0.0);
        }
        weights
    }

    fn shifts(&self) -> Vec<Shift> {
        let shift = |place: Place| {
            let at = (usize::from(place.distance), usize::from(place.company), usize::from(place.speech));
            let of = |number| self.distances[at.0][number] + self.companies[at.1][number] + self.speeches[at.2][number];
            let gate = self.distance_gates[at.0] + self.company_gates[at.1] + self.speech_gates[at.2];
            Shift { reading: std::array::from_fn(of), gate }
        };
        Place::all().map(shift).collect()
    }
}

impl Words {
    fn new(words: impl ExactSizeIterator<Item = (u32, i8, [i8; WIDTH])>) -> Self {
        let words: Vec<(u32, i8, [i8; WIDTH])> = words.collect();
        let keys = (0u32..).zip(&words).map(|(row, (key, ..))| (*key, row)).collect::<Vec<_>>();
        Self {
            rows: KeyTable::new(keys.into_iter()),
            tones: words.iter().map(|(_, tone, _)| *tone).collect(),
            vectors: words.iter().map(|(.., vector)| *vector).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_model_is_whole() {
        assert!(Model::from_bytes(include_bytes!("../../data/sentiment.bin")).is_some());
    }

    #[test]
    fn a_broken_model_is_refused() {
        let whole = include_bytes!("../../data/sentiment.bin");
        for broken in [&whole[..0], &whole[..whole.len() - 1], &whole[4..], &whole[..100]] {
            assert!(Model::from_bytes(broken).is_none());
        }
    }

    #[test]
    fn the_label_of_a_score_is_the_likeliest_one() {
        let cases =
            [((0.5, 0.3, 0.2), -0.3), ((0.2, 0.5, 0.3), 0.049), ((0.3, 0.3, 0.4), 0.1), ((0.34, 0.32, 0.34), 0.05)];
        for ((negative, neutral, positive), expected) in cases {
            let score = Chances { negative, neutral, positive }.score();
            assert!((score - expected).abs() < 1e-6, "{score}, expected {expected}");
        }
    }
}
