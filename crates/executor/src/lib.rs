//! An executor of a cluster: Ballista's, with keyfold's operators, stores and errors.

mod config;
mod connections;
mod engine;
mod services;
mod tasks_port;
mod work_dir;
mod worker;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ballista_core::error::BallistaError;
use ballista_executor::executor_process::start_executor_process;
use ballista_executor::executor_server::TERMINATING;
use ballista_executor::health::ExecutorHealth;
use keyfold_cluster::tls::Transport;
use keyfold_cluster::{Address, Cluster, Patience, health};
use keyfold_core::{Error, ErrorKind, Problem, Result};
use keyfold_engine::storage::stores::Stores;

use work_dir::WorkDir;
use worker::Tasks;

/// How an executor is set up.
#[derive(Clone)]
pub struct Settings {
    /// Where its scheduler is.
    pub scheduler: Address,
    /// Where it serves its results to other executors.
    pub listen: SocketAddr,
    /// The port, at the same address, where it takes tasks.
    pub task_port: u16,
    /// Where it reports its health.
    pub health: SocketAddr,
    /// The host under which scheduler and other executors reach it.
    pub advertise: String,
    /// How it talks to others.
    pub transport: Transport,
    /// Tasks that it runs at the same time.
    pub vcores: usize,
    /// Bytes that all its tasks together may hold before they spill.
    pub memory_limit: usize,
    /// Where it keeps intermediate results and what it spills.
    pub work_dir: PathBuf,
    /// The stores of the process.
    pub stores: Arc<Stores>,
    /// How often it reports to the scheduler that it is alive. In whole seconds.
    pub heartbeat: Duration,
    /// How long a scheduler that does not answer is waited for.
    pub connect_timeout: Duration,
    /// How long tasks under way may go on once the executor has been told to stop.
    pub stop_timeout: Duration,
}

/// Runs tasks until `stop` is done and the tasks under way are, or until the scheduler is gone for good.
pub async fn run(settings: Settings, stop: impl Future<Output = ()>) -> Result<()> {
    let work_dir = WorkDir::take(&settings.work_dir)?;
    let tasks = Tasks::default();
    let state = ExecutorHealth::new();
    let ready = state.clone();
    health::serve(
        settings.health,
        Arc::new(move || match (TERMINATING.load(Ordering::Acquire), ready.is_ready()) {
            (true, _) => Err("stopping"),
            (false, false) => Err("the scheduler has not answered"),
            (false, true) => Ok(()),
        }),
    )
    .await?;
    await_scheduler(&settings).await?;
    let config = config::ballista(&settings, &work_dir, state, &tasks)?;
    let _front = tasks_port::serve(&settings).await?;
    let process = start_executor_process(Arc::new(config));
    tokio::pin!(process);
    let ended = tokio::select! {
        ended = &mut process => ended,
        () = stop => {
            tracing::info!("the executor stops: it takes no new tasks and finishes those under way");
            match tokio::time::timeout(settings.stop_timeout, process).await {
                Ok(ended) => {
                    tracing::info!("the executor has stopped");
                    return ended.map_err(|error| failed(&settings, error));
                }
                Err(_) => {
                    tracing::warn!("tasks are still under way; others will do them again");
                    return Ok(());
                }
            }
        }
    };
    ended.map_err(|error| failed(&settings, error))?;
    let message = format!("the scheduler at {} is gone, or considers this executor lost", settings.scheduler);
    Err(Error::new(ErrorKind::Unavailable, Problem::new(message).help("start the executor again")))
}

/// Waits for a scheduler that answers, and is of this version. Ballista's own wait has no end.
async fn await_scheduler(settings: &Settings) -> Result<()> {
    let patience = Patience { connect: settings.connect_timeout, stall: settings.connect_timeout };
    let cluster = Cluster::connect(settings.scheduler.clone(), settings.transport.clone(), patience).await?;
    cluster.status(None).await.map(drop)
}

fn failed(settings: &Settings, error: BallistaError) -> Error {
    let BallistaError::GrpcError(status) = &error else {
        return Error::new(ErrorKind::Unavailable, format!("the executor ends: {error}"));
    };
    let problem =
        Problem::new(format!("the scheduler at {} refuses this executor: {}", settings.scheduler, status.message()));
    let help = "the scheduler must reach the executor under its --advertise name and its ports";
    Error::new(ErrorKind::Unavailable, problem.help(help))
}
