//! The admin port: `/metrics`, `/health/live` and `/health/ready`.

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{Registry, TextEncoder};
use serde::Serialize;
use tokio::net::TcpListener;
use tracing::info;

use crate::{Stop, health::Health};

#[derive(Clone)]
struct Admin {
    registry: Registry,
    health: Health,
}

/// Serves metrics and health on `listen` (`host:port`) until `stop` is requested.
///
/// # Errors
/// When the address is not one, or is taken.
pub async fn serve(listen: &str, registry: Registry, health: Health, stop: Stop) -> anyhow::Result<()> {
    let listener = bind(listen).await?;
    info!(address = %listener.local_addr()?, "serving /metrics, /health/live and /health/ready");
    axum::serve(listener, router(registry, health))
        .with_graceful_shutdown(async move { stop.wait().await })
        .await
        .with_context(|| format!("failed to serve metrics and health on {listen}"))
}

async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        let what_to_do = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "it is in use, perhaps by another faultline: set admin.listen to a free port"
            }
            std::io::ErrorKind::PermissionDenied => "ports below 1024 need rights: set admin.listen to another port",
            _ => "set admin.listen to an address of this machine and a port, such as 127.0.0.1:9464",
        };
        anyhow::anyhow!("failed to listen on {listen} for metrics and health ({error}): {what_to_do}")
    })
}

fn router(registry: Registry, health: Health) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(Admin { registry, health })
}

async fn metrics(State(admin): State<Admin>) -> Response {
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("failed to write metrics: {error}\n")).into_response()
        }
    }
}

async fn live(State(admin): State<Admin>) -> Response {
    let liveness = admin.health.live();
    json(liveness.live, &liveness)
}

async fn ready(State(admin): State<Admin>) -> Response {
    let readiness = admin.health.ready();
    json(readiness.ready, &readiness)
}

fn json(well: bool, body: &impl Serialize) -> Response {
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(body).unwrap_or_default() + "\n";
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;
    use crate::metrics::RoleMetrics;

    async fn get(address: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn health_answers_503_naming_what_is_awaited_or_stuck_and_200_once_it_is_well() {
        let (registry, health, stop) = (Registry::new(), Health::new(), Stop::new());
        RoleMetrics::new("sink", &registry).unwrap().messages_in.inc();
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
        let server = tokio::spawn({
            let (free, health, stop) = (free.clone(), health.clone(), stop.clone());
            async move { serve(&free, registry, health, stop).await }
        });
        while TcpStream::connect(&free).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let latch = health.latch("database");
        let stuck = health.progress("polling", Duration::ZERO);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let ready = get(&free, "/health/ready").await;
        assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("\"awaited\":[\"database\"]"), "{ready}");
        let live = get(&free, "/health/live").await;
        assert!(live.starts_with("HTTP/1.1 503") && live.contains("\"name\":\"polling\""), "{live}");
        drop((latch, stuck));
        for path in ["/health/ready", "/health/live", "/metrics"] {
            let answer = get(&free, path).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
        assert!(get(&free, "/metrics").await.contains("faultline_sink_messages_in_total 1"));
        stop.request();
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_port_in_use_names_address_and_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = serve(&address, Registry::new(), Health::new(), Stop::new()).await.unwrap_err().to_string();
        for part in [&*address, "in use", "admin.listen"] {
            assert!(error.contains(part), "{part} is missing from {error}");
        }
    }
}
