//! Accumulators of built-in functions that work in another type than that of their values and results.

use std::fmt::Debug;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// From the type of the values to that of an accumulator, and from there to the result's.
pub(super) trait Conversion: Debug + Send + Sync {
    /// The values in the accumulator's type.
    fn inwards(&self, values: &ArrayRef) -> Result<ArrayRef>;

    /// The results in their own type; a failure where one does not fit.
    fn outwards(&self, results: &ArrayRef) -> Result<ArrayRef>;
}

/// An accumulator of the other type.
#[derive(Debug)]
pub(super) struct Converted<C> {
    pub(super) inner: Box<dyn Accumulator>,
    pub(super) conversion: C,
}

impl<C: Conversion + 'static> Accumulator for Converted<C> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&[self.conversion.inwards(&values[0])?])
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&[self.conversion.inwards(&values[0])?])
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.conversion.outwards(&self.inner.evaluate()?.to_array()?)?;
        ScalarValue::try_from_array(&result, 0)
    }

    fn size(&self) -> usize {
        self.inner.size() + size_of::<Self>()
    }
}

/// The same for many groups at once.
pub(super) struct ConvertedGroups<C> {
    pub(super) inner: Box<dyn GroupsAccumulator>,
    pub(super) conversion: C,
}

impl<C: Conversion + 'static> GroupsAccumulator for ConvertedGroups<C> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.inner.update_batch(&[self.conversion.inwards(&values[0])?], groups, filter, total)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(states, groups, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.conversion.outwards(&self.inner.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&[self.conversion.inwards(&values[0])?], filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}
