//! Runs tasks: Ballista's engine, with its tasks in sight, their errors made to travel, and the run on every log line.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::config::BALLISTA_JOB_NAME;
use ballista_core::serde::protobuf::{RuntimeStatsReport, ShuffleWritePartition, TaskColumnStats, WindowStateReport};
use ballista_executor::execution_engine::{ExecutionEngine, QueryStageExecutor};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::prelude::SessionConfig;
use keyfold_cluster::failure::{self, carry};
use keyfold_engine::runner::{Counted, number_partitions};
use tracing::Instrument;

use crate::worker::{Task, Tasks};

pub(crate) struct Engine<E> {
    /// What runs tasks.
    pub(crate) inner: E,
    /// Those under way.
    pub(crate) tasks: Tasks,
    /// This executor's host and port, for messages.
    pub(crate) executor: Arc<str>,
}

impl<E: ExecutionEngine> ExecutionEngine for Engine<E> {
    fn create_query_stage_exec(
        &self,
        job: JobId,
        stage: usize,
        task: usize,
        partitions: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        let settings = config.options().entries();
        let name = settings.into_iter().find(|entry| entry.key == BALLISTA_JOB_NAME).and_then(|entry| entry.value);
        let run = name.as_deref().and_then(|name| name.split('/').next()).unwrap_or_default().to_owned();
        let span = tracing::error_span!("task", run, plan = %job, stage, task);
        let plan = number_partitions(plan, &partitions)?;
        let inner =
            self.inner.create_query_stage_exec(job.clone(), stage, task, partitions, plan.clone(), work_dir, config)?;
        let (tasks, executor) = (self.tasks.clone(), self.executor.clone());
        Ok(Arc::new(Stage { inner, plan, job: job.to_string(), tasks, executor, span }))
    }
}

struct Stage {
    inner: Arc<dyn QueryStageExecutor>,
    plan: Arc<dyn ExecutionPlan>,
    job: String,
    tasks: Tasks,
    executor: Arc<str>,
    span: tracing::Span,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

#[async_trait]
impl QueryStageExecutor for Stage {
    async fn execute_query_stage(&self, task: usize, context: Arc<TaskContext>) -> Result<Vec<ShuffleWritePartition>> {
        let (inner, plan) = (self.inner.clone(), self.plan.clone());
        let counted = move || Counted::zipped(plan.as_ref(), &inner.collect_plan_metrics());
        let _begun = self.tasks.begin(Task { job: self.job.clone(), counted: Box::new(counted) });
        let work = async {
            tracing::debug!("the task begins");
            if let Some(stage) = begun_again(context.task_id().as_deref()) {
                return Err(failure::begun_again(stage));
            }
            let done = self.inner.execute_query_stage(task, context).await;
            done.map_err(|error| carry(error, &self.executor))
                .inspect_err(|error| tracing::warn!("the task failed: {error}"))
        };
        work.instrument(self.span.clone()).await
    }

    fn collect_plan_metrics(&self) -> Vec<MetricsSet> {
        self.inner.collect_plan_metrics()
    }

    fn collect_runtime_stats_reports(&self) -> Vec<RuntimeStatsReport> {
        self.inner.collect_runtime_stats_reports()
    }

    fn collect_window_state_reports(&self) -> Result<Vec<WindowStateReport>> {
        self.inner.collect_window_state_reports()
    }

    fn collect_column_stats(&self) -> Vec<TaskColumnStats> {
        self.inner.collect_column_stats()
    }
}

/// The number of a task's stage, if it is not the stage's first attempt. Ballista names a task
/// `TID <job>/<stage>.<attempt of the stage>/<task>.<attempt of the task>`.
fn begun_again(task: Option<&str>) -> Option<&str> {
    let (stage, attempt) = task?.split('/').nth(1)?.split_once('.')?;
    (attempt != "0").then_some(stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_attempt_of_a_stage_is_run() {
        assert_eq!(begun_again(Some("TID 038G34J3Q4000/2.0/3.1")), None);
        assert_eq!(begun_again(Some("TID 038G34J3Q4000/2.1/3.0")), Some("2"));
        assert_eq!(begun_again(None), None);
    }
}
