//! Runs a plan in this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionConfig;
use keyfold_core::Result;
use tokio::sync::watch;

use super::{Counted, Progress, Runner};
use crate::error::running;
use crate::storage::preflight::Reach;

/// How often progress is read off the running plan.
const TICK: Duration = Duration::from_millis(100);

/// Runs plans on the threads of this process.
pub struct LocalRunner {
    /// Partitions worked on at the same time.
    pub threads: usize,
}

#[async_trait]
impl Runner for LocalRunner {
    fn config(&self) -> SessionConfig {
        SessionConfig::new().with_target_partitions(self.threads)
    }

    fn retries(&self) -> bool {
        false
    }

    async fn check_reach(&self, _: &Reach) -> Result<()> {
        // The process that has found the tables and begun the snapshot is the one that works.
        Ok(())
    }

    async fn cancel(&self) {
        // What runs here ends when its future is dropped.
    }

    async fn run(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        progress: watch::Sender<Progress>,
    ) -> Result<Vec<RecordBatch>> {
        let observe = || Progress { counted: Counted::so_far(plan.as_ref()), spread: None };
        let batches = collect(plan.clone(), context);
        tokio::pin!(batches);
        let mut tick = tokio::time::interval(TICK);
        let batches = loop {
            tokio::select! {
                batches = &mut batches => break batches.map_err(running)?,
                _ = tick.tick() => drop(progress.send_replace(observe())),
            }
        };
        progress.send_replace(observe());
        Ok(batches)
    }
}
