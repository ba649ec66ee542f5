//! Runs a plan in this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionContext;
use keyfold_core::report::Summary;
use keyfold_core::{Error, Result};
use tokio::sync::watch;

use super::{Progress, Runner};
use crate::error::running;
use crate::write::{BYTES, DOCUMENTS, WriteExec};

/// How often progress is read off the running plan.
const TICK: Duration = Duration::from_millis(100);

/// Runs plans on the session's own threads.
pub struct LocalRunner {
    context: SessionContext,
}

impl LocalRunner {
    /// A runner on this session.
    pub fn new(context: SessionContext) -> Self {
        Self { context }
    }
}

#[async_trait]
impl Runner for LocalRunner {
    async fn run(&self, plan: &LogicalPlan, progress: watch::Sender<Progress>) -> Result<Vec<Summary>> {
        let plan = self.context.state().create_physical_plan(plan).await.map_err(running)?;
        let batches = collect(plan.clone(), self.context.task_ctx());
        tokio::pin!(batches);
        let mut tick = tokio::time::interval(TICK);
        let batches = loop {
            tokio::select! {
                batches = &mut batches => break batches.map_err(running)?,
                _ = tick.tick() => drop(progress.send_replace(observe(&plan))),
            }
        };
        progress.send_replace(observe(&plan));
        batches.iter().flat_map(texts).map(|text| serde_json::from_str(text).map_err(Error::internal)).collect()
    }
}

fn texts(batch: &RecordBatch) -> impl Iterator<Item = &str> {
    batch.column(0).as_string::<i32>().iter().flatten()
}

/// Adds up what the operators have counted so far.
fn observe(plan: &Arc<dyn ExecutionPlan>) -> Progress {
    let mut progress = Progress::default();
    let mut waiting = vec![plan];
    while let Some(plan) = waiting.pop() {
        let sum = |name: &str| {
            plan.metrics().and_then(|metrics| metrics.sum_by_name(name)).map_or(0, |sum| sum.as_usize() as u64)
        };
        if plan.children().is_empty() {
            progress.rows += plan.metrics().and_then(|metrics| metrics.output_rows()).unwrap_or(0) as u64;
        }
        if plan.name() == WriteExec::static_name() {
            progress.documents += sum(DOCUMENTS);
            progress.bytes += sum(BYTES);
        }
        waiting.extend(plan.children());
    }
    progress
}
