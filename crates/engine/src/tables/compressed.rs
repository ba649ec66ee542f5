//! Compressed text files in a plan that is sent elsewhere. DataFusion's encoding of a scan leaves the compression out,
//! so an operator above the scan carries it, and puts it back where the plan is read.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use keyfold_core::job::Compression;

use super::files;

/// Gives the rows of a scan as they are.
#[derive(Debug)]
pub(crate) struct CompressedExec {
    scan: Arc<dyn ExecutionPlan>,
    pub(crate) compression: Compression,
}

impl CompressedExec {
    /// Above a scan that knows the compression.
    pub(super) fn new(scan: Arc<dyn ExecutionPlan>, compression: Compression) -> Self {
        Self { scan, compression }
    }

    /// Above a scan that has come from elsewhere.
    pub(crate) fn restore(scan: &Arc<dyn ExecutionPlan>, compression: Compression) -> Result<Self> {
        let source = scan.downcast_ref::<DataSourceExec>().map(|scan| scan.data_source());
        let Some(config) = source.and_then(|source| source.downcast_ref::<FileScanConfig>()) else {
            return internal_err!("compressed files are read by a scan, not by {}", scan.name());
        };
        let config = FileScanConfigBuilder::from(config.clone())
            .with_file_compression_type(files::compression(compression))
            .build();
        Ok(Self::new(DataSourceExec::from_data_source(config), compression))
    }
}

impl DisplayAs for CompressedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompressedExec: {:?}", self.compression)
    }
}

impl ExecutionPlan for CompressedExec {
    fn name(&self) -> &str {
        "CompressedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.scan.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.scan]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(children.swap_remove(0), self.compression)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.scan.execute(partition, context)
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(inputs[0].clone())
    }
}
