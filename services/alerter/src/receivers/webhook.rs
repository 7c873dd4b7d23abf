//! A webhook of whoever wants one, signed as <https://www.standardwebhooks.com> has it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use faultline_platform::config::Secret;
use faultline_schemas::Alert;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::{
    SendError,
    batch::{key, own_key, state},
    http::{self, Poster},
    secret::{authorize, read},
    settings::{WebhookFormat, WebhookSettings},
    told::silence,
};
use crate::settings::AlertWebSettings;

/// What the standard puts before a key in base64.
const KEY_PREFIX: &str = "whsec_";

/// Those that are worked out.
const OWN_HEADERS: [&str; 7] = [
    "content-type",
    "content-length",
    "host",
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

#[derive(Debug)]
pub(super) struct Webhook {
    receiver: String,
    to: Url,
    poster: Poster,
    headers: HeaderMap,
    signing: Option<hmac::Key>,
    format: WebhookFormat,
}

/// The body.
#[derive(Serialize)]
struct Notification<'a> {
    schema: &'static str,
    receiver: &'a str,
    alerts: Vec<Notified<'a>>,
}

#[derive(Serialize)]
struct Notified<'a> {
    #[serde(flatten)]
    alert: &'a Alert,
    /// Command that silences it.
    silence: String,
}

impl<'a> Notified<'a> {
    fn of(alert: &'a Alert) -> Self {
        Self { alert, silence: silence(alert) }
    }
}

impl Webhook {
    pub(super) fn open(receiver: &str, settings: &WebhookSettings, web: &AlertWebSettings) -> Result<Self, String> {
        let poster = Poster::new(web, settings.timeout_seconds)?;
        let secret = read("url", settings.url_file.as_deref(), settings.url_env.as_deref())?;
        let to = match (&settings.url, &secret) {
            (Some(url), None) => poster.address(url)?,
            (None, Some(secret)) => poster.address(secret.expose())?,
            (None, None) => return Err("url is not set: write where to send, or url_file or url_env".to_owned()),
            (Some(_), Some(_)) => return Err("url is set twice: leave out url, or url_file and url_env".to_owned()),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        if let Some(token) = read("token", settings.token_file.as_deref(), settings.token_env.as_deref())? {
            authorize(&mut headers, "Bearer", token.expose())?;
        }
        let signing = read("secret", settings.secret_file.as_deref(), settings.secret_env.as_deref())?;
        let signing = signing.as_ref().map(signing_key).transpose()?;
        Ok(Self { receiver: receiver.to_owned(), to, poster, headers, signing, format: settings.format })
    }

    pub(super) fn place(&self) -> String {
        http::place(&self.to)
    }

    pub(super) async fn send(&self, batch: &[Alert]) -> Result<(), SendError> {
        let (content_type, body) = match self.format {
            WebhookFormat::Faultline => ("application/json", self.notification(batch)),
            WebhookFormat::Cloudevents => match batch {
                [alert] => ("application/cloudevents+json; charset=utf-8", event(alert)),
                _ => ("application/cloudevents-batch+json; charset=utf-8", batch.iter().map(event).collect()),
            },
        };
        let body = body.map_err(|error| SendError::refused(format!("an alert cannot be written as JSON: {error}")))?;
        let body = body.to_string().into_bytes();
        let headers = self.headers_of(content_type, &key(batch), Timestamp::now().as_second(), &body);
        let headers = headers.map_err(|error| SendError::refused(format!("a key is no header: {error}")))?;
        self.poster.post(&self.to, headers, body).await
    }

    fn notification(&self, batch: &[Alert]) -> Result<Value, serde_json::Error> {
        let alerts = batch.iter().map(Notified::of).collect();
        let notification = Notification { schema: "faultline.notification/1", receiver: &self.receiver, alerts };
        serde_json::to_value(notification)
    }

    fn headers_of(
        &self,
        content_type: &'static str,
        id: &str,
        seconds: i64,
        body: &[u8],
    ) -> Result<HeaderMap, reqwest::header::InvalidHeaderValue> {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert("idempotency-key", id.parse()?);
        headers.insert("webhook-id", id.parse()?);
        headers.insert("webhook-timestamp", seconds.into());
        if let Some(key) = &self.signing {
            let mut context = hmac::Context::with_key(key);
            context.update(format!("{id}.{seconds}.").as_bytes());
            context.update(body);
            headers.insert("webhook-signature", format!("v1,{}", STANDARD.encode(context.sign())).parse()?);
        }
        Ok(headers)
    }
}

fn signing_key(secret: &Secret) -> Result<hmac::Key, String> {
    let bytes = match secret.expose().strip_prefix(KEY_PREFIX) {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| format!("the secret starts with {KEY_PREFIX} and does not go on in base64: copy it again"))?,
        None => secret.expose().as_bytes().to_vec(),
    };
    if bytes.len() < 16 {
        return Err(format!(
            "the secret has {} bytes: make one of 24 or more, such as by openssl rand -base64 32",
            bytes.len()
        ));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// A header to send along.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let lower = name.to_ascii_lowercase();
    if lower == "authorization" || faultline_platform::config::is_sensitive(&lower) && !OWN_HEADERS.contains(&&*lower) {
        return Err(format!("headers has {name}, which is a secret: use token_file or token_env"));
    }
    if OWN_HEADERS.contains(&&*lower) {
        return Err(format!("headers has {name}, which is worked out for each message: leave it out"));
    }
    let parsed = name.parse::<HeaderName>().ok().zip(value.parse::<HeaderValue>().ok());
    parsed.ok_or_else(|| format!("headers has {name} = {value:?}, which is no header: correct or remove it"))
}

/// CloudEvents 1.0, structured.
fn event(alert: &Alert) -> Result<Value, serde_json::Error> {
    let time = alert.ends_at.as_deref().unwrap_or(&alert.starts_at);
    let mut source = Url::parse("faultline:///rules/").ok();
    if let Some(mut segments) = source.as_mut().and_then(|url| url.path_segments_mut().ok()) {
        segments.pop_if_empty().push(&alert.rule);
    }
    Ok(json!({
        "specversion": "1.0",
        "id": own_key(alert),
        "source": source.map_or_else(String::new, |url| url.path().to_owned()),
        "type": format!("faultline.alert.{}", state(alert.state)),
        "subject": alert.fingerprint,
        "time": time,
        "datacontenttype": "application/json",
        "data": serde_json::to_value(Notified::of(alert))?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::sample;

    fn webhook(secret: &str) -> Webhook {
        let signing = Some(signing_key(&Secret::new(secret)).unwrap());
        let settings = WebhookSettings { url: Some("https://desk.example/".to_owned()), ..WebhookSettings::default() };
        Webhook { signing, ..Webhook::open("desk", &settings, &AlertWebSettings::default()).unwrap() }
    }

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example of the standard's own documentation.
        let webhook = webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let headers = webhook.headers_of(
            "application/json",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        let signature = headers.unwrap()["webhook-signature"].clone();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_event_has_what_cloudevents_requires() {
        let alert = Alert { rule: "a/b c".to_owned(), ..sample("desk", Timestamp::UNIX_EPOCH) };
        let event = event(&alert).unwrap();
        assert_eq!(event["source"], "/rules/a%2Fb%20c");
        assert_eq!((&event["specversion"], &event["type"]), (&json!("1.0"), &json!("faultline.alert.firing")));
        assert_eq!((&event["id"], &event["subject"]), (&json!(alert.key), &json!(alert.fingerprint)));
        assert_eq!((&event["time"], &event["data"]["title"]), (&json!(alert.starts_at), &json!(alert.title)));
    }
}
