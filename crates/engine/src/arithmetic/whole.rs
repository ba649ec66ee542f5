//! Functions that give whole seconds, days and the like, and cut what is finer without a word.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

const SECOND: i64 = 1_000_000_000;

/// The nanoseconds of a function's unit, and its name.
fn unit(function: &str) -> Option<(i64, &'static str)> {
    Some(match function {
        "to_date" => (86_400 * SECOND, "days"),
        "to_timestamp_seconds" | "to_unixtime" => (SECOND, "seconds"),
        "to_timestamp_millis" => (SECOND / 1_000, "milliseconds"),
        "to_timestamp_micros" => (SECOND / 1_000_000, "microseconds"),
        "to_timestamp_nanos" => (1, "nanoseconds"),
        _ => return None,
    })
}

/// The first argument of a call that is finer than what the function counts, with what that is. Where a format is given,
/// too, the call says itself what is read.
pub(super) fn first_cut(function: &str, arguments: &[ColumnarValue]) -> Result<Option<(String, &'static str)>> {
    let (Some((unit, counted)), [argument]) = (unit(function), arguments) else { return Ok(None) };
    let found = match argument.data_type() {
        text if text.is_string() => {
            let texts = cast(&argument.to_array(1)?, &DataType::Utf8)?;
            let is_cut = |text: &&str| string_to_timestamp_nanos(text).is_ok_and(|nanos| nanos % unit != 0);
            texts.as_string::<i32>().iter().flatten().find(is_cut).map(str::to_owned)
        }
        number if number.is_floating() || number.is_decimal() => {
            let numbers = cast(&argument.to_array(1)?, &DataType::Float64)?;
            let is_cut = |number: &f64| number.is_finite() && number.fract() != 0.0;
            numbers.as_primitive::<Float64Type>().iter().flatten().find(is_cut).map(|number| number.to_string())
        }
        _ => None,
    };
    Ok(found.map(|text| (text, counted)))
}
