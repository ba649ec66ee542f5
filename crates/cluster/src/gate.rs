//! What every request to a scheduler or an executor must pass: the caller's version, and whether new runs are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::middleware::Next;
use axum::response::Response;
use keyfold_engine::codec::VERSION;
use tonic::Status;

/// Ballista's calls that begin a run.
const SUBMISSIONS: [&str; 2] =
    ["/ballista.protobuf.SchedulerGrpc/ExecuteQuery", "/ballista.protobuf.SchedulerGrpc/ExecuteQueryPush"];

/// Shared by a server's requests.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    stopping: Arc<AtomicBool>,
}

impl Gate {
    /// From now on no run is begun.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether no run is begun any more.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Lets a request pass, or answers it with the reason why not.
pub async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    // tonic adds itself behind a space.
    let agent = agent.split(' ').next().unwrap_or_default();
    match agent.strip_prefix("keyfold/") {
        Some(VERSION) => {}
        Some(other) => {
            let text = format!(
                "this is keyfold {VERSION}, and the caller is keyfold {other}: run client, scheduler and executors of the same version"
            );
            return Status::failed_precondition(text).into_http();
        }
        None => {
            return Status::failed_precondition(format!("this is keyfold {VERSION}, and the caller is not"))
                .into_http();
        }
    }
    if gate.is_stopping() && SUBMISSIONS.contains(&request.uri().path()) {
        return Status::unavailable("this scheduler is stopping and takes no new runs").into_http();
    }
    next.run(request).await
}
