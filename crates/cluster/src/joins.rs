//! Joins as they are sent, where Ballista makes others of them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

/// The plan with one partition where it counts on one, whatever Ballista makes of the join below.
///
/// A join such as LEFT JOIN, whose built side must not be broadcast, becomes one of many partitions there
/// (`demote_collect_left_to_partitioned` of ballista-scheduler 55). What stands above it was planned before: an aggregate
/// over a single partition would give a row for each of them.
pub(crate) fn gathered(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let gathered = plan.transform_up(|node| {
        let spread = node.downcast_ref::<HashJoinExec>().is_some_and(is_spread);
        Ok(if spread {
            Transformed::yes(Arc::new(CoalescePartitionsExec::new(node)) as _)
        } else {
            Transformed::no(node)
        })
    });
    gathered.map(|gathered| gathered.data)
}

/// Whether Ballista makes a join of many partitions of one. A join that must see the NULLs of all rows stays as it is.
fn is_spread(join: &HashJoinExec) -> bool {
    let by_built_side = [JoinType::Left, JoinType::Full, JoinType::LeftSemi, JoinType::LeftAnti, JoinType::LeftMark];
    *join.partition_mode() == PartitionMode::CollectLeft
        && !join.null_aware
        && by_built_side.contains(join.join_type())
        && join.right().output_partitioning().partition_count() == 1
}
