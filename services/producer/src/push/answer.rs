//! What goes back: a result for each article, or a problem (RFC 9457) for the whole request.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use faultline_platform::tokens::Scope;
use schemars::JsonSchema;
use serde::Serialize;

use crate::intake::Taken;
use crate::refuse::Refusal;

/// What became of a request's articles.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub(crate) struct Results {
    /// Articles that Kafka has acknowledged.
    pub(crate) accepted: usize,
    /// Articles that had been accepted before, in this very revision.
    pub(crate) repeats: usize,
    /// Entries that are no articles.
    pub(crate) refused: usize,
    /// One for each entry, in order.
    pub(crate) results: Vec<ItemResult>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum ItemResult {
    /// Kafka has it.
    Accepted {
        /// The article's id, stable across corrections.
        id: String,
        /// The revision, which changes with title and text.
        revision: String,
        /// What was set aside in it, such as a date that could not be read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<&'static str>,
    },
    /// Accepted before.
    Repeat {
        /// The article's id.
        id: String,
        /// The revision.
        revision: String,
    },
    /// No article.
    Refused {
        /// Stable name of the reason.
        reason: &'static str,
        /// What is wrong, where, and what to do.
        problem: String,
    },
}

impl ItemResult {
    pub(crate) fn accepted(taken: &Taken) -> Self {
        let (id, revision) = (taken.article.id.clone(), taken.article.revision.clone());
        Self::Accepted { id, revision, warnings: taken.warnings.iter().map(|warning| warning.reason()).collect() }
    }

    pub(crate) fn repeat(taken: &Taken) -> Self {
        Self::Repeat { id: taken.article.id.clone(), revision: taken.article.revision.clone() }
    }

    pub(crate) fn refused(refusal: &Refusal) -> Self {
        Self::Refused { reason: refusal.reason(), problem: refusal.to_string() }
    }
}

impl Results {
    pub(crate) fn of(results: Vec<ItemResult>) -> Self {
        let mut all = Self { results, ..Self::default() };
        for result in &all.results {
            match result {
                ItemResult::Accepted { .. } => all.accepted += 1,
                ItemResult::Repeat { .. } => all.repeats += 1,
                ItemResult::Refused { .. } => all.refused += 1,
            }
        }
        all
    }

    /// 422 where not one entry was an article.
    pub(crate) fn into_response(self) -> Response {
        let none_taken = self.accepted + self.repeats == 0;
        json(if none_taken { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &self)
    }
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Why a request as a whole was not taken: nothing of it was published, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// HTTP status.
    pub(crate) status: u16,
    /// Short and always the same for the same kind.
    pub(crate) title: &'static str,
    /// What is wrong and what to do.
    pub(crate) detail: String,
    #[serde(skip)]
    pub(crate) retry_after: Option<Duration>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status: status.as_u16(), title, detail: detail.into(), retry_after: None }
    }

    pub(crate) fn later(status: StatusCode, title: &'static str, detail: impl Into<String>, after: Duration) -> Self {
        Self { retry_after: Some(after), ..Self::new(status, title, detail) }
    }

    pub(super) fn unauthorized(was_given: bool) -> Self {
        let detail = match was_given {
            true => {
                "there is no such token, or it was revoked: ask for a new one (faultline tokens add NAME --scope push)"
            }
            false => "send a token: Authorization: Bearer faultline_…",
        };
        Self::new(StatusCode::UNAUTHORIZED, "no valid token", detail)
    }

    pub(super) fn forbidden(scope: Scope) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not allowed", format!("the token lacks the scope {scope}"))
    }

    pub(super) fn foreign_host() -> Self {
        let detail = "without tokens only this machine may hand articles in, and it was asked by another name: ask \
                      127.0.0.1 or localhost, or make a token (faultline tokens add NAME --scope push)";
        Self::new(StatusCode::FORBIDDEN, "not this machine", detail)
    }

    pub(super) fn no_tokens() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "tokens cannot be read", "the server's log says why")
    }

    pub(crate) fn bug() -> Self {
        let detail =
            "this is a bug: please report it with the server's log; articles may or may not have been accepted";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", detail)
    }

    pub(super) fn not_found() -> Self {
        let detail = "there are POST /v1/articles and GET /v1/openapi.json";
        Self::new(StatusCode::NOT_FOUND, "nothing here", detail)
    }

    pub(super) fn wrong_method() -> Self {
        let detail = "articles are handed in by POST /v1/articles, the description is read by GET /v1/openapi.json";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong method", detail)
    }

    pub(crate) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, &self);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.retry_after {
            // Whole seconds, and never none.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs() + 1));
        }
        response
    }
}
