//! What each type reads: texts and their values, written as Arrow writes values, or `!` for an error.

mod properties;
mod rules;

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
fn an_integer_is_whatever_is_a_whole_number_of_its_range() {
    let written = [
        ("5", "5"),
        ("+5", "5"),
        ("-0", "0"),
        ("007", "7"),
        ("5.", "5"),
        ("5.0", "5"),
        ("50e-1", "5"),
        ("1E2", "100"),
        ("0.07e+3", "70"),
        ("0E-999999999999999999999", "0"),
        ("0e99999999999999999999", "0"),
        ("00000000000000000000000000000000000000000000000000000005", "5"),
        ("5.00000000000000000000000000000000000000000000000000000", "5"),
        ("5.7", "!"),
        ("-0.5", "!"),
        ("1e-1", "!"),
        ("1E999999999", "!"),
        ("1E-999999999", "!"),
        ("1e99999999999999999999", "!"),
        ("", "!"),
        ("+", "!"),
        ("-", "!"),
        (".", "!"),
        ("--5", "!"),
        ("+-5", "!"),
        (" 5", "!"),
        ("5 ", "!"),
        ("0x5", "!"),
        ("5_000", "!"),
        ("1,000", "!"),
        ("e5", "!"),
        ("5e", "!"),
        ("5e+", "!"),
        ("1e2.0", "!"),
        ("1.2.3", "!"),
        ("٣", "!"),
        ("NaN", "!"),
        ("true", "!"),
    ];
    for data_type in [
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
    ] {
        check(&data_type, &TextRules::default(), &written);
    }
    for (data_type, least, most, outside) in [
        (DataType::Int8, "-128", "127", ["-129", "128"]),
        (DataType::Int16, "-32768", "32767", ["-32769", "32768"]),
        (DataType::Int32, "-2147483648", "2147483647", ["-2147483649", "2147483648"]),
        (
            DataType::Int64,
            "-9223372036854775808",
            "9223372036854775807",
            ["-9223372036854775809", "9223372036854775808"],
        ),
        (DataType::UInt8, "0", "255", ["-1", "256"]),
        (DataType::UInt16, "0", "65535", ["-1", "65536"]),
        (DataType::UInt32, "0", "4294967295", ["-1", "4294967296"]),
        (DataType::UInt64, "0", "18446744073709551615", ["-1", "18446744073709551616"]),
    ] {
        let cases = [(least, least), (most, most), (outside[0], "!"), (outside[1], "!")];
        check(&data_type, &TextRules::default(), &cases);
    }
    let beyond_doubles = [("9007199254740993.0", "9007199254740993"), ("9007199254740993e0", "9007199254740993")];
    check(&DataType::Int64, &TextRules::default(), &beyond_doubles);
}

#[test]
fn a_decimal_has_no_digit_more_than_its_type() {
    let cases = [
        ("12009.60", "12009.60"),
        ("12009.6", "12009.60"),
        ("12009.600", "12009.60"),
        ("-0.05", "-0.05"),
        ("+7", "7.00"),
        (".5", "0.50"),
        ("5.", "5.00"),
        ("0E-10", "0.00"),
        ("1E+2", "100.00"),
        ("125e-2", "1.25"),
        ("0.00000000000000000000000000000000000000001e40", "0.10"),
        ("0e999999999999999999999999", "0.00"),
        ("-0", "0.00"),
        ("0.005", "!"),
        ("1E999999999", "!"),
        ("1E-999999999", "!"),
        ("", "!"),
        (".", "!"),
        ("-", "!"),
        ("1.2.3", "!"),
        (" 1", "!"),
        ("1,5", "!"),
        ("NaN", "!"),
        ("99999999999999999999999999999999999999999999", "!"),
    ];
    for data_type in [
        DataType::Decimal32(9, 2),
        DataType::Decimal64(12, 2),
        DataType::Decimal128(12, 2),
        DataType::Decimal128(38, 2),
        DataType::Decimal256(40, 2),
    ] {
        check(&data_type, &TextRules::default(), &cases);
    }
    let edges = |most: &'static str, beyond: &'static str| [(most, most), (beyond, "!")];
    check(&DataType::Decimal32(9, 2), &TextRules::default(), &edges("9999999.99", "10000000.00"));
    check(&DataType::Decimal64(18, 2), &TextRules::default(), &edges("9999999999999999.99", "10000000000000000"));
    check(&DataType::Decimal128(12, 2), &TextRules::default(), &edges("-9999999999.99", "-10000000000.00"));
    check(
        &DataType::Decimal128(38, 10),
        &TextRules::default(),
        &edges("9999999999999999999999999999.9999999999", "10000000000000000000000000000"),
    );
    let most = "9".repeat(76);
    check(&DataType::Decimal256(76, 0), &TextRules::default(), &[(&most, &most), (&format!("1{most}"), "!")]);
    let parts = "1234567890123456789012345678901234567890.123456789012345678901234567890123456";
    check(&DataType::Decimal256(76, 36), &TextRules::default(), &[(parts, parts), ("-1e-37", "!")]);
}

#[test]
fn a_decimal_of_negative_scale_is_a_multiple_of_its_unit() {
    let units = |text| decimal(text, 5, -2);
    assert_eq!(units("1200"), Some(12));
    assert_eq!(units("1.2e3"), Some(12));
    assert_eq!(units("-9999900"), Some(-99_999));
    assert_eq!(units("0"), Some(0));
    assert_eq!(units("1250.0"), None);
    assert_eq!(units("10000000"), None);
    assert_eq!(wide_decimal("-12e75", 76, -1), Some("-12e74".replace("e74", &"0".repeat(74)).parse().unwrap()));
}

#[test]
fn a_float_is_the_nearest_one_and_never_infinite_or_zero_for_a_number_that_is_not() {
    let cases = [
        ("0.1", "0.1"),
        ("-0.0", "-0.0"),
        ("5", "5.0"),
        ("1e2", "100.0"),
        (".5", "0.5"),
        ("5.", "5.0"),
        ("NaN", "NaN"),
        ("nan", "NaN"),
        ("inf", "inf"),
        ("-Infinity", "-inf"),
        ("+INF", "inf"),
        ("0e999999999999", "0.0"),
        ("1e400", "!"),
        ("-1e999999999999", "!"),
        ("1e-400", "!"),
        ("", "!"),
        (" 1", "!"),
        ("1,5", "!"),
        ("0x1p3", "!"),
        ("infinit", "!"),
        ("1f", "!"),
    ];
    for data_type in [DataType::Float32, DataType::Float64] {
        check(&data_type, &TextRules::default(), &cases);
    }
    check(&DataType::Float32, &TextRules::default(), &[("1e39", "!"), ("1e-46", "!"), ("16777217", "16777216.0")]);
    check(
        &DataType::Float64,
        &TextRules::default(),
        &[("1e308", "1e308"), ("5e-324", "5e-324"), ("2e-324", "!"), ("9007199254740993", "9007199254740992.0")],
    );
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
fn a_date_is_a_day_of_the_calendar_and_nothing_else() {
    let cases = [
        ("2018-01-31", "2018-01-31"),
        ("2018-1-3", "2018-01-03"),
        ("2020-02-29", "2020-02-29"),
        ("2000-02-29", "2000-02-29"),
        ("1969-12-31", "1969-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
        ("+12018-01-31", "+12018-01-31"),
        ("-0044-03-15", "-0044-03-15"),
        ("2018-01-31 00:00:00", "2018-01-31"),
        ("2018-01-31T00:00", "2018-01-31"),
        ("2018-01-31T00:00:00.000", "2018-01-31"),
        ("2018-01-31 23:30:00", "!"),
        ("2018-01-31T00:00:00.001", "!"),
        ("2018-01-31T00:00:00Z", "!"),
        ("2018-01-31T00:00:00-05:00", "!"),
        ("2018-01-31T23:30:00-05:00", "!"),
        ("2018-02-29", "!"),
        ("1900-02-29", "!"),
        ("2018-04-31", "!"),
        ("2018-13-01", "!"),
        ("2018-00-01", "!"),
        ("2018-01-00", "!"),
        ("0000-01-01", "!"),
        ("0000-00-00", "!"),
        ("18-01-31", "!"),
        ("12018-01-31", "!"),
        ("+999999-01-31", "!"),
        ("2018-01-31 ", "!"),
        (" 2018-01-31", "!"),
        ("2018-01-31x", "!"),
        ("2018-01-311", "!"),
        ("2018/01/31", "!"),
        ("31.01.2018", "!"),
        ("20180131", "!"),
        ("17562", "!"),
        ("", "!"),
    ];
    check(&DataType::Date32, &TextRules::default(), &cases);
    let cases = cases.map(|(text, date)| (text, if date == "!" { "!".into() } else { format!("{date}T00:00:00") }));
    check(&DataType::Date64, &TextRules::default(), &cases.each_ref().map(|(text, date)| (*text, date.as_str())));
}

#[test]
fn a_time_of_day_has_no_finer_fraction_than_its_type() {
    let seconds = [
        ("23:30", "23:30:00"),
        ("9:05", "09:05:00"),
        ("23:30:59", "23:30:59"),
        ("23:30:59.000", "23:30:59"),
        ("00:00", "00:00:00"),
        ("23:30:59.5", "!"),
        ("24:00", "!"),
        ("23:60", "!"),
        ("23:30:60", "!"),
        ("23", "!"),
        ("23:30:", "!"),
        ("23:30:5", "!"),
        ("23:30:59.", "!"),
        ("23:30Z", "!"),
        ("11:30 PM", "!"),
        ("84600", "!"),
        ("", "!"),
    ];
    check(&DataType::Time32(TimeUnit::Second), &TextRules::default(), &seconds);
    for (data_type, fits, beyond) in [
        (DataType::Time32(TimeUnit::Millisecond), "01:02:03.004", "01:02:03.0045"),
        (DataType::Time64(TimeUnit::Microsecond), "01:02:03.004005", "01:02:03.0040051"),
        (DataType::Time64(TimeUnit::Nanosecond), "01:02:03.004005006", "01:02:03.0040050061"),
    ] {
        check(
            &data_type,
            &TextRules::default(),
            &[(fits, fits), (&format!("{fits}000000000000"), fits), (beyond, "!")],
        );
    }
}

#[test]
fn a_timestamp_without_a_zone_is_what_is_written() {
    let cases = [
        ("2018-01-31", "2018-01-31T00:00:00"),
        ("2018-01-31 23:30", "2018-01-31T23:30:00"),
        ("2018-01-31T23:30:59", "2018-01-31T23:30:59"),
        ("2018-01-31 23:30:59.000000000000", "2018-01-31T23:30:59"),
        ("2018-01-31T23:30:59Z", "2018-01-31T23:30:59"),
        ("2018-01-31 23:30:59+00:00", "2018-01-31T23:30:59"),
        ("2018-01-31 23:30:59 UTC", "2018-01-31T23:30:59"),
        ("2018-01-31 23:30:59+00", "2018-01-31T23:30:59"),
        ("1969-12-31 23:59:59", "1969-12-31T23:59:59"),
        ("2018-01-31T23:30:00-05:00", "!"),
        ("2018-01-31T23:30:00+01", "!"),
        ("2018-01-31T23:30:60", "!"),
        ("2018-01-31T24:00:00", "!"),
        ("2018-01-31T", "!"),
        ("2018-01-31 ", "!"),
        ("2018-01-31Z", "!"),
        ("2018-01-31 23:30:59 ", "!"),
        ("2018-01-31 23:30:59 CET", "!"),
        ("2018-02-30 00:00:00", "!"),
        ("1517441459", "!"),
        ("20180131T233059", "!"),
        ("", "!"),
    ];
    for unit in [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
        check(&timestamp(unit, None), &TextRules::default(), &cases);
    }
    for (unit, fits, beyond) in [
        (TimeUnit::Second, "2018-01-31T23:30:59", "2018-01-31T23:30:59.1"),
        (TimeUnit::Millisecond, "2018-01-31T23:30:59.001", "2018-01-31T23:30:59.0012"),
        (TimeUnit::Microsecond, "1918-01-31T23:30:59.001002", "1918-01-31T23:30:59.0010023"),
        (TimeUnit::Nanosecond, "2018-01-31T23:30:59.001002003", "2018-01-31T23:30:59.0010020034"),
    ] {
        check(&timestamp(unit, None), &TextRules::default(), &[(fits, fits), (beyond, "!")]);
    }
    let edges = [
        ("1677-09-21 00:12:43.145224192", "1677-09-21T00:12:43.145224192"),
        ("2262-04-11 23:47:16.854775807", "2262-04-11T23:47:16.854775807"),
        ("1677-09-21 00:12:43.145224191", "!"),
        ("2262-04-11 23:47:16.854775808", "!"),
        ("9999-12-31", "!"),
    ];
    check(&timestamp(TimeUnit::Nanosecond, None), &TextRules::default(), &edges);
}

#[test]
fn a_timestamp_with_a_zone_honours_offsets_and_is_local_without_one() {
    for zone in ["UTC", "Z", "+00:00"] {
        let cases = [
            ("2018-01-31 23:30", "2018-01-31T23:30:00Z"),
            ("2018-01-31T23:30:00-05:00", "2018-02-01T04:30:00Z"),
            ("2018-01-31T23:30:00+0530", "2018-01-31T18:00:00Z"),
            ("2018-01-31T23:30:00+24:00", "!"),
            ("2018-01-31T23:30:00+05:60", "!"),
            ("2018-01-31T23:30:00+5", "!"),
        ];
        for (text, value) in cases {
            let read = read(&timestamp(TimeUnit::Second, Some(zone)), &TextRules::default(), text);
            let read = read.map(|array| cast_to_utc(&array)).unwrap_or_else(|_| "!".into());
            assert_eq!(read, value, "{text} in {zone}");
        }
    }
    let berlin = [
        ("2018-01-31 12:00", "2018-01-31T12:00:00+01:00"),
        ("2018-07-31 12:00", "2018-07-31T12:00:00+02:00"),
        ("2018-07-31T12:00Z", "2018-07-31T14:00:00+02:00"),
        ("2018-03-25 02:30", "!"),
        ("2018-10-28 02:30", "!"),
        ("2018-10-28 02:30+01:00", "2018-10-28T02:30:00+01:00"),
    ];
    check(&timestamp(TimeUnit::Millisecond, Some("Europe/Berlin")), &TextRules::default(), &berlin);
    let fixed = [("2018-01-31 12:00", "2018-01-31T12:00:00+05:30")];
    check(&timestamp(TimeUnit::Millisecond, Some("+05:30")), &TextRules::default(), &fixed);
    assert!(Parser::new(&timestamp(TimeUnit::Second, Some("Nowhere/Town")), &TextRules::default()).is_err());
}

fn cast_to_utc(array: &ArrayRef) -> String {
    let array = arrow_cast::cast(array, &timestamp(TimeUnit::Second, Some("+00:00"))).unwrap();
    array_value_to_string(&array, 0).unwrap()
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
