//! Which vcores are free: those on which no plan has a task running.
//!
//! Ballista counts them down as tasks begin and up as tasks report. A task that is given up with its stage, because another
//! executor is lost, is forgotten before its report comes, and then its vcore never comes back
//! (`TaskManager::sum_vcores_for_statuses` in ballista-scheduler 55): an executor loses them one by one until it gets
//! no tasks at all. Here nothing is counted up or down: the plans themselves are asked each time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::ExecutorHeartbeat;
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::memory::InMemoryClusterState;
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::task_manager::JobInfoCache;
use tokio::sync::Mutex;

/// Ballista's state of the executors, but for their free vcores.
#[derive(Default)]
pub(crate) struct Executors {
    inner: InMemoryClusterState,
    /// Held while tasks are given away, so that no vcore is given away twice.
    giving: Mutex<()>,
}

/// The vcores of each executor on which the plans have tasks running.
async fn taken(plans: &HashMap<JobId, JobInfoCache>) -> HashMap<String, u32> {
    let mut taken = HashMap::new();
    for plan in plans.values() {
        let graph = plan.execution_graph.read().await;
        for task in graph.running_tasks() {
            let vcores = graph.task_vcores(task.stage_id, task.task_id).unwrap_or(1);
            *taken.entry(task.executor_id).or_default() += vcores;
        }
    }
    taken
}

#[async_trait::async_trait]
impl ClusterState for Executors {
    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        let _giving = self.giving.lock().await;
        let taken = taken(&active_jobs).await;
        // Ballista gives tasks away by what a state has counted: this one lives as long as its count is right.
        let offers = InMemoryClusterState::default();
        for executor in self.inner.registered_executor_metadata().await {
            let total_vcores = executor.specification.vcores;
            let available_vcores = total_vcores.saturating_sub(taken.get(&executor.id).copied().unwrap_or_default());
            let data = ExecutorData { executor_id: executor.id.clone(), total_vcores, available_vcores };
            offers.register_executor(executor, data).await?;
        }
        offers.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, _: Vec<ExecutorSlot>) -> Result<()> {
        Ok(())
    }

    async fn register_executor(&self, metadata: ExecutorMetadata, spec: ExecutorData) -> Result<()> {
        self.inner.register_executor(metadata, spec).await
    }

    async fn remove_executor(&self, executor_id: &str) -> Result<()> {
        self.inner.remove_executor(executor_id).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.inner.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, executor_id: &str) -> Result<ExecutorMetadata> {
        self.inner.get_executor_metadata(executor_id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.inner.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.inner.save_executor_heartbeat(heartbeat).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.inner.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor_id: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor_id)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}
