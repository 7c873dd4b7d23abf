//! What tells repeats: a hash of the text, and a signature that near repeats share in most places.
//!
//! The signature is one-permutation MinHash with 128 bins over shingles of three words (P. Li, A. Owen and C. Zhang, "One
//! Permutation Hashing", NIPS 2012), empty bins filled by optimal densification (A. Shrivastava, ICML 2017), 16 bits kept of
//! each bin (P. Li and A. König, "b-Bit Minwise Hashing", WWW 2010). The share of equal bins estimates the Jaccard
//! similarity of two texts' shingles, with a standard error of at most 0.045.

use faultline_schemas::Fingerprint;

use crate::text::{Document, TokenKind, finalise};

pub(crate) const BINS: usize = 128;
const BIN_BITS: u32 = BINS.trailing_zeros();
const SHINGLE_WORDS: usize = 3;
/// Below this many shingles chance decides too much.
const MIN_SHINGLES: usize = 8;
const EMPTY: u64 = u64::MAX;

/// Bins of the signature.
pub(crate) type Signature = [u16; BINS];

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
    for token in &document.tokens {
        if !matches!(token.kind, TokenKind::Word | TokenKind::Number) {
            continue;
        }
        window.rotate_left(1);
        window[SHINGLE_WORDS - 1] = token.hash;
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
pub(crate) fn from_hex(hex: &str) -> Option<Signature> {
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
pub(crate) fn similarity(a: &Signature, b: &Signature) -> f32 {
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
    fn a_short_text_has_no_signature() {
        let vocabulary = Vocabulary::new();
        assert_eq!(fingerprint("Talks resumed.", &Document::read("Talks resumed.", &vocabulary)).minhash, "");
    }
}
