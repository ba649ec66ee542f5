use super::*;

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
