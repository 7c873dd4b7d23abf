//! The weights, and the best sequence of labels under them.

use super::features::{BUCKETS, Chain, Clusters, FEATURES};

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Person,
    Organisation,
    /// A country, city, region, mountain, building.
    Location,
    /// Nationalities, events, works, laws: names that are no actor by themselves.
    Other,
}

/// Label of a token: outside, or first or later token of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameLabel(pub(crate) u8);

/// Outside, and two labels for each of the four kinds.
pub(crate) const LABELS: usize = 9;

/// Numbers of a row of weights in memory.
const PADDED: usize = 16;

impl NameLabel {
    pub(crate) const OUTSIDE: Self = Self(0);

    pub(super) fn kind(self) -> Option<Kind> {
        match self.0 {
            1 | 2 => Some(Kind::Person),
            3 | 4 => Some(Kind::Organisation),
            5 | 6 => Some(Kind::Location),
            7 | 8 => Some(Kind::Other),
            _ => None,
        }
    }

    pub(super) fn begins(self) -> bool {
        self.0 % 2 == 1
    }

    /// A name goes on only with its own kind.
    pub(crate) fn may_follow(self, before: Self) -> bool {
        self.0 == 0 || self.begins() || before.0 == self.0 || before.0 == self.0 - 1
    }
}

/// Weights of the features and of the steps from label to label.
///
/// The file, little-endian: `FLN1`, the scale of a weight (`f32`), the steps (`LABELS * LABELS` `f32`, from label by to label),
/// the weights (`BUCKETS * LABELS` `i8`), then for each clustered word the lower half of its hash (`u32`) and its cluster (`u8`).
pub(crate) struct Model {
    steps: [[f32; LABELS]; LABELS],
    scale: f32,
    /// Rows padded with zeros, so that none lies across two lines of the cache.
    weights: Box<[[i8; PADDED]]>,
    pub(super) clusters: Clusters,
}

const MAGIC: &[u8; 4] = b"FLN1";
const HEAD_BYTES: usize = 4 + 4 + 4 * LABELS * LABELS;
const NEVER: f32 = -1e9;

impl Model {
    /// The model compiled into this crate.
    pub(crate) fn bundled() -> Self {
        // A test holds that the bundled file is whole; without weights nothing is found.
        Self::from_bytes(include_bytes!("../../../data/names.bin")).unwrap_or_else(|| Self {
            steps: [[0.0; LABELS]; LABELS],
            scale: 0.0,
            weights: vec![[0; PADDED]; BUCKETS].into(),
            clusters: Clusters::new(std::iter::empty()),
        })
    }

    /// Reads a model file; none where it has another shape.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (weights, words) = bytes.get(HEAD_BYTES..)?.split_at_checked(BUCKETS * LABELS)?;
        let (words, rest) = words.as_chunks::<5>();
        if bytes.get(..4)? != MAGIC || !rest.is_empty() {
            return None;
        }
        let mut numbers = bytes.get(4..HEAD_BYTES)?.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
        let scale = numbers.next()?;
        let mut steps = [[0.0; LABELS]; LABELS];
        for step in steps.iter_mut().flatten() {
            *step = numbers.next()?;
        }
        for (from, row) in steps.iter_mut().enumerate() {
            for (to, step) in row.iter_mut().enumerate() {
                if !NameLabel(to as u8).may_follow(NameLabel(from as u8)) {
                    *step = NEVER;
                }
            }
        }
        let row = |row: &[u8; LABELS]| {
            let mut padded = [0; PADDED];
            padded.iter_mut().zip(row).for_each(|(weight, byte)| *weight = byte.cast_signed());
            padded
        };
        let weights = weights.as_chunks::<LABELS>().0.iter().map(row).collect();
        let word = |[a, b, c, d, cluster]: &[u8; 5]| (u32::from_le_bytes([*a, *b, *c, *d]), *cluster);
        Some(Self { steps, scale, weights, clusters: Clusters::new(words.iter().map(word)) })
    }

    /// The likeliest labels of the chain's tokens (Viterbi), into `labels` (cleared first).
    pub(super) fn decode(&self, chain: &Chain, labels: &mut Vec<NameLabel>) {
        labels.clear();
        let mut best = self.steps[0];
        let mut came_from: Vec<[u8; LABELS]> = Vec::with_capacity(chain.features.len());
        for (position, features) in chain.features.iter().enumerate() {
            let emission = self.emission(features);
            if position == 0 {
                best.iter_mut().zip(emission).for_each(|(score, own)| *score += own);
                came_from.push([0; LABELS]);
                continue;
            }
            let mut next = [NEVER; LABELS];
            let mut from = [0u8; LABELS];
            for to in 0..LABELS {
                for (before, score) in best.iter().enumerate() {
                    let total = score + self.steps[before][to];
                    if total > next[to] {
                        (next[to], from[to]) = (total, before as u8);
                    }
                }
                next[to] += emission[to];
            }
            best = next;
            came_from.push(from);
        }
        let with_end = (0..LABELS).map(|label| best[label] + self.steps[label][0]);
        let last = with_end.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(label, _)| label as u8);
        labels.resize(chain.features.len(), NameLabel::OUTSIDE);
        let mut label = last;
        for (slot, from) in labels.iter_mut().zip(&came_from).rev() {
            *slot = NameLabel(label);
            label = from[label as usize];
        }
    }

    fn emission(&self, features: &[u32; FEATURES]) -> [f32; LABELS] {
        // All rows are fetched before the first is added, so that their waits for memory overlap.
        let rows = features.map(|row| self.weights[row as usize % BUCKETS]);
        let mut sums = [0i16; PADDED];
        for row in &rows {
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += i16::from(*weight));
        }
        std::array::from_fn(|label| f32::from(sums[label]) * self.scale)
    }
}

/// A model file of these steps and weights; the largest weights are cut so that the many small ones keep their grain.
#[cfg(feature = "training")]
pub(crate) fn to_bytes(steps: &[[f32; LABELS]; LABELS], weights: &[f32], words: &[(u32, u8)]) -> Vec<u8> {
    let mut sizes: Vec<f32> = weights.iter().map(|w| w.abs()).filter(|w| *w > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    let largest = sizes.get(sizes.len() * 9995 / 10_000).copied().unwrap_or(1.0);
    let scale = largest / 127.0;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(scale.to_le_bytes());
    bytes.extend(steps.iter().flatten().flat_map(|step| step.to_le_bytes()));
    bytes.extend(weights.iter().map(|w| ((w / scale).round().clamp(-127.0, 127.0) as i8).cast_unsigned()));
    bytes.extend(words.iter().flat_map(|(hash, cluster)| {
        let [a, b, c, d] = hash.to_le_bytes();
        [a, b, c, d, *cluster]
    }));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_model_is_whole() {
        assert!(Model::from_bytes(include_bytes!("../../../data/names.bin")).is_some());
    }

    #[test]
    fn a_file_of_another_shape_is_refused() {
        let whole = include_bytes!("../../../data/names.bin");
        assert!(Model::from_bytes(&whole[1..]).is_none());
        let mut other = whole.to_vec();
        other[0] = b'X';
        assert!(Model::from_bytes(&other).is_none());
    }
}
