//! Runs a plan of fold and write, wherever that may be.

mod local;

use async_trait::async_trait;
use datafusion::logical_expr::LogicalPlan;
use keyfold_core::Result;
use keyfold_core::report::Summary;
use tokio::sync::watch;

pub use local::LocalRunner;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows read from the tables.
    pub rows: u64,
    /// Documents written.
    pub documents: u64,
    /// Bytes of these documents.
    pub bytes: u64,
}

/// Runs a plan and gives one summary per partition that wrote documents.
#[async_trait]
pub trait Runner: Send + Sync {
    /// Runs the plan to its end. Dropping the future cancels it.
    async fn run(&self, plan: &LogicalPlan, progress: watch::Sender<Progress>) -> Result<Vec<Summary>>;
}
