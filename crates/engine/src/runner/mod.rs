//! Runs physical plans, wherever that may be.

mod counted;
mod local;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use keyfold_core::Result;
use tokio::sync::watch;

use crate::storage::preflight::Reach;

pub use counted::Counted;
pub use local::LocalRunner;

pub use crate::write::number_partitions;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// What was done so far.
    pub counted: Counted,
    /// How the work is spread, where it is spread over other processes.
    pub spread: Option<Spread>,
}

/// Work that other processes do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// Stages that are done.
    pub stages_done: usize,
    /// All stages.
    pub stages: usize,
    /// Tasks that are done.
    pub tasks_done: usize,
    /// All tasks that are known so far.
    pub tasks: usize,
    /// Processes that work.
    pub executors: usize,
}

/// Runs plans.
#[async_trait]
pub trait Runner: Send + Sync {
    /// What sessions start from whose plans it runs.
    fn config(&self) -> SessionConfig;

    /// Whether a task may be tried again, while an earlier attempt of it may still be writing.
    fn retries(&self) -> bool;

    /// Holds that every process that will work reaches what the run needs.
    async fn check_reach(&self, reach: &Reach) -> Result<()>;

    /// Ends all plans under way, wherever they run.
    async fn cancel(&self);

    /// Runs the plan to its end and gives its rows. Dropping the future cancels it.
    async fn run(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        progress: watch::Sender<Progress>,
    ) -> Result<Vec<RecordBatch>>;
}
