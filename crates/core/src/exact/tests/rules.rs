//! What the rules of a column change.

use super::*;

fn refused(data_type: &DataType, rules: &TextRules) -> String {
    Parser::new(data_type, rules).unwrap_err()
}

#[test]
fn texts_that_mean_null_do_so_in_every_type() {
    let rules = TextRules { null: vec!["NA".into(), "\\N".into(), "-".into()], ..TextRules::default() };
    for data_type in [DataType::Int32, DataType::Utf8View, DataType::Date32, DataType::Boolean] {
        check(&data_type, &rules, &[("NA", "NULL"), ("\\N", "NULL"), ("-", "NULL")]);
    }
    check(&DataType::Utf8View, &rules, &[("na", "na"), ("", ""), ("NA ", "NA ")]);
    check(&DataType::Int32, &rules, &[("na", "!"), ("7", "7")]);
}

#[test]
fn numbers_with_a_comma_and_points_between_thousands() {
    let rules = TextRules { decimal: ',', thousands: Some('.'), ..TextRules::default() };
    let cases = [
        ("1.234.567,89", "1234567.89"),
        ("-1.234,5", "-1234.50"),
        ("+1.234", "1234.00"),
        ("1234567,8", "1234567.80"),
        ("0,5", "0.50"),
        (",5", "0.50"),
        ("1,5E3", "1500.00"),
        ("12.34,5", "!"),
        ("1.2345", "!"),
        ("1234.567", "!"),
        ("1..234", "!"),
        (".234", "!"),
        ("1.", "!"),
        ("0.123", "!"),
        ("1,234.567", "!"),
        ("1,234,5", "!"),
        ("1.+23", "!"),
        ("", "!"),
    ];
    check(&DataType::Decimal128(12, 2), &rules, &cases);
    check(&DataType::Int32, &rules, &[("1.234", "1234"), ("1.234,0", "1234"), ("1.234,5", "!")]);
    check(&DataType::Float64, &rules, &[("1.234,5", "1234.5"), ("1,5e-1", "0.15"), ("NaN", "NaN"), ("1.5", "!")]);
    let comma = TextRules { decimal: ',', ..TextRules::default() };
    check(&DataType::Decimal128(12, 2), &comma, &[("1234,5", "1234.50"), ("1.234,5", "!"), ("1234.5", "!")]);
    let narrow_space = TextRules { thousands: Some('\u{202f}'), ..TextRules::default() };
    check(&DataType::Int32, &narrow_space, &[("1\u{202f}234", "1234"), ("1 234", "!")]);
}

#[test]
fn signs_between_thousands_must_not_be_parts_of_numbers() {
    for (decimal, thousands) in [(';', None), ('.', Some('.')), ('.', Some('1')), ('.', Some('e')), (',', Some('-'))] {
        refused(&DataType::Int32, &TextRules { decimal, thousands, ..TextRules::default() });
    }
}

#[test]
fn dates_by_a_format() {
    let german = TextRules { date_format: Some("%d.%m.%Y".into()), ..TextRules::default() };
    let cases = [
        ("31.01.2018", "2018-01-31"),
        ("3.1.2018", "2018-01-03"),
        ("01.01.0018", "0018-01-01"),
        ("31.01.18", "!"),
        ("31.02.2018", "!"),
        ("31.01.2018 00:00", "!"),
        ("31.01.2018x", "!"),
        ("31.01.2018 ", "!"),
        (" 31.01.2018", "!"),
        ("2018-01-31", "!"),
        ("01.01.0000", "!"),
        ("31.01.+99999999999999999999", "!"),
        ("", "!"),
    ];
    check(&DataType::Date32, &german, &cases);
    let digits = TextRules { date_format: Some("%Y%m%d".into()), ..TextRules::default() };
    let cases = [("20180131", "2018-01-31"), ("2018112", "!"), ("201811", "!"), ("2018-01-31", "!"), ("20180229", "!")];
    check(&DataType::Date32, &digits, &cases);
    let words = TextRules { date_format: Some("%a, %d %b %y".into()), ..TextRules::default() };
    check(
        &DataType::Date32,
        &words,
        &[("Wed, 31 Jan 18", "2018-01-31"), ("Thu, 31 Jan 18", "!"), ("Wed,31Jan18", "!")],
    );
    let with_time = TextRules { date_format: Some("%d.%m.%Y %H:%M".into()), ..TextRules::default() };
    check(&DataType::Date32, &with_time, &[("31.01.2018 00:00", "2018-01-31"), ("31.01.2018 23:30", "!")]);
}

#[test]
fn timestamps_by_a_format() {
    let rules = |format: &str| TextRules { timestamp_format: Some(format.into()), ..TextRules::default() };
    let seconds = timestamp(TimeUnit::Second, None);
    let american = rules("%m/%d/%Y %I:%M %p");
    check(&seconds, &american, &[("01/31/2018 11:30 PM", "2018-01-31T23:30:00"), ("01/31/2018 23:30", "!")]);
    check(&seconds, &rules("%d.%m.%Y"), &[("31.01.2018", "2018-01-31T00:00:00")]);
    let fraction = rules("%Y-%m-%d %H:%M:%S%.f");
    let cases = [
        ("2018-01-31 23:30:59.5", "2018-01-31T23:30:59.500"),
        ("2018-01-31 23:30:59.500000000", "2018-01-31T23:30:59.500"),
        ("2018-01-31 23:30:59", "2018-01-31T23:30:59"),
        ("2018-01-31 23:30:59.0005", "!"),
        ("2018-01-31 23:30:59.5000000001", "!"),
        ("2018-01-31 23:30:60", "!"),
        ("2018-01-3123:30:59", "!"),
    ];
    check(&timestamp(TimeUnit::Millisecond, None), &fraction, &cases);
    let compact = rules("%Y%m%d%H%M%S");
    check(&seconds, &compact, &[("20180131233059", "2018-01-31T23:30:59"), ("2018013123305", "!")]);
    let offset = rules("%d/%b/%Y:%H:%M:%S %z");
    let cases = [("31/Jan/2018:23:30:59 +0000", "2018-01-31T23:30:59"), ("31/Jan/2018:23:30:59 -0500", "!")];
    check(&seconds, &offset, &cases);
    let cases = [("31/Jan/2018:23:30:59 -0500", "2018-02-01T05:30:59+01:00")];
    check(&timestamp(TimeUnit::Second, Some("Europe/Berlin")), &offset, &cases);
}

#[test]
fn a_format_must_tell_one_time_from_all_others() {
    let date = |format: &str| {
        refused(&DataType::Date32, &TextRules { date_format: Some(format.into()), ..TextRules::default() })
    };
    let timestamp = |format: &str| {
        let rules = TextRules { timestamp_format: Some(format.into()), ..TextRules::default() };
        refused(&timestamp(TimeUnit::Second, None), &rules)
    };
    assert_eq!(date("%d.%m."), "date_format: `%d.%m.` does not say which day or time it is");
    assert_eq!(timestamp("%H:%M"), "timestamp_format: `%H:%M` does not say which day or time it is");
    timestamp("%d.%m.%Y %H");
    timestamp("%d.%m.%Y %I:%M");
    timestamp("%d.%m.%Y :%M");
    date("%d.%M.%Y");
    date("%Q");
    date("");
    assert_eq!(timestamp("%F %T %Z"), "timestamp_format: %Z names time zones in ways that mean several; use %z");
    assert!(timestamp("%F %T.%f").contains("%.f"));
}

#[test]
fn a_format_is_of_no_matter_to_other_types() {
    let rules = TextRules { date_format: Some("%d.".into()), ..TextRules::default() };
    check(&DataType::Int32, &rules, &[("5", "5")]);
    check(&timestamp(TimeUnit::Second, None), &rules, &[("2018-01-31", "2018-01-31T00:00:00")]);
}

#[test]
fn numbers_are_dates_and_times_where_the_rules_say_what_they_count() {
    let rules = |epoch| TextRules { epoch: Some(epoch), ..TextRules::default() };
    let nanos = timestamp(TimeUnit::Nanosecond, None);
    for (epoch, text) in [
        (Epoch::Days, "17562"),
        (Epoch::Seconds, "1517356800"),
        (Epoch::Milliseconds, "1517356800000"),
        (Epoch::Microseconds, "1.5173568e15"),
        (Epoch::Nanoseconds, "1517356800000000000.0"),
    ] {
        check(
            &DataType::Date32,
            &rules(epoch),
            &[(text, "2018-01-31"), ("2018-01-31", "2018-01-31"), ("0", "1970-01-01")],
        );
        check(&nanos, &rules(epoch), &[(text, "2018-01-31T00:00:00"), ("2018-01-31 12:00", "2018-01-31T12:00:00")]);
        check(&timestamp(TimeUnit::Second, Some("+05:30")), &rules(epoch), &[(text, "2018-01-31T05:30:00+05:30")]);
    }
    check(&DataType::Date32, &rules(Epoch::Seconds), &[("1517356801", "!"), ("-86400", "1969-12-31"), ("1e30", "!")]);
    check(&DataType::Date32, &rules(Epoch::Days), &[("0.5", "!"), ("1e9", "!"), ("x", "!"), ("", "!")]);
    let cases = [("-0.000000001", "1969-12-31T23:59:59.999999999"), ("0.0000000001", "!"), ("1e10", "!")];
    check(&nanos, &rules(Epoch::Seconds), &cases);
    let seconds = timestamp(TimeUnit::Second, None);
    check(&seconds, &rules(Epoch::Milliseconds), &[("1500", "!"), ("2000", "1970-01-01T00:00:02")]);
    let both = TextRules { date_format: Some("%Y%m%d".into()), ..rules(Epoch::Days) };
    assert_eq!(
        refused(&DataType::Date32, &both),
        "date_format writes numbers, and so does epoch: leave one of them out"
    );
}
