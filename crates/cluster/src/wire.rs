//! The messages of keyfold's own services, as JSON.

use std::marker::PhantomData;

use keyfold_core::Problem;
use keyfold_engine::runner::Counted;
use keyfold_engine::storage::preflight::Reach;
use prost::bytes::{Buf, BufMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// The generated clients and servers.
#[allow(clippy::all, missing_docs, unreachable_pub)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/keyfold.Control.rs"));
    include!(concat!(env!("OUT_DIR"), "/keyfold.Worker.rs"));
}
pub use generated::{control_client, control_server, worker_client, worker_server};

/// Asks for the state of the cluster and of runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusRequest {
    /// Of this run only; of all runs if absent.
    pub run: Option<String>,
}

/// The state of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusReply {
    /// The scheduler process; another one if it was restarted.
    pub instance: String,
    /// Whether the scheduler is stopping and takes no new runs.
    pub stopping: bool,
    /// A number that changes whenever any plan of the cluster moves.
    pub pulse: u64,
    /// Whether the run that was asked for has been cancelled.
    pub cancelled: bool,
    /// The executors that are alive.
    pub executors: Vec<ExecutorState>,
    /// The plans that are queued or running, or have ended not long ago, oldest first.
    pub jobs: Vec<JobState>,
}

/// An executor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExecutorState {
    /// Its own name, a new one for each process.
    pub id: String,
    /// Where other processes reach it: host and port.
    pub address: String,
    /// Tasks that it runs at the same time.
    pub vcores: usize,
}

/// One plan of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobState {
    /// Ballista's name of it.
    pub id: String,
    /// The run that it belongs to.
    pub run: String,
    /// The name of the run's job folder.
    pub job: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// When it was begun, in milliseconds since 1970.
    pub started: u64,
    /// How far it is.
    pub work: Work,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Stages that are done.
    pub stages_done: usize,
    /// All stages.
    pub stages: usize,
    /// Tasks that are done, of the stages that have begun.
    pub tasks_done: usize,
    /// Tasks that are under way.
    pub tasks_running: usize,
    /// Tasks of the stages that have begun.
    pub tasks: usize,
    /// What the tasks have counted so far.
    pub counted: Counted,
}

/// Asks to end all plans of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelRequest {
    /// The run.
    pub run: String,
}

/// What was ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelReply {
    /// Plans that were queued or running.
    pub cancelled: usize,
}

/// Asks what of a run's tables and output cannot be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProbeRequest {
    /// What the run needs.
    pub reach: Reach,
}

/// What cannot be reached; nothing if all is well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProbeReply {
    /// Each with the table and its path, and the executor.
    pub problems: Vec<Problem>,
}

/// Asks what an executor is doing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TasksRequest {}

/// What an executor is doing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TasksReply {
    /// What the unfinished tasks of each plan have counted so far, by Ballista's name of the plan.
    pub counted: Vec<(String, Counted)>,
}

/// JSON as the encoding of messages.
#[derive(Debug, Clone)]
pub struct JsonCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for JsonCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Serialize + Send + 'static, U: DeserializeOwned + Send + 'static> Codec for JsonCodec<T, U> {
    type Encode = T;
    type Decode = U;
    type Encoder = JsonEncoder<T>;
    type Decoder = JsonDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        JsonEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        JsonDecoder(PhantomData)
    }
}

/// Writes messages.
#[derive(Debug)]
pub struct JsonEncoder<T>(PhantomData<T>);

impl<T: Serialize> Encoder for JsonEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        serde_json::to_writer(buffer.writer(), &item).map_err(|error| Status::internal(error.to_string()))
    }
}

/// Reads messages.
#[derive(Debug)]
pub struct JsonDecoder<U>(PhantomData<U>);

impl<U: DeserializeOwned> Decoder for JsonDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if !buffer.has_remaining() {
            return Ok(None);
        }
        let item = serde_json::from_reader(buffer.reader());
        item.map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}
