//! `/healthz`: the process is alive. `/readyz`: it can work. On a port of their own, since probes show no certificate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::tls::chain;

/// How long a process may take to answer: one that is alive answers at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// Answers are one line.
const LONGEST_ANSWER: usize = 64 << 10;

/// What can be asked.
#[derive(Debug, Clone, Copy)]
pub enum Question {
    /// Whether the process is alive.
    Alive,
    /// Whether it can work.
    Ready,
}

impl Question {
    fn path(self) -> &'static str {
        match self {
            Self::Alive => "/healthz",
            Self::Ready => "/readyz",
        }
    }
}

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
    let routes = Router::new()
        .route(Question::Alive.path(), get(|| async { "alive\n" }))
        .route(Question::Ready.path(), get(readiness));
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!("health is not served any more: {error}");
        }
    }))
}

/// What the process whose health is served at the address says. That it is not alive, or cannot work, is an error of
/// kind `Unavailable`.
pub async fn ask(address: SocketAddr, question: Question) -> Result<String> {
    let unavailable = |message: String| {
        let problem = Problem::new(message);
        Error::new(ErrorKind::Unavailable, problem.help("`health_port` must be that of the scheduler or executor"))
    };
    let uri: Uri = format!("http://{address}{}", question.path()).parse().map_err(Error::internal)?;
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let answered = async {
        let (head, body) = client.get(uri.clone()).await.map_err(axum::Error::new)?.into_parts();
        Ok::<_, axum::Error>((head.status, to_bytes(Body::new(body), LONGEST_ANSWER).await?))
    };
    let (status, body) = timeout(PATIENCE, answered)
        .await
        .map_err(|_| unavailable(format!("{uri} does not answer within {} s", PATIENCE.as_secs())))?
        .map_err(|error| unavailable(format!("{uri} does not answer: {}", chain(&error))))?;
    let answer = String::from_utf8_lossy(&body).trim().to_owned();
    match status {
        StatusCode::OK => Ok(answer),
        StatusCode::SERVICE_UNAVAILABLE => {
            Err(Error::new(ErrorKind::Unavailable, format!("{uri}: not ready: {answer}")))
        }
        other => Err(unavailable(format!("{uri} is neither a scheduler nor an executor: it answers {other}"))),
    }
}

/// A port that is taken, or an address that is not this machine's.
pub fn cannot_listen(address: SocketAddr, error: &std::io::Error, setting: &str) -> Error {
    let problem = Problem::new(format!("{address} cannot be listened on: {error}"));
    Error::new(ErrorKind::Usage, problem.help(format!("choose another address or port with the setting `{setting}`")))
}
