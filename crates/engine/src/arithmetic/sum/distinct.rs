//! `sum(DISTINCT …)` over a frame that slides, which the built-in function has for one type only.

use std::collections::HashMap;
use std::fmt::Debug;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{ArrowNativeTypeOp, DataType, Decimal128Type, Decimal256Type, DecimalType};
use datafusion::common::{Result, ScalarValue, not_impl_err};
use datafusion::logical_expr::Accumulator;

/// How often each value is in the frame, and the sum of those that are.
#[derive(Debug)]
pub(super) struct SlidingDistinct<T: DecimalType> {
    counts: HashMap<T::Native, usize>,
    sum: T::Native,
    data_type: DataType,
}

impl SlidingDistinct<Decimal128Type> {
    /// The accumulator of this type.
    pub(super) fn of(data_type: &DataType) -> Result<Box<dyn Accumulator>> {
        match data_type {
            DataType::Decimal128(..) => Ok(Box::new(SlidingDistinct::<Decimal128Type>::new(data_type))),
            _ => Ok(Box::new(SlidingDistinct::<Decimal256Type>::new(data_type))),
        }
    }
}

impl<T: DecimalType> SlidingDistinct<T> {
    fn new(data_type: &DataType) -> Self {
        Self { counts: HashMap::new(), sum: T::Native::ZERO, data_type: data_type.clone() }
    }
}

impl<T: DecimalType + Debug> Accumulator for SlidingDistinct<T>
where
    T::Native: std::hash::Hash + Eq,
{
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<T>().iter().flatten() {
            let count = self.counts.entry(value).or_default();
            if *count == 0 {
                self.sum = self.sum.add_checked(value)?;
            }
            *count += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<T>().iter().flatten() {
            let Some(count) = self.counts.get_mut(&value) else { continue };
            *count -= 1;
            if *count == 0 {
                self.sum = self.sum.sub_checked(value)?;
                self.counts.remove(&value);
            }
        }
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
        let sum = (!self.counts.is_empty()).then_some(self.sum);
        ScalarValue::new_primitive::<T>(sum, &self.data_type)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.counts.capacity() * size_of::<(T::Native, usize)>()
    }
}
