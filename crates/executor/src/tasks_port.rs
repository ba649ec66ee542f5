//! The port that takes tasks, behind TLS.
//!
//! Ballista's own server for it speaks no TLS. Where TLS is used it listens on a loopback address only, and this server,
//! at the same port of the address seen from outside, hands on what comes from members of the cluster.

use ballista_core::serde::protobuf::executor_grpc_client::ExecutorGrpcClient;
use ballista_core::serde::protobuf::executor_grpc_server::{ExecutorGrpc, ExecutorGrpcServer};
use ballista_core::serde::protobuf::{
    CancelTasksParams, CancelTasksResult, LaunchMultiTaskParams, LaunchMultiTaskResult, LaunchTaskParams,
    LaunchTaskResult, RemoveJobDataParams, RemoveJobDataResult, StopExecutorParams, StopExecutorResult,
};
use keyfold_cluster::gate::Gate;
use keyfold_cluster::serve;
use keyfold_cluster::session::LARGEST_MESSAGE;
use keyfold_core::{Error, Result};
use std::net::{IpAddr, SocketAddr};
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::Settings;

/// Where Ballista listens: with TLS on a loopback address that is not the one seen from outside.
pub(crate) fn inner_host(settings: &Settings) -> String {
    let outer = settings.listen.ip();
    if !settings.transport.is_tls() {
        outer.to_string()
    } else if outer == IpAddr::from([127, 0, 0, 1]) {
        "127.0.0.2".into()
    } else {
        "127.0.0.1".into()
    }
}

/// Serves the port through TLS, if TLS is used; until the process ends.
pub(crate) async fn serve(settings: &Settings) -> Result<Option<JoinHandle<Result<()>>>> {
    if !settings.transport.is_tls() {
        return Ok(None);
    }
    let inner = Endpoint::from_shared(format!("http://{}:{}", inner_host(settings), settings.task_port));
    let client = ExecutorGrpcClient::new(inner.map_err(Error::internal)?.connect_lazy())
        .max_encoding_message_size(LARGEST_MESSAGE)
        .max_decoding_message_size(LARGEST_MESSAGE);
    let server = ExecutorGrpcServer::new(Forward { client })
        .max_encoding_message_size(LARGEST_MESSAGE)
        .max_decoding_message_size(LARGEST_MESSAGE);
    let address = SocketAddr::new(settings.listen.ip(), settings.task_port);
    let never = std::future::pending();
    serve::serve(address, &settings.transport, Gate::default(), Routes::new(server), never).await.map(Some)
}

struct Forward {
    client: ExecutorGrpcClient<Channel>,
}

/// Calls are handed on as they are, and so are their answers.
macro_rules! forward {
    ($($call:ident($request:ty) -> $answer:ty;)*) => {
        #[tonic::async_trait]
        impl ExecutorGrpc for Forward {
            $(async fn $call(&self, request: Request<$request>) -> std::result::Result<Response<$answer>, Status> {
                self.client.clone().$call(request.into_inner()).await
            })*
        }
    };
}

forward! {
    launch_task(LaunchTaskParams) -> LaunchTaskResult;
    launch_multi_task(LaunchMultiTaskParams) -> LaunchMultiTaskResult;
    stop_executor(StopExecutorParams) -> StopExecutorResult;
    cancel_tasks(CancelTasksParams) -> CancelTasksResult;
    remove_job_data(RemoveJobDataParams) -> RemoveJobDataResult;
}
