//! What hubs call: `GET` to have something confirmed or to deny it, `POST` with what is new.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use tokio::{
    sync::{mpsc, mpsc::error::TrySendError, oneshot},
    time::timeout,
};
use url::{Url, form_urlencoded};

use super::{ASKED_FOR, Callback, Content, FromHub, Hubs, LEASE, PATH, Part, Said, signature};
use crate::{
    push::{Coding, Problem, receive_body},
    web::Answer,
};

/// When a hub is to try again.
const PAUSE: Duration = Duration::from_secs(10);

/// The addresses that hubs call.
pub(crate) fn router(hubs: Arc<Hubs>) -> Router {
    Router::new().route(&format!("{PATH}{{id}}"), get(confirm).post(take)).with_state(hubs)
}

async fn confirm(State(hubs): State<Arc<Hubs>>, Path(id): Path<String>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let said = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let (outcome, answer) = hubs.confirm(&id, &said);
    hubs.metrics.calls.with_label_values(&[outcome]).inc();
    answer.map_or_else(Problem::into_response, plain)
}

async fn take(State(hubs): State<Arc<Hubs>>, Path(id): Path<String>, request: Request) -> Response {
    let (outcome, answer) = hubs.take(&id, request).await;
    hubs.metrics.calls.with_label_values(&[outcome]).inc();
    answer.map_or_else(Problem::into_response, |()| plain(String::new()))
}

fn plain(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    // What a hub, or whoever knows the address, has repeated to it is never a page.
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What a call comes to, and the answer to it.
type Outcome<T> = (&'static str, Result<T, Problem>);

impl Hubs {
    /// Repeats the hub's challenge, where this was asked for.
    fn confirm(&self, id: &str, said: &HashMap<String, String>) -> Outcome<String> {
        let Some(callback) = self.callback(id) else { return self.unknown(StatusCode::NOT_FOUND) };
        let value = |name: &str| said.get(name).map(String::as_str);
        let not_meant = || ("not_meant", Err(not_asked()));
        if value("hub.topic") != Some(&callback.topic) {
            return not_meant();
        }
        let mode = value("hub.mode").unwrap_or_default();
        match (mode, &callback.part, value("hub.challenge")) {
            ("denied", Part::Subscribed { feed, .. }, _) => {
                let reason = value("hub.reason").unwrap_or_default();
                let denied = FromHub::Denied(reason.chars().filter(|c| !c.is_control()).take(super::SHOWN).collect());
                tell(feed, id, denied, "denied").map_or_else(|busy| busy, |outcome| (outcome, Ok(String::new())))
            }
            ("subscribe", Part::Subscribed { feed, .. }, Some(challenge)) if callback.is_asked_for() => {
                let seconds = value("hub.lease_seconds").and_then(|seconds| seconds.parse::<u64>().ok());
                let lease = seconds.filter(|seconds| *seconds > 0).map_or(LEASE, Duration::from_secs);
                let verified = FromHub::Verified(lease);
                tell(feed, id, verified, "verified")
                    .map_or_else(|busy| busy, |outcome| (outcome, Ok(challenge.to_owned())))
            }
            ("unsubscribe", Part::Leaving(_), Some(challenge)) => {
                self.forget(id);
                ("left", Ok(challenge.to_owned()))
            }
            _ => not_meant(),
        }
    }

    /// Hands new content to its feed, and returns once Kafka has it.
    async fn take(&self, id: &str, request: Request) -> Outcome<()> {
        let Some(callback) = self.callback(id) else { return self.unknown(StatusCode::GONE) };
        let Part::Subscribed { secret, feed, .. } = &callback.part else { return self.unknown(StatusCode::GONE) };
        let (parts, body) = request.into_parts();
        let (headers, limit) = (parts.headers, self.max_bytes);
        let signed = match receive_body(body, limit, self.receive_within).await {
            Ok(body) => body,
            Err(problem) => return ("broken", Err(problem)),
        };
        let (secret, of_body) = (secret.clone(), headers.clone());
        let check = move || {
            let given = of_body.get("x-hub-signature").and_then(|value| value.to_str().ok());
            let is_right = signature::is_right(&secret.0, given, &signed);
            is_right.then(|| Coding::of(&of_body)?.decode(&signed, limit).map(Cow::into_owned))
        };
        let body = match self.web.workers.run(check).await {
            Ok(Some(Ok(body))) => body,
            Ok(Some(Err(problem))) => return ("broken", Err(problem)),
            // Acknowledged and set aside, as the recommendation has it: who guesses learns nothing.
            Ok(None) => return ("bad_signature", Ok(())),
            Err(_) => return ("broken", Err(Problem::bug())),
        };
        let Ok(url) = Url::parse(&callback.topic) else { return ("broken", Err(Problem::bug())) };
        let (done, told) = oneshot::channel();
        let answer = Answer { status: 200, headers, body, url, moved_to: None };
        if let Err(busy) = tell(feed, id, FromHub::Content(Box::new(Content { answer, done })), "") {
            return busy;
        }
        match timeout(self.acknowledge_within, told).await {
            Ok(Ok(outcome)) => (outcome, Ok(())),
            Ok(Err(_)) | Err(_) => {
                let detail = "not all of it has been acknowledged by Kafka yet: send it again, nothing is doubled";
                ("late", Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "not yet", detail, PAUSE)))
            }
        }
    }

    fn unknown<T>(&self, status: StatusCode) -> Outcome<T> {
        if !self.is_complete.load(Ordering::Acquire) {
            let detail = "the subscriptions are not all there yet, this has just been started";
            return ("early", Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "not yet", detail, PAUSE)));
        }
        ("unknown", Err(Problem::new(status, "no subscription", "there is no subscription under this address")))
    }
}

impl Callback {
    fn is_asked_for(&self) -> bool {
        matches!(&self.part, Part::Subscribed { asked, .. } if asked.lock().is_some_and(|at| at.elapsed() < ASKED_FOR))
    }
}

fn not_asked() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not meant", "this was not asked for")
}

/// Tells the feed, which may be busy or gone.
fn tell<T>(
    feed: &mpsc::Sender<Said>,
    id: &str,
    message: FromHub,
    outcome: &'static str,
) -> Result<&'static str, Outcome<T>> {
    match feed.try_send((id.to_owned(), message)) {
        Ok(()) => Ok(outcome),
        Err(TrySendError::Full(_)) => {
            let detail = "too much of this feed waits: send it again";
            Err(("busy", Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "behind", detail, PAUSE))))
        }
        Err(TrySendError::Closed(_)) => Err((
            "unknown",
            Err(Problem::new(StatusCode::GONE, "no subscription", "the feed is not followed any more")),
        )),
    }
}
