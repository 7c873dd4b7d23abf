//! One request at a time, from an address to a bounded body.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use faultline_outbound::{Guard, innermost, refused, retry_after, tls};
use jiff::Timestamp;
use reqwest::{
    Client, Response,
    header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION},
    redirect::Policy,
};
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

use super::{
    error::WebError,
    gate::{Gates, Place},
    headers,
    robots::RobotsCache,
    settings::WebSettings,
};
use crate::workers::Workers;

/// Connecting takes no longer than this, however long the whole may take.
const CONNECT: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a Url,
    /// Media types, as the `Accept` header has them.
    pub(crate) accept: &'static str,
    /// What is known of it already.
    pub(crate) known: Option<Known<'a>>,
    /// Most bytes of the body.
    pub(crate) limit: usize,
    /// Whether a longer body is cut there, and not refused.
    pub(crate) cut: bool,
    /// A form that is sent (`POST`).
    pub(crate) form: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(url: &'a Url, accept: &'static str, limit: usize) -> Self {
        Self { url, accept, known: None, limit, cut: false, form: None }
    }
}

/// Validators of the last answer. They belong to the address that gave it, which may be one that others redirect to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) of: &'a str,
    pub(crate) etag: Option<&'a str>,
    pub(crate) last_modified: Option<&'a str>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Decompressed.
    pub(crate) body: Vec<u8>,
    /// Where it came from, after all redirects.
    pub(crate) url: Url,
    /// Where what was asked for has moved to for good, where it has.
    pub(crate) moved_to: Option<Url>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        headers::text(&self.headers, CONTENT_TYPE)
    }

    pub(crate) fn etag(&self) -> Option<String> {
        headers::text(&self.headers, ETAG).map(str::to_owned)
    }

    pub(crate) fn last_modified(&self) -> Option<String> {
        headers::text(&self.headers, LAST_MODIFIED).map(str::to_owned)
    }

    pub(crate) fn max_age(&self) -> Option<u32> {
        headers::max_age(&self.headers)
    }

    pub(crate) fn retry_after(&self) -> Option<Timestamp> {
        retry_after(&self.headers, Timestamp::now())
    }
}

/// The client that all sources share.
#[derive(Debug)]
pub(crate) struct Web {
    client: Client,
    guard: Guard,
    gates: Gates,
    timeout: Duration,
    max_redirects: u32,
    pub(super) robots: RobotsCache,
    /// For the work on what came.
    pub(crate) workers: Workers,
}

impl Web {
    /// # Errors
    /// When the settings cannot be used.
    pub(crate) fn new(settings: &WebSettings) -> anyhow::Result<Arc<Self>> {
        let guard = Guard {
            section: "producer.web",
            allow_private: settings.allow_private_addresses,
            hosts: Arc::new(settings.hosts.clone()),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(tls(None)?)
            .user_agent(settings.user_agent())
            .dns_resolver(Arc::new(guard.clone()))
            // A proxy would resolve names by itself, past the guard.
            .no_proxy()
            // Followed here, where each step is checked and waits for its turn.
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            // Long enough for a feed's pages: of thousands of hosts there would be as many connections.
            .pool_idle_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(1)
            .build()
            .context(
                "failed to set up the web client: check producer.web.contact for characters that no header takes",
            )?;
        let delay = Duration::from_millis(settings.host_delay_ms.into());
        Ok(Arc::new(Self {
            client,
            guard,
            gates: Gates::new(settings.requests as usize, settings.requests_per_host as usize, delay),
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
            max_redirects: settings.max_redirects,
            robots: RobotsCache::default(),
            workers: Workers::new()?,
        }))
    }

    /// Asks, and follows where it leads.
    ///
    /// # Errors
    /// [`WebError`] where there is no whole answer. An answer that says no is an answer.
    pub(crate) async fn get(&self, ask: Ask<'_>) -> Result<Answer, WebError> {
        self.follow(ask, None).await
    }

    /// As [`Web::get`], where the address's turn has come already.
    ///
    /// # Errors
    /// [`WebError`] where there is no whole answer.
    pub(crate) async fn get_in_turn(&self, ask: Ask<'_>, place: Place) -> Result<Answer, WebError> {
        self.follow(ask, Some(place)).await
    }

    /// Waits until this address may be asked, and until there is a place for the work on its answer.
    ///
    /// # Errors
    /// [`WebError`] where it may not be asked.
    pub(crate) async fn turn(&self, url: &Url, work: &Arc<Semaphore>) -> Result<Place, WebError> {
        self.guard.check(url)?;
        self.gates.enter(url.host_str().unwrap_or_default(), Some(work)).await
    }

    async fn follow(&self, ask: Ask<'_>, mut first: Option<Place>) -> Result<Answer, WebError> {
        let mut url = ask.url.clone();
        let mut budget = Budget::new(self.timeout);
        let mut visited = vec![url.clone()];
        let mut moved_to = None;
        let mut is_permanent = true;
        loop {
            self.guard.check(&url)?;
            let host = url.host_str().unwrap_or_default().to_owned();
            let place = match first.take() {
                Some(place) => place,
                None => self.gates.enter(&host, None).await?,
            };
            let response = budget.run(&host, self.send(&url, ask)).await??;
            place.answered();
            let status = response.status().as_u16();
            // A form is sent on only where the server says so.
            let leads_on = ask.form.is_none() || matches!(status, 307 | 308);
            if let Some(next) = redirect(&url, status, response.headers())?.filter(|_| leads_on) {
                if visited.len() > self.max_redirects as usize {
                    return Err(WebError::TooManyRedirects { url: ask.url.to_string(), limit: self.max_redirects });
                }
                if visited.contains(&next) {
                    return Err(WebError::Circle { url: ask.url.to_string() });
                }
                // Nobody is sent away from https for good.
                is_permanent &= matches!(status, 301 | 308) && !(url.scheme() == "https" && next.scheme() == "http");
                if is_permanent {
                    moved_to = Some(next.clone());
                }
                visited.push(next.clone());
                url = next;
                continue;
            }
            if matches!(status, 429 | 503)
                && let Some(until) = retry_after(response.headers(), Timestamp::now())
            {
                self.gates.close(&host, until);
            }
            let headers = response.headers().clone();
            let body = budget.run(&host, read(response, &host, ask)).await??;
            return Ok(Answer { status, headers, body, url, moved_to });
        }
    }

    /// Keeps at least this long between two requests to the host.
    pub(super) fn slow_down(&self, host: &str, delay: Duration) {
        self.gates.slow_down(host, delay);
    }

    async fn send(&self, url: &Url, ask: Ask<'_>) -> Result<Response, WebError> {
        let request = match ask.form {
            None => self.client.get(url.clone()),
            Some(form) => {
                let kind = "application/x-www-form-urlencoded";
                self.client.post(url.clone()).header(CONTENT_TYPE, kind).body(form.to_owned())
            }
        };
        let mut request = request.header(ACCEPT, ask.accept);
        if let Some(known) = ask.known.filter(|known| known.of == url.as_str()) {
            if let Some(etag) = known.etag {
                request = request.header(IF_NONE_MATCH, etag);
            }
            if let Some(last_modified) = known.last_modified {
                request = request.header(IF_MODIFIED_SINCE, last_modified);
            }
        }
        request.send().await.map_err(|error| explain(&error, url))
    }
}

/// Where an answer redirects to; none where it does not.
fn redirect(url: &Url, status: u16, headers: &HeaderMap) -> Result<Option<Url>, WebError> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION) else { return Ok(None) };
    // Some servers send it as UTF-8, which no header may.
    let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let mut next = url.join(location.trim()).map_err(|error| {
        let why = format!("which is no address ({error})");
        WebError::BadRedirect { url: url.to_string(), to: location.clone(), why }
    })?;
    next.set_fragment(None);
    Ok(Some(next))
}

async fn read(mut response: Response, host: &str, ask: Ask<'_>) -> Result<Vec<u8>, WebError> {
    let too_large = || WebError::TooLarge { host: host.to_owned(), limit: ask.limit };
    if !ask.cut && response.content_length().is_some_and(|length| length > ask.limit as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| WebError::BadBody { host: host.to_owned(), why: innermost(&error).to_string() })?;
        let Some(chunk) = chunk else { return Ok(body) };
        // Counted after decompression: a bomb goes off no further than here.
        if body.len() + chunk.len() > ask.limit {
            if ask.cut {
                body.extend_from_slice(&chunk[..ask.limit - body.len()]);
                return Ok(body);
            }
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
}

/// The time left for an answer; waiting for one's turn does not count.
struct Budget {
    left: Duration,
    whole: Duration,
}

impl Budget {
    fn new(whole: Duration) -> Self {
        Self { left: whole, whole }
    }

    async fn run<T>(&mut self, host: &str, work: impl Future<Output = T>) -> Result<T, WebError> {
        let started = Instant::now();
        let outcome = timeout(self.left, work).await;
        self.left = self.left.saturating_sub(started.elapsed());
        outcome.map_err(|_| WebError::Timeout { host: host.to_owned(), seconds: self.whole.as_secs() })
    }
}

fn explain(error: &reqwest::Error, url: &Url) -> WebError {
    if let Some(refused) = refused(error) {
        return refused.clone().into();
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    if error.is_timeout() {
        return WebError::Timeout { host, seconds: CONNECT.as_secs() };
    }
    WebError::Unreachable { host, why: innermost(error).to_string() }
}
