//! The sum of decimals that are so wide that no type holds every sum of them: each step is checked.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{ArrowNativeTypeOp, Decimal256Type, i256};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::widening::Widening;

#[derive(Debug)]
pub(super) struct Unbounded {
    sum: i256,
    /// How many values it is the sum of.
    count: u64,
    widening: Widening,
}

impl Unbounded {
    pub(super) fn new(widening: Widening) -> Self {
        Self { sum: i256::ZERO, count: 0, widening }
    }

    fn fold(&mut self, values: &ArrayRef, step: fn(i256, i256) -> Result<i256, ArrowError>) -> Result<()> {
        for value in values.as_primitive::<Decimal256Type>().iter().flatten() {
            self.sum = step(self.sum, value).map_err(|_| self.widening.overflow(""))?;
        }
        Ok(())
    }

    fn current(&self) -> Result<ScalarValue> {
        let sum = (self.count > 0).then_some(self.sum);
        ScalarValue::new_primitive::<Decimal256Type>(sum, &self.widening.wide)
    }
}

impl Accumulator for Unbounded {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.fold(&values[0], i256::add_checked)?;
        self.count += (values[0].len() - values[0].null_count()) as u64;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.fold(&values[0], i256::sub_checked)?;
        self.count -= (values[0].len() - values[0].null_count()) as u64;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.current()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.current()
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
