//! The normal form of a word: lower case, Latin letters without their marks, acronyms without their dots.

use super::Shape;

/// Writes the normal form of `word` into `out` (cleared first) and tells how the word is capitalised.
pub(crate) fn normalise(word: &str, out: &mut String) -> Shape {
    out.clear();
    let (mut cased, mut upper, mut first_upper, mut seen_first) = (0u32, 0u32, false, false);
    for c in word.chars() {
        let is_upper = if c.is_ascii() { c.is_ascii_uppercase() } else { c.is_uppercase() };
        if is_upper || c.is_lowercase() {
            cased += 1;
            upper += u32::from(is_upper);
            if !seen_first {
                first_upper = is_upper;
                seen_first = true;
            }
        }
        push_folded(c, out);
    }
    shape_of(first_upper, cased, upper)
}

/// How a word is capitalised, and the hash of its normal form, as [`stable_hash`] gives it. `buffer` is for words of other
/// letters than ASCII.
pub(crate) fn hash_word(word: &str, buffer: &mut String) -> (u64, Shape) {
    if !word.is_ascii() {
        let shape = normalise(word, buffer);
        return (stable_hash(buffer.as_bytes()), shape);
    }
    let (mut cased, mut upper, mut first_upper) = (0u32, 0u32, false);
    let mut hash = FNV_OFFSET;
    for (at, byte) in word.bytes().enumerate() {
        if byte.is_ascii_alphabetic() {
            let is_upper = byte.is_ascii_uppercase();
            first_upper |= is_upper && cased == 0;
            cased += 1;
            upper += u32::from(is_upper);
        }
        if byte != b'.' || at == 0 {
            hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(FNV_PRIME);
        }
    }
    (finalise(hash), shape_of(first_upper, cased, upper))
}

fn shape_of(first_upper: bool, cased: u32, upper: u32) -> Shape {
    if !first_upper {
        Shape::Lower
    } else if cased >= 2 && upper == cased {
        Shape::AllUpper
    } else {
        Shape::Upper
    }
}

fn push_folded(c: char, out: &mut String) {
    if c.is_ascii() {
        // "U.S." and "US" are one word; so a lone dot, which is no word, keeps itself.
        if c != '.' || out.is_empty() {
            out.push(c.to_ascii_lowercase());
        }
        return;
    }
    for lower in c.to_lowercase() {
        match lower {
            'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => out.push('a'),
            'æ' => out.push_str("ae"),
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => out.push('c'),
            'ď' | 'đ' | 'ð' => out.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ə' => out.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => out.push('g'),
            'ĥ' | 'ħ' => out.push('h'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => out.push('i'),
            'ĵ' => out.push('j'),
            'ķ' => out.push('k'),
            'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => out.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => out.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => out.push('o'),
            'œ' => out.push_str("oe"),
            'ŕ' | 'ŗ' | 'ř' => out.push('r'),
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => out.push('s'),
            'ß' => out.push_str("ss"),
            'ţ' | 'ť' | 'ŧ' | 'ț' => out.push('t'),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => out.push('u'),
            'ŵ' => out.push('w'),
            'ý' | 'ÿ' | 'ŷ' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            'þ' => out.push_str("th"),
            '‘' | '’' | 'ʼ' | 'ʻ' | '‛' => out.push('\''),
            '“' | '”' | '„' | '‟' => out.push('"'),
            '‐' | '‑' | '–' => out.push('-'),
            '\u{300}'..='\u{36f}' => {}
            other => out.push(other),
        }
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// A hash that stays the same across versions and machines, since fingerprints are stored: FNV-1a, 64 bits, with
/// MurmurHash3's finaliser.
pub(crate) fn stable_hash(bytes: &[u8]) -> u64 {
    let mut hash = FNV_OFFSET;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
    }
    finalise(hash)
}

/// MurmurHash3's 64-bit finaliser.
pub(crate) fn finalise(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_share_a_normal_form() {
        let cases = [
            ("Vučić", "vucic", Shape::Upper),
            ("Vucic", "vucic", Shape::Upper),
            ("U.S.", "us", Shape::AllUpper),
            ("US", "us", Shape::AllUpper),
            ("don’t", "don't", Shape::Lower),
            ("Erdoğan", "erdogan", Shape::Upper),
            ("iPhone", "iphone", Shape::Lower),
            ("A", "a", Shape::Upper),
            ("Ağrı", "agri", Shape::Upper),
            ("Москва", "москва", Shape::Upper),
        ];
        let mut out = String::new();
        for (word, normal, shape) in cases {
            assert_eq!(normalise(word, &mut out), shape, "{word}");
            assert_eq!(out, normal);
        }
    }

    #[test]
    fn a_word_hashes_as_its_normal_form() {
        let (mut normal, mut buffer) = (String::new(), String::new());
        for word in ["", "U.S.", ".", "..a", "Vučić", "NATO", "don't", "iPhone", "3rd", "x.Y.", "A", "“"] {
            let shape = normalise(word, &mut normal);
            assert_eq!(hash_word(word, &mut buffer), (stable_hash(normal.as_bytes()), shape), "{word}");
        }
    }

    #[test]
    fn the_stable_hash_never_changes() {
        assert_eq!(stable_hash(b""), finalise(FNV_OFFSET));
        assert_ne!(stable_hash(b"a"), stable_hash(b"b"));
    }
}
