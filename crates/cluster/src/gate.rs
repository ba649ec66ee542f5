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
        let submit = async || {
            let query = ExecuteQueryParams::default();
            SchedulerGrpcClient::new(channel.clone()).execute_query(query).await.expect_err("no scheduler").code()
        };
        assert_eq!(submit().await, Code::Unimplemented, "it passes the gate, and finds no scheduler behind it");
        gate.stop();
        assert_eq!(submit().await, Code::Unavailable);
        assert!(WorkerClient::new(channel.clone()).tasks(TasksRequest {}).await.is_ok());
    }
}
