//! A sum and a count, side by side. The first state is the sum's, the second the count's.

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::quotient::Quotient;

#[derive(Debug)]
pub(super) struct Average {
    pub(super) sum: Box<dyn Accumulator>,
    pub(super) count: Box<dyn Accumulator>,
    pub(super) quotient: Quotient,
}

impl Accumulator for Average {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.sum.update_batch(values)?;
        self.count.update_batch(values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.sum.retract_batch(values)?;
        self.count.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.sum.supports_retract_batch() && self.count.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (sum, count) = states.split_at(1);
        self.sum.merge_batch(sum)?;
        self.count.merge_batch(count)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok([self.sum.state()?, self.count.state()?].concat())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let (sum, count) = (self.sum.evaluate()?.to_array()?, self.count.evaluate()?.to_array()?);
        ScalarValue::try_from_array(&self.quotient.of(&sum, &count)?, 0)
    }

    fn size(&self) -> usize {
        self.sum.size() + self.count.size() + size_of::<Self>()
    }
}

/// The same for many groups at once.
pub(super) struct GroupAverages {
    pub(super) sums: Box<dyn GroupsAccumulator>,
    pub(super) counts: Box<dyn GroupsAccumulator>,
    pub(super) quotient: Quotient,
}

impl GroupsAccumulator for GroupAverages {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.update_batch(values, groups, filter, total)?;
        self.counts.update_batch(values, groups, filter, total)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let (sums, counts) = states.split_at(1);
        self.sums.merge_batch(sums, groups, total)?;
        self.counts.merge_batch(counts, groups, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.quotient.of(&self.sums.evaluate(emit_to)?, &self.counts.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok([self.sums.state(emit_to)?, self.counts.state(emit_to)?].concat())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        Ok([self.sums.convert_to_state(values, filter)?, self.counts.convert_to_state(values, filter)?].concat())
    }

    fn size(&self) -> usize {
        self.sums.size() + self.counts.size()
    }
}
