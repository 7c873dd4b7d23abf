//! One POST, to a receiver that may fail in every way.

use std::{error::Error, sync::Arc, time::Duration};

use faultline_outbound::{Guard, GuardError, innermost, refused, retry_after, tls};
use jiff::Timestamp;
use reqwest::{
    Client, Response, StatusCode,
    header::{HeaderMap, LOCATION},
    redirect::Policy,
};
use url::Url;

use super::SendError;
use crate::settings::AlertWebSettings;

/// Section of the settings that decides which addresses are allowed.
pub(super) const SECTION: &str = "alerter.web";

/// More than this have lost their way.
const REDIRECTS: usize = 3;

/// As much of an answer that says no as is shown.
const SHOWN: usize = 300;

/// What may be connected to, by the settings.
pub(super) fn guard(web: &AlertWebSettings) -> Guard {
    Guard { section: SECTION, allow_private: web.allow_private_addresses, hosts: Arc::new(web.hosts.clone()) }
}

/// Sends to one receiver.
#[derive(Debug)]
pub(super) struct Poster {
    client: Client,
    guard: Guard,
    timeout: Duration,
}

impl Poster {
    pub(super) fn new(web: &AlertWebSettings, timeout_seconds: u32) -> Result<Self, String> {
        let guard = guard(web);
        let tls = tls(web.ca_file.as_deref()).map_err(|error| format!("{SECTION}.ca_file: {error}"))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("Faultline/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(guard.clone()))
            // A proxy would resolve names by itself, past the guard.
            .no_proxy()
            // Followed here, where each step is checked.
            .redirect(Policy::none())
            .build()
            .map_err(|error| format!("failed to set up the web client: {}", innermost(&error)))?;
        Ok(Self { client, guard, timeout: Duration::from_secs(timeout_seconds.into()) })
    }

    /// Reads an address, and checks what can be told without asking for its name.
    pub(super) fn address(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text.trim()).map_err(|error| {
            format!("the address to send to is none ({error}): write it as https://desk.example/alerts")
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "the address has a name or password in it: use a token or password of its own, from a file".into()
            );
        }
        self.guard.check(&url).map_err(|error| match error {
            // What is written there may be secret.
            GuardError::BadAddress { why, .. } => format!("the address cannot be sent to: {why}"),
            other => other.to_string(),
        })?;
        Ok(url)
    }

    /// Sends, and follows where a server that keeps what was sent points to.
    pub(super) async fn post(&self, to: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<(), SendError> {
        let outcome = tokio::time::timeout(self.timeout, self.follow(to.clone(), headers, body)).await;
        outcome.unwrap_or_else(|_| {
            Err(SendError::retry(format!("no answer from {} within {} s", place(to), self.timeout.as_secs())))
        })
    }

    async fn follow(&self, mut url: Url, mut headers: HeaderMap, body: Vec<u8>) -> Result<(), SendError> {
        for _ in 0..=REDIRECTS {
            self.guard.check(&url).map_err(|error| SendError::refused(error.to_string()))?;
            let request = self.client.post(url.clone()).headers(headers.clone()).body(body.clone());
            let response = request.send().await.map_err(|error| explain(error, &url))?;
            if response.status().is_success() {
                return Ok(());
            }
            let Some(next) = next(&url, &response)? else { return Err(said_no(&url, response).await) };
            if next.origin() != url.origin() {
                headers =
                    headers.into_iter().filter_map(|(name, value)| Some((name?, value))).filter(not_secret).collect();
            }
            url = next;
        }
        Err(SendError::refused(format!("{} redirects more than {REDIRECTS} times: correct the address", place(&url))))
    }
}

/// Another host is not handed the secrets of the first.
fn not_secret((_, value): &(reqwest::header::HeaderName, reqwest::header::HeaderValue)) -> bool {
    !value.is_sensitive()
}

/// An address as it may be shown: the rest of it is a secret with some.
pub(super) fn place(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Where an answer redirects to; none where it does not.
fn next(url: &Url, response: &Response) -> Result<Option<Url>, SendError> {
    let status = response.status();
    let Some(location) = response.headers().get(LOCATION).filter(|_| status.is_redirection()) else { return Ok(None) };
    let refused = |why: &str| Err(SendError::refused(format!("{} redirects {why}", place(url))));
    let Some(next) = location.to_str().ok().and_then(|location| url.join(location).ok()) else {
        return refused("to what is no address");
    };
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        let why = format!("to {} in a way ({status}) that loses what is sent: correct the address", place(&next));
        return refused(&why);
    }
    if url.scheme() == "https" && next.scheme() == "http" {
        return refused("to where nothing is encrypted: correct the address");
    }
    Ok(Some(next))
}

async fn said_no(url: &Url, mut response: Response) -> SendError {
    let status = response.status();
    let after = retry_after(response.headers(), Timestamp::now())
        .and_then(|until| Duration::try_from(until.duration_since(Timestamp::now())).ok());
    let mut said = Vec::new();
    while said.len() < SHOWN
        && let Ok(Some(chunk)) = response.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(SHOWN);
    let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    let why = format!("{} answered {status}{}{said:?}", place(url), if said.is_empty() { " " } else { ": " });
    let may_work_later = matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error();
    if may_work_later { SendError::Retry { after, why } } else { SendError::Refused { why } }
}

fn explain(error: reqwest::Error, url: &Url) -> SendError {
    let error = error.without_url();
    match refused(&error) {
        Some(GuardError::NoAddress { .. }) | None => {}
        Some(refused) => return SendError::refused(refused.to_string()),
    }
    let cause: &(dyn Error + 'static) = innermost(&error);
    SendError::retry(format!("failed to reach {}: {cause}", place(url)))
}
