//! The one session recipe.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use keyfold_core::{Error, ErrorKind, Result};

use crate::planner::KeyfoldQueryPlanner;
use crate::stores::Stores;
use crate::{decimal, shard};

/// What a run may use of the machine.
#[derive(Debug, Clone)]
pub struct Resources {
    /// Partitions worked on at the same time.
    pub threads: usize,
    /// Bytes that sorts and aggregations hold before they spill.
    pub memory_limit: usize,
    /// Where they spill to; the system's temporary folder where absent.
    pub scratch: Option<PathBuf>,
}

/// A session with keyfold's operators and functions.
pub fn session(resources: &Resources, stores: Arc<Stores>) -> Result<SessionContext> {
    let disk = match &resources.scratch {
        Some(folder) => DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![folder.clone()])),
        None => DiskManagerBuilder::default(),
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(resources.memory_limit)))
        .with_disk_manager_builder(disk)
        .with_object_store_registry(stores)
        .build_arc()
        .map_err(|error| Error::new(ErrorKind::Usage, format!("the scratch folder cannot be used: {error}")))?;
    let state = SessionStateBuilder::new()
        .with_config(config(resources.threads))
        .with_runtime_env(runtime)
        .with_default_features()
        .with_query_planner(Arc::new(KeyfoldQueryPlanner))
        .build();
    let context = SessionContext::new_with_state(state);
    context.register_udf(decimal::function());
    context.register_udf(shard::function());
    Ok(context)
}

fn config(threads: usize) -> SessionConfig {
    let mut config = SessionConfig::new().with_target_partitions(threads).with_information_schema(false);
    let options = config.options_mut();
    // Names mean what the files say: netSales is netSales without quotes.
    options.sql_parser.enable_ident_normalization = false;
    // Messages point at line and column.
    options.sql_parser.collect_spans = true;
    // A dimension of this size is held once for all threads; the facts then need not be exchanged to be joined.
    options.optimizer.hash_join_single_partition_threshold = 64 << 20;
    options.optimizer.hash_join_single_partition_threshold_rows = 1 << 20;
    config
}
