use std::sync::Arc;

use arrow_array::builder::{Int32Builder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::{Field, IntervalUnit, TimeUnit};
use proptest::prelude::*;

use super::*;

fn json_as(array: ArrayRef, row: usize, text: bool) -> String {
    let array = plain(&array).unwrap();
    let field: FieldRef = Arc::new(Field::new("x", array.data_type().clone(), true));
    let mut out = Vec::new();
    let encoder = if text { Encoder::text(&field, &array) } else { Encoder::value(&field, &array) };
    encoder.unwrap().append(row, b"null", &mut out);
    let text = String::from_utf8(out).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).expect(&text);
    text
}

fn json(array: impl Array + 'static, row: usize) -> String {
    json_as(Arc::new(array), row, false)
}

/// A list of all values of an array, and a struct of each.
fn nested(array: ArrayRef) -> ArrayRef {
    let item = Arc::new(Field::new("x", array.data_type().clone(), true));
    let fields: StructArray = vec![(item, array.clone())].into();
    let offsets = arrow_buffer::OffsetBuffer::from_lengths([array.len()]);
    let item = Arc::new(Field::new("item", fields.data_type().clone(), true));
    Arc::new(ListArray::new(item, offsets, Arc::new(fields), None))
}

#[test]
fn numbers_are_exact() {
    let decimals = Decimal128Array::from(vec![1_200_960, -5, 99_999_999_999_999_999_999_999_999_999_999_999_999]);
    let decimals = decimals.with_precision_and_scale(38, 2).unwrap();
    assert_eq!(json(decimals.clone(), 0), "12009.60");
    assert_eq!(json(decimals.clone(), 1), "-0.05");
    assert_eq!(json(decimals, 2), "999999999999999999999999999999999999.99");
    assert_eq!(json(Int64Array::from(vec![i64::MIN]), 0), "-9223372036854775808");
    assert_eq!(json(UInt64Array::from(vec![u64::MAX]), 0), "18446744073709551615");
    assert_eq!(json(Float64Array::from(vec![0.1 + 0.2]), 0), "0.30000000000000004");
    assert_eq!(json(Float64Array::from(vec![-0.0]), 0), "-0.0");
    assert_eq!(json(Float64Array::from(vec![1e300]), 0), "1.0e300");
    assert_eq!(json(Float32Array::from(vec![0.1]), 0), "0.1");
}

#[test]
fn a_decimal_that_counts_tens_is_a_number_in_every_width_and_at_every_depth() {
    let widths: [ArrayRef; 4] = [
        Arc::new(Decimal32Array::from(vec![0, 5, -5]).with_precision_and_scale(9, -2).unwrap()),
        Arc::new(Decimal64Array::from(vec![0, 5, -5]).with_precision_and_scale(18, -2).unwrap()),
        Arc::new(Decimal128Array::from(vec![0, 5, -5]).with_precision_and_scale(38, -2).unwrap()),
        Arc::new(
            Decimal256Array::from(vec![0, 5, -5].into_iter().map(i256::from_i128).collect::<Vec<_>>())
                .with_precision_and_scale(76, -2)
                .unwrap(),
        ),
    ];
    for array in widths {
        assert_eq!([0, 1, 2].map(|row| json_as(array.clone(), row, false)), ["0", "500", "-500"]);
        assert_eq!([0, 1, 2].map(|row| json_as(array.clone(), row, true)), ["\"0\"", "\"500\"", "\"-500\""]);
        assert_eq!(json_as(nested(array), 0, false), r#"[{"x":0},{"x":500},{"x":-500}]"#);
    }
}

#[test]
fn other_values_are_what_a_reader_expects() {
    assert_eq!(json(Date32Array::from(vec![17_532]), 0), "\"2018-01-01\"");
    assert_eq!(json(Date64Array::from(vec![17_532 * 86_400_000, 1]), 0), "\"2018-01-01\"");
    assert_eq!(json(Date64Array::from(vec![17_532 * 86_400_000, 1]), 1), "\"1970-01-01T00:00:00.001\"");
    let moments = TimestampNanosecondArray::from(vec![1]);
    assert_eq!(json(moments.clone(), 0), "\"1970-01-01T00:00:00.000000001\"");
    assert_eq!(json(moments.with_timezone("UTC"), 0), "\"1970-01-01T00:00:00.000000001Z\"");
    let moments = TimestampSecondArray::from(vec![1_540_686_600]).with_timezone("Europe/Berlin");
    assert_eq!(json(moments, 0), "\"2018-10-28T02:30:00+02:00\"");
    assert_eq!(json(Time64MicrosecondArray::from(vec![30_600_000_000]), 0), "\"08:30:00\"");
    assert_eq!(json(DurationMillisecondArray::from(vec![90_500]), 0), "\"PT90.5S\"");
    assert_eq!(json(BooleanArray::from(vec![None, Some(true)]), 0), "null");
    assert_eq!(json(NullArray::new(1), 0), "null");
    assert_eq!(json(StringArray::from(vec!["a\"\u{1}é"]), 0), "\"a\\\"\\u0001é\"");
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None])]);
    let fields = vec![(Arc::new(Field::new("l", list.data_type().clone(), true)), Arc::new(list) as ArrayRef)];
    assert_eq!(json(StructArray::from(fields), 0), "{\"l\":[1,null]}");
}

#[test]
fn values_are_written_as_text_when_asked_to() {
    let text = |array: ArrayRef| json_as(array, 0, true);
    assert_eq!(text(Arc::new(Int64Array::from(vec![i64::MAX]))), "\"9223372036854775807\"");
    assert_eq!(text(Arc::new(BooleanArray::from(vec![true]))), "\"true\"");
    assert_eq!(text(Arc::new(Date32Array::from(vec![17_532]))), "\"2018-01-01\"");
    assert_eq!(text(Arc::new(Float32Array::from(vec![0.1]))), "\"0.1\"");
    assert_eq!(text(Arc::new(StringArray::from(vec!["a\"b"]))), "\"a\\\"b\"");
    assert_eq!(text(Arc::new(Int64Array::from(vec![None::<i64>]))), "null");
}

#[test]
fn dictionaries_and_runs_are_their_values_even_where_those_are_null() {
    let values = StringArray::from(vec![Some("a"), None]);
    let dictionary = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![1, 0]), Arc::new(values.clone()));
    assert_eq!(json_as(nested(Arc::new(dictionary)), 0, false), r#"[{"x":null},{"x":"a"}]"#);
    let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![1, 3]), &values).unwrap();
    assert_eq!(json(runs.clone(), 2), "null");
    assert_eq!(json_as(nested(Arc::new(runs)), 0, false), r#"[{"x":"a"},{"x":null},{"x":null}]"#);
}

fn map(keys: Vec<i32>) -> ArrayRef {
    let mut map = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    for key in keys {
        map.keys().append_value(key);
        map.values().append_option((key > 0).then_some("x"));
    }
    map.append(true).unwrap();
    Arc::new(map.finish())
}

#[test]
fn a_map_may_have_keys_of_any_scalar_type() {
    assert_eq!(unwritable(map(vec![]).data_type()), None);
    assert_eq!(json_as(map(vec![1, -2]), 0, false), r#"{"1":"x","-2":null}"#);
    assert_eq!(json_as(nested(map(vec![1])), 0, false), r#"[{"x":{"1":"x"}}]"#);
    assert_eq!(json_as(map(vec![]), 0, false), "{}");
}

#[test]
fn a_map_that_has_a_key_twice_has_a_fault_that_names_it() {
    assert_eq!(first_fault(&map(vec![1, 2])), None);
    assert_eq!(first_fault(&map(vec![1, 2, 1])), Some((0, Fault::RepeatedKey("1".into()))));
    assert_eq!(first_fault(&nested(map(vec![3, 3]))), Some((0, Fault::RepeatedKey("3".into()))));
}

#[test]
fn what_json_cannot_say_is_found_wherever_it_hides() {
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::NAN)]));
    assert_eq!(first_fault(&floats), Some((2, Fault::NotFinite)));
    let list = ListArray::from_iter_primitive::<arrow_array::types::Float64Type, _, _>([
        Some(vec![Some(1.0)]),
        Some(vec![Some(f64::INFINITY)]),
    ]);
    assert_eq!(first_fault(&(Arc::new(list) as ArrayRef)), Some((1, Fault::NotFinite)));
}

#[test]
fn a_date_outside_four_digits_of_years_has_a_fault_that_shows_it() {
    let shown = |array: ArrayRef| match first_fault(&array) {
        Some((row, Fault::Temporal(shown))) => format!("{row} {shown}"),
        other => format!("{other:?}"),
    };
    let days = |days: Vec<i32>| Arc::new(Date32Array::from(days)) as ArrayRef;
    assert_eq!(first_fault(&days(vec![-719_528, 2_932_896])), None);
    assert_eq!(shown(days(vec![0, 2_932_897])), "1 +10000-01-01");
    assert_eq!(shown(days(vec![-719_529])), "0 -0001-12-31");
    assert_eq!(shown(days(vec![i32::MAX])), "0 a Date32 beyond all calendars");
    assert_eq!(shown(nested(days(vec![2_932_897]))), "0 +10000-01-01");
    let last = TimestampSecondArray::from(vec![253_402_300_799]);
    assert_eq!(first_fault(&(Arc::new(last.clone()) as ArrayRef)), None);
    let noon = TimestampSecondArray::from(vec![-3_786_825_600, 0]).with_timezone("Europe/Berlin");
    assert_eq!(first_fault(&(Arc::new(noon) as ArrayRef)).map(|(row, _)| row), Some(0), "an offset with seconds");
    assert_eq!(first_fault(&(Arc::new(last.clone().with_timezone("UTC")) as ArrayRef)), None);
    assert_eq!(shown(Arc::new(last.with_timezone("+01:00"))), "0 +10000-01-01T00:59:59+01:00");
    assert_eq!(shown(Arc::new(TimestampSecondArray::from(vec![i64::MAX]))), "0 a Timestamp(s) beyond all calendars");
    assert!(first_fault(&(Arc::new(Time32SecondArray::from(vec![86_400])) as ArrayRef)).is_some());
    assert!(first_fault(&(Arc::new(DurationSecondArray::from(vec![i64::MIN])) as ArrayRef)).is_some());
}

#[test]
fn types_without_a_place_in_json_are_known_at_any_depth() {
    let inside = |data_type: DataType| DataType::new_list(data_type, true);
    for data_type in [
        DataType::Binary,
        DataType::FixedSizeBinary(16),
        DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Union(arrow_schema::UnionFields::empty(), arrow_schema::UnionMode::Dense),
    ] {
        assert_eq!(unwritable(&data_type), Some(Unwritable::Type(data_type.clone())));
        assert_eq!(unwritable(&inside(data_type.clone())), Some(Unwritable::Type(data_type)));
    }
    let twice =
        DataType::Struct(vec![Field::new("a", DataType::Int8, true), Field::new("a", DataType::Int8, true)].into());
    assert_eq!(unwritable(&inside(twice)), Some(Unwritable::Repeated("a".into())));
    let zone = DataType::Timestamp(TimeUnit::Second, Some("Mars/Olympus".into()));
    assert_eq!(unwritable(&zone), Some(Unwritable::Zone("Mars/Olympus".into())));
}

fn not_json(text: &str) -> Option<String> {
    first_not_json(&(Arc::new(StringArray::from(vec![text])) as ArrayRef)).map(|(_, fault)| fault.to_string())
}

#[test]
fn embedded_json_keeps_numbers_and_repeated_members_and_loses_white_space() {
    let text = "{\"a\" : 1.50,\n\"a\":[ 12345678901234567890123 , \"b \\\" c\" ]}\n";
    assert_eq!(not_json(text), None);
    let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let mut out = Vec::new();
    Encoder::embedded(&array).append(0, b"null", &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), r#"{"a":1.50,"a":[12345678901234567890123,"b \" c"]}"#);
}

#[test]
fn text_that_is_not_one_json_value_is_refused_with_its_position() {
    for (text, message) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{} x", "trailing characters at line 1 column 4"),
        ("{\"a\": }", "expected value at line 1 column 7"),
        ("01", "invalid number at line 1 column 2"),
        ("NaN", "expected value at line 1 column 1"),
        ("\"\\ud800\"", "unexpected end of hex escape at line 1 column 8"),
        ("\"\u{1}\"", "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2"),
    ] {
        assert_eq!(not_json(text), Some(format!("is not valid JSON: {message}")), "{text}");
    }
    assert!(not_json(&"[".repeat(100_000)).is_some());
}

proptest! {
    #[test]
    fn a_decimal_is_the_number_that_its_units_and_scale_say(units: i64, scale in -18i8..=18) {
        let array = Decimal128Array::from(vec![i128::from(units)]).with_precision_and_scale(38, scale).unwrap();
        let text = json(array, 0);
        let zeros = usize::from((-scale).max(0).unsigned_abs());
        let digits = text.replacen('.', "", 1);
        prop_assert_eq!(digits.parse::<i128>().unwrap(), i128::from(units) * 10i128.pow(zeros as u32));
        prop_assert_eq!(text.split_once('.').map_or(0, |(_, fraction)| fraction.len()), usize::from(scale.max(0).unsigned_abs()));
    }

    #[test]
    fn a_float_survives_json_to_its_last_bit(bits: u64, narrow: u32) {
        let (wide, narrow) = (f64::from_bits(bits), f32::from_bits(narrow));
        prop_assume!(wide.is_finite() && narrow.is_finite());
        prop_assert_eq!(json(Float64Array::from(vec![wide]), 0).parse::<f64>().unwrap().to_bits(), bits);
        prop_assert_eq!(json(Float32Array::from(vec![narrow]), 0).parse::<f32>().unwrap(), narrow);
    }

    #[test]
    fn different_moments_never_have_the_same_text(a in -62_167_219_200i64..253_402_300_800, b in -62_167_219_200i64..253_402_300_800) {
        let array: ArrayRef = Arc::new(TimestampSecondArray::from(vec![a, b]));
        prop_assert_eq!(first_fault(&array), None);
        prop_assert_eq!(json_as(array.clone(), 0, false) == json_as(array, 1, false), a == b);
    }

    #[test]
    fn embedded_json_is_the_same_value(text in "\\PC*", number: f64, members in proptest::collection::vec("[a-c \n\"\\\\]*", 0..4)) {
        prop_assume!(number.is_finite());
        let value = serde_json::json!({ "text": text, "number": number, "members": members });
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(not_json(&pretty), None);
        prop_assert_eq!(compact(&pretty), value.to_string());
    }
}
