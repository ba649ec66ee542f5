//! The same for all texts and values.

use arrow_array::types::*;
use arrow_array::{ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::i256;
use proptest::prelude::*;

use super::*;

/// Values of a type that are written as Arrow writes them are read as they were.
fn survives<T: ArrowPrimitiveType>(data_type: DataType, values: Vec<Option<T::Native>>) {
    let array = PrimitiveArray::<T>::from_iter(values).with_data_type(data_type);
    let texts: Vec<Option<String>> =
        (0..array.len()).map(|row| array.is_valid(row).then(|| array_value_to_string(&array, row).unwrap())).collect();
    let parser = Parser::new(array.data_type(), &TextRules::default()).unwrap();
    let read = parser.array(texts.iter().map(Option::as_deref)).unwrap();
    assert_eq!(&*read, &array as &dyn Array);
}

fn some<V: std::fmt::Debug>(values: impl Strategy<Value = V>) -> impl Strategy<Value = Vec<Option<V>>> {
    proptest::collection::vec(proptest::option::of(values), 0..6)
}

/// Seconds of the years 1 to 9999.
fn seconds() -> impl Strategy<Value = i64> {
    -62_135_596_800..253_402_300_800i64
}

proptest! {
    #[test]
    fn integers_survive(bytes in some(any::<i8>()), longs in some(any::<i64>()), unsigned in some(any::<u64>())) {
        survives::<Int8Type>(DataType::Int8, bytes);
        survives::<Int64Type>(DataType::Int64, longs);
        survives::<UInt64Type>(DataType::UInt64, unsigned);
    }

    #[test]
    fn floats_survive(doubles in some(any::<f64>()), singles in some(any::<f32>())) {
        survives::<Float64Type>(DataType::Float64, doubles);
        survives::<Float32Type>(DataType::Float32, singles);
    }

    #[test]
    fn decimals_survive(
        units in some(-99_999_999_999_999_999_999_999_999_999_999_999_999i128..=99_999_999_999_999_999_999_999_999_999_999_999_999),
        small in some(-999_999_999i32..=999_999_999),
        high in some(-99_999_999_999_999_999_999_999_999_999_999_999_999i128..=99_999_999_999_999_999_999_999_999_999_999_999_999),
        scale in 0..=38i8,
    ) {
        survives::<Decimal128Type>(DataType::Decimal128(38, scale), units);
        survives::<Decimal32Type>(DataType::Decimal32(9, scale.min(9)), small);
        let power = i256::from_i128(10i128.pow(38));
        let wide = |high| i256::from_i128(high).wrapping_mul(power).wrapping_add(i256::from_i128(high / 7));
        let wide = high.into_iter().map(|high| high.map(wide)).collect();
        survives::<Decimal256Type>(DataType::Decimal256(76, 2 * scale), wide);
    }

    #[test]
    fn dates_and_times_survive(
        days in some(-95_000_000..=95_000_000i32),
        time in some(0..86_400_000_000_000i64),
        seconds in some(seconds()),
        nanos in some(any::<i64>()),
    ) {
        // The year 0, which is written without a sign, is refused.
        let days = days.into_iter().map(|days| days.filter(|days| !(-719_528..-719_162).contains(days))).collect();
        survives::<Date32Type>(DataType::Date32, days);
        survives::<Time64NanosecondType>(DataType::Time64(TimeUnit::Nanosecond), time);
        survives::<TimestampSecondType>(timestamp(TimeUnit::Second, None), seconds.clone());
        survives::<TimestampSecondType>(timestamp(TimeUnit::Second, Some("+05:30")), seconds);
        survives::<TimestampNanosecondType>(timestamp(TimeUnit::Nanosecond, None), nanos);
    }

    /// Long division by hand: the digits with the point moved are those of the units, with zeros on both sides.
    #[test]
    fn a_number_is_the_decimal_that_its_digits_say(
        negative: bool,
        whole in "[0-9]{0,30}|0{0,40}[0-9]{0,3}0{0,30}",
        fraction in "[0-9]{0,30}|0{0,30}[0-9]{0,3}0{0,40}",
        exponent in -60..60i32,
        precision in 1..=76u8,
        scale in -40..=76i8,
    ) {
        prop_assume!(!whole.is_empty() || !fraction.is_empty());
        let text = format!("{}{whole}.{fraction}e{exponent}", if negative { "-" } else { "" });
        let mut digits = format!("{whole}{fraction}");
        let shift = exponent + i32::from(scale) - fraction.len() as i32;
        let mut exact = true;
        for _ in 0..shift.abs() {
            if shift > 0 {
                digits.push('0');
            } else {
                exact &= matches!(digits.pop(), None | Some('0'));
            }
        }
        let digits = digits.trim_start_matches('0');
        let sign = if negative && !digits.is_empty() { "-" } else { "" };
        let fits = exact && digits.len() <= usize::from(precision);
        let expected = fits.then(|| format!("{sign}{}", if digits.is_empty() { "0" } else { digits }));
        prop_assert_eq!(wide_decimal(&text, precision, scale).map(|units| units.to_string()), expected.clone());
        if precision <= 38 {
            prop_assert_eq!(decimal(&text, precision, scale).map(|units| units.to_string()), expected);
        }
    }

    #[test]
    fn whatever_rust_reads_as_an_integer_is_that_integer(text in "[+-]?[0-9]{1,25}") {
        let read = |data_type| read(&data_type, &TextRules::default(), &text).ok().map(|array| array_value_to_string(&array, 0).unwrap());
        prop_assert_eq!(read(DataType::Int32), text.parse::<i32>().ok().map(|value| value.to_string()));
        prop_assert_eq!(read(DataType::Int64), text.parse::<i64>().ok().map(|value| value.to_string()));
        let unsigned = text.parse::<i128>().ok().and_then(|value| u64::try_from(value).ok());
        prop_assert_eq!(read(DataType::UInt64), unsigned.map(|value| value.to_string()));
    }

    #[test]
    fn no_text_panics(
        text in ".{0,30}|[-+0-9.,eE:TZ ]{0,40}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ]?[0-9:.]{0,20}[-+Z0-9:]{0,7}",
        format in ".{0,6}|(%[-_0]?[a-zA-Z+:.#3]{1,2}[-. /]?){0,6}",
        decimal in "[.,]",
        thousands in proptest::option::of(any::<char>()),
        epoch in proptest::option::of(proptest::sample::select(vec![
            Epoch::Days, Epoch::Seconds, Epoch::Milliseconds, Epoch::Microseconds, Epoch::Nanoseconds,
        ])),
        formatted: bool,
    ) {
        let format = formatted.then_some(format);
        let rules = TextRules {
            null: vec![],
            decimal: decimal.chars().next().unwrap(),
            thousands,
            date_format: format.clone(),
            timestamp_format: format,
            epoch,
        };
        for data_type in [
            DataType::Int8,
            DataType::UInt64,
            DataType::Decimal32(9, 9),
            DataType::Decimal128(38, -10),
            DataType::Decimal256(76, 40),
            DataType::Float32,
            DataType::Float64,
            DataType::Boolean,
            DataType::Utf8View,
            DataType::Date32,
            DataType::Date64,
            DataType::Time32(TimeUnit::Second),
            DataType::Time64(TimeUnit::Nanosecond),
            timestamp(TimeUnit::Nanosecond, None),
            timestamp(TimeUnit::Second, Some("America/New_York")),
        ] {
            if let Ok(parser) = Parser::new(&data_type, &rules) {
                let _ = parser.array([Some(text.as_str()), None].into_iter());
            }
        }
    }
}
