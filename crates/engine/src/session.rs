//! The one session recipe, and where its plans run.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::SessionState;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::{AggregateUDF, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use keyfold_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

use crate::arithmetic::{Average, Chain, Median, Origin, Sum};
use crate::error::running;
use crate::optimizer::{ExactArithmetic, FilteredAggregates, MixedNumbers, OwnUnits};
use crate::planner::KeyfoldQueryPlanner;
use crate::query::Zones;
use crate::runner::{Progress, Runner};
use crate::storage::stores::Stores;
use crate::{conjunction, shard};

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

/// A session with keyfold's operators and functions, and the runner of its plans.
pub(crate) struct Session {
    pub(crate) context: SessionContext,
    pub(crate) runner: Arc<dyn Runner>,
}

impl Session {
    pub(crate) fn new(resources: &Resources, stores: Arc<Stores>, runner: Arc<dyn Runner>) -> Result<Self> {
        let context = context(runner.config(), resources, stores)?;
        Ok(Self { context, runner })
    }

    /// The first rows of a query.
    pub(crate) async fn first(&self, plan: LogicalPlan, rows: usize) -> Result<Vec<RecordBatch>> {
        let limited = LogicalPlanBuilder::from(plan).limit(0, Some(rows)).and_then(LogicalPlanBuilder::build);
        self.collect(limited.map_err(running)?).await
    }

    /// The rows of a query.
    pub(crate) async fn collect(&self, plan: LogicalPlan) -> Result<Vec<RecordBatch>> {
        self.execute(self.physical(plan).await?, watch::Sender::default()).await
    }

    /// The plan as it runs.
    pub(crate) async fn physical(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        self.context.state().create_physical_plan(&plan).await.map_err(running)
    }

    /// The rows of a plan as it runs.
    pub(crate) async fn execute(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        progress: watch::Sender<Progress>,
    ) -> Result<Vec<RecordBatch>> {
        self.runner.run(plan, self.context.task_ctx(), progress).await
    }
}

/// A session whose plans run in this process.
pub(crate) fn local(resources: &Resources, stores: Arc<Stores>) -> Result<SessionContext> {
    context(SessionConfig::new().with_target_partitions(resources.threads), resources, stores)
}

fn context(config: SessionConfig, resources: &Resources, stores: Arc<Stores>) -> Result<SessionContext> {
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
    Ok(SessionContext::new_with_state(state(keyfold_config(config), runtime)))
}

/// A session's state with keyfold's planner and functions, for processes that only read and run plans too.
pub fn state(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> SessionState {
    let mut builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_analyzer_rules(analyzer_rules())
        .with_type_planner(Arc::new(Zones))
        .with_query_planner(Arc::new(KeyfoldQueryPlanner));
    let chain = Chain::new(Origin::default()).function();
    let functions = [shard::function(), conjunction::function(), chain].map(Arc::new);
    builder.scalar_functions().get_or_insert_default().extend(functions);
    let sum = AggregateUDF::new_from_impl(Sum::new(Origin::default()));
    let average = AggregateUDF::new_from_impl(Average::new(Origin::default()));
    let median = AggregateUDF::new_from_impl(Median::new(Origin::default()));
    builder.aggregate_functions().get_or_insert_default().extend([sum, average, median].map(Arc::new));
    builder.build()
}

/// The engine's rules between those of keyfold that come before types are known and after.
fn analyzer_rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules = Analyzer::new().rules;
    rules.insert(0, Arc::new(MixedNumbers));
    rules.push(Arc::new(OwnUnits));
    rules.push(Arc::new(ExactArithmetic::default()));
    rules.push(Arc::new(FilteredAggregates));
    rules
}

/// What every session of keyfold has in common, wherever its plans run.
fn keyfold_config(mut config: SessionConfig) -> SessionConfig {
    config = config.with_information_schema(false);
    let options = config.options_mut();
    // Names mean what the files say: netSales is netSales without quotes.
    options.sql_parser.enable_ident_normalization = false;
    // 0.1 is a tenth, not the float that is nearest to it: a decimal column is compared with the number that is written.
    options.sql_parser.parse_float_as_decimal = true;
    // Messages point at line and column.
    options.sql_parser.collect_spans = true;
    // A dimension of this size is held once for all threads; the facts then need not be exchanged to be joined.
    options.optimizer.hash_join_single_partition_threshold = 64 << 20;
    options.optimizer.hash_join_single_partition_threshold_rows = 1 << 20;
    config
}
