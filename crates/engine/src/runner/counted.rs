//! What operators count while they run.

use std::ops::AddAssign;

use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use serde::{Deserialize, Serialize};

use crate::write::{BYTES, DOCUMENTS, WriteExec};

/// Sums over operators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Rows read from tables.
    pub rows: u64,
    /// Documents written.
    pub documents: u64,
    /// Bytes of these documents.
    pub bytes: u64,
    /// Nanoseconds of work. They grow while an operator works, even if no row comes out of it.
    pub nanoseconds: u64,
}

impl Counted {
    /// What one operator has counted.
    fn by(operator: &dyn ExecutionPlan, metrics: &MetricsSet) -> Self {
        let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |sum| sum.as_usize() as u64);
        let mut counted = Self { nanoseconds: metrics.elapsed_compute().unwrap_or(0) as u64, ..Self::default() };
        if operator.is::<DataSourceExec>() {
            counted.rows = metrics.output_rows().unwrap_or(0) as u64;
        }
        if operator.is::<WriteExec>() {
            (counted.documents, counted.bytes) = (sum(DOCUMENTS), sum(BYTES));
        }
        counted
    }

    /// What a plan's operators have counted, given the metrics of those that have any, parents first.
    pub fn zipped(plan: &dyn ExecutionPlan, metrics: &[MetricsSet]) -> Self {
        fn add(plan: &dyn ExecutionPlan, metrics: &mut std::slice::Iter<'_, MetricsSet>, sum: &mut Counted) {
            if plan.metrics().is_some()
                && let Some(metrics) = metrics.next()
            {
                *sum += Counted::by(plan, metrics);
            }
            plan.children().into_iter().for_each(|child| add(child.as_ref(), metrics, sum));
        }
        let mut sum = Self::default();
        add(plan, &mut metrics.iter(), &mut sum);
        sum
    }

    /// What all operators of a plan have counted so far.
    pub fn so_far(plan: &dyn ExecutionPlan) -> Self {
        let mut counted = plan.metrics().map(|metrics| Self::by(plan, &metrics)).unwrap_or_default();
        for child in plan.children() {
            counted += Self::so_far(child.as_ref());
        }
        counted
    }
}

impl AddAssign for Counted {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        self.documents += more.documents;
        self.bytes += more.bytes;
        self.nanoseconds += more.nanoseconds;
    }
}
