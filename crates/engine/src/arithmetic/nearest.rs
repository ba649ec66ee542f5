//! Decimals as the nearest floats.

use std::fmt::Display;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    Float32Type, Float64Type,
};
use datafusion::common::Result;

/// Ten to this power, and every integer up to `EXACT`, is a double, so that one division rounds once.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
const EXACT: u64 = 1 << 53;

/// Whether a cast from one of these types to the other is of decimals to floats.
pub(crate) fn is_nearest(from: &DataType, to: &DataType) -> bool {
    from.is_decimal() && to.is_floating()
}

/// The floats that are nearest to decimals. Arrow divides what it has rounded already.
pub(super) fn nearest(decimals: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match to {
        DataType::Float64 => floats::<Float64Type>(decimals, |text| text.parse().unwrap_or(f64::NAN), Some),
        DataType::Float32 => floats::<Float32Type>(decimals, |text| text.parse().unwrap_or(f32::NAN), |_| None),
        _ => Ok(cast(decimals, to)?),
    }
}

fn floats<F: ArrowPrimitiveType>(
    decimals: &ArrayRef,
    parse: impl Fn(&str) -> F::Native,
    exact: impl Fn(f64) -> Option<F::Native>,
) -> Result<ArrayRef> {
    fn each<D: DecimalType<Native: Display>, F: ArrowPrimitiveType>(
        decimals: &ArrayRef,
        scale: i8,
        small: impl Fn(D::Native) -> Option<i64>,
        parse: impl Fn(&str) -> F::Native,
        exact: impl Fn(f64) -> Option<F::Native>,
    ) -> PrimitiveArray<F> {
        let power = usize::try_from(scale).ok().and_then(|scale| POWERS.get(scale));
        decimals.as_primitive::<D>().unary(|value| {
            let quotient = match (power, small(value)) {
                (Some(power), Some(value)) if value.unsigned_abs() <= EXACT => exact(value as f64 / power),
                _ => None,
            };
            quotient.unwrap_or_else(|| parse(&format!("{value}e{}", -i16::from(scale))))
        })
    }
    Ok(Arc::new(match decimals.data_type() {
        DataType::Decimal32(_, scale) => {
            each::<Decimal32Type, F>(decimals, *scale, |value| Some(value.into()), parse, exact)
        }
        DataType::Decimal64(_, scale) => each::<Decimal64Type, F>(decimals, *scale, Some, parse, exact),
        DataType::Decimal128(_, scale) => {
            each::<Decimal128Type, F>(decimals, *scale, |value| value.try_into().ok(), parse, exact)
        }
        DataType::Decimal256(_, scale) => {
            let small = |value: datafusion::arrow::datatypes::i256| value.to_i128()?.try_into().ok();
            each::<Decimal256Type, F>(decimals, *scale, small, parse, exact)
        }
        _ => return Ok(cast(decimals, &F::DATA_TYPE)?),
    }))
}
