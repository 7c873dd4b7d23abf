//! What is read out of plain sentences.

use faultline_analysis::Analyzer;
use faultline_schemas::{Actor, Article, Enriched, Modality, Plover};

fn read_on(text: &str, day: &str) -> Enriched {
    let published_at = Some(format!("{day}T00:00:00Z"));
    let article = Article { text: text.to_owned(), language: Some("en".into()), published_at, ..Article::default() };
    Analyzer::bundled().enrich(&article)
}

fn read(text: &str) -> Enriched {
    read_on(text, "2022-08-17")
}

/// The actor of that name or id.
fn actor<'a>(enriched: &'a Enriched, name: &str) -> &'a Actor {
    enriched
        .actors
        .iter()
        .find(|a| a.name == name || a.id == name)
        .unwrap_or_else(|| panic!("no {name} among {:?}", enriched.actors))
}

#[test]
fn a_role_before_a_name_gives_country_and_sector() {
    for (text, name, country) in [
        ("Serbia’s Interior Minister Zoran Testovic spoke.", "Zoran Testovic", Some("SRB")),
        ("German Chancellor Hanna Testmann spoke.", "Hanna Testmann", Some("DEU")),
        ("Testo Testescu, the Romanian foreign minister, said no.", "Testo Testescu", Some("ROU")),
        ("Prime Minister Jane Tester spoke.", "Jane Tester", None),
    ] {
        let enriched = read(text);
        let person = actor(&enriched, name);
        assert_eq!(person.country.as_deref(), country, "{text}");
        assert_eq!(person.sectors.first().map(String::as_str), Some("GOV"), "{text}");
    }
}

#[test]
fn a_surname_alone_is_the_person_named_in_full() {
    let enriched =
        read("Kosovo Prime Minister Albin Kurti met Serbia's President Aleksandar Vučić. Kurti left. Vucic stayed.");
    for (id, country) in [("KSV/GOV/albin-kurti", "XKX"), ("SRB/GOV/aleksandar-vucic", "SRB")] {
        let person = actor(&enriched, id);
        assert_eq!(person.country.as_deref(), Some(country));
        assert_eq!(person.mentions.len(), 2, "{person:?}");
    }
}

#[test]
fn an_office_is_the_one_held_on_the_day() {
    let sectors = |day| actor(&read_on("Boris Johnson spoke in London.", day), "Boris Johnson").cameo.clone();
    assert!(sectors("2020-06-01").is_some_and(|code| code.contains("GOV")), "{:?}", sectors("2020-06-01"));
}

#[test]
fn a_capital_after_a_preposition_is_a_place_and_else_a_government() {
    for (text, name, metonymic) in [
        ("Belgrade said it would respond.", "Belgrade", true),
        ("Talks were held in Belgrade.", "Belgrade", false),
        ("Serbs are backed by Belgrade.", "Belgrade", true),
        ("He travelled to northern Kosovo and Serbia.", "Serbia", false),
    ] {
        let enriched = read(text);
        let mentions =
            enriched.actors.iter().flat_map(|a| &a.mentions).chain(enriched.places.iter().flat_map(|p| &p.mentions));
        let found: Vec<bool> = mentions.filter(|m| m.text == name).map(|m| m.metonymic).collect();
        assert!(!found.is_empty() && found.iter().all(|m| *m == metonymic), "{text}: {found:?}");
    }
}

#[test]
fn places_have_coordinates() {
    let enriched = read("The leaders met in Brussels.");
    let brussels = enriched.places.iter().find(|p| p.name == "Brussels").expect("Brussels is a place");
    assert_eq!(brussels.country.as_deref(), Some("BEL"));
    assert!(brussels.latitude.is_some_and(|l| (l - 50.8).abs() < 0.3), "{brussels:?}");
}

#[test]
fn a_quotation_knows_its_speaker() {
    let enriched = read(
        "“We are going to have difficult discussions tomorrow,” Aleksandar Vucic said. He added that talks would go on.",
    );
    let quote = &enriched.quotes[0];
    assert_eq!(quote.speaker.as_deref(), Some("SRB/GOV/aleksandar-vucic"));
    assert_eq!(enriched.quotes[1].speaker, quote.speaker);
    let content: String = enriched
        .text
        .chars()
        .skip(quote.content.start as usize)
        .take((quote.content.end - quote.content.start) as usize)
        .collect();
    assert_eq!(content, "We are going to have difficult discussions tomorrow,");
}

#[test]
fn an_event_has_its_sides_the_right_way_round() {
    for (text, source, target) in
        [("Russia invaded Ukraine.", "RUS", "UKR"), ("Ukraine was invaded by Russia.", "RUS", "UKR")]
    {
        let enriched = read(text);
        let event = enriched.events.iter().find(|e| e.plover == Plover::Assault).unwrap_or_else(|| panic!("{text}"));
        let country = |side: &Option<faultline_schemas::Participant>| side.as_ref().and_then(|p| p.country.clone());
        assert_eq!(country(&event.source).as_deref(), Some(source), "{text}");
        assert_eq!(country(&event.target).as_deref(), Some(target), "{text}");
        assert!(event.goldstein < 0.0);
    }
}

#[test]
fn only_what_happens_or_is_threatened_raises_the_score() {
    let tense = read("Russian forces invaded Ukraine on Thursday.").escalation.score;
    assert!(tense > 0.2, "{tense}");
    for (text, modality) in [
        ("Russia did not invade Ukraine.", Modality::Negated),
        ("Russia could invade Ukraine.", Modality::Hypothetical),
        ("Germany invaded Poland in 1939.", Modality::Past),
    ] {
        let enriched = read(text);
        assert!(enriched.events.iter().all(|e| e.modality == modality), "{text}: {:?}", enriched.events);
        assert!(!enriched.events.is_empty() && enriched.escalation.score == 0.0, "{text}: {:?}", enriched.escalation);
    }
}

#[test]
fn sport_does_not_raise_the_score() {
    let text = "The striker attacked early and scored. The league champions fought back after halftime. Their coach said the \
                tournament was a battle, and fans watched the goalkeeper in a football war.";
    assert!(read(text).escalation.score < 0.15, "{:?}", read(text).escalation);
}

#[test]
fn a_title_counts_and_says_so() {
    let mut article =
        Article { text: "It happened on Thursday.".into(), language: Some("en".into()), ..Article::default() };
    assert_eq!(Analyzer::bundled().enrich(&article).escalation.score, 0.0);
    article.title = Some("Russia invades Ukraine".into());
    let enriched = Analyzer::bundled().enrich(&article);
    assert!(enriched.escalation.score > 0.2);
    assert!(enriched.escalation.signals.iter().all(|s| s.in_title));
}

#[test]
fn another_language_gets_names_and_no_invented_tone() {
    let text =
        "Der Präsident von Serbien, Aleksandar Vučić, sprach am Donnerstag über den schrecklichen Krieg und die NATO.";
    let article = Article { text: text.into(), ..Article::default() };
    let enriched = Analyzer::bundled().enrich(&article);
    assert_eq!(enriched.article.language.as_deref(), Some("de"));
    assert_eq!(enriched.sentiment.score, 0.0);
    assert!(enriched.escalation.signals.is_empty() && enriched.events.is_empty());
    actor(&enriched, "SRB/GOV/aleksandar-vucic");
    actor(&enriched, "NATO");
}

#[test]
fn provenance_names_the_crate_and_the_knowledge() {
    let provenance = read("Talks.").provenance;
    assert_eq!(provenance.analyzer, env!("CARGO_PKG_VERSION"));
    assert_eq!(provenance.knowledge.len(), 16);
}

#[test]
fn passers_by_are_left_out_and_those_who_act_are_kept() {
    let enriched = read(
        "German Chancellor Angela Merkel and French President Emmanuel Macron met in Berlin. \
         Merkel said that talks had gone well. Macron agreed. Angela Merkel then left for Paris. Emmanuel Macron stayed. \
         Germany and France signed a treaty. Police arrested Albin Kurti. Vladimir Putin was in Moscow. Farmers watched.",
    );
    let described: Vec<&str> =
        enriched.actors.iter().filter(|a| a.mentions.iter().all(|m| m.coreference)).map(|a| a.name.as_str()).collect();
    assert_eq!(described, ["police"]);
    assert_eq!(read("Farmers").actors.len(), 1, "an article about nobody else");
}

fn labelled(text: &str) -> Vec<(String, faultline_schemas::MentionLabel)> {
    let enriched = read(text);
    let actors = enriched.actors.iter().flat_map(|a| &a.mentions);
    let mentions = actors.chain(enriched.places.iter().flat_map(|p| &p.mentions));
    let mut all: Vec<_> = mentions.filter(|m| !m.coreference).map(|m| (m.start, m.text.clone(), m.label)).collect();
    all.sort_by_key(|(start, ..)| *start);
    all.dedup();
    all.into_iter().map(|(_, text, label)| (text, label)).collect()
}

#[test]
fn names_that_no_list_has_are_told_by_their_form_and_company() {
    use faultline_schemas::MentionLabel::{Org, Person};
    for (text, name, label) in [
        ("Mayor Ludo Varnhem told reporters that he would resign.", "Ludo Varnhem", Person),
        ("The Varnhem Development Bank lent money to farmers.", "Varnhem Development Bank", Org),
        ("Students of Varnhem University marched on Monday.", "Varnhem University", Org),
    ] {
        let found = labelled(text);
        assert!(found.contains(&(name.to_owned(), label)), "{text}: {found:?}");
    }
    let places = read("He was born in Varnhemstad, a village in the north.").places;
    assert!(places.iter().any(|p| p.name == "Varnhemstad"), "{places:?}");
}

#[test]
fn an_acronym_is_the_organisation_that_it_was_said_to_stand_for() {
    let enriched =
        read("The Varnhem Farmers Union (VFU) called a strike on Monday. The VFU said it would last a week.");
    let union = actor(&enriched, "Varnhem Farmers Union");
    let texts: Vec<&str> = union.mentions.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["Varnhem Farmers Union", "VFU", "VFU"]);
}

#[test]
fn a_country_within_the_name_of_a_war_is_its_adjective() {
    let found = labelled("He fought in the Vietnam War and later worked for a bank.");
    assert!(found.contains(&("Vietnam".to_owned(), faultline_schemas::MentionLabel::Norp)), "{found:?}");
}

#[test]
fn a_name_misspelt_by_a_letter_is_the_person_named_before() {
    let enriched =
        read("Ludo Varnhem met farmers on Monday. Ludo Varnheim said they agreed. Reporters asked Mr Varnhm to leave.");
    assert_eq!(actor(&enriched, "Ludo Varnhem").mentions.len(), 3, "{:?}", enriched.actors);
}

#[test]
fn a_body_of_another_country_with_a_listed_name_is_that_countrys() {
    let enriched = read("Chile's Defense Department denied the report.");
    let body = enriched.actors.iter().find(|a| a.sectors.contains(&"MIL".to_owned())).expect("a department");
    assert_eq!(body.country.as_deref(), Some("CHL"));
}

#[test]
fn words_round_a_role_give_its_country() {
    for (text, country) in [
        ("Poland's current interior minister resigned.", "POL"),
        ("A Somalia-based paramilitary group attacked the town.", "SOM"),
        ("Kyiv police arrested two men.", "UKR"),
        ("The president of the Chadian Rights League resigned.", "TCD"),
    ] {
        let enriched = read(text);
        let has_role = |a: &&Actor| !a.sectors.is_empty() && a.country.as_deref() == Some(country);
        assert!(enriched.actors.iter().any(|a| has_role(&a)), "{text}: {:?}", enriched.actors);
    }
}

#[test]
fn states_and_grounds_are_told_apart_by_the_governing_word() {
    for (text, name, metonymic) in [
        ("Relations between Russia and Ukraine worsened.", "Ukraine", true),
        ("The road runs between Russia and Ukraine.", "Ukraine", false),
        ("They fought for independence from Serbia.", "Serbia", true),
        ("They travelled from Serbia on Monday.", "Serbia", false),
        ("Serbia's second largest city was calm.", "Serbia", false),
        ("Serbia's response was calm.", "Serbia", true),
        ("Albania is a country in the Balkans.", "Albania", false),
    ] {
        let enriched = read(text);
        let actors = enriched.actors.iter().flat_map(|a| &a.mentions);
        let found: Vec<bool> = actors.filter(|m| m.text == name).map(|m| m.metonymic).collect();
        assert_eq!(found, [metonymic], "{text}");
    }
}
