//! What a column's values have in common: the narrowest type that holds every one of them as it is written.

use chrono::{Datelike, NaiveDate};
use keyfold_core::exact::timestamp_offset;

use super::Kind;

/// What the values of one column were, so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    integer: bool,
    decimal: bool,
    exponent: bool,
    boolean: bool,
    date: bool,
    /// Some timestamp says no offset from UTC, or that it has none, or that it has one.
    timestamp: bool,
    utc: bool,
    zoned: bool,
    text: bool,
    /// A value with members of its own, which no SQL type of a job holds.
    nested: bool,
    /// Some integer needs more than 32 bits, or more than 64.
    beyond_32: bool,
    beyond_64: bool,
    /// Most digits before the point, and after it.
    whole: usize,
    scale: usize,
    /// Some value goes over several lines.
    pub(crate) lines: bool,
}

/// One value as a text file writes it.
enum Value {
    Integer { digits: usize, value: Option<i64> },
    Decimal { whole: usize, scale: usize },
    Exponent,
    Boolean,
    Date,
    Timestamp { offset: Option<i64> },
    Text,
}

impl Evidence {
    /// Notes a value of a file that does not tell numbers from text.
    pub(crate) fn add(&mut self, text: &str) {
        // Nothing takes a column of text back.
        if !self.text {
            self.note(classify(text));
        }
        self.lines |= self.text && text.contains(['\n', '\r']);
    }

    /// Notes a value of JSON, which says itself whether it is text. `inside` is what stands between quotes.
    pub(crate) fn add_string(&mut self, inside: &str) {
        match classify(inside) {
            value @ (Value::Date | Value::Timestamp { .. }) => self.note(value),
            _ => self.text = true,
        }
    }

    /// Notes a number, true or false of JSON.
    pub(crate) fn add_bare(&mut self, text: &str) {
        self.note(classify(text));
    }

    /// Notes an object or an array.
    pub(crate) fn add_nested(&mut self) {
        self.nested = true;
    }

    fn note(&mut self, value: Value) {
        match value {
            Value::Integer { digits, value } => {
                self.integer = true;
                self.whole = self.whole.max(digits);
                self.beyond_32 |= value.is_none_or(|value| i32::try_from(value).is_err());
                self.beyond_64 |= value.is_none();
            }
            Value::Decimal { whole, scale } => {
                self.decimal = true;
                self.whole = self.whole.max(whole);
                self.scale = self.scale.max(scale);
            }
            Value::Exponent => self.exponent = true,
            Value::Boolean => self.boolean = true,
            Value::Date => self.date = true,
            Value::Timestamp { offset: None } => self.timestamp = true,
            Value::Timestamp { offset: Some(0) } => self.utc = true,
            Value::Timestamp { offset: Some(_) } => self.zoned = true,
            Value::Text => self.text = true,
        }
    }

    /// The type of a CSV column. Anything can be read as text, so there always is one.
    pub(crate) fn csv(&self) -> Kind {
        // Longer than the integers of a machine: an account or a bar code, which nobody adds up.
        let long = self.beyond_64 && !self.decimal && !self.exponent;
        self.pure().filter(|_| !long).unwrap_or(Kind::Text)
    }

    /// The type of a JSON column; nothing if its values have no type in common.
    pub(crate) fn json(&self) -> Option<Kind> {
        self.pure()
    }

    /// Whether a text is a value of the same kind as all those before: a number, a day or moment, true or false.
    pub(crate) fn holds(&self, text: &str) -> bool {
        match self.pure() {
            Some(Kind::Int | Kind::BigInt | Kind::Decimal(..) | Kind::Double) => {
                matches!(classify(text), Value::Integer { .. } | Value::Decimal { .. } | Value::Exponent)
            }
            Some(Kind::Boolean) => matches!(classify(text), Value::Boolean),
            Some(Kind::Date | Kind::Timestamp | Kind::Zoned) => {
                matches!(classify(text), Value::Date | Value::Timestamp { .. })
            }
            _ => false,
        }
    }

    fn pure(&self) -> Option<Kind> {
        let number = self.integer || self.decimal || self.exponent;
        let time = self.date || self.timestamp || self.utc || self.zoned;
        match (number, self.boolean, time, self.text) {
            _ if self.nested => None,
            (true, false, false, false) => Some(self.number()),
            (false, true, false, false) => Some(Kind::Boolean),
            (false, false, true, false) => Some(self.time()),
            // Dates in JSON are text as well; a column without any value may yet become anything.
            (false, false, _, _) => Some(Kind::Text),
            _ => None,
        }
    }

    fn time(&self) -> Kind {
        let (local, offset) = (self.date || self.timestamp, self.utc || self.zoned);
        match (local, offset) {
            (false, _) => Kind::Zoned,
            // Whose clocks showed those without an offset?
            (true, true) if self.zoned => Kind::Text,
            _ if self.timestamp || self.utc => Kind::Timestamp,
            _ => Kind::Date,
        }
    }

    fn number(&self) -> Kind {
        match self {
            Self { exponent: true, .. } => Kind::Double,
            Self { decimal: false, beyond_32: false, .. } => Kind::Int,
            Self { decimal: false, beyond_64: false, .. } => Kind::BigInt,
            // Room for amounts a hundred times as large, where that costs nothing.
            Self { whole, scale, .. } => match whole + scale {
                digits if digits + 2 <= 12 => Kind::Decimal(12, *scale as u8),
                digits if digits + 2 <= 18 => Kind::Decimal(18, *scale as u8),
                digits if digits <= 38 => Kind::Decimal(38, *scale as u8),
                _ => Kind::Double,
            },
        }
    }
}

fn classify(text: &str) -> Value {
    match text.as_bytes() {
        [b'0'..=b'9' | b'-' | b'.', ..] => number(text).or_else(|| time(text)).unwrap_or(Value::Text),
        [b't' | b'T' | b'f' | b'F', ..] if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => {
            Value::Boolean
        }
        _ => Value::Text,
    }
}

/// A number that is written as numbers are: no leading zeros, which only identifiers have, and no plus sign.
fn number(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((mantissa, exponent)) = unsigned.split_once(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let fits = number(mantissa).is_some() && !mantissa.starts_with('-') && !exponent.is_empty() && digits(exponent);
        return (fits && text.parse::<f64>().is_ok_and(f64::is_finite)).then_some(Value::Exponent);
    }
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if leading_zero || !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    match fraction {
        None if whole.is_empty() => None,
        None => Some(Value::Integer { digits: whole.len(), value: text.parse().ok() }),
        Some("") => None,
        Some(fraction) => Some(Value::Decimal { whole: whole.len(), scale: fraction.len() }),
    }
}

/// A date or a timestamp in the order of ISO 8601, in the years that a timestamp of nanoseconds holds.
fn time(text: &str) -> Option<Value> {
    let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    if !(1678..=2261).contains(&date.year()) || text.as_bytes()[..10].iter().any(|byte| *byte == b' ' || *byte == b'+')
    {
        return None;
    }
    match text.as_bytes().get(10) {
        None => Some(Value::Date),
        Some(b'T' | b' ') => timestamp_offset(text).map(|offset| Value::Timestamp { offset }),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(values: &[&str]) -> Kind {
        let mut evidence = Evidence::default();
        values.iter().for_each(|value| evidence.add(value));
        evidence.csv()
    }

    #[test]
    fn a_leading_zero_makes_a_column_text() {
        assert_eq!(csv(&["567228914507", "00567228914507"]), Kind::Text);
        assert_eq!(csv(&["-05"]), Kind::Text);
        assert_eq!(csv(&["007.50", "1.25"]), Kind::Text);
        assert_eq!(csv(&["0", "-1", "10"]), Kind::Int);
        assert_eq!(csv(&["0.5", "-0.25", ".75"]), Kind::Decimal(12, 2));
    }

    #[test]
    fn integers_are_as_wide_as_they_must_be() {
        assert_eq!(csv(&["2147483647", "-2147483648"]), Kind::Int);
        assert_eq!(csv(&["1", "2147483648"]), Kind::BigInt);
        assert_eq!(csv(&["9223372036854775808"]), Kind::Text);
        assert_eq!(csv(&["+61400000000"]), Kind::Text);
    }

    #[test]
    fn decimals_have_the_greatest_scale_and_room() {
        assert_eq!(csv(&["19.99", "5", "-49.9"]), Kind::Decimal(12, 2));
        assert_eq!(csv(&["12345678.12345"]), Kind::Decimal(18, 5));
        assert_eq!(csv(&["1234567890123456.12345"]), Kind::Decimal(38, 5));
        assert_eq!(csv(&["12345678901234567890", "0.5"]), Kind::Decimal(38, 1));
        assert_eq!(csv(&["0.3333333333333333333333333333333333333333"]), Kind::Double);
    }

    #[test]
    fn an_exponent_makes_a_float() {
        assert_eq!(csv(&["1.5e3", "2", "-1E-7"]), Kind::Double);
        for text in ["1e", "e5", "1e5x", "--1e5", "-", ".", "1.", "1.2.3", "1e999", "NaN", "0x10", "1,5", "1_000"] {
            assert_eq!(csv(&[text]), Kind::Text, "{text}");
        }
    }

    #[test]
    fn dates_and_timestamps_are_those_of_iso_8601() {
        assert_eq!(csv(&["2018-01-31"]), Kind::Date);
        assert_eq!(csv(&["2018-01-31", "2018-01-31T10:00:00.5Z"]), Kind::Timestamp);
        assert_eq!(csv(&["2018-01-31 10:00:00"]), Kind::Timestamp);
        assert_eq!(csv(&["2018-01-31T10:00:00Z", "2018-01-31T10:00:00+00:00"]), Kind::Zoned);
        assert_eq!(csv(&["2018-01-31T23:30:00+01:00", "2018-01-31 23:30:00.5-0530"]), Kind::Zoned);
        assert_eq!(csv(&["2018-01-31T23:30:00+01:00", "2018-01-31T23:30:00"]), Kind::Text);
        for text in
            ["2018-02-30", "31.01.2018", "01/31/2018", "2018-1-31", "2018-01-31x", "9999-12-31", "2018-01-31 noon"]
        {
            assert_eq!(csv(&[text]), Kind::Text, "{text}");
        }
    }

    #[test]
    fn booleans_blanks_and_mixtures() {
        assert_eq!(csv(&["true", "FALSE"]), Kind::Boolean);
        assert_eq!(csv(&["true", "1"]), Kind::Text);
        assert_eq!(csv(&[" 1"]), Kind::Text);
        assert_eq!(csv(&["1", " "]), Kind::Text);
        assert_eq!(csv(&["2018-01-31", "1"]), Kind::Text);
    }

    #[test]
    fn a_column_without_any_value_is_text() {
        assert_eq!(csv(&[]), Kind::Text);
        assert_eq!(Evidence::default().json(), Some(Kind::Text));
    }

    #[test]
    fn json_says_itself_what_is_text() {
        let mut evidence = Evidence::default();
        evidence.add_string("12");
        assert_eq!(evidence.json(), Some(Kind::Text));
        evidence.add_bare("12");
        assert_eq!(evidence.json(), None);
        let mut evidence = Evidence::default();
        evidence.add_string("2018-01-31");
        assert_eq!(evidence.json(), Some(Kind::Date));
        evidence.add_string("");
        assert_eq!(evidence.json(), Some(Kind::Text));
    }
}
