//! A sum in a wider type than its result's.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, Int64Type, UInt64Type, i256,
};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::Result;
use datafusion::logical_expr::function::AccumulatorArgs;
use keyfold_core::exact::sql_name;

use super::super::Origin;
use super::super::conversion::Conversion;

/// Decimals of so many digits are added up in 128 bits: ten million million of the largest of them fit.
const NARROW_PRECISION: u8 = 25;
/// The same for 256 bits.
const BOUNDED_PRECISION: u8 = 63;

/// The type that holds every sum of values of a type; nothing for floats and intervals, which are left alone.
pub(in crate::arithmetic) fn wide(input: &DataType) -> Option<DataType> {
    Some(match input {
        DataType::Int64 | DataType::UInt64 | DataType::Duration(_) => DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0),
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => {
            DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale)
        }
        DataType::Decimal128(precision, scale) if *precision <= NARROW_PRECISION => {
            DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale)
        }
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
            DataType::Decimal256(DECIMAL256_MAX_PRECISION, *scale)
        }
        _ => return None,
    })
}

/// From the values to the wide type, and from there to the result's.
#[derive(Debug, Clone)]
pub(super) struct Widening {
    pub(super) wide: DataType,
    pub(super) result: DataType,
    pub(super) origin: Origin,
}

impl Widening {
    /// Whether even the wide type may overflow.
    pub(super) fn is_unbounded(&self, args: &AccumulatorArgs) -> bool {
        let input = args.expr_fields.first().map(|field| field.data_type());
        matches!(input, Some(DataType::Decimal256(precision, _)) if *precision > BOUNDED_PRECISION)
    }

    fn widened<N: ArrowPrimitiveType, W: ArrowPrimitiveType>(
        &self,
        values: &ArrayRef,
        widen: fn(N::Native) -> W::Native,
    ) -> ArrayRef {
        Arc::new(values.as_primitive::<N>().unary::<_, W>(widen).with_data_type(self.wide.clone()))
    }

    fn narrowed<N: ArrowPrimitiveType>(
        &self,
        sums: &ArrayRef,
        narrow: impl Fn(i128) -> Option<N::Native>,
    ) -> Result<ArrayRef> {
        let too_large = || ArrowError::ArithmeticOverflow(String::new());
        let narrowed: Result<PrimitiveArray<N>, ArrowError> = match sums.as_primitive_opt::<Decimal128Type>() {
            Some(sums) => sums.try_unary(|sum| narrow(sum).ok_or_else(too_large)),
            None => sums
                .as_primitive::<Decimal256Type>()
                .try_unary(|sum| sum.to_i128().and_then(&narrow).ok_or_else(too_large)),
        };
        match narrowed {
            Ok(narrowed) => Ok(Arc::new(narrowed.with_data_type(self.result.clone()))),
            Err(_) => {
                let row = (0..sums.len()).find(|row| self.narrow_alone(sums, *row, &narrow).is_none());
                let text = row.and_then(|row| array_value_to_string(sums, row).ok()).map(|sum| format!(" {sum}"));
                Err(self.overflow(&text.unwrap_or_default()))
            }
        }
    }

    fn narrow_alone<N>(&self, sums: &ArrayRef, row: usize, narrow: impl Fn(i128) -> Option<N>) -> Option<()> {
        if sums.is_null(row) {
            return Some(());
        }
        let sum = match sums.as_primitive_opt::<Decimal128Type>() {
            Some(sums) => Some(sums.value(row)),
            None => sums.as_primitive::<Decimal256Type>().value(row).to_i128(),
        };
        sum.and_then(narrow).map(|_| ())
    }

    /// The failure of a sum that is beyond its result's type.
    pub(super) fn overflow(&self, sum: &str) -> datafusion::error::DataFusionError {
        let message = format!("overflow: the sum{sum} is beyond the range of {}", sql_name(&self.result));
        let help = match &self.result {
            DataType::Int64 | DataType::UInt64 => "CAST what is added up to DECIMAL(38,0)",
            _ => "CAST what is added up to a type with more room, or ROUND it to fewer digits",
        };
        self.origin.failed(message, help)
    }
}

impl Conversion for Widening {
    fn inwards(&self, values: &ArrayRef) -> Result<ArrayRef> {
        Ok(match (values.data_type(), &self.wide) {
            (DataType::Int64, _) => self.widened::<Int64Type, Decimal128Type>(values, i128::from),
            (DataType::UInt64, _) => self.widened::<UInt64Type, Decimal128Type>(values, i128::from),
            (DataType::Duration(_), _) => {
                self.widened::<Int64Type, Decimal128Type>(&cast(values, &DataType::Int64)?, i128::from)
            }
            (DataType::Decimal32(..), _) => self.widened::<Decimal32Type, Decimal128Type>(values, i128::from),
            (DataType::Decimal64(..), _) => self.widened::<Decimal64Type, Decimal128Type>(values, i128::from),
            (DataType::Decimal128(..), DataType::Decimal256(..)) => {
                self.widened::<Decimal128Type, Decimal256Type>(values, i256::from_i128)
            }
            _ => values.clone(),
        })
    }

    /// The sums in the type of the result; an overflow where one does not fit.
    fn outwards(&self, sums: &ArrayRef) -> Result<ArrayRef> {
        match &self.result {
            DataType::Int64 => self.narrowed::<Int64Type>(sums, |sum| i64::try_from(sum).ok()),
            DataType::UInt64 => self.narrowed::<UInt64Type>(sums, |sum| u64::try_from(sum).ok()),
            DataType::Duration(_) => {
                let sums = self.narrowed::<Int64Type>(sums, |sum| i64::try_from(sum).ok())?;
                Ok(cast(&sums, &self.result)?)
            }
            DataType::Decimal32(digits, _) => {
                self.narrowed::<Decimal32Type>(sums, |sum| bounded(sum, *digits).and_then(|sum| sum.try_into().ok()))
            }
            DataType::Decimal64(digits, _) => {
                self.narrowed::<Decimal64Type>(sums, |sum| bounded(sum, *digits).and_then(|sum| sum.try_into().ok()))
            }
            DataType::Decimal128(digits, _) => self.narrowed::<Decimal128Type>(sums, |sum| bounded(sum, *digits)),
            _ => {
                let sums = sums.as_primitive::<Decimal256Type>();
                let precision = DECIMAL256_MAX_PRECISION;
                sums.validate_decimal_precision(precision).map_err(|_| self.overflow(""))?;
                Ok(Arc::new(sums.clone().with_data_type(self.result.clone())))
            }
        }
    }
}

/// The number, if it has no more digits than these.
fn bounded(number: i128, digits: u8) -> Option<i128> {
    let beyond = 10u128.checked_pow(digits.into())?;
    (number.unsigned_abs() < beyond).then_some(number)
}
