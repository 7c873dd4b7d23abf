//! Articles handed in over HTTP: `POST /v1/articles`.
//!
//! One object, a list, or JSON lines come in, plain or compressed; a result for each goes out, once Kafka has acknowledged what was
//! accepted. What is refused goes back to who sent it, with the reason, and nowhere else. TLS is for a proxy in front.

mod accept;
mod answer;
mod body;
mod host;
mod limits;
mod once;
pub mod openapi;
mod settings;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, bail};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use faultline_platform::{
    RoleContext,
    tokens::{Access, Scope, Tokens},
};
use tokio::{net::TcpListener, task::spawn_blocking};

pub use self::settings::PushSettings;
use self::{
    accept::Acceptor,
    answer::Results,
    body::Received,
    limits::Limits,
    once::{Once, Turn},
};
pub(crate) use self::{
    answer::Problem,
    body::{Coding, receive_body},
};
use crate::{
    hub::{self, Hubs},
    outlet::Outlet,
    settings::ProducerSettings,
};

/// What all requests share.
pub(crate) struct Push {
    /// Only this machine reaches it: without a list of tokens it is open then, and closed otherwise.
    is_local: bool,
    settings: PushSettings,
    tokens: Tokens,
    limits: Limits,
    once: Once,
    acceptor: Acceptor,
}

impl Push {
    pub(crate) fn new(ctx: &RoleContext, settings: &ProducerSettings, outlet: Outlet, is_local: bool) -> Arc<Self> {
        Arc::new(Self {
            is_local,
            limits: Limits::new(&settings.push),
            once: Once::default(),
            acceptor: Acceptor::new(settings, outlet),
            tokens: Tokens::of(&ctx.common.data_dir),
            settings: settings.push.clone(),
        })
    }
}

/// Takes the address. Without tokens only this machine may reach it.
pub(crate) async fn bind(listen: &str, tokens: &Tokens) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("failed to listen on {listen} for articles: set producer.push.listen to a free address, such as 127.0.0.1:8620")
    })?;
    let address = listener.local_addr().context("failed to read the listening address")?;
    if !address.ip().is_loopback() && !tokens.exist()? {
        bail!(
            "producer.push.listen is {address}, which other machines reach, and there are no tokens: make one (faultline \
             tokens add NAME --scope push), or listen on 127.0.0.1"
        );
    }
    Ok(listener)
}

/// Serves until `ctx` says stop; requests in hand are answered first.
pub(crate) async fn serve(
    ctx: RoleContext,
    settings: Arc<ProducerSettings>,
    outlet: Outlet,
    hubs: Option<Arc<Hubs>>,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let address: SocketAddr = listener.local_addr().context("failed to read the listening address")?;
    let push = Push::new(&ctx, &settings, outlet, address.ip().is_loopback());
    tracing::info!(%address, "taking articles in at POST /v1/articles");
    let stop = ctx.stop.clone();
    let routes = match hubs {
        Some(hubs) => router(push).merge(hub::router(hubs)),
        None => router(push),
    };
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move { stop.wait().await })
        .await
        .context("failed to serve POST /v1/articles")
}

fn router(push: Arc<Push>) -> Router {
    Router::new()
        .route("/v1/articles", post(articles))
        .route("/v1/openapi.json", get(described))
        .fallback(|| async { Problem::not_found().into_response() })
        .method_not_allowed_fallback(|| async { Problem::wrong_method().into_response() })
        .with_state(push)
}

async fn described() -> Response {
    answer::json(StatusCode::OK, openapi::document())
}

async fn articles(State(push): State<Arc<Push>>, request: Request) -> Response {
    match push.take(request).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_response(),
    }
}

impl Push {
    async fn take(self: &Arc<Self>, request: Request) -> Result<Response, Problem> {
        let name = self.admit(request.headers())?;
        // Before the body is read, which may be large.
        self.limits.check_backlog(&self.acceptor)?;
        let (parts, body) = request.into_parts();
        let received = body::receive(body, &parts.headers, &self.settings).await?;
        let Some(key) = once::key_of(&parts.headers)? else {
            return self.publish(&name, received).await.map(Results::into_response);
        };
        match self.once.turn(&name, &key, received.fingerprint()) {
            Turn::Answered(answer) => Ok(answer.into_response()),
            Turn::Taken(problem) => Err(problem),
            Turn::Yours(turn) => {
                // On a task of its own, so that it goes on when the client goes away: the key then answers its next try.
                let (push, name) = (Arc::clone(self), Arc::clone(&name));
                let work = async move {
                    let results = push.publish(&name, received).await;
                    turn.end(results.as_ref().ok());
                    results
                };
                let results = tokio::spawn(work).await.map_err(|_| Problem::bug())??;
                Ok(results.into_response())
            }
        }
    }

    async fn publish(&self, name: &Arc<str>, received: Received) -> Result<Results, Problem> {
        let settings = self.settings.clone();
        let entries = spawn_blocking(move || received.entries(&settings)).await.map_err(|_| Problem::bug())??;
        self.limits.check_rate(name, entries.len())?;
        self.acceptor.accept(Arc::clone(name), entries).await
    }

    fn admit(&self, headers: &HeaderMap) -> Result<Arc<str>, Problem> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = given.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        match self.tokens.check(bearer, Scope::Push) {
            Ok(Access::Allowed(name)) => Ok(name),
            Ok(Access::Open) if self.is_local && host::is_local(headers) => Ok(Arc::from("local")),
            Ok(Access::Open) if self.is_local => Err(Problem::foreign_host()),
            Ok(Access::Open | Access::Unknown) => Err(Problem::unauthorized(given.is_some())),
            Ok(Access::Forbidden) => Err(Problem::forbidden(Scope::Push)),
            Err(error) => {
                tracing::error!(%error, "nobody may hand articles in");
                Err(Problem::no_tokens())
            }
        }
    }
}

#[cfg(test)]
mod tests;
