//! The text of a parameter as a value of its type: exactly, or not at all.

use datafusion::arrow::array::{Array, ArrayRef, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use keyfold_core::sum::Sum;
use keyfold_core::{json, text};

/// The value; nothing if the type has no value that is exactly what the text says.
pub(super) fn exactly(text: &str, data_type: &DataType) -> Option<ScalarValue> {
    match data_type {
        DataType::Decimal128(precision, scale) => {
            let Sum::Exact { units, .. } = decimal(text, *precision, *scale)? else { return None };
            Some(ScalarValue::Decimal128(Some(units.to_i128()?), *precision, *scale))
        }
        DataType::Decimal256(precision, scale) => {
            let Sum::Exact { units, .. } = decimal(text, *precision, *scale)? else { return None };
            Some(ScalarValue::Decimal256(Some(units), *precision, *scale))
        }
        _ => {
            let value = match data_type {
                DataType::Timestamp(_, None) | DataType::Time32(_) | DataType::Time64(_) => {
                    cast(&time(text), data_type)?
                }
                _ => cast(text, data_type)?,
            };
            let shown = text::at(&value, 0).ok()??;
            let exact = match data_type {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
                DataType::Boolean => text.eq_ignore_ascii_case(&shown),
                // Words such as `inf` hold letters that numbers do not.
                float if float.is_floating() => text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c)),
                integer if integer.is_integer() => whole(text) == shown,
                DataType::Timestamp(unit, Some(_)) => fraction(text) <= digits(*unit),
                DataType::Timestamp(_, None) | DataType::Time32(_) | DataType::Time64(_) => time(text) == time(&shown),
                _ => text == shown,
            };
            exact.then(|| ScalarValue::try_from_array(&value, 0).ok()).flatten()
        }
    }
}

/// Arrow's value of a text, if JSON could say it.
fn cast(text: &str, data_type: &DataType) -> Option<ArrayRef> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let value = cast_with_options(&StringArray::from(vec![text]), data_type, &strict).ok()?;
    (value.is_valid(0) && json::first_fault(&value).is_none()).then_some(value)
}

fn decimal(text: &str, precision: u8, scale: i8) -> Option<Sum> {
    let number = Sum::parse(text.strip_prefix('+').unwrap_or(text), scale)?;
    let digits = number.to_string().chars().filter(char::is_ascii_digit).collect::<String>();
    (digits.trim_start_matches('0').len() <= usize::from(precision)).then_some(number)
}

/// A whole number without what says nothing: a plus sign and zeros in front.
fn whole(text: &str) -> String {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0".into(),
        digits => format!("{sign}{digits}"),
    }
}

/// A time, or a date with one, in one form: seconds given, `T` before the time, no zeros at the end of a fraction.
fn time(text: &str) -> String {
    let text = text.replacen(' ', "T", 1);
    let text = if text.contains(':') { text } else { format!("{text}T00:00:00") };
    let text = if text.matches(':').count() == 1 { format!("{text}:00") } else { text };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Digits of the fraction of a second that say something.
fn fraction(text: &str) -> usize {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.find(|c: char| !c.is_ascii_digit()).map_or(fraction, |end| &fraction[..end]);
    digits.trim_end_matches('0').len()
}

fn digits(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, data_type: DataType) -> Option<String> {
        let value = exactly(text, &data_type)?;
        assert_eq!(value.data_type(), data_type);
        text::at(&value.to_array().unwrap(), 0).unwrap()
    }

    #[test]
    fn a_value_is_taken_when_its_type_has_exactly_that_value() {
        for (text, data_type, value) in [
            ("5", DataType::Int32, "5"),
            ("-05", DataType::Int64, "-5"),
            ("+0", DataType::Int64, "0"),
            ("18446744073709551615", DataType::UInt64, "18446744073709551615"),
            ("12.50", DataType::Decimal128(4, 2), "12.50"),
            ("-12.5000", DataType::Decimal128(4, 2), "-12.50"),
            ("1e3", DataType::Float64, "1000.0"),
            ("TRUE", DataType::Boolean, "true"),
            ("2018-01-31", DataType::Date32, "2018-01-31"),
            ("2018-01-31 23:30", DataType::Timestamp(TimeUnit::Nanosecond, None), "2018-01-31T23:30:00"),
            ("2018-01-31", DataType::Timestamp(TimeUnit::Second, None), "2018-01-31T00:00:00"),
            ("2018-01-31T23:30:00.50", DataType::Timestamp(TimeUnit::Millisecond, None), "2018-01-31T23:30:00.500"),
            ("08:30:00", DataType::Time64(TimeUnit::Nanosecond), "08:30:00"),
            (" x ", DataType::Utf8, " x "),
            ("", DataType::Utf8, ""),
        ] {
            assert_eq!(shown(text, data_type.clone()).as_deref(), Some(value), "{text} as {data_type}");
        }
    }

    #[test]
    fn a_value_that_would_be_cut_moved_or_guessed_is_not_taken() {
        for (text, data_type) in [
            ("5.7", DataType::Int32),
            (" 5", DataType::Int32),
            ("5 ", DataType::Int32),
            ("", DataType::Int32),
            ("3000000000", DataType::Int32),
            ("-1", DataType::UInt32),
            ("12.505", DataType::Decimal128(5, 2)),
            ("123.45", DataType::Decimal128(4, 2)),
            (" 1", DataType::Decimal128(4, 2)),
            ("NaN", DataType::Float64),
            ("inf", DataType::Float64),
            ("-Infinity", DataType::Float64),
            ("1e999", DataType::Float64),
            (" 1", DataType::Float64),
            ("yes", DataType::Boolean),
            ("1", DataType::Boolean),
            ("t", DataType::Boolean),
            ("2018-01-31T23:30:00-05:00", DataType::Date32),
            ("2018-01-31T00:00:00", DataType::Date32),
            ("2018-02-30", DataType::Date32),
            ("17562", DataType::Date32),
            ("2018-01-31T23:30:00-05:00", DataType::Timestamp(TimeUnit::Nanosecond, None)),
            ("2018-01-31T23:30:00.5", DataType::Timestamp(TimeUnit::Second, None)),
            ("2018-01-31T23:30:00.0005Z", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
            ("25:00:00", DataType::Time64(TimeUnit::Nanosecond)),
        ] {
            assert_eq!(shown(text, data_type.clone()), None, "{text} as {data_type}");
        }
    }
}
