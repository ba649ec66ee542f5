//! Rows that no table gives, as they are sent: those of a SELECT without FROM, and none at all.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

/// The plan with batches in memory in their place.
///
/// Where a task does not need them, Ballista itself puts batches there (`select_output_partitions` of
/// ballista-scheduler 55). These have metrics, which the others have not: the metrics of the tasks of one stage then no
/// longer match, and the stage never ends.
pub(crate) fn in_memory(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let replaced = plan.transform_up(|node| {
        let partitions = node.output_partitioning().partition_count();
        let batches = if node.is::<PlaceholderRowExec>() {
            vec![vec![row(&node.schema())?]; partitions]
        } else if node.is::<EmptyExec>() {
            vec![Vec::new(); partitions]
        } else {
            return Ok(Transformed::no(node));
        };
        Ok(Transformed::yes(MemorySourceConfig::try_new_exec(&batches, node.schema(), None)? as _))
    });
    replaced.map(|replaced| replaced.data)
}

/// One row of NULLs.
fn row(schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}
