//! Ballista's executor as keyfold sets it up.

use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::execution_engine::DefaultExecutionEngine;
use ballista_executor::executor_process::ExecutorProcessConfig;
use ballista_executor::health::ExecutorHealth;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use keyfold_cluster::session;
use keyfold_cluster::session::LARGEST_MESSAGE;
use keyfold_core::{Error, Result};
use keyfold_engine::session::state;

use crate::connections::Connections;
use crate::engine::Engine;
use crate::work_dir::WorkDir;
use crate::worker::Tasks;
use crate::{Settings, services, tasks_port};

/// Intermediate results are removed when their run ends. Those of runs whose end this executor did not hear of are
/// removed once nothing in them has changed for so long, looked at so often. In seconds.
const FORGOTTEN: u64 = 6 * 60 * 60;
const LOOK_FOR_FORGOTTEN: u64 = 10 * 60;

pub(crate) fn ballista(
    settings: &Settings,
    work_dir: &WorkDir,
    health: ExecutorHealth,
    tasks: &Tasks,
) -> Result<ExecutorProcessConfig> {
    let (transport, stores) = (settings.transport.clone(), settings.stores.clone());
    let spilled = work_dir.spilled();
    let runtime = RuntimeEnvBuilder::new().build_arc().map_err(Error::internal)?;
    let functions = state(session::config(&transport), runtime);
    let engine = Engine {
        inner: DefaultExecutionEngine::with_client_pool(Arc::new(Connections::default())),
        tasks: tasks.clone(),
        executor: format!("{}:{}", settings.advertise, settings.listen.port()).into(),
    };
    Ok(ExecutorProcessConfig {
        bind_host: tasks_port::inner_host(settings),
        external_host: Some(settings.advertise.clone()),
        port: settings.listen.port(),
        grpc_port: settings.task_port,
        scheduler_host: settings.scheduler.host.clone(),
        scheduler_port: settings.scheduler.port,
        scheduler_connect_timeout_seconds: settings.connect_timeout.as_secs().clamp(1, u16::MAX.into()) as u16,
        vcores: settings.vcores,
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        work_dir: Some(work_dir.results().display().to_string()),
        job_data_ttl_seconds: FORGOTTEN,
        job_data_clean_up_interval_seconds: LOOK_FOR_FORGOTTEN,
        grpc_max_decoding_message_size: LARGEST_MESSAGE as u32,
        grpc_max_encoding_message_size: LARGEST_MESSAGE as u32,
        executor_heartbeat_interval_seconds: settings.heartbeat.as_secs().max(1),
        memory_pool_size: Some(settings.memory_limit as u64),
        override_execution_engine: Some(Arc::new(engine)),
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&functions))),
        override_runtime_producer: Some(Arc::new(move |_| {
            RuntimeEnvBuilder::new()
                .with_temp_file_path(spilled.clone())
                .with_object_store_registry(stores.clone())
                .build_arc()
        })),
        override_config_producer: Some(Arc::new(move || session::config(&transport))),
        override_physical_codec: Some(session::codec()),
        override_arrow_flight_service: Some(services::provider(settings.clone(), tasks.clone())),
        override_create_grpc_client_endpoint: Some(settings.transport.customize()),
        health,
        ..ExecutorProcessConfig::default()
    })
}
