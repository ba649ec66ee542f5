//! The summaries of all partitions: each must have come, and once.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::physical_plan::ExecutionPlan;
use keyfold_core::error::listed;
use keyfold_core::report::Summary;
use keyfold_core::{Error, ErrorKind, Problem, Result};

use super::WriteExec;

/// Tells the plan of a task which partitions of the whole plan it has. In the task they are counted from 0 again.
pub fn number_partitions(
    plan: Arc<dyn ExecutionPlan>,
    partitions: &[usize],
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let numbered = plan.transform_down(|node| {
        let write = node.downcast_ref::<WriteExec>().map(|write| write.with_partitions(partitions.to_vec()));
        Ok(match write {
            Some(write) => Transformed::new(Arc::new(write) as _, true, TreeNodeRecursion::Stop),
            None => Transformed::no(node),
        })
    });
    numbered.map(|numbered| numbered.data)
}

/// The summaries in the rows of a plan that has written documents.
///
/// # Errors
/// If that of a partition is missing or came more than once: documents may be missing, too, and sums are wrong.
pub(crate) fn summaries(rows: &[RecordBatch], partitions: usize, cluster: bool) -> Result<Vec<Summary>> {
    let texts = rows.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
    let summaries: Vec<Summary> =
        texts.map(|text| serde_json::from_str(text).map_err(Error::internal)).collect::<Result<_>>()?;
    match incomplete(&summaries, partitions) {
        None => Ok(summaries),
        Some(message) if cluster => {
            let problem = Problem::new(message).help("nothing was published; run again");
            Err(Error::new(ErrorKind::Unavailable, problem))
        }
        Some(message) => Err(Error::internal(message)),
    }
}

/// What is wrong with the summaries of so many partitions.
fn incomplete(summaries: &[Summary], partitions: usize) -> Option<String> {
    let mut times = vec![0_usize; partitions];
    let mut unknown = Vec::new();
    for summary in summaries {
        match times.get_mut(summary.partition) {
            Some(times) => *times += 1,
            None => unknown.push(summary.partition),
        }
    }
    let that = |wrong: fn(usize) -> bool| (0..partitions).filter(|partition| wrong(times[*partition])).collect();
    let found: [(&str, Vec<usize>); 3] =
        [("missing", that(|times| times == 0)), ("repeated", that(|times| times > 1)), ("unknown", unknown)];
    let faults = found.iter().filter(|(_, numbers)| !numbers.is_empty());
    let faults: Vec<_> =
        faults.map(|(fault, numbers)| format!("{fault}: {}", listed(numbers, numbers.len()))).collect();
    let message = || {
        let faults = faults.join("; ");
        format!("each of the {partitions} partitions that write documents (0 is the first) must report once; {faults}")
    };
    (!faults.is_empty()).then(message)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringArray;

    use super::super::summary_schema;
    use super::*;

    fn of(numbers: &[usize], cluster: bool) -> Result<Vec<Summary>> {
        let text = |partition: &usize| {
            serde_json::to_string(&Summary { partition: *partition, ..Summary::default() }).expect("a summary")
        };
        let texts = Arc::new(StringArray::from_iter_values(numbers.iter().map(text)));
        let rows = RecordBatch::try_new(summary_schema(), vec![texts]).expect("rows of summaries");
        summaries(&[rows], 4, cluster)
    }

    fn fault(numbers: &[usize]) -> String {
        of(numbers, true).expect_err("these are not the summaries of four partitions").to_string()
    }

    #[test]
    fn summaries_of_all_partitions_are_taken_in_any_order() {
        assert_eq!(of(&[2, 0, 3, 1], true).expect("all four").len(), 4);
    }

    #[test]
    fn a_partition_that_is_missing_is_named() {
        assert!(fault(&[0, 1, 3]).contains("missing: 2"));
        assert!(fault(&[]).contains("missing: 0, 1, 2, 3"));
    }

    #[test]
    fn a_partition_that_came_twice_is_named_though_the_number_of_summaries_is_right() {
        let fault = fault(&[0, 1, 1, 3]);
        assert!(fault.contains("missing: 2; repeated: 1"), "{fault}");
    }

    #[test]
    fn a_partition_that_the_plan_does_not_have_is_named() {
        assert!(fault(&[0, 1, 2, 3, 9]).contains("unknown: 9"));
    }

    #[test]
    fn what_a_cluster_has_lost_is_worth_a_retry_and_what_this_process_has_lost_is_a_defect() {
        let kind = |cluster| of(&[0, 1, 2], cluster).expect_err("one is missing").kind();
        assert_eq!((kind(true), kind(false)), (ErrorKind::Unavailable, ErrorKind::Internal));
    }
}
