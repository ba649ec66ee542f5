//! Ballista's scheduler as keyfold sets it up.

use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use keyfold_cluster::session;
use keyfold_cluster::session::LARGEST_MESSAGE;
use keyfold_core::Result;
use keyfold_engine::session::state;
use keyfold_engine::storage::sandbox::Roots;
use keyfold_engine::storage::stores::{StoreOptions, Stores};

use crate::Settings;

/// Results that nobody fetched, and the memory of runs that have ended, are kept for so long.
const KEPT_RESULTS: u64 = 60;
const KEPT_RUNS: u64 = 300;

pub(crate) fn ballista(settings: &Settings) -> Result<SchedulerConfig> {
    // Plans come planned: the scheduler itself has no business with any file, whatever a plan says.
    let nothing = StoreOptions { roots: Some(Roots::parse(&[])?), ..StoreOptions::default() };
    let stores = Arc::new(Stores::new(nothing));
    let transport = settings.transport.clone();
    let timeout = settings.executor_timeout.as_secs().max(1);
    Ok(SchedulerConfig {
        external_host: settings.advertise.clone(),
        bind_host: settings.listen.ip().to_string(),
        bind_port: settings.listen.port(),
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        // Spreads tasks over all executors, where Ballista's default fills the first one first.
        task_distribution: TaskDistributionPolicy::RoundRobin,
        finished_job_data_clean_up_interval_seconds: KEPT_RESULTS,
        finished_job_state_clean_up_interval_seconds: KEPT_RUNS,
        enable_embedded_flight_proxy: true,
        grpc_server_max_decoding_message_size: LARGEST_MESSAGE as u32,
        grpc_server_max_encoding_message_size: LARGEST_MESSAGE as u32,
        executor_timeout_seconds: timeout,
        expire_dead_executor_interval_seconds: (timeout / 4).max(1),
        no_executors_grace_period_seconds: timeout,
        executor_termination_grace_period: settings.stop_timeout.as_secs(),
        override_config_producer: Some(Arc::new(move || session::config(&transport))),
        override_session_builder: Some(Arc::new(move |config| {
            let runtime = RuntimeEnvBuilder::new().with_object_store_registry(stores.clone()).build_arc()?;
            Ok(state(config, runtime))
        })),
        override_physical_codec: Some(session::codec()),
        override_create_grpc_client_endpoint: Some(settings.transport.customize()),
        use_tls: settings.transport.is_tls(),
        ..SchedulerConfig::default()
    })
}
