//! `/healthz`: the process is alive. `/readyz`: it can work. On a port of their own, since probes show no certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Why a process is not ready; nothing if it is.
pub type Ready = Arc<dyn Fn() -> std::result::Result<(), &'static str> + Send + Sync>;

/// Serves both, until the task is dropped with its process.
pub async fn serve(address: SocketAddr, ready: Ready) -> Result<JoinHandle<()>> {
    let listener = TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error, "health_port"))?;
    let readiness = move || {
        let answer = match ready() {
            Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
            Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        };
        std::future::ready(answer)
    };
    let routes = Router::new().route("/healthz", get(|| async { "alive\n" })).route("/readyz", get(readiness));
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!("health is not served any more: {error}");
        }
    }))
}

/// A port that is taken, or an address that is not this machine's.
pub fn cannot_listen(address: SocketAddr, error: &std::io::Error, setting: &str) -> Error {
    let problem = Problem::new(format!("{address} cannot be listened on: {error}"));
    Error::new(ErrorKind::Usage, problem.help(format!("choose another address or port with the setting `{setting}`")))
}
