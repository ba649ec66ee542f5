//! Writing as an operator: each partition writes its documents and its part of the manifest.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::StringArray;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, stream};
use keyfold_core::fold::DocumentBatch;
use keyfold_core::report::{Summary, add_dropped};
use keyfold_core::sum::DIGITS;
use keyfold_core::{Error, ErrorKind, Problem};

use super::sink::Sink;
use super::{WriteSpec, summary_schema};
use crate::error::external;

/// Writes the documents of its input into a snapshot.
#[derive(Debug)]
pub(crate) struct WriteExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<WriteSpec>,
    /// Which partitions of the whole plan these are, where a task has a share of them; all of them where absent.
    partitions: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl WriteExec {
    /// Where and how.
    pub(crate) fn spec(&self) -> &WriteSpec {
        &self.spec
    }

    /// Writes the documents of `input`, a fold.
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<WriteSpec>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(summary_schema()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            input,
            spec,
            partitions: None,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// The same in a task's plan, which has these partitions of the whole plan.
    pub(super) fn with_partitions(&self, partitions: Vec<usize>) -> Self {
        Self { partitions: Some(partitions), ..Self::new(self.input.clone(), self.spec.clone()) }
    }

    /// Which partition of the whole plan one of this plan is.
    fn number(&self, partition: usize) -> Result<usize> {
        let Some(partitions) = &self.partitions else { return Ok(partition) };
        let number = partitions.get(partition).copied();
        number.ok_or_else(|| {
            let given = partitions.len();
            external(Error::internal(format!("a task of {given} partitions has partition {partition}, counted from 0")))
        })
    }
}

impl DisplayAs for WriteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteExec: {}", self.spec.snapshot)
    }
}

impl ExecutionPlan for WriteExec {
    fn name(&self) -> &str {
        "WriteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        // Documents of one shard must stay together, and the fold has the partitions already.
        vec![false]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = self.partitions.clone();
        Ok(Arc::new(Self { partitions, ..Self::new(children.swap_remove(0), self.spec.clone()) }))
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
        let number = self.number(partition)?;
        let documents = self.input.execute(partition, context.clone())?;
        let spec = self.spec.clone();
        let written = Written {
            documents: MetricBuilder::new(&self.metrics).counter(DOCUMENTS, partition),
            bytes: MetricBuilder::new(&self.metrics).counter(BYTES, partition),
        };
        let summary = async move {
            let summary = Summary { partition: number, ..write(documents, spec, written, &context).await? };
            let text = serde_json::to_string(&summary).map_err(|error| external(Error::internal(error)))?;
            Ok(RecordBatch::try_new(summary_schema(), vec![Arc::new(StringArray::from(vec![text]))])?)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(summary_schema(), stream::once(summary).boxed())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Name of the metric that counts documents written.
pub(crate) const DOCUMENTS: &str = "documents_written";
/// Name of the metric that counts their bytes.
pub(crate) const BYTES: &str = "document_bytes";

struct Written {
    documents: Count,
    bytes: Count,
}

async fn write(
    mut documents: SendableRecordBatchStream,
    spec: Arc<WriteSpec>,
    written: Written,
    context: &TaskContext,
) -> Result<Summary> {
    let mut sink = Sink::open(&spec, &context.runtime_env().object_store_registry).await.map_err(external)?;
    let mut summary = Summary::default();
    while let Some(batch) = documents.next().await {
        // Errors from below pass as they are: who runs the plan may know what to do about them.
        let batch = batch?;
        let (count, bytes) = add(&mut summary, &DocumentBatch(&batch)).map_err(external)?;
        sink.write(batch).await.map_err(external)?;
        written.documents.add(count);
        written.bytes.add(bytes);
    }
    summary.manifest = sink.close().await.map_err(external)?;
    Ok(summary)
}

/// Adds a batch to the summary; gives its documents and bytes.
fn add(summary: &mut Summary, batch: &DocumentBatch<'_>) -> keyfold_core::Result<(usize, usize)> {
    let mut bytes = 0;
    for row in 0..batch.len() {
        bytes += batch.document(row).len();
        summary.rows += batch.rows(row);
        if let Some(dropped) = batch.dropped(row) {
            add_dropped(&mut summary.dropped, &dropped);
        }
        let sums = batch.sums(row);
        if summary.sums.is_empty() {
            summary.sums = sums;
            continue;
        }
        for (total, more) in summary.sums.iter_mut().zip(sums) {
            let (Some(delivered), Some(dropped)) = (total.0.add(more.0), total.1.add(more.1)) else {
                let message = format!("a control total does not fit into {DIGITS} digits");
                return Err(Error::new(
                    ErrorKind::Input,
                    Problem::new(message).help("use a smaller type in the query"),
                ));
            };
            *total = (delivered, dropped);
        }
    }
    summary.documents += batch.len() as u64;
    summary.bytes += bytes as u64;
    Ok((batch.len(), bytes))
}
