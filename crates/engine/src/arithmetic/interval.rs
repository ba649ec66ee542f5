//! Intervals that are added to dates and timestamps.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::arrow::error::ArrowError;

const DAY: i64 = 86_400_000_000_000;

/// Fails where an interval has a part that is finer than the date or timestamp beside it; Arrow leaves the part out.
pub(super) fn fits(left: &dyn Array, right: &dyn Array) -> Result<(), ArrowError> {
    let (time, interval) = match (left.data_type(), right.data_type()) {
        (_, DataType::Interval(_)) => (left.data_type(), right),
        (DataType::Interval(_), _) => (right.data_type(), left),
        _ => return Ok(()),
    };
    let Some(step) = step(time) else { return Ok(()) };
    let is_whole = match interval.data_type() {
        DataType::Interval(IntervalUnit::MonthDayNano) => interval
            .as_primitive::<IntervalMonthDayNanoType>()
            .iter()
            .flatten()
            .all(|value| value.nanoseconds % step == 0),
        DataType::Interval(IntervalUnit::DayTime) => {
            let nanoseconds = |milliseconds: i32| i64::from(milliseconds) * 1_000_000;
            let values = interval.as_primitive::<IntervalDayTimeType>().iter().flatten();
            values.map(|value| nanoseconds(value.milliseconds)).all(|nanoseconds| nanoseconds % step == 0)
        }
        _ => true,
    };
    if is_whole {
        return Ok(());
    }
    let lacks = match time {
        DataType::Date32 | DataType::Date64 => "a DATE has no time of day",
        _ => "the interval is finer than the TIMESTAMP",
    };
    Err(ArrowError::InvalidArgumentError(lacks.into()))
}

/// The nanoseconds from one value of the type to the next.
fn step(time: &DataType) -> Option<i64> {
    Some(match time {
        DataType::Date32 | DataType::Date64 => DAY,
        DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000,
        _ => return None,
    })
}
