//! Texts with places to fill in.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use faultline_schemas::{Alert, AlertState};
use minijinja::{
    Environment, UndefinedBehavior, Value,
    value::{Enumerator, Object},
};

use super::{
    batch::{by_urgency, severity, state},
    sample::sample,
    told::clean,
};

/// A line of text with `{{ places }}` to fill in, checked when it is read.
#[derive(Debug, Clone)]
pub(super) struct Template(String);

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
});

/// No line is longer.
const LONGEST: usize = 250;

impl Template {
    /// Checks that every place can be filled in, of an alert that fires, of one that is resolved and of several.
    pub(super) fn new(setting: &str, text: &str) -> Result<Self, String> {
        let template = Self(text.to_owned());
        let firing = sample("template", jiff::Timestamp::UNIX_EPOCH);
        let bare = Alert { value: None, threshold: None, labels: BTreeMap::new(), ..firing.clone() };
        let resolved = Alert { state: AlertState::Resolved, ..bare.clone() };
        for batch in [vec![firing], vec![bare, resolved.clone()], vec![resolved]] {
            template.fill(&batch).map_err(|why| {
                let places = places(&batch);
                let known: Vec<&str> = places.keys().copied().collect();
                format!("{setting} {text:?} cannot be filled in: {why}; it has {}", known.join(", "))
            })?;
        }
        Ok(template)
    }

    /// The text, filled in, on one line.
    pub(super) fn fill(&self, batch: &[Alert]) -> Result<String, String> {
        let filled = ENVIRONMENT.render_str(&self.0, Value::from(places(batch))).map_err(|error| {
            let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("{}{detail}", error.kind())
        })?;
        Ok(clean(&filled, LONGEST))
    }
}

/// What there is of the most urgent alert, and of all.
fn places(batch: &[Alert]) -> BTreeMap<&'static str, Value> {
    let alerts = by_urgency(batch);
    let mut places = alerts.first().map(|alert| places_of(alert)).unwrap_or_default();
    let firing = alerts.iter().filter(|alert| alert.state == AlertState::Firing).count();
    places.insert("count", alerts.len().into());
    places.insert("firing", firing.into());
    places.insert("resolved", (alerts.len() - firing).into());
    places.insert("alerts", alerts.iter().map(|alert| Value::from(places_of(alert))).collect());
    places
}

fn places_of(alert: &Alert) -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("title", Value::from(alert.title.as_str())),
        ("severity", severity(alert.severity).into()),
        ("state", state(alert.state).into()),
        ("rule", alert.rule.as_str().into()),
        ("reason", alert.reason.as_str().into()),
        ("fingerprint", alert.fingerprint.as_str().into()),
        ("starts_at", alert.starts_at.as_str().into()),
        ("ends_at", alert.ends_at.as_deref().unwrap_or_default().into()),
        ("value", figure(alert.value)),
        ("threshold", figure(alert.threshold)),
        ("articles", alert.articles.into()),
        ("stories", alert.stories.into()),
        ("sources", alert.sources.into()),
        ("labels", Value::from_object(Named(alert.labels.clone()))),
        ("annotations", Value::from_object(Named(alert.annotations.clone()))),
    ])
}

/// As a person writes it; nothing where there is none.
fn figure(figure: Option<f64>) -> Value {
    figure.map_or_else(|| Value::from(""), |figure| Value::from(super::told::figure(figure)))
}

/// Words by name. Which names there are differs from rule to rule, so that a missing one is empty.
#[derive(Debug)]
struct Named(BTreeMap<String, String>);

impl Object for Named {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let value = key.as_str().and_then(|name| self.0.get(name));
        Some(Value::from(value.map(String::as_str).unwrap_or_default()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|name| Value::from(name.as_str())).collect())
    }
}
