//! Links that a scraper ran into the sentence: after a name its full form, glued to headlines about its bearer, up to `MORE`.
//!
//! ```text
//! Sen. Ann Roe Annabel (Ann) RoeSenators balk at lengthy trial Roe tours the north MORE (R-Ky.) said …
//! ```
//!
//! Their words are read over: they are other articles'. The text and its offsets stay as they are.

use std::ops::Range;

use super::{Gap, Token};

/// What such a link ends with.
const END: &str = "MORE";
/// How far before `MORE` the glued word may stand, in tokens.
const HEADLINES_REACH: usize = 120;
/// How far before the glued word the name may stand, in tokens.
const NAME_REACH: usize = 8;

/// Takes the tokens of such links out, and gives the numbers of the tokens that follow one.
pub(super) fn remove_teasers(text: &str, tokens: &mut Vec<Token>, hashes: &mut Vec<u64>) -> Vec<usize> {
    if !text.contains(END) {
        return Vec::new();
    }
    let is_end = |token: &Token| (token.end - token.start) as usize == END.len() && word(text, token) == END;
    let mut cuts: Vec<Range<usize>> = Vec::new();
    // What was looked at for one link is not looked at again: any text takes linear time.
    let mut floor = 0;
    for at in (0..tokens.len()).filter(|at| is_end(&tokens[*at])) {
        cuts.extend(start(text, tokens, hashes, floor, at).map(|first| first..at + 1));
        floor = at + 1;
    }
    if cuts.is_empty() {
        return Vec::new();
    }
    remove(tokens, &cuts);
    remove(hashes, &cuts);
    let mut removed = 0;
    let after = |cut: &Range<usize>| {
        removed += cut.len();
        cut.end - removed
    };
    cuts.iter().map(after).collect()
}

/// Takes the items out whose numbers are in one of the ranges, which are in order.
fn remove<T>(items: &mut Vec<T>, cuts: &[Range<usize>]) {
    let (mut at, mut next) = (0, 0);
    items.retain(|_| {
        next += usize::from(cuts.get(next).is_some_and(|cut| cut.end <= at));
        let is_cut = cuts.get(next).is_some_and(|cut| cut.contains(&at));
        at += 1;
        !is_cut
    });
}

/// The first token of the link that ends with token `end`; none where it is a plain "more".
fn start(text: &str, tokens: &[Token], hashes: &[u64], floor: usize, end: usize) -> Option<usize> {
    let in_line = |at: &usize| tokens[*at].gap < Gap::Line;
    let from = floor.max(end.saturating_sub(HEADLINES_REACH));
    let line = (from..end).rev().take_while(|at| in_line(&(at + 1)));
    line.filter(|at| *at > from && has_inner_capital(word(text, &tokens[*at]))).find_map(|glued| {
        let is_glued_to = |name: &Token| {
            let rest = name.is_capitalised().then(|| word(text, &tokens[glued]).strip_prefix(word(text, name)));
            rest.flatten()
                .is_some_and(|rest| rest.starts_with(|first: char| first.is_uppercase() || first.is_numeric()))
        };
        let near = from.max(glued.saturating_sub(NAME_REACH));
        if let Some(name) = (near..glued).rev().find(|at| is_glued_to(&tokens[*at])) {
            return Some(name + 1);
        }
        // "Ann Maria [Ann Maria RoeSenators … MORE] Roe": the surname comes after.
        let goes_on = tokens.get(end + 1).is_some_and(|after| after.gap < Gap::Line && is_glued_to(after));
        let is_again = |at: &usize| (near..*at).any(|earlier| hashes[earlier] == hashes[*at]);
        (near..glued).find(is_again).filter(|_| goes_on)
    })
}

fn word<'a>(text: &'a str, token: &Token) -> &'a str {
    text.get(token.start as usize..token.end as usize).unwrap_or_default()
}

/// "RoeSenators", "Roe2020".
fn has_inner_capital(word: &str) -> bool {
    let mut letters = word.chars();
    let mut before = letters.next();
    letters.any(|letter| {
        let is_join = before.is_some_and(char::is_lowercase) && (letter.is_uppercase() || letter.is_numeric());
        before = Some(letter);
        is_join
    })
}

#[cfg(test)]
mod tests {
    use crate::Analyzer;
    use crate::text::{Document, hash_word};

    fn words(text: &str) -> String {
        let document = Document::read(text, &Analyzer::bundled().knowledge().vocabulary);
        let words: Vec<&str> = (0..document.tokens.len()).map(|at| document.slice(at, at + 1)).collect();
        let hashes: Vec<u64> = words.iter().map(|word| hash_word(word, &mut String::new()).0).collect();
        assert_eq!(document.hashes, hashes, "what is taken out of one list is taken out of the other: {text}");
        words.join(" ")
    }

    #[test]
    fn links_within_a_sentence_are_read_over() {
        for (text, expected) in [
            (
                "Sen. Ann Roe Annabel (Ann) RoeSenators attack troops MORE (Ky.) slept.",
                "Sen . Ann Roe ( Ky . ) slept .",
            ),
            ("Ann Roe Ann Roe2020 Democrats push for war Roe’s heart MORE’s dog slept.", "Ann Roe ’s dog slept ."),
            ("Ann Maria Ann Mary RoeBombs fall MORE Roe slept.", "Ann Maria Roe slept ."),
            ("Roe Ann RoeOne falls MORE met Poe Ed PoeTwo fall MORE.", "Roe met Poe ."),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn more_is_mostly_a_word() {
        for text in [
            "Ann Roe wants MORE money .",
            "McConnell and Ann Roe of LinkedIn want MORE .",
            "Ann Roe met YouTube and wants MORE money .",
            "MORE MORE MORE",
        ] {
            assert_eq!(words(text), text);
        }
    }

    #[test]
    fn a_name_that_a_link_parts_ends_before_it() {
        let text = "Ann Maria Ann Mary RoeBombs fall MORE Roe slept.";
        let document = Document::read(text, &Analyzer::bundled().knowledge().vocabulary);
        assert_eq!(document.slice(0, 3), "Ann Maria");
        assert_eq!(document.span(0, 3).end, 9);
        assert_eq!(document.slice(2, 4), "Roe slept");
    }

    #[test]
    fn a_link_ends_with_its_line() {
        let text = "Ann Roe Ann RoeBombs fall\n\nMORE slept .";
        assert_eq!(words(text), "Ann Roe Ann RoeBombs fall MORE slept .");
    }
}
