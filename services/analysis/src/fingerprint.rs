//! What tells repeats: a hash of the text, and a signature that near repeats share in most places.
//!
//! [`Print`] is how both are compared: by `faultline enrich` in memory, by the sink with its store as the index.
//!
//! The signature is one-permutation MinHash with 128 bins over shingles of three words (P. Li, A. Owen and C. Zhang, "One
//! Permutation Hashing", NIPS 2012), empty bins filled by optimal densification (A. Shrivastava, ICML 2017), 16 bits kept of
//! each bin (P. Li and A. König, "b-Bit Minwise Hashing", WWW 2010). The share of equal bins estimates the Jaccard
//! similarity of two texts' shingles, with a standard error of at most 0.045.

use faultline_schemas::Fingerprint;

use crate::text::{Document, TokenKind, finalise};

const BINS: usize = 128;
const BIN_BITS: u32 = BINS.trailing_zeros();
const SHINGLE_WORDS: usize = 3;
/// Below this many shingles chance decides too much.
const MIN_SHINGLES: usize = 8;
const EMPTY: u64 = u64::MAX;

/// Bins in a band: two texts are compared when all bins of one band agree.
const ROWS: usize = 3;
/// Bands; the bins after the last are left out of them.
const BANDS: usize = 20;
/// Set in the band of a print that is compared as a whole.
const WHOLE: u64 = 1 << 62;
/// Bytes of a print that is compared as a whole.
const HASH_BYTES: usize = 32;

type Signature = [u16; BINS];

/// What a text is recognised by when it comes again.
///
/// Near repeats are found by locality-sensitive hashing with bands (P. Indyk and R. Motwani, STOC 1998): 20 bands of 3 bins
/// find a pair of similarity 0.5 in 93 and of 0.6 in 99 of 100 cases. A text too short for a signature repeats only
/// exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Signature(Box<Signature>),
    Whole([u8; HASH_BYTES]),
}

impl Print {
    /// Texts at least this similar (Jaccard, of shingles of three words) are near repeats.
    pub const THRESHOLD: f32 = 0.5;

    /// The print of a text. Where it is too short for a signature, `beside` (a title, or nothing) has to be the same, too:
    /// "For subscribers only" is no article.
    #[must_use]
    pub fn new(fingerprint: &Fingerprint, beside: &str) -> Self {
        Self(match from_hex(&fingerprint.minhash) {
            Some(signature) => Kind::Signature(Box::new(signature)),
            None => {
                let mut hasher = blake3::Hasher::new();
                hasher.update(fingerprint.content.as_bytes()).update(b"\0").update(beside.as_bytes());
                Kind::Whole(*hasher.finalize().as_bytes())
            }
        })
    }

    /// Whether one text nearly repeats the other.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Signature(a), Kind::Signature(b)) => similarity(a, b) >= Self::THRESHOLD,
            (a, b) => a == b,
        }
    }

    /// Near repeats have at least one of these numbers in common, nearly always. They are below 2^63.
    #[must_use]
    pub fn bands(&self) -> Vec<u64> {
        match &self.0 {
            Kind::Signature(signature) => (0..BANDS as u64)
                .zip(signature.chunks_exact(ROWS))
                .map(|(band, bins)| bins.iter().fold(band, |key, bin| key << 16 | u64::from(*bin)))
                .collect(),
            Kind::Whole(hash) => {
                vec![WHOLE | hash[..7].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))]
            }
        }
    }

    /// As few bytes as [`Print::from_bytes`] needs.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Signature(signature) => signature.iter().flat_map(|bin| bin.to_be_bytes()).collect(),
            Kind::Whole(hash) => hash.to_vec(),
        }
    }

    /// The print that [`Print::to_bytes`] wrote down; none where it is not one of ours.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(hash) = bytes.try_into() {
            return Some(Self(Kind::Whole(hash)));
        }
        if bytes.len() != BINS * 2 {
            return None;
        }
        let mut signature = [0u16; BINS];
        for (bin, pair) in signature.iter_mut().zip(bytes.chunks_exact(2)) {
            *bin = u16::from_be_bytes([pair[0], pair[1]]);
        }
        Some(Self(Kind::Signature(Box::new(signature))))
    }
}

/// The fingerprint of a whole text, of which `document` is the reading.
pub(crate) fn fingerprint(text: &str, document: &Document<'_>) -> Fingerprint {
    Fingerprint {
        content: blake3::hash(text.as_bytes()).to_hex().to_string(),
        minhash: signature(document).map(|bins| to_hex(&bins)).unwrap_or_default(),
        duplicate_of: None,
        story: None,
    }
}

fn signature(document: &Document<'_>) -> Option<Signature> {
    let mut bins = [EMPTY; BINS];
    let mut window = [0u64; SHINGLE_WORDS];
    let mut words = 0usize;
    for (token, hash) in document.tokens.iter().zip(&document.hashes) {
        if !matches!(token.kind, TokenKind::Word | TokenKind::Number) {
            continue;
        }
        window.rotate_left(1);
        window[SHINGLE_WORDS - 1] = *hash;
        words += 1;
        if words >= SHINGLE_WORDS {
            let hash = window.iter().fold(0u64, |hash, word| finalise(hash.rotate_left(21) ^ *word));
            let bin = (hash >> (64 - BIN_BITS)) as usize;
            bins[bin] = bins[bin].min(hash << BIN_BITS >> BIN_BITS);
        }
    }
    (words >= MIN_SHINGLES + SHINGLE_WORDS - 1).then(|| densify(&bins))
}

/// Fills each empty bin from a full one that is drawn in the same way for every text.
fn densify(bins: &[u64; BINS]) -> Signature {
    std::array::from_fn(|bin| {
        let mut value = bins[bin];
        let mut attempt = 0u64;
        while value == EMPTY && attempt < 100_000 {
            attempt += 1;
            value = bins[finalise((bin as u64) << 32 | attempt) as usize % BINS];
        }
        value as u16
    })
}

fn to_hex(bins: &Signature) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = String::with_capacity(BINS * 4);
    for bin in bins {
        for shift in [12, 8, 4, 0] {
            hex.push(char::from(DIGITS[usize::from(bin >> shift & 15)]));
        }
    }
    hex
}

/// Reads a signature back; none where the text has none or it is not one of ours.
fn from_hex(hex: &str) -> Option<Signature> {
    if hex.len() != BINS * 4 || !hex.is_ascii() {
        return None;
    }
    let mut bins = [0u16; BINS];
    for (bin, digits) in bins.iter_mut().zip(hex.as_bytes().chunks_exact(4)) {
        *bin = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bins)
}

/// Estimated Jaccard similarity.
fn similarity(a: &Signature, b: &Signature) -> f32 {
    a.iter().zip(b).filter(|(x, y)| x == y).count() as f32 / BINS as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Vocabulary;

    fn signed(text: &str) -> Signature {
        let vocabulary = Vocabulary::new();
        let fingerprint = fingerprint(text, &Document::read(text, &vocabulary));
        from_hex(&fingerprint.minhash).unwrap()
    }

    fn words(from: usize, to: usize) -> String {
        (from..to).map(|n| format!("word{n} ")).collect()
    }

    #[test]
    fn the_share_of_equal_bins_estimates_the_jaccard_similarity() {
        for (shared, expected) in [(1000, 1.0), (900, 0.82), (500, 0.33), (0, 0.0)] {
            let found = similarity(&signed(&words(0, 1000)), &signed(&words(1000 - shared, 2000 - shared)));
            assert!((found - expected).abs() < 0.13, "{shared} shared: {found}, expected {expected}");
        }
    }

    #[test]
    fn case_and_punctuation_do_not_change_the_signature() {
        let text = words(0, 50);
        assert_eq!(signed(&text), signed(&text.to_uppercase().replace(' ', ", ")));
    }

    #[test]
    fn prints_survive_being_written_down_and_share_a_band_with_what_they_are_near() {
        let vocabulary = Vocabulary::new();
        let print = |text: &str, title: &str| Print::new(&fingerprint(text, &Document::read(text, &vocabulary)), title);
        let (long, near) = (print(&words(0, 500), "a"), print(&words(40, 540), "b"));
        let (short, other) = (print("Talks resumed.", "a"), print("Talks resumed.", "b"));
        for print in [&long, &near, &short, &other] {
            assert_eq!(Print::from_bytes(&print.to_bytes()).as_ref(), Some(print));
            assert!(print.bands().iter().all(|band| *band < 1 << 63));
        }
        assert!(long.is_near(&near) && long.bands().iter().any(|band| near.bands().contains(band)));
        assert!(short.is_near(&short) && !short.is_near(&other) && !short.is_near(&long));
        assert_eq!(Print::from_bytes(b"of another length"), None);
    }

    #[test]
    fn a_short_text_has_no_signature() {
        let vocabulary = Vocabulary::new();
        assert_eq!(fingerprint("Talks resumed.", &Document::read("Talks resumed.", &vocabulary)).minhash, "");
    }
}
