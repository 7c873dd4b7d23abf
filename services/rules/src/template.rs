//! Titles and annotations with places to fill in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, Value};

/// A text with `{{ places }}` to fill in, checked when it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Template(String);

/// What a template is filled in with, beside labels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// The figure that the condition looked at.
    pub(crate) value: f64,
    /// What it is measured against.
    pub(crate) threshold: f64,
    /// The time that it is counted over.
    pub(crate) within: String,
    pub(crate) articles: usize,
    pub(crate) stories: usize,
    pub(crate) sources: usize,
    /// Title of the latest report.
    pub(crate) headline: String,
}

/// Made once: it holds every filter.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
});

/// No text for people is longer.
const LONGEST: usize = 2_000;

impl Template {
    /// Checks that every place can be filled in: labels of the group (`keys`), labels of the rule (`extra`) and figures.
    pub(crate) fn new(text: &str, keys: &[&str], extra: &[String]) -> Result<Self, String> {
        let template = Self(text.to_owned());
        let labels = keys.iter().map(|key| (*key).to_owned()).chain(extra.iter().cloned());
        let labels: BTreeMap<String, String> = labels.map(|label| (label.clone(), label)).collect();
        template.fill(&labels, &Figures::default()).map(|_| template).map_err(|error| {
            let figures = Figures::default();
            let figures = figures.places().map(|(name, _)| name);
            let known: Vec<&str> = labels.keys().map(String::as_str).chain(figures).collect();
            format!("{error}: a template has {}", known.join(", "))
        })
    }

    /// The text, filled in.
    pub(crate) fn fill(&self, labels: &BTreeMap<String, String>, figures: &Figures) -> Result<String, String> {
        let labels = labels.iter().map(|(name, value)| (name.clone(), Value::from(value.clone())));
        let figures = figures.places().map(|(name, value)| (name.to_owned(), value));
        let places: BTreeMap<String, Value> = figures.chain(labels).collect();
        let filled = ENVIRONMENT.render_str(&self.0, Value::from(places)).map_err(|error| {
            let detail = error.detail().unwrap_or_default();
            format!(
                "{:?} cannot be filled in: {}{}{detail}",
                self.0,
                error.kind(),
                if detail.is_empty() { "" } else { ": " }
            )
        })?;
        Ok(match filled.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &filled[..end]),
            None => filled,
        })
    }

    /// The text, filled in; where that fails in spite of having been checked, as it is written.
    pub(crate) fn text(&self, labels: &BTreeMap<String, String>, figures: &Figures) -> String {
        self.fill(labels, figures).unwrap_or_else(|_| self.0.clone())
    }
}

impl Figures {
    fn places(&self) -> impl Iterator<Item = (&'static str, Value)> + use<> {
        [
            ("value", Value::from(self.value)),
            ("threshold", Value::from(self.threshold)),
            ("within", Value::from(self.within.clone())),
            ("articles", Value::from(self.articles)),
            ("stories", Value::from(self.stories)),
            ("sources", Value::from(self.sources)),
            ("headline", Value::from(self.headline.clone())),
        ]
        .into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_in() {
        let template = Template::new("{{ dyad }}: {{ value | round }} in {{ within }}", &["dyad"], &[]).unwrap();
        let labels = BTreeMap::from([("dyad".to_owned(), "SRB-XKX".to_owned())]);
        let figures = Figures { value: 3.0, within: "6h".to_owned(), ..Figures::default() };
        assert_eq!(template.fill(&labels, &figures).unwrap(), "SRB-XKX: 3.0 in 6h");
    }

    #[test]
    fn a_place_that_nothing_fills_is_found_when_the_rule_is_read() {
        for (text, says) in [("{{ dyda }}", "dyad"), ("{{ dyad", "cannot be filled in"), ("{{ dyad.x.y }}", "cannot")] {
            let error = Template::new(text, &["dyad"], &[]).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
