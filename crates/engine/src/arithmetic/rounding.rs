//! Quotients of whole numbers, rounded half away from zero.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Datum};
use datafusion::arrow::datatypes::{ArrowNativeTypeOp, DataType, Decimal128Type, Decimal256Type, DecimalType, i256};
use datafusion::arrow::error::ArrowError;

use super::operator::pairs;

/// The quotient, half away from zero. The divisor is not zero.
pub(super) fn rounded(number: i256, divisor: i256) -> i256 {
    let (quotient, rest) = (number.wrapping_div(divisor), number.wrapping_rem(divisor).wrapping_abs());
    if rest < divisor.wrapping_abs().wrapping_sub(rest) {
        quotient
    } else {
        let below = number.is_negative() != divisor.is_negative();
        quotient.wrapping_add(if below { i256::MINUS_ONE } else { i256::ONE })
    }
}

/// The quotients of decimals of 128 or 256 bits in the type that Arrow gives them; nothing for other types.
///
/// Arrow cuts them.
pub(super) fn quotients(
    left: &dyn Datum,
    right: &dyn Datum,
    result: &DataType,
) -> Option<Result<ArrayRef, ArrowError>> {
    match (left.get().0.data_type(), right.get().0.data_type(), result) {
        (DataType::Decimal128(_, a), DataType::Decimal128(_, b), DataType::Decimal128(_, c)) => {
            Some(each::<Decimal128Type>(left, right, [*a, *b, *c], result, i256::from_i128, i256::to_i128))
        }
        (DataType::Decimal256(_, a), DataType::Decimal256(_, b), DataType::Decimal256(_, c)) => {
            Some(each::<Decimal256Type>(left, right, [*a, *b, *c], result, |value| value, Some))
        }
        _ => None,
    }
}

fn each<T: DecimalType>(
    left: &dyn Datum,
    right: &dyn Datum,
    [left_scale, right_scale, scale]: [i8; 3],
    result: &DataType,
    widen: fn(T::Native) -> i256,
    narrow: fn(i256) -> Option<T::Native>,
) -> Result<ArrayRef, ArrowError> {
    let digits = i16::from(scale) - i16::from(left_scale) + i16::from(right_scale);
    let power = i256::from_i128(10).pow_checked(digits.unsigned_abs().into())?;
    let quotient = |left: T::Native, right: T::Native| {
        let (mut number, mut divisor) = (widen(left), widen(right));
        if divisor == i256::ZERO {
            return Err(ArrowError::DivideByZero);
        }
        let scaled = if digits < 0 { &mut divisor } else { &mut number };
        *scaled = scaled.mul_checked(power)?;
        narrow(rounded(number, divisor)).ok_or_else(|| ArrowError::ArithmeticOverflow(String::new()))
    };
    Ok(Arc::new(pairs::<T>(left, right, quotient)?.with_data_type(result.clone())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn half_is_rounded_away_from_zero(number: i64, divisor in prop_oneof![-1000i64..0, 1i64..1000]) {
            let (number, divisor) = (i128::from(number), i128::from(divisor));
            let magnitude = (2 * number.abs() + divisor.abs()) / (2 * divisor.abs());
            let away = number.signum() * divisor.signum() * magnitude;
            prop_assert_eq!(rounded(i256::from_i128(number), i256::from_i128(divisor)), i256::from_i128(away));
        }
    }
}
