//! Forms of English verbs and nouns.

use rustc_hash::FxHashMap;

use super::table::{Problem, rows};
use crate::lexicon::WordForm;

/// Irregular verbs by lemma: pasts and participles.
pub(super) struct Inflector {
    irregular: FxHashMap<String, (Vec<String>, Vec<String>)>,
}

/// Final consonants that double are found by rule in words of one syllable; these verbs are stressed on their last.
const DOUBLING: [&str; 22] = [
    "admit", "commit", "permit", "submit", "omit", "rebel", "expel", "compel", "repel", "dispel", "occur", "refer",
    "defer", "deter", "transfer", "cancel", "control", "patrol", "quarrel", "kidnap", "equip", "abet",
];

impl Inflector {
    pub(super) fn load(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut irregular = FxHashMap::default();
        for row in rows("irregular_verbs.tsv", text, &["lemma", "past", "participle"], problems) {
            let list = |column| row.list(column).map(str::to_owned).collect::<Vec<_>>();
            match row.required("lemma") {
                Ok(lemma) if !list("past").is_empty() && !list("participle").is_empty() => {
                    irregular.insert(lemma.to_owned(), (list("past"), list("participle")));
                }
                Ok(_) => problems.push(row.problem("past or participle is empty")),
                Err(problem) => problems.push(problem),
            }
        }
        Self { irregular }
    }

    /// How the form of the lemma is written; empty where the verb has no form of that kind of its own. Of a hyphenated verb
    /// the last part changes.
    pub(super) fn forms(&self, lemma: &str, form: WordForm) -> Vec<String> {
        let (lead, verb) =
            lemma.rsplit_once('-').map_or(("", lemma), |(_, verb)| (&lemma[..lemma.len() - verb.len()], verb));
        let mut forms = match form {
            WordForm::Base if verb == "be" => ["be", "are", "am"].map(str::to_owned).to_vec(),
            WordForm::Third if verb == "be" => vec!["is".to_owned()],
            WordForm::Third if verb == "have" => vec!["has".to_owned()],
            WordForm::Base => vec![verb.to_owned()],
            WordForm::Third => vec![with_s(verb)],
            WordForm::Gerund => gerunds(verb),
            WordForm::Noun => vec![verb.to_owned(), with_s(verb)],
            WordForm::PastOrParticiple | WordForm::Past | WordForm::Participle => self.pasts(verb, form),
        };
        for written in &mut forms {
            written.insert_str(0, lead);
        }
        forms
    }

    fn pasts(&self, verb: &str, form: WordForm) -> Vec<String> {
        let regular;
        let (pasts, participles) = match self.irregular.get(verb) {
            Some((pasts, participles)) => (pasts, participles),
            None => {
                regular = regular_pasts(verb);
                (&regular, &regular)
            }
        };
        let (from, others) = if form == WordForm::Participle { (participles, pasts) } else { (pasts, participles) };
        let is_both = |written: &&String| others.contains(written);
        from.iter().filter(|w| is_both(w) == (form == WordForm::PastOrParticiple)).cloned().collect()
    }
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')
}

fn ends_in_consonant_y(verb: &str) -> bool {
    matches!(verb.as_bytes(), [.., before, b'y'] if !is_vowel(*before))
}

/// One syllable that ends in one vowel and one consonant: "ban", "rob".
fn doubles(verb: &str) -> bool {
    let short = matches!(verb.as_bytes(), [head @ .., vowel, last]
        if is_vowel(*vowel) && !is_vowel(*last) && !matches!(last, b'w' | b'x' | b'y') && !head.iter().any(|b| is_vowel(*b)));
    short || DOUBLING.contains(&verb)
}

fn doubled(verb: &str, ending: &str) -> String {
    let last = &verb[verb.len().saturating_sub(1)..];
    format!("{verb}{last}{ending}")
}

fn with_s(verb: &str) -> String {
    if ends_in_consonant_y(verb) {
        format!("{}ies", &verb[..verb.len() - 1])
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| verb.ends_with(end))
        || matches!(verb, "go" | "do" | "veto" | "undergo")
    {
        format!("{verb}es")
    } else {
        format!("{verb}s")
    }
}

fn regular_pasts(verb: &str) -> Vec<String> {
    if verb.ends_with('e') {
        vec![format!("{verb}d")]
    } else if ends_in_consonant_y(verb) {
        vec![format!("{}ied", &verb[..verb.len() - 1])]
    } else if doubles(verb) {
        // "canceled" and "cancelled" are both written.
        vec![doubled(verb, "ed"), format!("{verb}ed")]
    } else {
        vec![format!("{verb}ed")]
    }
}

fn gerunds(verb: &str) -> Vec<String> {
    if let Some(stem) = verb.strip_suffix("ie") {
        vec![format!("{stem}ying")]
    } else if verb.ends_with('e') && !verb.ends_with("ee") && verb.len() > 2 {
        vec![format!("{}ing", &verb[..verb.len() - 1])]
    } else if doubles(verb) {
        vec![doubled(verb, "ing"), format!("{verb}ing")]
    } else {
        vec![format!("{verb}ing")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_take_their_forms() {
        let text = "lemma\tpast\tparticiple\nbreak\tbroke\tbroken\nhit\thit\thit\n";
        let inflector = Inflector::load(text, &mut Vec::new());
        for (lemma, form, expected) in [
            ("condemn", WordForm::PastOrParticiple, "condemned"),
            ("deny", WordForm::Third, "denies"),
            ("deny", WordForm::PastOrParticiple, "denied"),
            ("ban", WordForm::Gerund, "banning"),
            ("impose", WordForm::Gerund, "imposing"),
            ("break", WordForm::Past, "broke"),
            ("break", WordForm::Participle, "broken"),
            ("hit", WordForm::PastOrParticiple, "hit"),
            ("test-fire", WordForm::PastOrParticiple, "test-fired"),
            ("attack", WordForm::Noun, "attack"),
            ("veto", WordForm::Third, "vetoes"),
            ("meet", WordForm::Third, "meets"),
        ] {
            assert_eq!(inflector.forms(lemma, form).first().map(String::as_str), Some(expected), "{lemma} {form:?}");
        }
        assert!(inflector.forms("condemn", WordForm::Participle).is_empty());
        assert!(inflector.forms("break", WordForm::PastOrParticiple).is_empty());
    }
}
