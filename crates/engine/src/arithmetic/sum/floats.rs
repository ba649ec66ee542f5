//! Sums and averages of floats over a frame that slides.
//!
//! The built-in ones subtract what leaves the frame, and keep its rounding, or its NaN, for ever.

use std::collections::VecDeque;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue, not_impl_err};
use datafusion::logical_expr::Accumulator;

/// The values in the frame.
#[derive(Debug)]
pub(in crate::arithmetic) struct SlidingFloats {
    values: VecDeque<f64>,
    average: bool,
}

impl SlidingFloats {
    pub(in crate::arithmetic) fn sum() -> Self {
        Self { values: VecDeque::new(), average: false }
    }

    pub(in crate::arithmetic) fn average() -> Self {
        Self { values: VecDeque::new(), average: true }
    }
}

impl Accumulator for SlidingFloats {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.extend(values[0].as_primitive::<Float64Type>().iter().flatten());
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let leaving = values[0].len() - values[0].null_count();
        self.values.drain(..leaving.min(self.values.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        not_impl_err!("a frame is in one partition")
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        not_impl_err!("a frame is in one partition")
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (!self.values.is_empty()).then(|| self.values.iter().sum::<f64>());
        let count = if self.average { self.values.len() as f64 } else { 1.0 };
        Ok(ScalarValue::Float64(sum.map(|sum| sum / count)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.values.capacity() * size_of::<f64>()
    }
}
