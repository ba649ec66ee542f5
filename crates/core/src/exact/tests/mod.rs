//! What each type reads: texts and their values, written as Arrow writes values, or `!` for an error.

mod numbers;
mod properties;
mod rules;
mod times;

use arrow_array::{Array, ArrayRef};
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, TimeUnit};

use super::*;

fn timestamp(unit: TimeUnit, zone: Option<&str>) -> DataType {
    DataType::Timestamp(unit, zone.map(Into::into))
}

fn read(data_type: &DataType, rules: &TextRules, text: &str) -> Result<ArrayRef, BadText> {
    Parser::new(data_type, rules).unwrap().array([Some(text)].into_iter())
}

/// Each text is the value next to it.
fn check(data_type: &DataType, rules: &TextRules, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let found = match read(data_type, rules, text) {
            Ok(array) => {
                assert_eq!(array.data_type(), data_type);
                if array.is_null(0) { "NULL".into() } else { array_value_to_string(&array, 0).unwrap() }
            }
            Err(bad) => {
                assert_eq!((bad.row, bad.text.as_str()), (0, *text));
                "!".into()
            }
        };
        assert_eq!(found, *expected, "`{text}` as {data_type}");
    }
}

#[test]
fn booleans_are_the_usual_words_in_any_case() {
    for (yes, no) in [("true", "false"), ("t", "F"), ("Yes", "NO"), ("y", "n"), ("ON", "off"), ("1", "0")] {
        check(&DataType::Boolean, &TextRules::default(), &[(yes, "true"), (no, "false")]);
    }
    let others = ["", "2", "tr", "01", " true", "J", "null"].map(|text| (text, "!"));
    check(&DataType::Boolean, &TextRules::default(), &others);
}

#[test]
fn a_text_is_itself() {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for data_type in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary] {
        check(
            &data_type,
            &TextRules::default(),
            &["", " a ", "\"", "a text longer than twelve bytes", "é\n"].map(|text| (text, text)),
        );
    }
}

#[test]
fn types_that_no_text_is_written_for_are_refused() {
    let refused = |data_type: DataType| Parser::new(&data_type, &TextRules::default()).unwrap_err();
    assert_eq!(refused(DataType::Binary), "the type BYTEA cannot be read from text");
    let interval = DataType::Interval(arrow_schema::IntervalUnit::MonthDayNano);
    assert_eq!(refused(interval), "the type INTERVAL cannot be read from text");
    refused(DataType::Null);
    refused(DataType::new_list(DataType::Int32, true));
    refused(DataType::Struct(arrow_schema::Fields::empty()));
    refused(DataType::Duration(TimeUnit::Second));
    refused(DataType::Float16);
    refused(DataType::Time32(TimeUnit::Nanosecond));
    let nested = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    refused(DataType::Dictionary(Box::new(DataType::Int8), Box::new(nested)));
}

#[test]
fn the_first_bad_text_is_named_with_its_row_and_reason() {
    let bad = |data_type: &DataType, texts: &[&str]| {
        let texts = texts.iter().map(|text| (!text.is_empty()).then_some(*text));
        let bad = Parser::new(data_type, &TextRules::default()).unwrap().array(texts).unwrap_err();
        (bad.row, bad.to_string())
    };
    assert_eq!(bad(&DataType::Int32, &["1", "", "5.7", "x"]), (2, "`5.7` is not exactly of type INT".into()));
    assert_eq!(
        bad(&DataType::Decimal128(12, 2), &["0.005"]),
        (0, "`0.005` is not exactly of type DECIMAL(12,2)".into())
    );
    for (data_type, text, reason) in [
        (DataType::Date32, "2018-01-31 23:30:00", "DATE: it has a time of day"),
        (DataType::Date32, "2018-01-31T23:30:00-05:00", "DATE: a day with an offset is another one elsewhere"),
        (DataType::Date32, "20180131", "DATE: a number is read only if epoch says what it counts"),
        (
            timestamp(TimeUnit::Nanosecond, None),
            "2018-01-31T23:30:00-05:00",
            "TIMESTAMP: it has an offset from UTC, and the type has no time zone",
        ),
        (
            timestamp(TimeUnit::Second, None),
            "2018-01-31T23:30:00.5",
            "TIMESTAMP(0): it has a finer fraction of a second",
        ),
        (timestamp(TimeUnit::Nanosecond, None), "9999-12-31", "TIMESTAMP: it is too far from 1970"),
        (
            timestamp(TimeUnit::Second, Some("Europe/Berlin")),
            "2018-03-25 02:30",
            "TIMESTAMP(0) WITH TIME ZONE: clocks of its time zone show that time twice or never: it needs an offset",
        ),
    ] {
        assert_eq!(bad(&data_type, &[text]), (0, format!("`{text}` is not exactly of type {reason}")));
    }
    let long = "9".repeat(1_000);
    assert_eq!(bad(&DataType::Int32, &[&long]).1, format!("`{}…` is not exactly of type INT", "9".repeat(200)));
}

#[test]
fn a_dictionary_that_is_full_names_the_row_that_does_not_fit() {
    let texts: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let parser =
        Parser::new(&DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)), &TextRules::default())
            .unwrap();
    assert_eq!(parser.array(texts.iter().map(|text| Some(text.as_str()))).unwrap_err().row, 128);
}
