//! What the scheduler asks of an executor besides running tasks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyfold_cluster::wire::worker_server;
use keyfold_cluster::wire::{ProbeReply, ProbeRequest, TasksReply, TasksRequest};
use keyfold_engine::runner::Counted;
use keyfold_engine::storage::preflight;
use keyfold_engine::storage::stores::Stores;
use tonic::{Request, Response, Status};

/// The tasks under way, with the plan that each one belongs to.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<BTreeMap<u64, Task>>>);

pub(crate) struct Task {
    pub(crate) job: String,
    pub(crate) counted: Box<dyn Fn() -> Counted + Send>,
}

impl Tasks {
    /// Remembers a task until what is returned is dropped.
    pub(crate) fn begin(&self, task: Task) -> Begun {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = tasks.keys().next_back().map_or(0, |last| last + 1);
        tasks.insert(number, task);
        Begun { tasks: self.clone(), number }
    }

    fn counted(&self) -> Vec<(String, Counted)> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.values().map(|task| (task.job.clone(), (task.counted)())).collect()
    }
}

/// A task under way.
pub(crate) struct Begun {
    tasks: Tasks,
    number: u64,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// The service.
pub(crate) struct Worker {
    pub(crate) tasks: Tasks,
    pub(crate) stores: Arc<Stores>,
}

#[tonic::async_trait]
impl worker_server::Worker for Worker {
    async fn tasks(&self, _: Request<TasksRequest>) -> Result<Response<TasksReply>, Status> {
        Ok(Response::new(TasksReply { counted: self.tasks.counted() }))
    }

    async fn probe(&self, request: Request<ProbeRequest>) -> Result<Response<ProbeReply>, Status> {
        let problems = preflight::problems(&self.stores, &request.into_inner().reach).await;
        Ok(Response::new(ProbeReply { problems }))
    }
}
