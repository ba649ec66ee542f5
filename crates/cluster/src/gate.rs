//! What every request to a scheduler or an executor must pass: the caller's version, and whether new runs are taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::middleware::Next;
use axum::response::Response;
use keyfold_engine::codec::VERSION;
use tonic::Status;

/// Ballista's calls that hand over a plan.
const SUBMISSION: &str = "/ballista.protobuf.SchedulerGrpc/ExecuteQuery";
/// What clients call while a run is under way, and executors do not.
const CLIENTS: [&str; 5] = [
    SUBMISSION,
    "/ballista.protobuf.SchedulerGrpc/GetJobStatus",
    "/ballista.protobuf.SchedulerGrpc/CleanJobData",
    "/ballista.protobuf.SchedulerGrpc/RemoveSession",
    "/arrow.flight.protocol.FlightService/",
];

/// The request header that names the run a plan belongs to.
pub const RUN_HEADER: &str = "keyfold-run";
/// Runs that are remembered: one whose first plan was taken may submit its others while the scheduler stops.
const REMEMBERED: usize = 1000;

/// Shared by a server's requests.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Mutex<Calls>>);

#[derive(Debug)]
struct Calls {
    stopping: bool,
    runs: VecDeque<String>,
    last_call: Instant,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Calls { stopping: false, runs: VecDeque::new(), last_call: Instant::now() })))
    }
}

impl Gate {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on no run is begun.
    pub fn stop(&self) {
        self.calls().stopping = true;
    }

    /// Whether no run is begun any more.
    pub fn is_stopping(&self) -> bool {
        self.calls().stopping
    }

    /// How long no client has asked for a plan or a result.
    pub fn quiet(&self) -> Duration {
        self.calls().last_call.elapsed()
    }

    /// Whether a plan of this run is taken.
    fn takes(&self, run: &str) -> bool {
        let mut calls = self.calls();
        let known = calls.runs.iter().any(|known| known == run);
        if !known && !calls.stopping {
            calls.runs.push_back(run.to_owned());
            let surplus = calls.runs.len().saturating_sub(REMEMBERED);
            calls.runs.drain(..surplus);
        }
        known || !calls.stopping
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
    let path = request.uri().path();
    if CLIENTS.iter().any(|prefix| path.starts_with(prefix)) {
        gate.calls().last_call = Instant::now();
    }
    if path.starts_with(SUBMISSION) {
        let run = request.headers().get(RUN_HEADER).and_then(|run| run.to_str().ok()).unwrap_or_default();
        if !gate.takes(run) {
            return Status::unavailable("this scheduler is stopping and takes no new runs").into_http();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use ballista_core::serde::protobuf::ExecuteQueryParams;
    use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
    use tonic::service::Routes;
    use tonic::transport::{Channel, Endpoint};
    use tonic::{Code, Request, Response};

    use super::*;
    use crate::serve::serve;
    use crate::tls::Transport;
    use crate::wire::worker_client::WorkerClient;
    use crate::wire::worker_server::{Worker, WorkerServer};
    use crate::wire::{ProbeReply, ProbeRequest, TasksReply, TasksRequest};

    struct Idle;

    #[tonic::async_trait]
    impl Worker for Idle {
        async fn tasks(&self, _: Request<TasksRequest>) -> Result<Response<TasksReply>, Status> {
            Ok(Response::new(TasksReply { counted: Vec::new() }))
        }

        async fn probe(&self, _: Request<ProbeRequest>) -> Result<Response<ProbeReply>, Status> {
            Err(Status::unimplemented("probe"))
        }
    }

    async fn server(gate: Gate) -> SocketAddr {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let transport = Transport::read(None).expect("no TLS");
        let routes = Routes::new(WorkerServer::new(Idle));
        serve(address, &transport, gate, routes, std::future::pending()).await.expect("a server");
        address
    }

    async fn caller(address: SocketAddr, agent: &str) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        endpoint.user_agent(agent.to_owned()).expect("an agent").connect().await.expect("a connection")
    }

    #[tokio::test]
    async fn another_version_is_refused_by_name() {
        let address = server(Gate::default()).await;
        let ask = async |agent: &str| WorkerClient::new(caller(address, agent).await).tasks(TasksRequest {}).await;
        assert!(ask(&format!("keyfold/{VERSION}")).await.is_ok());
        let other = ask("keyfold/9.9.9").await.expect_err("another version");
        assert_eq!(other.code(), Code::FailedPrecondition);
        assert!(other.message().contains("9.9.9") && other.message().contains(VERSION), "{other}");
        assert_eq!(ask("something/1").await.expect_err("another program").code(), Code::FailedPrecondition);
    }

    #[tokio::test]
    async fn a_server_that_stops_takes_no_new_runs_and_answers_everything_else() {
        let gate = Gate::default();
        let address = server(gate.clone()).await;
        let channel = caller(address, &format!("keyfold/{VERSION}")).await;
        let submit = async |run: &str| {
            let mut query = Request::new(ExecuteQueryParams::default());
            query.metadata_mut().insert(RUN_HEADER, run.parse().expect("a header"));
            SchedulerGrpcClient::new(channel.clone()).execute_query(query).await.expect_err("no scheduler").code()
        };
        assert_eq!(submit("first").await, Code::Unimplemented, "it passes the gate, and finds no scheduler behind it");
        gate.stop();
        assert_eq!(submit("second").await, Code::Unavailable);
        assert_eq!(submit("first").await, Code::Unimplemented, "a run under way has more than one plan");
        assert!(WorkerClient::new(channel.clone()).tasks(TasksRequest {}).await.is_ok());
    }
}
