//! Runs plans on a cluster.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ballista_core::serde::protobuf::job_status::Status;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::SessionConfig;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::future::try_join_all;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use keyfold_engine::error::classify;
use keyfold_engine::runner::{Progress, Runner, Spread};
use keyfold_engine::storage::preflight::Reach;
use prost::Message;
use tokio::sync::watch;

use crate::client::Cluster;
use crate::failure::{self, Failure};
use crate::watchdog::Watchdog;
use crate::wire::{ProbeRequest, StatusReply, Work};
use crate::{constants, joins, session};

/// How soon a plan is asked after first, and how often at last.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_millis(50);
/// How often a plan is started after results were lost with executors, the first time included.
const ATTEMPTS: usize = 6;
/// How often a run's progress is asked for: this asks every executor.
const PROGRESS: Duration = Duration::from_millis(500);

/// Runs the plans of one run on a cluster.
pub struct ClusterRunner {
    cluster: Cluster,
    run: String,
    job: String,
    vcores: usize,
    /// The scheduler process that knows the run.
    instance: String,
    /// Plans that are under way.
    active: Arc<Mutex<HashSet<String>>>,
}

impl ClusterRunner {
    /// A runner for a run, once the cluster has an executor.
    pub async fn begin(cluster: Cluster, run: &str, job: &str) -> Result<Self> {
        let status = with_executors(&cluster, || cluster.status(Some(run))).await?;
        let vcores = status.executors.iter().map(|executor| executor.vcores).sum();
        tracing::info!(executors = status.executors.len(), vcores, cluster = %cluster.address, "runs on a cluster");
        let (run, job, instance) = (run.to_owned(), job.to_owned(), status.instance);
        Ok(Self { cluster, run, job, vcores, instance, active: Arc::default() })
    }

    /// Runs a plan once.
    async fn attempt(&self, plan: Vec<u8>, progress: &watch::Sender<Progress>) -> Result<Vec<RecordBatch>, Failure> {
        self.status().await?;
        let session = uuid::Uuid::new_v4().to_string();
        let id = self.cluster.submit(&session, (&self.run, &self.job), self.vcores, plan).await?;
        let underway = Underway::new(self, id.clone());
        let rows = self.finish(&id, progress).await;
        if rows.is_ok() {
            underway.end();
            self.cluster.clean(&id).await;
        }
        self.cluster.end_session(&session).await;
        rows
    }

    /// Waits for the end of a plan and gives its rows.
    async fn finish(&self, id: &str, progress: &watch::Sender<Progress>) -> Result<Vec<RecordBatch>, Failure> {
        let mut look = FIRST_LOOK;
        let mut watchdog = Watchdog::new(self.cluster.patience.stall);
        let mut asked = Instant::now();
        loop {
            tokio::time::sleep(look).await;
            look = (look * 2).min(LAST_LOOK);
            match self.patiently(|| self.cluster.state(id)).await? {
                Some(Status::Successful(done)) => {
                    let parts = done.partition_location.into_iter().map(|location| self.cluster.fetch(location));
                    return Ok(try_join_all(parts).await?.concat());
                }
                Some(Status::Failed(failed)) => return Err(failure::recover(&failed.error)),
                Some(Status::Queued(_) | Status::Running(_)) => {}
                // Not known yet, or not any more.
                None => drop(self.status().await?),
            }
            if asked.elapsed() >= PROGRESS {
                asked = Instant::now();
                let status = self.status().await?;
                // One that was handed over a moment ago may not be listed yet.
                let work = status.jobs.iter().find(|job| job.id == id).map(|job| job.work).unwrap_or_default();
                progress.send_replace(as_progress(work, status.executors.len()));
                watchdog.look(work, &status)?;
            }
        }
    }

    /// The state of the run, as long as it is one.
    async fn status(&self) -> Result<StatusReply> {
        let status = self.patiently(|| self.cluster.status(Some(&self.run))).await?;
        match (status.instance == self.instance, status.cancelled) {
            (true, false) => Ok(status),
            (true, true) => Err(Error::new(ErrorKind::Interrupted, "the run was cancelled")),
            (false, _) => Err(self.lost()),
        }
    }

    fn lost(&self) -> Error {
        let message = format!("the scheduler at {} was restarted and has lost the run", self.cluster.address);
        Error::new(ErrorKind::Unavailable, Problem::new(message).help("run again"))
    }

    /// Asks again for as long as patience says, where nobody answers.
    async fn patiently<T, F: Future<Output = Result<T>>>(&self, ask: impl Fn() -> F) -> Result<T> {
        let started = Instant::now();
        loop {
            match ask().await {
                Err(error)
                    if error.kind() == ErrorKind::Unavailable && started.elapsed() < self.cluster.patience.connect =>
                {
                    tracing::debug!("{error}");
                    tokio::time::sleep(LAST_LOOK).await;
                }
                answer => return answer,
            }
        }
    }
}

#[async_trait]
impl Runner for ClusterRunner {
    fn config(&self) -> SessionConfig {
        session::config(&self.cluster.transport).with_target_partitions(self.vcores.max(1))
    }

    fn retries(&self) -> bool {
        true
    }

    async fn check_reach(&self, reach: &Reach) -> Result<()> {
        let problems = self.cluster.probe(ProbeRequest { reach: reach.clone() }).await?;
        if problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Usage, problems)) }
    }

    async fn cancel(&self) {
        let active: Vec<_> = self.active.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        for id in active {
            self.cluster.cancel(&id).await;
        }
    }

    async fn run(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: Arc<TaskContext>,
        progress: watch::Sender<Progress>,
    ) -> Result<Vec<RecordBatch>> {
        let bytes = encoded(plan)?;
        let mut attempt = 1;
        loop {
            match self.attempt(bytes.clone(), &progress).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Lost(error)) if attempt < ATTEMPTS => {
                    tracing::warn!(attempt, "{error}; the plan is started again");
                    with_executors(&self.cluster, || self.status()).await?;
                    attempt += 1;
                }
                Err(Failure::Lost(error) | Failure::Final(error)) => return Err(error),
            }
        }
    }
}

/// The status once there is an executor: one is waited for as long as patience says.
async fn with_executors<F: Future<Output = Result<StatusReply>>>(
    cluster: &Cluster,
    status: impl Fn() -> F,
) -> Result<StatusReply> {
    let started = Instant::now();
    loop {
        let status = status().await?;
        if !status.executors.is_empty() {
            return Ok(status);
        }
        if started.elapsed() >= cluster.patience.connect {
            return Err(no_executors(cluster));
        }
        tokio::time::sleep(LAST_LOOK).await;
    }
}

fn no_executors(cluster: &Cluster) -> Error {
    let problem = Problem::new(format!("no executor has registered with the scheduler at {}", cluster.address));
    Error::new(ErrorKind::Unavailable, problem.help("start some with `keyfold executor`"))
}

/// The plan as it is sent.
fn encoded(plan: Arc<dyn ExecutionPlan>) -> Result<Vec<u8>> {
    let node = joins::gathered(gathered(plan))
        .and_then(constants::in_memory)
        .and_then(|plan| PhysicalPlanNode::try_from_physical_plan(plan, session::codec().as_ref()));
    let bytes = node.map_err(|error| classify(&error))?.encode_to_vec();
    // Protocol Buffers are written to any depth, and read to a certain one only.
    PhysicalPlanNode::decode(bytes.as_slice()).map_err(|_| {
        let problem = Problem::new("expressions or subqueries are nested too deep to be sent to a cluster");
        Error::new(
            ErrorKind::Query,
            problem.help("give the inner ones a name in WITH, or run the job without a cluster"),
        )
    })?;
    Ok(bytes)
}

/// One last task gathers the rows of all others. It runs once they are done: of tasks that were done twice, it reads one.
fn gathered(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    match plan.output_partitioning().partition_count() {
        1 => plan,
        _ => Arc::new(CoalescePartitionsExec::new(plan)),
    }
}

/// A plan under way: cancelled when it is dropped before its end.
struct Underway {
    cluster: Cluster,
    id: String,
    active: Arc<Mutex<HashSet<String>>>,
}

impl Underway {
    fn new(runner: &ClusterRunner, id: String) -> Self {
        runner.active.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        Self { cluster: runner.cluster.clone(), id, active: runner.active.clone() }
    }

    /// The plan is done.
    fn end(&self) {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        if active && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (cluster, id) = (self.cluster.clone(), self.id.clone());
            runtime.spawn(async move { cluster.cancel(&id).await });
        }
    }
}

fn as_progress(work: Work, executors: usize) -> Progress {
    let Work { stages_done, stages, tasks_done, tasks, counted, .. } = work;
    let spread = Spread { stages_done, stages, tasks_done, tasks, executors };
    Progress { counted, spread: Some(spread) }
}
