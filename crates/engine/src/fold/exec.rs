//! The fold as a streaming operator: its input comes partitioned and sorted by key.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexRequirement, OrderingRequirements, Partitioning, PhysicalExpr,
    PhysicalSortRequirement,
};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, stream};
use keyfold_core::fold::{Fold, FoldSpec, Naming, document_schema};

use crate::error::external;

/// Folds its input into one document per key.
#[derive(Debug)]
pub(crate) struct FoldExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<FoldSpec>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl FoldExec {
    /// What is folded.
    pub(crate) fn spec(&self) -> &FoldSpec {
        &self.spec
    }

    /// A fold of `input`.
    pub(crate) fn try_new(input: Arc<dyn ExecutionPlan>, spec: Arc<FoldSpec>) -> Result<Self> {
        let schema: SchemaRef = Arc::new(document_schema(&spec, &input.schema()).map_err(external)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self { input, spec, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() })
    }

    /// The columns that decide which partition a row belongs to, then those that order it there.
    fn sort_columns(&self) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
        let schema = self.input.schema();
        let column =
            |name: &str| -> Result<Arc<dyn PhysicalExpr>> { Ok(Arc::new(Column::new_with_schema(name, &schema)?)) };
        match &self.spec.naming {
            Naming::Own(_) => Ok(vec![column(&self.spec.key)?]),
            Naming::Shard { column: shard, .. } => Ok(vec![column(shard)?, column(&self.spec.key)?]),
        }
    }
}

impl DisplayAs for FoldExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FoldExec: key={}", self.spec.key)
    }
}

impl ExecutionPlan for FoldExec {
    fn name(&self) -> &str {
        "FoldExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        // The first column alone: all rows of a key, and all keys of a shard, meet in one partition.
        match self.sort_columns() {
            Ok(mut columns) => vec![Distribution::KeyPartitioned(vec![columns.swap_remove(0)])],
            Err(_) => vec![Distribution::SinglePartition],
        }
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let ascending = SortOptions { descending: false, nulls_first: false };
        let columns = self.sort_columns().unwrap_or_default().into_iter();
        let columns = columns.map(|column| PhysicalSortRequirement::new(column, Some(ascending)));
        vec![LexRequirement::new(columns).map(OrderingRequirements::new)]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::try_new(children.swap_remove(0), self.spec.clone())?))
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
        let input = self.input.execute(partition, context)?;
        let folding = Folding {
            fold: Fold::new(&self.spec, &input.schema()).map_err(external)?,
            input,
            rest: None,
            ended: false,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let batches = stream::try_unfold(folding, |mut folding| async move {
            Ok(folding.next().await?.map(|batch| (batch, folding)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches.boxed())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

struct Folding {
    input: SendableRecordBatchStream,
    fold: Fold,
    /// Rows of the last batch that the fold did not take yet.
    rest: Option<RecordBatch>,
    ended: bool,
    metrics: BaselineMetrics,
}

impl Folding {
    /// The next batch of documents.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while !self.ended && !self.fold.is_full() {
            let batch = match self.rest.take() {
                Some(rest) => Some(rest),
                None => self.input.next().await.transpose()?,
            };
            let _timer = self.metrics.elapsed_compute().timer();
            match batch {
                Some(batch) => {
                    let taken = self.fold.push(&batch).map_err(external)?;
                    if taken < batch.num_rows() {
                        self.rest = Some(batch.slice(taken, batch.num_rows() - taken));
                    }
                }
                None => {
                    self.fold.finish().map_err(external)?;
                    self.ended = true;
                }
            }
        }
        let documents = self.fold.take().map_err(external)?;
        if let Some(documents) = &documents {
            self.metrics.record_output(documents.num_rows());
        }
        Ok(documents)
    }
}
