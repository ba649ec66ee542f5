//! The scheduler of a cluster: Ballista's, behind a gate, with a service for what clients ask besides running plans.

mod config;
mod control;
mod progress;
mod vcores;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_flight::flight_service_server::FlightServiceServer;
use ballista_core::extension::BallistaConfigGrpcEndpoint;
use ballista_core::flight_proxy_service::BallistaFlightProxyService;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::scheduler_process::create_scheduler;
use ballista_scheduler::scheduler_server::SchedulerServer;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use keyfold_cluster::gate::Gate;
use keyfold_cluster::session::LARGEST_MESSAGE;
use keyfold_cluster::tls::Transport;
use keyfold_cluster::wire::control_server::ControlServer;
use keyfold_cluster::{health, serve};
use keyfold_core::{Error, Result};
use tonic::service::Routes;

use control::Control;
use vcores::Executors;

pub(crate) type Server = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// How a scheduler is set up.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens for clients and executors.
    pub listen: SocketAddr,
    /// Where it reports its health.
    pub health: SocketAddr,
    /// The host under which executors reach it.
    pub advertise: String,
    /// How it talks to others.
    pub transport: Transport,
    /// How long an executor may be silent before it is presumed lost, and how long a cluster may be without any before
    /// its runs fail. In whole seconds.
    pub executor_timeout: Duration,
    /// How long runs that are under way may go on once the scheduler has been told to stop.
    pub stop_timeout: Duration,
}

/// Schedules until `stop` is done and the runs under way are.
pub async fn run(settings: Settings, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    let config = Arc::new(config::ballista(&settings)?);
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(Error::internal)?;
    let cluster = BallistaCluster::new(Arc::new(Executors::default()), cluster.job_state());
    let server: Server = create_scheduler(cluster, config).await.map_err(Error::internal)?;
    let gate = Gate::default();
    let (ready, ready_gate) = (server.clone(), gate.clone());
    let health = health::serve(
        settings.health,
        Arc::new(move || match (ready_gate.is_stopping(), ready.is_ready()) {
            (true, _) => Err("stopping"),
            (false, false) => Err("no executor has registered"),
            (false, true) => Ok(()),
        }),
    );
    let health = health.await?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let services = services(&settings, &server, &gate);
    let ended = async { drop(ended.await) };
    let mut serving = serve::serve(settings.listen, &settings.transport, gate.clone(), services, ended).await?;
    tracing::info!(listen = %settings.listen, tls = settings.transport.is_tls(), "the scheduler takes runs");
    tokio::select! {
        served = &mut serving => return served.map_err(Error::internal)?,
        () = stop => {}
    }
    gate.stop();
    finish(&server, &gate, settings.stop_timeout).await;
    drop(end);
    // Executors keep their connections open, so this does not end by itself.
    let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    health.abort();
    Ok(())
}

fn services(settings: &Settings, server: &Server, gate: &Gate) -> Routes {
    let scheduler = SchedulerGrpcServer::new(server.clone())
        .max_encoding_message_size(LARGEST_MESSAGE)
        .max_decoding_message_size(LARGEST_MESSAGE);
    let customize = Arc::new(BallistaConfigGrpcEndpoint::new(settings.transport.customize()));
    let results =
        BallistaFlightProxyService::new(LARGEST_MESSAGE, LARGEST_MESSAGE, settings.transport.is_tls(), Some(customize));
    let results = FlightServiceServer::new(results)
        .max_encoding_message_size(LARGEST_MESSAGE)
        .max_decoding_message_size(LARGEST_MESSAGE);
    let control = Control::new(server.clone(), settings.transport.clone(), gate.clone());
    Routes::new(scheduler).add_service(results).add_service(ControlServer::new(control))
}

/// A run whose client has not called for so long is over: its next plan or its fetching follows at once.
const QUIET: Duration = Duration::from_secs(2);

/// Waits for the runs under way.
async fn finish(server: &Server, gate: &Gate, patience: Duration) {
    let started = Instant::now();
    tracing::info!(plans = server.running_job_number(), "the scheduler stops and takes no new runs");
    while server.running_job_number() + server.pending_job_number() > 0 || gate.quiet() < QUIET {
        if started.elapsed() >= patience {
            tracing::warn!(plans = server.running_job_number(), "runs are still under way; they are lost");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
