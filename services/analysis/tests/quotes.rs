//! Who said what, as a reader would mark it.

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Enriched, Span};

fn enrich(text: &str) -> Enriched {
    let language = Some("en".to_owned());
    Analyzer::bundled().enrich(&Article { text: text.to_owned(), language, ..Article::default() })
}

fn words(text: &str, span: Span) -> String {
    text.chars().skip(span.start as usize).take((span.end - span.start) as usize).collect()
}

/// `source | cue | content` of each quote.
fn told(text: &str) -> Vec<String> {
    let part = |span: Option<Span>| span.map_or("-".to_owned(), |span| words(text, span));
    let line = |quote: &faultline_schemas::Quote| {
        format!("{} | {} | {}", part(quote.source), part(quote.cue), words(text, quote.content))
    };
    enrich(text).quotes.iter().map(line).collect()
}

#[test]
fn statements_have_their_words_their_verb_and_their_source() {
    let cases: [(&str, &[&str]); 28] = [
        ("Albin Kurti said that talks failed.", &["Albin Kurti | said | talks failed"]),
        ("Officials say the bridge is open.", &["Officials | say | the bridge is open"]),
        ("“Talks have failed,” Kurti said.", &["Kurti | said | Talks have failed,"]),
        ("\"Talks have failed,\" said Albin Kurti.", &["Albin Kurti | said | Talks have failed,"]),
        ("''Talks have failed,'' Kurti said.", &["Kurti | said | Talks have failed,"]),
        ("‘Talks have failed,’ Kurti said.", &["Kurti | said | Talks have failed,"]),
        (
            "“Talks have failed,” Kurti said. “We will defend ourselves.”",
            &["Kurti | said | Talks have failed,” Kurti said. “We will defend ourselves."],
        ),
        (
            "“We tried,” Kurti told the host, “to talk to them.”",
            &["Kurti | told | We tried,” Kurti told the host, “to talk to them."],
        ),
        ("“Why did talks fail?” Kurti asked.", &["Kurti | asked | Why did talks fail?"]),
        ("Talks have failed, according to the ministry.", &["the ministry | according | Talks have failed"]),
        ("According to the ministry, talks have failed.", &["the ministry | According | talks have failed."]),
        ("The talks, Kurti said, have failed.", &["Kurti | said | The talks, Kurti said, have failed"]),
        (
            "Kurti called the talks dead and warned that war was near.",
            &["Kurti | called | the talks dead", "Kurti | warned | war was near"],
        ),
        (
            "Kurti said talks failed, adding that war was near.",
            &["Kurti | said | talks failed", "Kurti | adding | war was near"],
        ),
        (
            "Jane Doe, 41, a resident of Pristina, said talks failed.",
            &["Jane Doe, 41, a resident of Pristina | said | talks failed"],
        ),
        (
            "“It is over,” Jane Doe, a resident of Pristina, told Reuters.",
            &["Jane Doe, a resident of Pristina | told | It is over,"],
        ),
        ("Kurti is telling reporters that talks failed.", &["Kurti | telling | talks failed"]),
        ("Kurti on Monday urged NATO to act.", &["Kurti | urged | NATO to act"]),
        ("“It is over for us.” — Jane Doe", &["Jane Doe | - | It is over for us."]),
        (
            "All must engage in the dialogue. — Jens Stoltenberg (@jensstoltenberg) August 17, 2022",
            &["Jens Stoltenberg | - | All must engage in the dialogue."],
        ),
        (
            "“Who will help us?” Mr. Hana said. “Nobody came.”",
            &["Mr. Hana | said | Who will help us?” Mr. Hana said. “Nobody came."],
        ),
        ("“We will not go,” the statement read.", &["the statement | read | We will not go,"]),
        (
            "The spokesman, Josh Earnest, said the violence “runs counter to pledges” of the army.",
            &["The spokesman, Josh Earnest | said | the violence “runs counter to pledges” of the army"],
        ),
        (
            "Kim Dong-yub, an expert in Seoul, said one kind of tube appeared to be new.",
            &["Kim Dong-yub, an expert in Seoul | said | one kind of tube appeared to be new"],
        ),
        ("When asked if he would go, Kurti said: “We will see that.”", &["Kurti | said | We will see that"]),
        ("It was Kurti who that day said talks failed.", &["who | said | talks failed"]),
        ("They met Albin Kurti, who that day said talks failed.", &["Albin Kurti, who | said | talks failed"]),
        ("KURTI: Talks have failed. We go on.", &["KURTI | - | Talks have failed. We go on."]),
    ];
    for (text, expected) in cases {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn nouns_passives_and_phrases_in_quotation_marks_are_no_statements() {
    for text in [
        "The talks in Brussels ended.",
        "Their claims and fears remain.",
        "He was accused of theft.",
        "The so-called “peace process” ended.",
        "The report on Kosovo ended there.",
    ] {
        assert!(told(text).is_empty(), "{text}: {:?}", told(text));
    }
}

#[test]
fn a_speech_over_several_paragraphs_is_one_statement() {
    let text = "“Talks have failed,” Kurti said. “We go on.\n\n“We will defend ourselves.”";
    assert_eq!(enrich(text).quotes.len(), 1, "{:?}", told(text));
}

#[test]
fn a_quotation_of_many_sentences_does_not_part_a_pronoun_from_its_person() {
    let many = "“We go on. We do. We must. Any day. Any hour. With anyone. For them. For us. For good,” he said.";
    let quotes = enrich(&format!("Albin Kurti told reporters that talks failed.\n\n{many}")).quotes;
    let speaker = quotes.last().and_then(|quote| quote.speaker.clone());
    assert!(speaker.as_deref().is_some_and(|id| id.ends_with("albin-kurti")), "{speaker:?}");
    let far =
        "It rained. It did. It must. Any day. Any hour. With wind. For them. For us. “We go on without them,” he said.";
    let quotes = enrich(&format!("Albin Kurti told reporters that talks failed.\n\n{far}")).quotes;
    assert_eq!(quotes.last().and_then(|quote| quote.speaker.clone()), None);
}

#[test]
fn a_pronoun_speaks_for_the_person_before_it() {
    let text = "Albin Kurti met Aleksandar Vucic in Brussels.\n\n“Talks have failed,” Kurti said.\n\nHe added that war was near.";
    let enriched = enrich(text);
    let speakers: Vec<Option<&str>> = enriched.quotes.iter().map(|q| q.speaker.as_deref()).collect();
    assert_eq!(speakers, [Some("KSV/GOV/albin-kurti"); 2]);
}

#[test]
fn a_pronoun_speaks_for_the_subject_of_its_sex_and_a_description_for_the_name_after_it() {
    let last_speaker = |text: &str| {
        let enriched = enrich(text);
        let last = enriched.quotes.last().and_then(|quote| quote.speaker.clone());
        last.unwrap_or_default()
    };
    for (text, speaker) in [
        ("Angela Merkel met Emmanuel Macron in Paris.\n\n“We have to talk more,” he said.", "FRA/GOV/emmanuel-macron"),
        ("Angela Merkel met Emmanuel Macron in Paris.\n\n“We have to talk more,” she said.", "DEU/GOV/angela-merkel"),
        (
            "Albin Kurti left. He took Aleksandar Vucic along.\n\n“We have to talk more,” he said.",
            "KSV/GOV/albin-kurti",
        ),
        ("“We have to talk more,” said the prime minister, Albin Kurti.", "KSV/GOV/albin-kurti"),
    ] {
        assert!(
            last_speaker(text).ends_with(speaker.rsplit('/').next().unwrap_or_default()),
            "{text}: {}",
            last_speaker(text)
        );
    }
}

#[test]
fn words_left_out_of_the_story_stay_in_the_text_and_raise_no_score() {
    let story = "The two sides met in Brussels and discussed trade.";
    let noise = "Read more: Army bombs the town and kills hundreds in a massacre";
    let (plain, noisy) = (enrich(story), enrich(&format!("{story}\n\n{noise}")));
    assert!(noisy.text.contains(noise));
    assert_eq!(plain.escalation.score, noisy.escalation.score);
    assert_eq!(plain.sentiment, noisy.sentiment);
    assert!(enrich(&noise["Read more: ".len()..]).escalation.score > 0.0);
}
