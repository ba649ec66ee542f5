//! Sums divided by counts, rounded once: to the nearest double, or half away from zero to the digits of a decimal.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float64Type, Int64Type, i256,
};
use datafusion::common::{Result, exec_err};
use keyfold_core::exact::sql_name;

use super::super::Origin;

#[derive(Debug)]
pub(super) struct Quotient {
    /// The type of the quotients.
    pub(super) result: DataType,
    pub(super) origin: Origin,
}

impl Quotient {
    /// The quotients; NULL where nothing was counted.
    pub(super) fn of(&self, sums: &ArrayRef, counts: &ArrayRef) -> Result<ArrayRef> {
        match self.result {
            DataType::Float64 => {
                self.rows::<Float64Type>(sums, counts, |sum, count| Some(nearest_double(sum.to_i128()?, count)))
            }
            DataType::Decimal32(..) => {
                self.decimals::<Decimal32Type>(sums, counts, |value| value.to_i128()?.try_into().ok())
            }
            DataType::Decimal64(..) => {
                self.decimals::<Decimal64Type>(sums, counts, |value| value.to_i128()?.try_into().ok())
            }
            DataType::Decimal128(..) => self.decimals::<Decimal128Type>(sums, counts, i256::to_i128),
            DataType::Decimal256(..) => self.decimals::<Decimal256Type>(sums, counts, Some),
            ref other => exec_err!("avg does not give {other}"),
        }
    }

    fn decimals<T: DecimalType>(
        &self,
        sums: &ArrayRef,
        counts: &ArrayRef,
        narrow: impl Fn(i256) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let (precision, digits) = match (&self.result, sums.data_type()) {
            (
                DataType::Decimal32(precision, scale)
                | DataType::Decimal64(precision, scale)
                | DataType::Decimal128(precision, scale)
                | DataType::Decimal256(precision, scale),
                DataType::Decimal128(_, summed) | DataType::Decimal256(_, summed),
            ) => (*precision, scale.abs_diff(*summed)),
            (result, sum) => return exec_err!("avg does not give {result} of {sum}"),
        };
        let factor = i256::from_i128(10).pow_checked(digits.into())?;
        self.rows::<T>(sums, counts, |sum, count| {
            let quotient = narrow(rounded(sum.mul_checked(factor).ok()?, i256::from_i128(count.into())))?;
            T::is_valid_decimal_precision(quotient, precision).then_some(quotient)
        })
    }

    fn rows<T: ArrowPrimitiveType>(
        &self,
        sums: &ArrayRef,
        counts: &ArrayRef,
        quotient: impl Fn(i256, i64) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let sum = |row: usize| match sums.as_primitive_opt::<Decimal128Type>() {
            Some(sums) => i256::from_i128(sums.value(row)),
            None => sums.as_primitive::<Decimal256Type>().value(row),
        };
        let counts = counts.as_primitive::<Int64Type>();
        let quotients = (0..sums.len()).map(|row| {
            if sums.is_null(row) || counts.value(row) == 0 {
                return Ok(None);
            }
            quotient(sum(row), counts.value(row)).map(Some).ok_or_else(|| self.overflow())
        });
        let quotients: PrimitiveArray<T> = quotients.collect::<Result<_>>()?;
        Ok(Arc::new(quotients.with_data_type(self.result.clone())))
    }

    fn overflow(&self) -> datafusion::error::DataFusionError {
        let message = format!("overflow: an average is beyond the range of {}", sql_name(&self.result));
        self.origin.failed(message, "CAST what is averaged to a decimal with fewer digits, or to DOUBLE")
    }
}

/// The quotient by a positive number, half away from zero.
fn rounded(number: i256, divisor: i256) -> i256 {
    let (quotient, rest) = (number.wrapping_div(divisor), number.wrapping_rem(divisor).wrapping_abs());
    if rest < divisor.wrapping_sub(rest) {
        quotient
    } else {
        quotient.wrapping_add(if number.is_negative() { i256::MINUS_ONE } else { i256::ONE })
    }
}

/// The double that is nearest to the quotient, ties to even.
///
/// The quotient of the shifted numerator has more bits than a double's 53, and its last one says whether anything is
/// left: so the conversion rounds as the whole quotient would be.
fn nearest_double(number: i128, divisor: i64) -> f64 {
    let (magnitude, divisor) = (number.unsigned_abs(), u128::from(divisor.unsigned_abs()));
    let shift = magnitude.leading_zeros();
    let shifted = magnitude.checked_shl(shift).unwrap_or_default();
    let quotient = (shifted / divisor) | u128::from(shifted % divisor != 0);
    let nearest = quotient as f64 * (-f64::from(shift)).exp2();
    if number < 0 { -nearest } else { nearest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quotient_within_the_exact_integers_is_that_of_the_processor(
            number in -(1i64 << 53)..=1 << 53, divisor in 1i64..=1 << 53
        ) {
            prop_assert_eq!(nearest_double(number.into(), divisor), number as f64 / divisor as f64);
        }

        #[test]
        fn the_quotient_by_one_is_the_nearest_double(number: i128) {
            prop_assert_eq!(nearest_double(number, 1), number as f64);
        }

        #[test]
        fn half_is_rounded_away_from_zero(number: i64, divisor in 1i64..1000) {
            let (number, divisor) = (i128::from(number), i128::from(divisor));
            let away = number.signum() * ((2 * number.abs() + divisor) / (2 * divisor));
            prop_assert_eq!(rounded(i256::from_i128(number), i256::from_i128(divisor)), i256::from_i128(away));
        }
    }
}
