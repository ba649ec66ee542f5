//! `keyfold_decimal(text, type)`: text to a decimal, refusing digits that the type cannot hold.
//!
//! Arrow's CSV reader cuts surplus digits after the point without a word, so decimals are read as text first.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use keyfold_core::{Error, ErrorKind};

use crate::error::external;

/// The function.
pub(crate) fn function() -> ScalarUDF {
    ScalarUDF::new_from_impl(ExactDecimal { signature: Signature::any(2, Volatility::Immutable) })
}

/// A call of the function: `text` as a decimal of this precision and scale.
pub(crate) fn call(text: Expr, precision: u8, scale: i8) -> Expr {
    let sample = ScalarValue::Decimal128(None, precision, scale);
    function().call(vec![text, Expr::Literal(sample, None)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactDecimal {
    signature: Signature,
}

impl ScalarUDFImpl for ExactDecimal {
    fn name(&self) -> &str {
        "keyfold_decimal"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[1].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Decimal128(precision, scale) = *args.return_field.data_type() else {
            return Err(external(Error::internal("keyfold_decimal gives decimals only")));
        };
        let texts = cast(&args.args[0].to_array(args.number_rows)?, &DataType::Utf8View)?;
        let parse = |text: Option<&str>| match text {
            None => Ok(None),
            Some(text) => parse(text, precision, scale).map(Some).ok_or_else(|| {
                let message = format!("`{text}` is not exactly of type DECIMAL({precision},{scale})");
                external(Error::new(ErrorKind::Input, message))
            }),
        };
        let units: Decimal128Array = texts.as_string_view().iter().map(parse).collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(units.with_precision_and_scale(precision, scale)?) as ArrayRef))
    }
}

/// The decimal in units of 10^-scale; nothing if the text is no decimal or has more digits than fit.
pub(crate) fn parse(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let scale = usize::try_from(scale).ok()?;
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = (&digits[..point], digits.get(point + 1..).unwrap_or(&[]));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let kept = &fraction[..fraction.len().min(scale)];
    if fraction[kept.len()..].iter().any(|byte| *byte != b'0') {
        return None;
    }
    let mut units: i128 = 0;
    for byte in whole.iter().chain(kept) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        units = units.checked_mul(10)?.checked_add(digit.into())?;
    }
    units = units.checked_mul(10i128.checked_pow((scale - kept.len()) as u32)?)?;
    let fits = units < 10i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
    fits.then_some(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_taken_exactly_or_not_at_all() {
        for (text, units) in [
            ("12009.60", Some(1_200_960)),
            ("12009.6", Some(1_200_960)),
            ("12009.600", Some(1_200_960)),
            ("-0.05", Some(-5)),
            ("+7", Some(700)),
            (".5", Some(50)),
            ("5.", Some(500)),
            ("0.005", None),
            ("12345678901.00", None),
            ("9999999999.99", Some(999_999_999_999)),
            ("", None),
            (".", None),
            ("-", None),
            ("1.2.3", None),
            ("1e2", None),
            (" 1", None),
            ("99999999999999999999999999999999999999999999", None),
        ] {
            assert_eq!(parse(text, 12, 2), units, "{text}");
        }
    }
}
