//! The articles that `faultline demo` reads: their levels tell the story of their README.

use faultline_analysis::Analyzer;
use faultline_schemas::{Article, Level};

/// Date, title and level of every line that is an article in English.
fn levels() -> Vec<(String, String, Level)> {
    let lines = include_str!("../../cli/demo/articles.jsonl").lines();
    let articles = lines.filter_map(|line| serde_json::from_str::<Article>(line).ok());
    let english = articles.filter(|article| article.language.as_deref().is_none_or(|language| language == "en"));
    english
        .map(|article| {
            let level = Analyzer::bundled().enrich(&article).escalation.level;
            (article.published_at.unwrap_or_default(), article.title.unwrap_or_default(), level)
        })
        .collect()
}

#[test]
fn sport_business_science_weather_and_culture_stay_calm() {
    let calm = [
        "Djokovic survives Kyrgios bombardment",
        "First full set of Webb images",
        "European Central Bank lifts rates",
        "Films, music and full courtyards",
        "Spacecraft hits asteroid",
        "NASA probe hits asteroid",
        "Hurricane Ian batters Florida",
        "Annie Ernaux wins Nobel Prize",
        "Lula beats Bolsonaro",
        "Serbia shot down by Swiss counterattacks",
        "Laboratory announces fusion shot",
        "Fed slows pace",
        "Argentina win World Cup",
        "Arctic blast freezes",
    ];
    let all = levels();
    for title in calm {
        let found = all.iter().find(|(_, told, _)| told.starts_with(title)).unwrap_or_else(|| panic!("no {title}"));
        assert_eq!(found.2, Level::Calm, "{title}");
    }
}

#[test]
fn the_crisis_rises_at_its_peaks_and_falls_at_the_deals() {
    let all = levels();
    let highest = |from: &str, to: &str| {
        let days = all.iter().filter(|(date, title, _)| {
            (from..=to).contains(&&date[..10])
                && ["Kosovo", "Serb", "Brussels", "Mitrovica", "KFOR", "Merdare", "barricades"]
                    .iter()
                    .any(|word| title.contains(word))
        });
        days.map(|(.., level)| *level).max().unwrap_or(Level::Calm)
    };
    for (from, to, least) in [
        ("2022-07-31", "2022-07-31", Level::High),
        ("2022-11-05", "2022-11-05", Level::Elevated),
        ("2022-11-21", "2022-11-21", Level::Watch),
        ("2022-12-10", "2022-12-11", Level::Elevated),
        ("2022-12-25", "2022-12-28", Level::High),
    ] {
        assert!(highest(from, to) >= least, "{from}: {:?}", highest(from, to));
    }
    for (from, to) in [
        ("2022-08-01", "2022-08-02"),
        ("2022-08-27", "2022-08-28"),
        ("2022-11-23", "2022-11-24"),
        ("2022-12-29", "2022-12-31"),
    ] {
        assert_eq!(highest(from, to), Level::Calm, "{from}");
    }
}
