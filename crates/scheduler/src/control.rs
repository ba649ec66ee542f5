//! What clients ask besides running plans: the state of runs and executors, the end of a run, what can be reached.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ballista_core::serde::protobuf::job_status;
use ballista_core::serde::scheduler::ExecutorMetadata;
use futures::future::join_all;
use keyfold_cluster::gate::Gate;
use keyfold_cluster::tls::Transport;
use keyfold_cluster::wire::control_server;
use keyfold_cluster::wire::worker_client::WorkerClient;
use keyfold_cluster::wire::{
    CancelReply, CancelRequest, ExecutorState, JobState, ProbeReply, ProbeRequest, StatusReply, StatusRequest,
    TasksReply, TasksRequest,
};
use keyfold_core::Problem;
use keyfold_engine::runner::Counted;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::Server;
use crate::progress;

/// How long an executor may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How long it may take to look at tables and output.
const PROBE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(crate) struct Control {
    server: Server,
    transport: Transport,
    gate: Gate,
    instance: String,
    /// Runs that were cancelled, the last ones: one may be between two plans, and must not submit another.
    cancelled: Arc<Mutex<VecDeque<String>>>,
}

/// Cancelled runs that are remembered.
const REMEMBERED: usize = 1000;

impl Control {
    pub(crate) fn new(server: Server, transport: Transport, gate: Gate) -> Self {
        Self { server, transport, gate, instance: uuid::Uuid::new_v4().to_string(), cancelled: Arc::default() }
    }

    /// The executors that were heard of not long ago.
    async fn executors(&self) -> Result<Vec<ExecutorMetadata>, Status> {
        let known = self.server.state.executor_manager.get_executors_state().await.map_err(internal)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let silence = Duration::from_secs(self.server.state.config.executor_timeout_seconds);
        let alive = |heard: &Option<Duration>| heard.is_some_and(|heard| now.saturating_sub(heard) < silence);
        Ok(known.into_iter().filter(|(_, heard, _)| alive(heard)).map(|(executor, ..)| executor).collect())
    }

    async fn worker(&self, executor: &ExecutorMetadata) -> Result<WorkerClient<Channel>, Status> {
        let endpoint = self.transport.endpoint(&executor.host, executor.port).map_err(internal)?;
        Ok(WorkerClient::new(endpoint.connect().await.map_err(internal)?))
    }

    /// What the tasks under way have counted. An executor that does not answer counts nothing.
    async fn counted(&self, executors: &[ExecutorMetadata]) -> Vec<(String, Counted)> {
        let ask = async |executor: &ExecutorMetadata| {
            let answer = async { self.worker(executor).await?.tasks(TasksRequest {}).await };
            match tokio::time::timeout(ANSWER, answer).await {
                Ok(Ok(reply)) => reply.into_inner(),
                _ => TasksReply { counted: Vec::new() },
            }
        };
        join_all(executors.iter().map(ask)).await.into_iter().flat_map(|reply| reply.counted).collect()
    }

    /// The plans of all runs, but for what executors have counted.
    async fn jobs(&self) -> Result<Vec<JobState>, Status> {
        let tasks = &self.server.state.task_manager;
        let mut jobs = Vec::new();
        for job in tasks.get_all_jobs().await.map_err(internal)? {
            let (owner, name) = job.job_name.split_once('/').unwrap_or((&job.job_name, ""));
            let state = match &job.status.status {
                Some(job_status::Status::Running(_)) => "running",
                Some(job_status::Status::Successful(_)) => "done",
                Some(job_status::Status::Failed(_)) => "failed",
                Some(job_status::Status::Queued(_)) | None => "queued",
            };
            jobs.push(JobState {
                id: job.job_id.to_string(),
                run: owner.to_owned(),
                job: name.to_owned(),
                state: state.to_owned(),
                started: job.start_time,
                work: progress::finished(job.completed_stages, job.num_stages),
            });
        }
        let running = tasks.get_running_job_cache();
        for (id, cached) in running.iter() {
            if let Some(job) = jobs.iter_mut().find(|job| job.id == id.as_str()) {
                job.work = progress::of(cached.execution_graph.read().await.as_ref());
            }
        }
        jobs.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
        Ok(jobs)
    }
}

#[tonic::async_trait]
impl control_server::Control for Control {
    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusReply>, Status> {
        let run = request.into_inner().run;
        let executors = self.executors().await?;
        let mut jobs = self.jobs().await?;
        if jobs.iter().any(|job| job.state == "running") {
            for (id, counted) in self.counted(&executors).await {
                if let Some(job) = jobs.iter_mut().find(|job| job.id == id) {
                    job.work.counted += counted;
                }
            }
        }
        let pulse = progress::pulse(jobs.iter());
        jobs.retain(|job| run.as_ref().is_none_or(|run| *run == job.run));
        let executors = executors.into_iter().map(|executor| ExecutorState {
            address: format!("{}:{}", executor.host, executor.port),
            vcores: executor.specification.vcores as usize,
            id: executor.id,
        });
        let mut executors: Vec<_> = executors.collect();
        executors.sort_by(|a, b| a.address.cmp(&b.address));
        let cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        let cancelled = run.is_some_and(|run| cancelled.contains(&run));
        let (instance, stopping) = (self.instance.clone(), self.gate.is_stopping());
        Ok(Response::new(StatusReply { instance, stopping, pulse, cancelled, executors, jobs }))
    }

    async fn cancel(&self, request: Request<CancelRequest>) -> Result<Response<CancelReply>, Status> {
        let run = request.into_inner().run;
        let mut jobs = self.jobs().await?;
        jobs.retain(|job| job.run == run);
        {
            let mut cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
            cancelled.push_back(run);
            let surplus = cancelled.len().saturating_sub(REMEMBERED);
            cancelled.drain(..surplus);
        }
        let mut cancelled = 0;
        for job in jobs.into_iter().filter(|job| matches!(job.state.as_str(), "queued" | "running")) {
            self.server.cancel_job(job.id.into()).await.map_err(internal)?;
            cancelled += 1;
        }
        Ok(Response::new(CancelReply { cancelled }))
    }

    async fn probe(&self, request: Request<ProbeRequest>) -> Result<Response<ProbeReply>, Status> {
        let request = request.into_inner();
        let executors = self.executors().await?;
        let ask = async |executor: &ExecutorMetadata| {
            let name = format!("executor {}:{}", executor.host, executor.port);
            let answer = async { self.worker(executor).await?.probe(request.clone()).await };
            let problems = match tokio::time::timeout(PROBE, answer).await {
                Ok(Ok(reply)) => reply.into_inner().problems,
                // It may be lost; the run does not depend on any single executor.
                Ok(Err(status)) => {
                    tracing::warn!("{name} does not answer: {}", status.message());
                    Vec::new()
                }
                Err(_) => vec![Problem::new(format!("tables and output did not answer within {} s", PROBE.as_secs()))],
            };
            let named = problems
                .into_iter()
                .map(|problem| Problem { message: format!("{name}: {}", problem.message), ..problem });
            named.collect::<Vec<_>>()
        };
        let problems = join_all(executors.iter().map(ask)).await.into_iter().flatten().collect();
        Ok(Response::new(ProbeReply { problems }))
    }
}

fn internal(error: impl std::fmt::Display) -> Status {
    Status::internal(error.to_string())
}
