//! Timestamps of 96 bits, as Impala, Hive and Spark wrote them: nanoseconds of a day, and the number of the day.

use std::sync::Arc;

use chrono::DateTime;
use datafusion::arrow::array::{
    Array, ArrayRef, FixedSizeBinaryArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};

use super::convert::BadValue;

/// Bytes of one.
pub(super) const BYTES: i32 = 12;

/// The number of 1970-01-01, counted as astronomers do.
const EPOCH: i128 = 2_440_588;
const NANOSECONDS_OF_A_DAY: i128 = 86_400_000_000_000;
const NANOSECONDS_OF_A_SECOND: i128 = 1_000_000_000;

/// The same as microseconds, which hold all years that are in use.
pub(super) fn microseconds(array: &FixedSizeBinaryArray) -> Result<ArrayRef, BadValue> {
    let whole = |nanoseconds: i128| (nanoseconds % 1000 == 0).then_some(nanoseconds / 1000);
    Ok(Arc::new(converted(array, whole)?.into_iter().collect::<TimestampMicrosecondArray>()))
}

/// The same as nanoseconds, which hold the years from 1678 to 2261.
pub(super) fn nanoseconds(array: &FixedSizeBinaryArray) -> Result<ArrayRef, BadValue> {
    Ok(Arc::new(converted(array, Some)?.into_iter().collect::<TimestampNanosecondArray>()))
}

fn converted(array: &FixedSizeBinaryArray, unit: impl Fn(i128) -> Option<i128>) -> Result<Vec<Option<i64>>, BadValue> {
    let value = |row: usize| {
        let since = since_1970(array.value(row));
        let value = unit(since).and_then(|value| i64::try_from(value).ok());
        value.ok_or_else(|| BadValue { row, value: shown(since) })
    };
    (0..array.len()).map(|row| array.is_valid(row).then(|| value(row)).transpose()).collect()
}

/// Nanoseconds since 1970.
fn since_1970(bytes: &[u8]) -> i128 {
    let (mut of_day, mut day) = ([0; 8], [0; 4]);
    of_day.copy_from_slice(&bytes[..8]);
    day.copy_from_slice(&bytes[8..]);
    (i128::from(i32::from_le_bytes(day)) - EPOCH) * NANOSECONDS_OF_A_DAY + i128::from(i64::from_le_bytes(of_day))
}

fn shown(since: i128) -> String {
    let seconds = i64::try_from(since.div_euclid(NANOSECONDS_OF_A_SECOND)).ok();
    let rest = u32::try_from(since.rem_euclid(NANOSECONDS_OF_A_SECOND)).ok();
    match seconds.zip(rest).and_then(|(seconds, rest)| DateTime::from_timestamp(seconds, rest)) {
        Some(stamp) => format!("{:?}", stamp.naive_utc()),
        None => format!("{since} nanoseconds since 1970"),
    }
}
