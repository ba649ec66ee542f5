//! A client's connection to a scheduler.

use std::time::{Duration, Instant};

use ballista_core::client::BallistaClient;
use ballista_core::extension::BallistaConfigGrpcEndpoint;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::execute_query_result::Result as Submitted;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, CleanJobDataParams, ExecuteQueryParams, GetJobStatusParams, KeyValuePair, PartitionLocation,
    RemoveSessionParams, job_status,
};
use ballista_core::version::insert_version_header;
use datafusion::arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use std::sync::Arc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::address::Address;
use crate::failure::{self, Failure};
use crate::gate::RUN_HEADER;
use crate::session::LARGEST_MESSAGE;
use crate::tls::{Transport, chain};
use crate::wire::control_client::ControlClient;
use crate::wire::{CancelRequest, ProbeRequest, StatusReply, StatusRequest};

/// How long a client waits for what does not come.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a scheduler that does not answer, and for a first executor.
    pub connect: Duration,
    /// For a run whose tasks make no progress.
    pub stall: Duration,
}

/// A scheduler, and through it a cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) address: Address,
    pub(crate) transport: Transport,
    pub(crate) patience: Patience,
    control: ControlClient<Channel>,
    scheduler: SchedulerGrpcClient<Channel>,
}

impl Cluster {
    /// A scheduler that answers. It is waited for as long as patience says.
    pub async fn connect(address: Address, transport: Transport, patience: Patience) -> Result<Self> {
        let endpoint = transport.endpoint(&address.host, address.port)?;
        let started = Instant::now();
        let channel = loop {
            match endpoint.connect().await {
                Ok(channel) => break channel,
                Err(error) if started.elapsed() >= patience.connect => {
                    let message = format!("no scheduler answers at {address}: {}", chain(&error));
                    let help = if transport.is_tls() {
                        "start one with `keyfold scheduler`; both sides need TLS, with certificates of one authority"
                    } else {
                        "start one with `keyfold scheduler`; one that uses TLS requires it of its callers"
                    };
                    return Err(Error::new(ErrorKind::Unavailable, Problem::new(message).help(help)));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        let control = ControlClient::new(channel.clone());
        let scheduler = SchedulerGrpcClient::new(channel)
            .max_encoding_message_size(LARGEST_MESSAGE)
            .max_decoding_message_size(LARGEST_MESSAGE);
        Ok(Self { address, transport, patience, control, scheduler })
    }

    /// The cluster, and the plans of one run or of all.
    pub async fn status(&self, run: Option<&str>) -> Result<StatusReply> {
        let request = StatusRequest { run: run.map(str::to_owned) };
        let reply = self.control.clone().status(request).await;
        reply.map(tonic::Response::into_inner).map_err(|status| self.failed(&status))
    }

    /// Ends all plans of a run; gives how many were under way.
    pub async fn cancel_run(&self, run: &str) -> Result<usize> {
        let reply = self.control.clone().cancel(CancelRequest { run: run.to_owned() }).await;
        reply.map(|reply| reply.into_inner().cancelled).map_err(|status| self.failed(&status))
    }

    /// What the executors cannot reach.
    pub(crate) async fn probe(&self, request: ProbeRequest) -> Result<Vec<Problem>> {
        let reply = self.control.clone().probe(request).await;
        reply.map(|reply| reply.into_inner().problems).map_err(|status| self.failed(&status))
    }

    /// Hands a plan over; gives Ballista's name of it.
    pub(crate) async fn submit(
        &self,
        session: &str,
        (run, job): (&str, &str),
        partitions: usize,
        plan: Vec<u8>,
    ) -> Result<String, Failure> {
        let setting = |key: &str, value: &str| KeyValuePair { key: key.into(), value: Some(value.into()) };
        // The scheduler looks at the stages that it has cut once more, and would spread each over its own default.
        let partitions = setting("datafusion.execution.target_partitions", &partitions.to_string());
        let mut request = Request::new(ExecuteQueryParams {
            session_id: session.to_owned(),
            settings: vec![setting(ballista_core::config::BALLISTA_JOB_NAME, &format!("{run}/{job}")), partitions],
            operation_id: uuid::Uuid::new_v4().to_string(),
            query: Some(Query::PhysicalPlan(plan)),
        });
        insert_version_header(request.metadata_mut());
        if let Ok(run) = run.parse() {
            request.metadata_mut().insert(RUN_HEADER, run);
        }
        let reply = self.scheduler.clone().execute_query(request).await.map_err(|status| self.failed(&status))?;
        match reply.into_inner().result {
            Some(Submitted::Success(submitted)) => Ok(submitted.job_id),
            Some(Submitted::Failure(failure)) => Err(failure::recover(&format!("{failure:?}"))),
            None => Err(Error::internal("the scheduler gave no answer to a plan").into()),
        }
    }

    /// Where a plan stands; nothing if the scheduler does not know it.
    pub(crate) async fn state(&self, job: &str) -> Result<Option<job_status::Status>> {
        let reply = self.scheduler.clone().get_job_status(GetJobStatusParams { job_id: job.to_owned() }).await;
        let reply = reply.map_err(|status| self.failed(&status))?;
        Ok(reply.into_inner().status.and_then(|status| status.status))
    }

    /// Ends a plan.
    pub(crate) async fn cancel(&self, job: &str) {
        let cancelled = self.scheduler.clone().cancel_job(CancelJobParams { job_id: job.to_owned() }).await;
        if let Err(error) = cancelled {
            tracing::warn!("the plan {job} could not be cancelled: {}", error.message());
        }
    }

    /// Lets the executors forget a plan's results.
    pub(crate) async fn clean(&self, job: &str) {
        let cleaned = self
            .scheduler
            .clone()
            .clean_job_data(CleanJobDataParams { job_id: job.to_owned(), ..Default::default() })
            .await;
        if let Err(error) = cleaned {
            tracing::debug!("the results of {job} stay until the executors clean up: {}", error.message());
        }
    }

    /// Lets the scheduler forget a session.
    pub(crate) async fn end_session(&self, session: &str) {
        let _ = self.scheduler.clone().remove_session(RemoveSessionParams { session_id: session.to_owned() }).await;
    }

    /// The rows of a result, through the scheduler: a client need not reach the executors.
    pub(crate) async fn fetch(&self, location: PartitionLocation) -> Result<Vec<RecordBatch>, Failure> {
        let layout = location.layout();
        let incomplete = || Error::internal("a result without its place");
        let executor = location.executor_meta.ok_or_else(incomplete)?;
        let partition = location.partition_id.ok_or_else(incomplete)?;
        let customize = Arc::new(BallistaConfigGrpcEndpoint::new(self.transport.customize()));
        let (host, port) = (&self.address.host, self.address.port);
        let failed = |error: &dyn std::fmt::Display| {
            let problem =
                Problem::new(format!("a result on executor {}:{} is lost: {error}", executor.host, executor.port));
            Failure::Lost(Error::new(ErrorKind::Unavailable, problem.help("run again")))
        };
        let mut client = BallistaClient::try_new(
            host,
            port,
            LARGEST_MESSAGE,
            self.transport.is_tls(),
            Some(customize),
            3,
            200,
            0,
            0,
        )
        .await
        .map_err(|error| failed(&error))?;
        let batches = client
            .fetch_partition_proxied(
                &executor.id,
                &partition.into(),
                location.file_id,
                layout,
                &executor.host,
                executor.port as u16,
                true,
            )
            .await
            .map_err(|error| failed(&error))?;
        batches.try_collect().await.map_err(|error| failed(&error))
    }

    /// A call that the scheduler did not answer as hoped.
    fn failed(&self, status: &Status) -> Error {
        let address = &self.address;
        // What the connection itself has failed with is the cause of a status that no server has sent.
        let unanswered = std::error::Error::source(status).is_some();
        match status.code() {
            Code::FailedPrecondition => Error::new(ErrorKind::Usage, format!("{address}: {}", status.message())),
            Code::Unavailable | Code::Unknown | Code::Cancelled | Code::DeadlineExceeded => self.silent(status),
            Code::Internal if unanswered => self.silent(status),
            _ => {
                let (Failure::Final(error) | Failure::Lost(error)) = failure::recover(status.message());
                error
            }
        }
    }

    fn silent(&self, status: &Status) -> Error {
        let address = &self.address;
        let problem = Problem::new(format!("the scheduler at {address} does not answer: {}", status.message()));
        let help = if self.transport.is_tls() {
            "look at its log; it may be gone, or not use TLS"
        } else {
            "look at its log; it may be gone, or use TLS and require it of its callers"
        };
        Error::new(ErrorKind::Unavailable, problem.help(help))
    }
}
