//! Values of a file's type as values of the table's type: exactly, or not at all.

use std::fmt;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::kernels::cmp::distinct;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use keyfold_core::exact::uuid_texts;

use super::int96;

/// How one type becomes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Conversion {
    /// Every value has its equal.
    Always,
    /// Some values have none, which is found out by turning each back.
    Checked,
    /// The 16 bytes of a UUID as text.
    Uuid,
    /// The 12 bytes of a timestamp of 96 bits as a timestamp or a date.
    Int96,
}

/// The first value that the other type does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadValue {
    pub(super) row: usize,
    pub(super) value: String,
}

/// Why an array could not be converted.
#[derive(Debug)]
pub(super) enum Failure {
    Value(BadValue),
    Arrow(ArrowError),
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

impl Conversion {
    /// The same values as the other type.
    pub(super) fn apply(self, array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
        // What does not fit becomes NULL, and is found by that.
        let options = CastOptions { safe: true, ..CastOptions::default() };
        match self {
            Self::Always => Ok(cast_with_options(array, to, &options)?),
            Self::Uuid => Ok(cast_with_options(&uuid_texts(array), to, &options)?),
            Self::Int96 => {
                let bytes = array.as_fixed_size_binary();
                let stamps = match to {
                    DataType::Timestamp(TimeUnit::Nanosecond, _) => int96::nanoseconds(bytes),
                    _ => int96::microseconds(bytes),
                };
                Self::Checked.apply(&stamps.map_err(Failure::Value)?, to)
            }
            Self::Checked => {
                let array = match array.data_type() {
                    DataType::Dictionary(_, value) => &cast_with_options(array, value, &options)?,
                    DataType::FixedSizeBinary(_) => &cast_with_options(array, &DataType::Binary, &options)?,
                    _ => array,
                };
                let converted = cast_with_options(array, to, &options)?;
                let back = cast_with_options(&converted, array.data_type(), &options)?;
                match changed(array, &back)? {
                    None => Ok(converted),
                    Some(row) => Err(Failure::Value(BadValue { row, value: array_value_to_string(array, row)? })),
                }
            }
        }
    }
}

/// The first row that differs.
fn changed(array: &ArrayRef, back: &ArrayRef) -> Result<Option<usize>, ArrowError> {
    let differs = distinct(array, back)?;
    Ok(differs
        .values()
        .set_indices()
        .find(|row| array.is_null(*row) || back.is_null(*row) || !equal(array, back, *row)))
}

/// Whether two floats that differ in their bits are equal all the same: zeros of different signs, and NaNs.
fn equal(array: &ArrayRef, back: &ArrayRef, row: usize) -> bool {
    fn same(a: f64, b: f64) -> bool {
        a == b || a.is_nan() && b.is_nan()
    }
    match array.data_type() {
        DataType::Float16 => {
            let value = |array: &ArrayRef| array.as_primitive::<Float16Type>().value(row).to_f64();
            same(value(array), value(back))
        }
        DataType::Float32 => {
            let value = |array: &ArrayRef| f64::from(array.as_primitive::<Float32Type>().value(row));
            same(value(array), value(back))
        }
        DataType::Float64 => {
            let value = |array: &ArrayRef| array.as_primitive::<Float64Type>().value(row);
            same(value(array), value(back))
        }
        _ => false,
    }
}

/// A value of a file that the table's type does not have, while rows are read. Where it is, is found out afterwards.
#[derive(Debug)]
pub(super) struct ConversionError {
    pub(super) column: String,
    pub(super) value: String,
    pub(super) to: DataType,
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column `{}`: `{}` is not exactly of type {}", self.column, self.value, self.to)
    }
}

impl std::error::Error for ConversionError {}
