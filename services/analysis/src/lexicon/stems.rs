//! Beginnings of words that patterns ask for: `clash*`.

use rustc_hash::FxHashMap;

use super::matcher::{STEM_BASE, Symbol};
use crate::text::{Document, Token, normalise};

/// No stem.
pub(super) const NO_STEM: Symbol = 0;

/// All stems, by their first three letters.
pub(super) struct Stems {
    /// Family of each three letters, by the lower five bits of each; 0 for none.
    family_of: Vec<u16>,
    /// The first is empty; of one family the longest first.
    families: Vec<Vec<(Box<str>, Symbol)>>,
}

impl Stems {
    /// From stems and their numbers.
    pub(super) fn new(numbers: FxHashMap<Box<str>, u32>) -> Self {
        let mut stems: Vec<(Box<str>, u32)> = numbers.into_iter().collect();
        stems.sort_unstable_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        let mut all = Self { family_of: vec![0; 1 << 15], families: vec![Vec::new()] };
        for (stem, number) in stems {
            let Some(key) = Self::key(stem.as_bytes()) else { continue };
            if all.family_of[key] == 0 {
                all.family_of[key] = all.families.len() as u16;
                all.families.push(Vec::new());
            }
            all.families[usize::from(all.family_of[key])].push((stem, STEM_BASE | number));
        }
        all
    }

    fn key(bytes: &[u8]) -> Option<usize> {
        let [a, b, c] = bytes.first_chunk::<3>()?.map(|byte| usize::from(byte & 31));
        Some(a << 10 | b << 5 | c)
    }

    /// Stems of each token: at most two matter, the longest ones.
    pub(super) fn of_all(&self, document: &Document<'_>) -> Vec<[Symbol; 2]> {
        let mut normal = String::new();
        let of = |token: &Token| {
            if !token.is_word() {
                return [NO_STEM; 2];
            }
            let written = document.text.get(token.start as usize..token.end as usize).unwrap_or_default();
            let family = Self::key(written.as_bytes()).map_or(0, |key| self.family_of[key]);
            if family == 0 { [NO_STEM; 2] } else { self.of(usize::from(family), written, &mut normal) }
        };
        document.tokens.iter().map(of).collect()
    }

    fn of(&self, family: usize, written: &str, normal: &mut String) -> [Symbol; 2] {
        let bytes = written.as_bytes();
        // Of such words the normal form is the lower case alone.
        let is_plain = bytes.iter().all(|byte| byte.is_ascii() && *byte != b'.');
        if !is_plain {
            normalise(written, normal);
        }
        let fits = |stem: &str| {
            if is_plain {
                bytes.get(..stem.len()).is_some_and(|head| head.eq_ignore_ascii_case(stem.as_bytes()))
            } else {
                normal.starts_with(stem)
            }
        };
        let mut fitting = self.families[family].iter().filter(|(stem, _)| fits(stem)).map(|(_, symbol)| *symbol);
        [(); 2].map(|()| fitting.next().unwrap_or(NO_STEM))
    }
}
