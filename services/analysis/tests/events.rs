//! Who did what to whom, and what moves the escalation score.

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Enriched, EventTag, Modality, Participant, Plover};

fn read(text: &str) -> Enriched {
    let published_at = Some("2022-08-17T00:00:00Z".to_owned());
    let article = Article { text: text.to_owned(), language: Some("en".into()), published_at, ..Article::default() };
    Analyzer::bundled().enrich(&article)
}

fn words(text: &str, side: Option<&Participant>) -> String {
    let span = side.and_then(|s| s.span).unwrap_or_default();
    text.chars().skip(span.start as usize).take((span.end - span.start) as usize).collect()
}

/// Type, words of the source and words of the target of every event.
fn told(text: &str) -> Vec<(Plover, String, String)> {
    let sides = |e: &EventTag| (e.plover, words(text, e.source.as_ref()), words(text, e.target.as_ref()));
    read(text).events.iter().map(sides).collect()
}

#[test]
fn the_sides_of_a_deed_are_found_before_and_after_it() {
    use Plover::{Accuse, Aid, Assault, Coerce, Consult, Reject, Request, Sanction, Threaten};
    for (text, plover, source, target) in [
        ("Israel accused Iran of hiding uranium.", Accuse, "Israel", "Iran"),
        ("Iran was accused by Israel of hiding uranium.", Accuse, "Israel", "Iran"),
        ("Serbia threatened Kosovo with military intervention.", Threaten, "Serbia", "Kosovo"),
        ("Germany, which opposes the war, sent aid to Ukraine.", Aid, "Germany", "Ukraine"),
        ("Talks between Iran and the United States resumed.", Consult, "Iran", "United States"),
        ("The attack on Kyiv by Russian forces went on.", Assault, "Russian forces", "Kyiv"),
        ("Kosovo and Serbia held talks.", Consult, "Kosovo", "Serbia"),
        ("China called on Japan to apologise.", Request, "China", "Japan"),
        ("North Korea refused to talk to South Korea.", Reject, "North Korea", "South Korea"),
        ("Russia’s invasion of Ukraine shocked many.", Assault, "Russia", "Ukraine"),
        ("France expelled Russian diplomats.", Sanction, "France", "Russian diplomats"),
        ("Turkey arrested a journalist.", Coerce, "Turkey", "journalist"),
    ] {
        let events = told(text);
        let expected = (plover, source.to_owned(), target.to_owned());
        assert!(events.contains(&expected), "{text}: {events:?}");
    }
}

/// Countries of the sides of the event of that type.
fn countries(text: &str, plover: Plover) -> Vec<(Option<String>, Option<String>)> {
    let country = |side: Option<&Participant>| side.and_then(|s| s.country.clone());
    let sides = |e: &EventTag| (country(e.source.as_ref()), country(e.target.as_ref()));
    read(text).events.iter().filter(|e| e.plover == plover).map(sides).collect()
}

#[test]
fn words_that_name_nobody_stand_for_the_subject_before_them() {
    use Plover::{Accuse, Assault, Consult, Request, Sanction, Threaten};
    for (text, plover, source, target) in [
        ("Vladimir Putin flew to Minsk. He accused Ukraine of lies.", Accuse, "RUS", "UKR"),
        ("Barack Obama called Vladimir Putin, urging him to end the war.", Request, "USA", "RUS"),
        ("Iran was angry. It threatened Israel with war.", Threaten, "IRN", "ISR"),
        ("With Russia’s help, but to the anger of France, Serbia acted. It attacked Kosovo.", Assault, "SRB", "XKX"),
        ("Emmanuel Macron spoke after his meeting with Angela Merkel.", Consult, "FRA", "DEU"),
        ("The speech annoyed all, prompting Turkey to recall its ambassador to France.", Sanction, "TUR", "FRA"),
        ("Expressing unease at Russia’s plans, Barack Obama smiled.", Accuse, "USA", "RUS"),
        ("“We will attack Israel,” said Hassan Rouhani.", Threaten, "IRN", "ISR"),
    ] {
        let found = countries(text, plover);
        let expected = (Some(source.to_owned()), Some(target.to_owned()));
        assert!(found.contains(&expected), "{text}: {found:?}");
    }
}

#[test]
fn a_deed_told_twice_is_one_event_with_both_tellings() {
    let text = "Russia attacked Kyiv on Monday. Windows broke. The attack on Kyiv by Russia lasted for hours.";
    let events = read(text).events;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.sentence, 0);
    assert_eq!(event.mentions.iter().map(|m| m.sentence).collect::<Vec<_>>(), [2]);
    let apart = "Russia attacked Kyiv on Monday. Iran may attack Israel. Russia could attack Kyiv again.";
    assert_eq!(read(apart).events.len(), 3, "other sides and other modality are other events");
}

#[test]
fn a_bombing_is_an_event_whoever_did_it() {
    let events = told("Two markets were bombed at noon.");
    assert_eq!(events, [(Plover::Assault, String::new(), "Two markets".to_owned())]);
    assert!(told("A bridge was destroyed at noon.").is_empty(), "an accident, as far as it is told");
}

#[test]
fn words_about_a_deed_decide_what_it_is() {
    for (text, plover, cameo) in [
        ("Colombia agreed to release the prisoners.", Plover::Agree, "035"),
        ("Turkey threatened to attack Syria.", Plover::Threaten, "138"),
        ("Iran refused to withdraw its troops.", Plover::Reject, "124"),
        ("France will visit Germany.", Plover::Agree, "036"),
        ("Clinton said he will not lift the embargo on Vietnam.", Plover::Reject, "124"),
        ("The rebels vowed to attack the army.", Plover::Threaten, "138"),
    ] {
        let events = read(text).events;
        let found: Vec<_> = events.iter().map(|e| (e.plover, e.cameo.as_str())).collect();
        assert!(!found.is_empty() && found.iter().all(|f| *f == (plover, cameo)), "{text}: {found:?}");
    }
}

#[test]
fn what_several_do_to_several_is_an_event_for_each_pair() {
    let events = told("France and Germany condemned Russia and Belarus.");
    let mut pairs: Vec<_> = events.iter().map(|(_, source, target)| format!("{source} {target}")).collect();
    pairs.sort();
    assert_eq!(pairs, ["France Belarus", "France Russia", "Germany Belarus", "Germany Russia"]);
}

#[test]
fn a_deed_that_may_happen_is_no_fact() {
    for (text, modality) in [
        ("Russia could invade Ukraine.", Modality::Hypothetical),
        ("Russia did not invade Ukraine.", Modality::Negated),
        ("Germany invaded Poland in 1939.", Modality::Past),
        ("Russia invaded Ukraine.", Modality::Actual),
    ] {
        let events = read(text).events;
        assert!(!events.is_empty() && events.iter().all(|e| e.modality == modality), "{text}: {events:?}");
    }
}

#[test]
fn an_event_is_numbered_by_the_sentence_that_tells_it() {
    let text = "Talks went on — calmly. Serbia threatened Kosovo with military intervention. It rained.".to_owned();
    let article = Article { text, language: Some("en".into()), ..Article::default() };
    let (enriched, sentences) = Analyzer::bundled().read(&article);
    assert_eq!(enriched, Analyzer::bundled().enrich(&article));
    let threat = enriched.events.iter().find(|e| e.plover == Plover::Threaten).expect("a threat");
    let told = &article.text[sentences[threat.sentence as usize].clone()];
    assert_eq!(told, "Serbia threatened Kosovo with military intervention.");
}

#[test]
fn what_is_taken_back_within_its_words_raises_nothing() {
    let enriched = read("The asteroid poses no threat to Earth, scientists in France said.");
    assert_eq!(enriched.escalation.score, 0.0, "{:?}", enriched.escalation);
}

#[test]
fn quotation_marks_do_not_end_a_phrase() {
    let enriched = read("Kosovo said that Serbia’s policies could turn into “a war against Kosovo”.");
    let found = enriched.escalation.signals.iter().any(|s| s.category == "threat_of_force");
    assert!(found, "{:?}", enriched.escalation);
}

#[test]
fn sport_and_its_titles_stay_calm() {
    for (title, text) in [
        (
            "Djokovic survives bombardment to win Wimbledon battle",
            "Novak Djokovic of Serbia withstood a bombardment of aces from Croatia’s champion on Thursday. The top-seeded Serb \
             fired back with a backhand volley and shot down his rival in a tiebreak. His coach said that he had never seen such \
             an attack at Wimbledon. The final is on Sunday, when the champion fights for his seventh Grand Slam title.",
        ),
        (
            "Spain shot down by German counterattacks",
            "Spain’s defenders were overrun as Germany launched one counterattack after another. The striker scored twice after \
             halftime, and the goalkeeper was beaten by a missile of a shot. The league champions now face a battle for the \
             semi-finals, their coach said.",
        ),
    ] {
        let article = Article { title: Some(title.into()), text: text.into(), ..Article::default() };
        let escalation = Analyzer::bundled().enrich(&article).escalation;
        assert_eq!(escalation.level, faultline_schemas::Level::Calm, "{title}: {escalation:?}");
    }
}

#[test]
fn a_quarrel_at_home_weighs_less_than_the_same_between_states() {
    let home = read("The mayor blasted the council and accused it of lies.").escalation.score;
    let abroad = read("Russia blasted Poland and accused it of lies.").escalation.score;
    assert!(home < abroad, "{home} {abroad}");
}

#[test]
fn a_deed_between_states_moves_the_score_though_the_lexicon_has_no_words_for_it() {
    let signals = |text: &str| read(text).escalation.signals;
    let raised = signals("Norway’s chief praised Sweden. Russia has abducted officers of Estonia.");
    let categories: Vec<&str> = raised.iter().map(|s| s.category.as_str()).collect();
    assert!(categories.contains(&"reconciliation") && categories.contains(&"hostage"), "{raised:?}");
    assert!(signals("The mayor praised the nurse.").is_empty());
}

#[test]
fn talks_that_are_only_offered_calm_less_than_talks() {
    let calming = |text: &str| read(text).escalation.signals.iter().map(|s| s.weight).sum::<f32>();
    let (held, offered) = (calming("Iran held talks with Iraq."), calming("Iran would hold talks with Iraq."));
    assert!(offered > 0.0 && offered < held, "{offered} {held}");
}

#[test]
fn a_storm_that_kills_is_no_conflict() {
    let text = "A blizzard buried Buffalo in snow. The storm killed ten people in Canada, leaving dozens dead in the United \
                States. Forecasters expect more snow, and freezing rain in Mexico.";
    let enriched = read(text);
    assert_eq!(enriched.escalation.level, faultline_schemas::Level::Calm);
    assert!(enriched.events.iter().all(|e| e.plover != Plover::Assault), "{:?}", enriched.events);
}

#[test]
fn a_year_in_another_clause_makes_nothing_past() {
    let modality = |text: &str| read(text).events.first().map(|e| e.modality);
    let new = "Serbia condemned Kosovo, the first such step since the war ended in 1999.";
    assert_eq!(modality(new), Some(Modality::Actual));
    assert_eq!(modality("In 1999 Serbia condemned Kosovo."), Some(Modality::Past));
}

#[test]
fn they_stands_for_a_crowd() {
    let text = "The demonstrators walked a mile before they were attacked by soldiers.";
    let event = read(text).events.into_iter().find(|event| event.plover == Plover::Assault).expect("an attack");
    let crowd = read(text).actors.into_iter().find(|actor| actor.mentions.iter().any(|m| m.text == "demonstrators"));
    assert_eq!(event.target.and_then(|target| target.actor), crowd.map(|actor| actor.id));
}

#[test]
fn a_noun_before_a_preposition_forces_nobody() {
    let coerces = |text: &str| told(text).iter().any(|(plover, ..)| *plover == Plover::Coerce);
    assert!(coerces("The decree forces Iran to pay France."));
    assert!(!coerces("The decree punishes collusion with foreign forces with up to ten years in prison."));
}

#[test]
fn what_kills_by_neglect_is_blamed_and_not_violent() {
    let is_told = |text: &str, wanted: Plover| told(text).iter().any(|(plover, ..)| *plover == wanted);
    let figure = "The mayor said the federal government was killing us with bureaucracy.";
    assert!(!is_told(figure, Plover::Assault));
    assert!(is_told("The rebels said Russia was killing them with rockets.", Plover::Assault));
}

#[test]
fn a_threat_to_act_abroad_is_no_quarrel_about_a_budget() {
    let score = |text: &str| read(text).escalation.score;
    let abroad = "Russia threatened on Sunday to act in northern Georgia if the peacekeepers leave.";
    let budget = "The mayor threatened on Sunday to act slowly.";
    assert!(score(abroad) >= 0.2, "{}", score(abroad));
    assert!(score(budget) < 0.1, "{}", score(budget));
}

#[test]
fn offences_that_a_law_names_and_coups_against_values_raise_nothing() {
    let categories = |text: &str| -> Vec<String> {
        read(text).escalation.signals.into_iter().map(|signal| signal.category).collect()
    };
    let law = "The new law bans sedition, terrorism and treason.";
    assert!(!categories(law).iter().any(|category| category == "terrorism"), "{:?}", categories(law));
    assert!(categories("Terrorism has come back to Mali.").iter().any(|category| category == "terrorism"));
    let figure = "Editors spoke of a “coup against the free press” in Hungary.";
    assert!(!categories(figure).iter().any(|category| category == "coup"), "{:?}", categories(figure));
    assert!(categories("Officers planned a coup against the king.").iter().any(|category| category == "coup"));
}

#[test]
fn calls_that_are_not_heeded_were_made() {
    let asked = |text: &str| {
        let events = read(text).events.into_iter().filter(|event| event.plover == Plover::Request);
        let sides = |e: &EventTag| (words(text, e.source.as_ref()), words(text, e.target.as_ref()), e.modality);
        events.map(|event| sides(&event)).collect::<Vec<_>>()
    };
    let (france, china) = ("France".to_owned(), "China".to_owned());
    assert_eq!(
        asked("China has failed to heed France’s calls for a truce."),
        [(france.clone(), china.clone(), Modality::Actual)]
    );
    assert_eq!(asked("China will answer France’s calls for a truce."), [(france, china, Modality::Actual)]);
    assert!(asked("China has not heard France’s calls for a truce.").is_empty());
}

#[test]
fn a_strike_of_a_day_is_force_and_a_strike_of_teachers_is_not() {
    let strikes = |text: &str| told(text).iter().any(|(plover, ..)| *plover == Plover::Assault);
    assert!(strikes("Friday’s air strike on Damascus was the third this month."));
    assert!(!strikes("The teachers’ strike in Damascus was the third this month."));
}

#[test]
fn a_truce_that_takes_hold_is_one_and_other_peace_is_not() {
    let stops = |text: &str| told(text).iter().any(|(plover, ..)| *plover == Plover::Retreat);
    assert!(stops("A brokered truce has taken hold in Syria."));
    assert!(!stops("Peace of mind has taken hold in Syria."));
}
