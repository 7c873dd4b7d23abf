//! Prometheus Alertmanager, API version 2: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use faultline_schemas::{Alert, AlertState};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use url::Url;

use super::{
    SendError,
    batch::severity,
    http::{self, Poster},
    secret::{authorize, read},
    settings::AlertmanagerSettings,
    told::{Told, web_address},
};
use crate::settings::AlertWebSettings;

/// So many times in a row it may not hear of an alert before it takes that for resolved, as Prometheus has it.
const MISSED: i64 = 4;

#[derive(Debug)]
pub(super) struct Alertmanager {
    to: Url,
    poster: Poster,
    headers: HeaderMap,
    labels: BTreeMap<String, String>,
    lasts: SignedDuration,
}

/// As the API takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

impl Alertmanager {
    pub(super) fn open(settings: &AlertmanagerSettings, web: &AlertWebSettings) -> Result<Self, String> {
        if settings.url.is_empty() {
            return Err("url is not set: write it as http://alertmanager.example:9093".to_owned());
        }
        let poster = Poster::new(web, settings.timeout_seconds)?;
        let mut to = poster.address(&settings.url)?;
        if to.path().contains("/api/") {
            return Err(format!("url has a path of the API, {}: leave it out", to.path()));
        }
        if let Ok(mut segments) = to.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v2", "alerts"]);
        }
        for name in settings.labels.keys() {
            let legal = legal(name);
            if legal != *name {
                return Err(format!("labels has {name:?}, which Prometheus does not allow: call it {legal:?}"));
            }
        }
        let lasts = SignedDuration::from_secs(i64::from(settings.every_seconds) * MISSED);
        Ok(Self { to, poster, headers: headers(settings)?, labels: settings.labels.clone(), lasts })
    }

    pub(super) fn place(&self) -> String {
        http::place(&self.to)
    }

    pub(super) async fn send(&self, batch: &[Alert]) -> Result<(), SendError> {
        let now = Timestamp::now();
        let posted: Vec<Posted> = batch.iter().map(|alert| self.posted(alert, now)).collect();
        let body = serde_json::to_vec(&posted)
            .map_err(|error| SendError::refused(format!("an alert cannot be written as JSON: {error}")))?;
        self.poster.post(&self.to, self.headers.clone(), body).await
    }

    fn posted(&self, alert: &Alert, now: Timestamp) -> Posted {
        let told = Told::of(alert);
        let names = told.labels.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let mut labels = named(names.filter(|(_, value)| !value.is_empty()));
        labels.extend(self.labels.clone());
        labels.insert("alertname".to_owned(), told.rule.clone());
        labels.insert("severity".to_owned(), severity(alert.severity).to_owned());
        let notes = told.notes.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let mut annotations = named(notes);
        let own = [
            ("summary", told.title.clone()),
            ("description", told.reason.clone()),
            ("figures", told.figures.clone()),
            ("reports", told.reports_plain()),
            ("fingerprint", alert.fingerprint.clone()),
            ("silence", told.silence.clone()),
        ];
        annotations.extend(own.into_iter().map(|(name, text)| (name.to_owned(), text)));
        let (starts_at, ends_at) = times(alert, now, self.lasts);
        let generator_url = alert.evidence.iter().find_map(|evidence| web_address(evidence.url.as_deref()?));
        Posted { labels, annotations, starts_at: starts_at.to_string(), ends_at: ends_at.to_string(), generator_url }
    }
}

fn headers(settings: &AlertmanagerSettings) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let password = read("password", settings.password_file.as_deref(), settings.password_env.as_deref())?;
    let token = read("token", settings.token_file.as_deref(), settings.token_env.as_deref())?;
    match (&settings.user, password, token) {
        (None, None, None) => {}
        (None, None, Some(token)) => authorize(&mut headers, "Bearer", token.expose())?,
        (Some(user), Some(password), None) => {
            let credentials = STANDARD.encode(format!("{user}:{}", password.expose()));
            authorize(&mut headers, "Basic", &credentials)?;
        }
        (Some(_), None, None) => {
            return Err("user is set and no password: set password_file or password_env".to_owned());
        }
        (None, Some(_), _) => return Err("a password is set and no user: set user".to_owned()),
        (Some(_), _, Some(_)) => return Err("user and a token are both set: leave one out".to_owned()),
    }
    Ok(headers)
}

/// When it began, and when it is over unless it is told of again. Alerts live in the time of their articles, and
/// Alertmanager in that of the clock: an end that is still to come would keep it firing.
fn times(alert: &Alert, now: Timestamp, lasts: SignedDuration) -> (Timestamp, Timestamp) {
    let starts_at = alert.starts_at.parse().unwrap_or(now);
    match alert.state {
        AlertState::Firing => (starts_at, now.max(starts_at) + lasts),
        AlertState::Resolved => {
            let ended: Option<Timestamp> = alert.ends_at.as_deref().and_then(|ends_at| ends_at.parse().ok());
            let ends_at = ended.unwrap_or(now).min(now);
            (starts_at.min(ends_at), ends_at)
        }
    }
}

/// Words under names that Prometheus allows. Two that would be called the same are told apart.
fn named<'a>(words: impl Iterator<Item = (&'a str, String)>) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for (name, text) in words {
        let mut name = legal(name);
        while named.contains_key(&name) {
            name.push('_');
        }
        named.insert(name, text);
    }
    named
}

/// The name with an underscore in the place of what Prometheus does not allow.
fn legal(name: &str) -> String {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let legal: String = name.chars().map(|c| if is_legal(c) { c } else { '_' }).collect();
    if legal.starts_with(|c: char| !c.is_ascii_digit()) { legal } else { format!("_{legal}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::sample;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn names_that_prometheus_does_not_allow_are_made_legal_and_told_apart() {
        for (name, expected) in
            [("dyad", "dyad"), ("quad class", "quad_class"), ("9lives", "_9lives"), ("état", "_tat"), ("", "_")]
        {
            assert_eq!(legal(name), expected, "{name}");
        }
        let named = named([("a-b", "1".to_owned()), ("a_b", "2".to_owned())].into_iter());
        assert_eq!(named.into_iter().collect::<Vec<_>>(), [("a_b".into(), "1".into()), ("a_b_".into(), "2".into())]);
    }

    #[test]
    fn an_alert_ends_when_it_did_and_never_before_it_began_or_after_now() {
        let now = time("2026-11-25T12:00:00Z");
        let alert = Alert { starts_at: "2026-11-25T10:00:00Z".to_owned(), ..sample("desk", now) };
        let minute = SignedDuration::from_mins(1);
        assert_eq!(times(&alert, now, minute), (time("2026-11-25T10:00:00Z"), now + minute));
        let ahead = Alert { starts_at: "2026-11-25T13:00:00Z".to_owned(), ..alert.clone() };
        assert_eq!(times(&ahead, now, minute).1, time("2026-11-25T13:01:00Z"));
        for (ends_at, expected) in [
            ("2026-11-25T11:00:00Z", ("2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z")),
            ("2026-11-25T15:00:00Z", ("2026-11-25T10:00:00Z", "2026-11-25T12:00:00Z")),
            ("2026-11-25T09:00:00Z", ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z")),
            ("garbage", ("2026-11-25T10:00:00Z", "2026-11-25T12:00:00Z")),
        ] {
            let resolved = Alert { state: AlertState::Resolved, ends_at: Some(ends_at.to_owned()), ..alert.clone() };
            assert_eq!(times(&resolved, now, minute), (time(expected.0), time(expected.1)), "{ends_at}");
        }
    }
}
