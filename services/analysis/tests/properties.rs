//! What holds for every input: no panic, and spans that say what they claim.

mod honest;

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Enriched, TargetSpan};
use honest::check;
use proptest::prelude::*;

fn enrich(article: &Article) -> Enriched {
    Analyzer::bundled().enrich(article)
}

/// Words that set the parts in motion, among marks that try to confuse them.
fn newsy() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("Kosovo"),
        Just("Serbia’s"),
        Just("President"),
        Just("Aleksandar"),
        Just("Vučić"),
        Just("said"),
        Just("that"),
        Just("“"),
        Just("”"),
        Just("\""),
        Just("attacked"),
        Just("by"),
        Just("was"),
        Just("not"),
        Just("the"),
        Just("U.S."),
        Just(","),
        Just("."),
        Just("\n\n"),
        Just("\n"),
        Just("41"),
        Just("police"),
        Just("of"),
        Just("Ministry"),
        Just("he"),
        Just("threatened to"),
        Just("ceasefire"),
        Just("in"),
        Just("Brussels"),
        Just("and"),
        Just("-"),
        Just("—"),
        Just("J."),
        Just("'s"),
        Just("1999"),
        Just("\u{0}"),
        Just("🦀"),
        Just("中国"),
        Just("é́"),
        Just("SHOUTING"),
        Just("NATO"),
        Just("van der"),
        Just("Bank"),
        Just("River"),
        Just("Mr."),
        Just("war"),
        Just("tensions"),
        Just("talks"),
        Just("could"),
        Just("("),
        Just("''"),
        Just("‘"),
        Just("’"),
        Just("according to"),
        Just("who told"),
        Just("adding"),
        Just(": "),
        Just("— Ann Smith (@ann)"),
        Just("Read more"),
        Just("مرحبا"),
        Just("\u{202e}"),
        Just("\u{200d}"),
        Just("e\u{301}\u{301}"),
        Just("👩\u{200d}👩\u{200d}👧"),
    ];
    prop::collection::vec((word, prop_oneof![Just(" "), Just(" "), Just(" "), Just("")]), 0..120)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, gap)| [word, gap]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_honest_spans(text in any::<String>(), title in any::<Option<String>>()) {
        let title_length = title.as_deref().map_or(0, |t| t.chars().count() as u32);
        check(&enrich(&Article { text, title, ..Article::default() }), title_length);
    }

    #[test]
    fn newsy_text_gives_honest_spans(text in newsy(), title in newsy()) {
        let title_length = title.chars().count() as u32;
        let published_at = Some("2022-08-17T00:00:00Z".to_owned());
        let language = Some("en".to_owned());
        check(&enrich(&Article { text, title: Some(title), published_at, language, ..Article::default() }), title_length);
    }

    #[test]
    fn any_target_date_and_language_is_survived(
        text in newsy(), start in any::<u32>(), end in any::<u32>(), date in any::<String>(), language in any::<String>()
    ) {
        let targets = vec![TargetSpan { start, end }, TargetSpan { start: start % 200, end: end % 200 }];
        let article = Article { text, targets, published_at: Some(date), language: Some(language), ..Article::default() };
        prop_assert_eq!(enrich(&article).targets.len(), 2);
    }

    #[test]
    fn the_same_article_gives_the_same_tags(text in newsy()) {
        let article = Article { text, ..Article::default() };
        prop_assert_eq!(enrich(&article), enrich(&article));
    }
}

/// Shapes that make a careless reader quadratic: this test takes minutes, or for ever, where one does.
#[test]
fn time_is_linear_on_hostile_texts() {
    let started = std::time::Instant::now();
    for piece in [
        "Kosovo ",
        "said ",
        "“",
        "attack ",
        "Vucic ",
        "A",
        "'",
        ".",
        "a.",
        "Smith Smith ",
        "\n",
        "John Kosovo said, ",
        "war by ",
        "\u{0}",
        "\"a\" ",
        "“He said ” ",
        "“a\n\n",
        "'a ",
        "X said that ",
        "who said ",
        ", saying ",
        "— X (@",
        "AB: c\n\n",
        "according to ",
        "the army of Kosovo said it and ",
        "👩\u{200d}",
        "e\u{301}",
    ] {
        let text = piece.repeat(400_000 / piece.len());
        let language = Some("en".to_owned());
        let enriched = enrich(&Article { text, language, ..Article::default() });
        assert_eq!(enriched.escalation.score.clamp(0.0, 1.0), enriched.escalation.score);
    }
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

/// One endless word, one endless sentence, a million quotations, a million names: an archive holds such files.
#[test]
fn ten_megabytes_of_anything_end() {
    let started = std::time::Instant::now();
    for piece in ["a", "the army of Kosovo said it and ", "“We go,” he said. ", "John Smith ", "— X (@"] {
        let text = piece.repeat(10_000_000 / piece.len());
        let language = Some("en".to_owned());
        let enriched = enrich(&Article { text, language, ..Article::default() });
        assert!((0.0..=1.0).contains(&enriched.escalation.score));
    }
    assert!(started.elapsed().as_secs() < 300, "{:?}", started.elapsed());
}

#[test]
fn one_thread_or_eight_give_the_same_tags() {
    let pieces = [
        "Kosovo’s leader said that “talks”, ",
        "Read more: war\n\n",
        "مرحبا, he told NATO. ",
        "Army attacked the town. ",
    ];
    let article = |number: usize| {
        let text: String = (0..40).map(|at| pieces[(at * number + at / 3) % pieces.len()]).collect();
        Article { id: number.to_string(), text, language: Some("en".to_owned()), ..Article::default() }
    };
    let alone: Vec<Enriched> = (0..64).map(|number| enrich(&article(number))).collect();
    let together: Vec<Vec<(usize, Enriched)>> = std::thread::scope(|scope| {
        let work = |thread: usize| move || (thread..64).step_by(8).map(|n| (n, enrich(&article(n)))).collect();
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (number, enriched) in together.into_iter().flatten() {
        assert_eq!(enriched, alone[number]);
    }
}

#[test]
fn languages_other_than_english_get_places_and_no_english_guess() {
    let text = "La guerre a éclaté à Belgrade, en Serbie, a déclaré le ministre. Les troupes ont attaqué Pristina.";
    let enriched = enrich(&Article { text: text.to_owned(), ..Article::default() });
    assert_eq!(enriched.article.language.as_deref(), Some("fr"));
    let countries = enriched.places.iter().map(|p| &p.country).chain(enriched.actors.iter().map(|a| &a.country));
    assert!(countries.flatten().any(|country| country == "SRB"), "{:?}", enriched.actors);
    assert!(enriched.quotes.is_empty() && enriched.events.is_empty() && enriched.escalation.signals.is_empty());
    assert_eq!(enriched.sentiment.score, 0.0);
}
