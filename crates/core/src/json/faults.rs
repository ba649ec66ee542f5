//! Values that JSON has no text for, though their type has a place in a document.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, downcast_temporal_array};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, Offset, TimeZone};

use super::{embedded, string};
use crate::text;

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A NaN or an infinity.
    NotFinite,
    /// A date, a time or a duration that ISO 8601 does not write, as far as it can be shown.
    Temporal(String),
    /// A map with a key that is NULL.
    NullKey,
    /// A map that has a key twice.
    RepeatedKey(String),
    /// A text that is not JSON: what is wrong with it, and where.
    NotJson(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => f.write_str("is NaN or infinite, which JSON cannot represent"),
            Self::Temporal(shown) => write!(f, "is {shown}, which ISO 8601 cannot write: its years are 0000 to 9999"),
            Self::NullKey => f.write_str("is a map with a key that is NULL, which JSON cannot represent"),
            Self::RepeatedKey(key) => write!(f, "is a map that has the key `{key}` twice"),
            Self::NotJson(message) => write!(f, "is not valid JSON: {message}"),
        }
    }
}

impl Fault {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotFinite => "make it NULL in the query, such as with NULLIF or CASE",
            Self::Temporal(_) => {
                "correct it at its source, or make it NULL in the query, such as with CASE; a number that was read as a date may be in another unit"
            }
            Self::NullKey | Self::RepeatedKey(_) => "a JSON object has each member once; correct the map in the query",
            Self::NotJson(_) => {
                "correct the text, make it NULL in the query, or use \"$column\", which writes it as a string"
            }
        }
    }
}

/// The first row that JSON has no text for. Rows that are NULL have no faults.
pub fn first_fault(array: &ArrayRef) -> Option<(usize, Fault)> {
    if !may_fail(array.data_type()) {
        return None;
    }
    (0..array.len()).find_map(|row| fault(array, row).map(|fault| (row, fault)))
}

/// The first row of a text column that is not one JSON value.
pub fn first_not_json(array: &ArrayRef) -> Option<(usize, Fault)> {
    let wrong = |row: usize| embedded::check(string(array, row)).err();
    (0..array.len())
        .filter(|row| array.is_valid(*row))
        .find_map(|row| wrong(row).map(|error| (row, Fault::NotJson(error.to_string()))))
}

fn may_fail(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => may_fail(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| may_fail(field.data_type())),
        DataType::Map(_, _) => true,
        other => other.is_floating() || other.is_temporal(),
    }
}

fn fault(array: &ArrayRef, row: usize) -> Option<Fault> {
    if array.is_null(row) {
        return None;
    }
    let any = |items: ArrayRef| (0..items.len()).find_map(|item| fault(&items, item));
    let not_finite = |float: f64| (!float.is_finite()).then_some(Fault::NotFinite);
    match array.data_type() {
        DataType::Float16 => not_finite(array.as_primitive::<Float16Type>().value(row).into()),
        DataType::Float32 => not_finite(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => not_finite(array.as_primitive::<Float64Type>().value(row)),
        DataType::List(_) => any(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => any(array.as_list::<i64>().value(row)),
        DataType::ListView(_) => any(array.as_list_view::<i32>().value(row)),
        DataType::LargeListView(_) => any(array.as_list_view::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => any(array.as_fixed_size_list().value(row)),
        DataType::Struct(_) => array.as_struct().columns().iter().find_map(|column| fault(column, row)),
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            map_keys(entries.column(0)).or_else(|| any(Arc::new(entries)))
        }
        temporal if temporal.is_temporal() && !is_writable(array, row) => Some(Fault::Temporal(shown(array, row))),
        _ => None,
    }
}

fn map_keys(keys: &ArrayRef) -> Option<Fault> {
    if keys.null_count() > 0 {
        return Some(Fault::NullKey);
    }
    if let Some((_, fault)) = first_fault(keys) {
        return Some(fault);
    }
    let texts = text::of(keys).ok()?;
    let mut seen = HashSet::new();
    let repeated = texts.iter().flatten().find(|key| !seen.insert(*key));
    repeated.map(|key| Fault::RepeatedKey(key.to_owned()))
}

const DAY: i64 = 86_400;
/// The start of 1973: Liberia was the last to give up such an offset, in 1972.
const LAST_OFFSET_WITH_SECONDS: i64 = 94_694_400;
/// 0000-01-01 to 9999-12-31, in days since 1970-01-01.
const DAYS: std::ops::Range<i64> = -719_528..2_932_897;

/// Whether a date or a time is one that ISO 8601 writes with four digits for the year.
#[expect(clippy::useless_conversion, reason = "the units of some types are i32, those of others i64")]
fn is_writable(array: &ArrayRef, row: usize) -> bool {
    let units: i64 = downcast_temporal_array!(
        array => array.value(row).into(),
        DataType::Duration(TimeUnit::Second) => array.as_primitive::<arrow_array::types::DurationSecondType>().value(row),
        _ => 0,
    );
    match array.data_type() {
        DataType::Date32 => DAYS.contains(&units),
        DataType::Date64 => DAYS.contains(&units.div_euclid(DAY * 1000)),
        DataType::Time32(unit) | DataType::Time64(unit) => (0..DAY * per_second(*unit)).contains(&units),
        DataType::Timestamp(unit, zone) => {
            let day = units.div_euclid(per_second(*unit)).div_euclid(DAY);
            // A time zone moves the first and the last day.
            let certain = zone.is_none() || (DAYS.start + 1..DAYS.end - 1).contains(&day);
            let offset = zone.as_ref().is_none_or(|zone| has_minutes(zone, units.div_euclid(per_second(*unit))));
            DAYS.contains(&day) && (certain || !shown(array, row).starts_with(['+', '-'])) && offset
        }
        // What chrono can count in milliseconds.
        DataType::Duration(TimeUnit::Second) => units.unsigned_abs() <= i64::MAX as u64 / 1000,
        _ => true,
    }
}

/// Whether a zone's offset from UTC is of whole minutes at a second since 1970; that of a place's own noon is not.
fn has_minutes(zone: &str, second: i64) -> bool {
    if second > LAST_OFFSET_WITH_SECONDS {
        return true;
    }
    let (Ok(zone), Some(at)) = (zone.parse::<Tz>(), DateTime::from_timestamp(second, 0)) else { return true };
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() % 60 == 0
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The value, as far as it can be shown.
fn shown(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::new();
    let text = ArrayFormatter::try_new(array, &options).and_then(|formatter| formatter.value(row).try_to_string());
    text.unwrap_or_else(|_| format!("a {} beyond all calendars", array.data_type()))
}
