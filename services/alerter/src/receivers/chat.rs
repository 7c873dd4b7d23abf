//! Slack and Mattermost, by an incoming webhook.

use faultline_schemas::{Alert, AlertState, Severity};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::{
    SendError,
    batch::by_urgency,
    http::{self, Poster},
    secret::read,
    settings::ChatSettings,
    template::Template,
    told::{Report, Told},
};
use crate::settings::AlertWebSettings;

/// More alerts than this in one message nobody reads, and Slack refuses more than a hundred.
const ALERTS: usize = 20;
/// Likewise reports of one alert.
const REPORTS: usize = 5;

#[derive(Debug)]
pub(super) struct Chat {
    to: Url,
    poster: Poster,
    text: Template,
    channel: Option<String>,
}

impl Chat {
    pub(super) fn open(settings: &ChatSettings, web: &AlertWebSettings) -> Result<Self, String> {
        let poster = Poster::new(web, settings.timeout_seconds)?;
        let url = read("url", settings.url_file.as_deref(), settings.url_env.as_deref())?.ok_or(
            "no address is set: put that of the incoming webhook into a file and name it in url_file, or set url_env",
        )?;
        let to = poster.address(url.expose())?;
        Ok(Self { to, poster, text: Template::new("text", &settings.text)?, channel: settings.channel.clone() })
    }

    pub(super) fn place(&self) -> String {
        http::place(&self.to)
    }

    pub(super) async fn send(&self, batch: &[Alert]) -> Result<(), SendError> {
        let body = self.message(batch).map_err(|why| SendError::refused(format!("text cannot be filled in: {why}")))?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        self.poster.post(&self.to, headers, body.to_string().into_bytes()).await
    }

    fn message(&self, batch: &[Alert]) -> Result<Value, String> {
        let alerts = by_urgency(batch);
        let mut text = escaped(&self.text.fill(batch)?);
        if let Some(left_out) = alerts.len().checked_sub(ALERTS).filter(|count| *count > 0) {
            text.push_str(&format!(
                "\nThe {ALERTS} most urgent are shown, and {left_out} are not: `faultline alerts list` has them."
            ));
        }
        let attachments: Vec<Value> = alerts.into_iter().take(ALERTS).map(attachment).collect();
        let mut message = json!({ "text": text, "attachments": attachments });
        if let Some(channel) = &self.channel {
            message["channel"] = json!(channel);
        }
        Ok(message)
    }
}

fn attachment(alert: &Alert) -> Value {
    let told = Told::of(alert);
    let until = told.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
    let mut lines = vec![
        escaped(&told.reason),
        escaped(&told.figures),
        format!("since {}{until}, by the rule {}", escaped(&told.since), escaped(&told.rule)),
    ];
    lines.extend(
        told.labels.iter().chain(&told.notes).map(|(name, value)| format!("{}: {}", escaped(name), escaped(value))),
    );
    lines.extend(told.reports.iter().take(REPORTS).map(report));
    if told.reports.len() > REPORTS {
        lines.push(format!("and {} more reports", told.reports.len() - REPORTS));
    }
    let title = format!("{}, {}: {}", told.state, told.severity, told.title);
    json!({
        "fallback": escaped(&title),
        "color": colour(alert),
        "title": escaped(&title),
        "text": lines.join("\n"),
        "footer": format!("to silence it: {}", escaped(&told.silence)),
    })
}

fn report(report: &Report) -> String {
    let title = escaped(&report.title);
    let linked = match &report.url {
        // What would end the address or its title.
        Some(url) => format!("<{}|{title}>", escaped(&url.replace('|', "%7C").replace('>', "%3E"))),
        None => title,
    };
    format!("> {}\n{linked} ({})", escaped(&report.sentence), escaped(&report.from))
}

fn colour(alert: &Alert) -> &'static str {
    match (alert.state, alert.severity) {
        (AlertState::Resolved, _) => "#2e7d32",
        (_, Severity::Watch) => "#1976d2",
        (_, Severity::Elevated) => "#f9a825",
        (_, Severity::High) => "#e65100",
        (_, Severity::Critical) => "#b71c1c",
    }
}

/// Text that is not markup: the three characters that Slack has escaped, and no mention of anybody, which Mattermost would call
/// to the channel.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("@\u{200b}"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::sample;

    fn chat() -> Chat {
        let poster = Poster::new(&AlertWebSettings::default(), 1).unwrap();
        let to = poster.address("https://hooks.example/services/T/B/x").unwrap();
        Chat { to, poster, text: Template::new("text", &ChatSettings::default().text).unwrap(), channel: None }
    }

    #[test]
    fn what_the_web_says_is_no_markup_and_calls_nobody() {
        let mut alert = sample("desk", jiff::Timestamp::UNIX_EPOCH);
        alert.title = "<!channel> @channel <https://evil.example|click> & more".to_owned();
        alert.evidence[0].sentence = "a <b> & c".to_owned();
        alert.evidence[0].url = Some("javascript:alert(1)".to_owned());
        let message = chat().message(&[alert]).unwrap().to_string();
        for part in ["<!channel", "<https://evil", "@channel", "<b>", "javascript:"] {
            assert!(!message.contains(part), "{part} in {message}");
        }
        assert!(
            message.contains("&lt;!channel&gt; @\u{200b}channel") && message.contains("a &lt;b&gt; &amp; c"),
            "{message}"
        );
    }

    #[test]
    fn a_message_says_why_shows_the_reports_and_how_to_silence() {
        let alert = sample("desk", jiff::Timestamp::UNIX_EPOCH);
        let resolved = Alert { state: AlertState::Resolved, ..alert.clone() };
        let message = chat().message(&[resolved, alert.clone()]).unwrap();
        let text = message["text"].as_str().unwrap();
        assert!(text.starts_with("1 firing, 1 resolved: Test of") && text.ends_with("and 1 more"), "{text}");
        assert_eq!(
            (&message["attachments"][0]["color"], &message["attachments"][1]["color"]),
            (&json!("#1976d2"), &json!("#2e7d32"))
        );
        let shown = message["attachments"][0].to_string();
        for part in [
            &*alert.rule,
            &alert.reason,
            "3 against a threshold of 2",
            "<https://news.example/test|A headline> (news.example",
            "alerts silence",
        ] {
            assert!(shown.contains(part), "{part} is missing from {shown}");
        }
    }

    #[test]
    fn of_a_flood_the_most_urgent_are_shown_and_the_rest_is_counted() {
        let mut batch = vec![sample("desk", jiff::Timestamp::UNIX_EPOCH); 150];
        batch[149].severity = Severity::Critical;
        let message = chat().message(&batch).unwrap();
        assert_eq!(message["attachments"].as_array().unwrap().len(), ALERTS);
        assert_eq!(message["attachments"][0]["color"], "#b71c1c");
        assert!(message["text"].as_str().unwrap().contains("and 130 are not"), "{message}");
    }
}
