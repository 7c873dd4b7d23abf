//! Who acts, by the words round a name.

use faultline_analysis::Analyzer;
use faultline_schemas::{Actor, ActorType, Article, Enriched};

fn read(text: &str) -> Enriched {
    let published_at = Some("2022-08-17T00:00:00Z".to_owned());
    let article = Article { text: text.to_owned(), language: Some("en".into()), published_at, ..Article::default() };
    Analyzer::bundled().enrich(&article)
}

/// The actor mentioned by these words.
fn mentioned<'a>(enriched: &'a Enriched, words: &str) -> Option<&'a Actor> {
    enriched.actors.iter().find(|actor| actor.mentions.iter().any(|mention| mention.text == words))
}

fn country_of(text: &str, words: &str) -> Option<String> {
    let enriched = read(text);
    mentioned(&enriched, words).unwrap_or_else(|| panic!("no {words} in {:?}", enriched.actors)).country.clone()
}

fn sectors_of(text: &str, words: &str) -> Vec<String> {
    let enriched = read(text);
    mentioned(&enriched, words).unwrap_or_else(|| panic!("no {words} in {:?}", enriched.actors)).sectors.clone()
}

#[test]
fn the_words_round_a_person_tell_the_country() {
    for (text, name, country) in [
        ("“No,” said Testo Tester, 41, a resident of Kosovo’s capital.", "Testo Tester", "XKX"),
        ("“No,” said Testo Tester, 41, an ethnic Albanian resident of Kosovo.", "Testo Tester", "XKX"),
        ("The Vatican spokesman, the Rev. Testo Tester, said no.", "Testo Tester", "VAT"),
        ("Gen. Testo Tester, the commander of the Israeli Air Force, said no.", "Testo Tester", "ISR"),
        ("Testo Tester is the mayor of Houston.", "Testo Tester", "USA"),
        ("Fox News' Jane Tester said no.", "Jane Tester", "USA"),
        ("Testo Tester, an expert at the institute in Seoul, said no.", "Testo Tester", "KOR"),
        ("Mr. Obama met officials. Obama's top adviser, Jane Tester, said no.", "Jane Tester", "USA"),
    ] {
        assert_eq!(country_of(text, name).as_deref(), Some(country), "{text}");
    }
}

#[test]
fn an_ambassador_to_a_country_is_not_from_there() {
    let enriched = read("The ambassador to Syria Jane Tester said no.");
    assert_eq!(mentioned(&enriched, "Jane Tester").and_then(|actor| actor.country.as_deref()), None);
}

#[test]
fn the_body_tells_the_sector_of_who_holds_office_there() {
    for (text, words, sectors) in [
        ("The chairman of the company said no.", "chairman", vec!["BUS"]),
        ("ACLU director Jane Tester said no.", "Jane Tester", vec!["NGO", "HRI"]),
        ("Jane Tester, the director of the Testing Institute, said no.", "Jane Tester", vec!["EDU"]),
        ("Jane Tester, the director of Testing Matters, said no.", "Jane Tester", vec![]),
        ("Jane Tester, editor in chief of Testing Post, said no.", "Jane Tester", vec!["MED"]),
        ("Sen. Jane Tester said no.", "Jane Tester", vec!["LEG"]),
    ] {
        assert_eq!(sectors_of(text, words), sectors, "{text}");
    }
}

#[test]
fn a_role_without_a_country_is_of_the_country_that_the_story_is_about() {
    let egypt = "Egyptian troops moved into Cairo. Egypt's president spoke in Alexandria. The Health Ministry counted.";
    assert_eq!(country_of(egypt, "Health Ministry").as_deref(), Some("EGY"));
    let both = "Egypt met Sudan in Cairo. Sudan met Egypt in Khartoum. The Health Ministry counted.";
    assert_eq!(country_of(both, "Health Ministry"), None);
    let there = "Mr. Trump spoke of war in Venezuela, and officials there lashed out. Trump left.";
    assert_eq!(country_of(there, "officials").as_deref(), Some("VEN"));
}

#[test]
fn the_president_is_the_only_one_of_the_text() {
    let one = read("President Jane Tester spoke. The president then left for home.");
    assert_eq!(mentioned(&one, "president").map(|actor| actor.name.as_str()), Some("Jane Tester"));
    let two = read("President Jane Tester met President Testo Roe. The president then left.");
    assert_ne!(mentioned(&two, "president").map(|actor| actor.name.as_str()), Some("Jane Tester"));
}

#[test]
fn the_president_is_whoever_was_called_so_before_or_without_a_country() {
    let later = read("President Jane Tester spoke. The president then left. President Testo Roe stayed.");
    assert_eq!(mentioned(&later, "president").map(|actor| actor.name.as_str()), Some("Jane Tester"));
    let foreign = read("President Jane Tester met Iranian President Testo Roe. The president then left.");
    assert_eq!(mentioned(&foreign, "president").map(|actor| actor.name.as_str()), Some("Jane Tester"));
    let both = read("Iraqi President Jane Tester met Iranian President Testo Roe. The president then left.");
    assert_ne!(mentioned(&both, "president").map(|actor| actor.name.as_str()), Some("Jane Tester"));
}

#[test]
fn rebels_are_of_the_country_where_it_happens() {
    let in_mali = "A French senator travelled through villages in Mali. Schools in Mali were closed. He met the rebels. \
                   “France will stay,” he said.";
    assert_eq!(country_of(in_mali, "rebels").as_deref(), Some("MLI"));
    let anywhere = "A French senator spoke in Mali. A German one spoke in Chad. They met the rebels.";
    assert_eq!(country_of(anywhere, "rebels"), None);
    let terrorists = in_mali.replace("rebels", "terrorists");
    assert_eq!(country_of(&terrorists, "terrorists"), None);
}

#[test]
fn what_a_body_owns_is_of_its_country() {
    let paper = "They lied, according to Cuba’s ruling Workers’ Party’s newspaper, the Testo Daily.";
    assert_eq!(country_of(paper, "newspaper").as_deref(), Some("CUB"));
    assert_eq!(country_of("They lied, according to the Workers’ Party’s newspaper.", "newspaper"), None);
}

#[test]
fn who_has_a_show_is_of_the_press() {
    let host = "The senator told Jane Tester on her morning radio show that he would stay.";
    assert_eq!(sectors_of(host, "Jane Tester"), ["MED"]);
    let guest = "The senator told Jane Tester on her arrival that the show goes on.";
    assert_eq!(sectors_of(guest, "Jane Tester"), Vec::<String>::new());
}

#[test]
fn a_chief_executive_makes_a_business_of_a_body_and_of_who_has_an_office_there() {
    let text = "The report by Testosoft's CEO was long. “No,” said Testosoft president Jane Tester. Testosoft, based in Boston, sells software.";
    assert_eq!(sectors_of(text, "Testosoft"), ["BUS"]);
    assert_eq!(sectors_of(text, "Jane Tester"), ["BUS"]);
    let club = "The report by Testosoft's members was long. “No,” said Testosoft president Jane Tester.";
    assert_eq!(sectors_of(club, "Jane Tester"), Vec::<String>::new());
}

#[test]
fn a_dateline_names_a_place_and_no_actor() {
    for text in [
        "WASHINGTON – Officials met on Monday.",
        "WASHINGTON (Reuters) - Officials met on Monday.",
        "WASHINGTON, May 5 (AP) — Officials met on Monday.",
    ] {
        let enriched = read(text);
        for words in ["WASHINGTON", "Reuters", "AP"] {
            assert!(mentioned(&enriched, words).is_none(), "{words}: {text}");
        }
        assert_eq!(enriched.places[0].name, "Washington", "{text}");
    }
}

#[test]
fn credits_captions_and_link_bars_name_no_actor() {
    for (text, words) in [
        ("Troops moved on Monday. REUTERS/Jane Tester\n\nThey stayed.", "REUTERS"),
        ("Troops moved.\n\nImage copyright Getty Images\n\nThey stayed.", "Getty Images"),
        ("Troops moved.\n\nFacebook\n\nTwitter\n\nEmail\n\nThey stayed.", "Twitter"),
        ("Troops moved. Credit The New York Times\n\nThey stayed.", "The New York Times"),
    ] {
        assert!(mentioned(&read(text), words).is_none(), "{words}: {text}");
    }
}

#[test]
fn storms_and_compounds_name_no_actor() {
    for (text, words) in
        [("Hurricane Harvey came. Harvey left.", "Harvey"), ("He keeps a German shepherd and a cat.", "German")]
    {
        assert!(mentioned(&read(text), words).is_none(), "{words}: {text}");
    }
}

#[test]
fn a_people_abroad_is_no_state() {
    for text in ["Ethnic Serbs in Kosovo protested.", "Serbs living in Kosovo protested."] {
        let enriched = read(text);
        let serbs = mentioned(&enriched, "Serbs").expect("Serbs");
        assert_eq!((serbs.kind, serbs.country.as_deref()), (ActorType::EthnicGroup, Some("XKX")), "{text}");
    }
    let state = read("Serbs voted on Sunday.");
    assert_eq!(mentioned(&state, "Serbs").map(|actor| actor.kind), Some(ActorType::Country));
    assert_eq!(country_of("Iraqi Christians fled.", "Christians").as_deref(), Some("IRQ"));
}

#[test]
fn names_of_east_asia_begin_with_the_surname() {
    let listed = read("South Korean President Moon Jae-in spoke. Mr. Moon then left.");
    assert_eq!(mentioned(&listed, "Moon").map(|actor| actor.name.as_str()), Some("Moon Jae-in"));
    let unlisted = read("“No,” said Shin Tes-kyun, a soldier. Shin then left.");
    assert_eq!(mentioned(&unlisted, "Shin").map(|actor| actor.name.as_str()), Some("Shin Tes-kyun"));
}

#[test]
fn the_region_after_a_town_tells_which_town_it_is() {
    let countries: Vec<Option<String>> =
        read("It burned in Paris, Texas.").places.into_iter().map(|place| place.country).collect();
    assert!(countries.iter().all(|country| country.as_deref() == Some("USA")), "{countries:?}");
}

#[test]
fn home_and_party_stand_for_the_politician_named_before() {
    let enriched = read("Sen. John McCain came. The Arizona Republican made the trip from Turkey.");
    assert_eq!(mentioned(&enriched, "The Arizona Republican").map(|actor| actor.name.as_str()), Some("John McCain"));
    let party = read("Sen. John McCain came. The Arizona Republican Party paid.");
    assert!(mentioned(&party, "The Arizona Republican").is_none());
}

#[test]
fn georgia_is_the_state_or_the_country_that_the_text_is_about() {
    let of = |text: &str| -> Vec<Option<String>> { read(text).places.into_iter().map(|place| place.country).collect() };
    let state = of("It rained in Georgia. Residents of Atlanta and of Alabama fled.");
    assert!(state.iter().all(|country| country.as_deref() == Some("USA")), "{state:?}");
    let country = of("It rained in Georgia. Residents of Tbilisi fled.");
    assert!(country.iter().all(|country| country.as_deref() == Some("GEO")), "{country:?}");
}

#[test]
fn what_somebody_is_for_or_knows_of_is_not_their_country() {
    for (text, name) in [
        ("The pro-Russian leader Testo Tester left.", "Testo Tester"),
        ("The White House spoke of its Russia adviser Jane Tester.", "Jane Tester"),
    ] {
        assert_ne!(country_of(text, name).as_deref(), Some("RUS"), "{text}");
    }
}

#[test]
fn who_is_only_described_is_called_by_the_adjective_of_the_country() {
    let enriched = read("Italian soldiers stood at the bridge in Kosovo.");
    assert_eq!(mentioned(&enriched, "soldiers").map(|actor| actor.name.as_str()), Some("Italian soldier"));
    assert_eq!(mentioned(&enriched, "Kosovo").map(|actor| actor.name.as_str()), Some("Kosovo"));
}
