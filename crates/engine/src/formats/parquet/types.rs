//! Types of Parquet files, of tables, and which of them hold each other's values.

use datafusion::arrow::datatypes::{DataType, TimeUnit};

use super::convert::Conversion;
use super::int96;

/// The type that a column has in SQL where none is declared.
pub(super) fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, value) => plain(value),
        DataType::Float16 => DataType::Float32,
        other => other.clone(),
    }
}

/// How values of one type are read as another; None if they are not.
pub(super) fn conversion(from: &DataType, to: &DataType) -> Option<Conversion> {
    use Conversion::{Always, Checked};
    use DataType::*;
    let either = |always: bool| if always { Always } else { Checked };
    match (from, to) {
        // Also nested types whose members are named or marked otherwise.
        (from, to) if from.equals_datatype(to) => Some(Always),
        (Null, _) => Some(Always),
        (Dictionary(_, value), to) => conversion(value, to),
        (FixedSizeBinary(16), to) if text(to) => Some(Conversion::Uuid),
        (from, to) if text(from) => text(to).then_some(Always),
        (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => Some(Always),
        (FixedSizeBinary(_), to) if text(to) => Some(Checked),
        (from, to) if digits(from).is_some() && digits(to).is_some() => Some(either(holds(from, to))),
        (from, to) if from.is_integer() && to.is_floating() => Some(either(bits(from) < mantissa(to))),
        (from, to) if from.is_floating() && to.is_floating() => Some(either(mantissa(from) <= mantissa(to))),
        (from, to) if from.is_floating() && to.is_integer() => Some(Checked),
        // Up to 15 digits a decimal is the only one of its length near its float, so that it can be told from the float.
        (Float64, Decimal32(precision, _) | Decimal64(precision, _) | Decimal128(precision, _)) if *precision <= 15 => {
            Some(Checked)
        }
        (Date64, Date32) | (Date32, Timestamp(_, None)) | (Timestamp(_, None), Date32) => Some(Checked),
        (Timestamp(from, zone), Timestamp(to, other)) if zone.is_some() == other.is_some() => Some(either(from == to)),
        (Time32(_) | Time64(_), Time32(_) | Time64(_)) | (Duration(_), Duration(_)) => Some(Checked),
        _ => None,
    }
}

/// How values of pages are read as another type. By now what is 12 bytes long and to be a time is a timestamp of 96 bits.
pub(super) fn reading(from: &DataType, to: &DataType) -> Option<Conversion> {
    match (from, to) {
        (DataType::FixedSizeBinary(int96::BYTES), DataType::Date32 | DataType::Timestamp(_, None)) => {
            Some(Conversion::Int96)
        }
        _ => conversion(from, to),
    }
}

/// The smallest type that holds the values of both.
pub(super) fn common(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::*;
    match (a, b) {
        (a, b) if a.equals_datatype(b) => Some(a.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        (a, b) if a.is_integer() && b.is_integer() => {
            let wider = [a, b].into_iter().max_by_key(|data_type| bits(data_type))?;
            [wider.clone(), Int16, Int32, Int64, Decimal128(20, 0)]
                .into_iter()
                .find(|wide| holds(a, wide) && holds(b, wide))
        }
        (a, b) if digits(a).is_some() && digits(b).is_some() => {
            let ((whole, scale), (other_whole, other_scale)) = (digits(a)?, digits(b)?);
            let (whole, scale) = (whole.max(other_whole), scale.max(other_scale));
            let precision = u8::try_from(whole + scale).ok()?;
            let scale = i8::try_from(scale).ok()?;
            match precision {
                ..=38 => Some(Decimal128(precision, scale)),
                39..=76 => Some(Decimal256(precision, scale)),
                _ => None,
            }
        }
        (a, b) if number(a) && number(b) && (a.is_floating() || b.is_floating()) => match (a, b) {
            (Float16 | Float32, Float16 | Float32) => Some(Float32),
            _ => (digits(a).is_none_or(|_| a.is_integer()) && digits(b).is_none_or(|_| b.is_integer()))
                .then_some(Float64),
        },
        (Date32, Timestamp(unit, None)) | (Timestamp(unit, None), Date32) => Some(Timestamp(*unit, None)),
        (Timestamp(unit, zone), Timestamp(other, other_zone)) if zone.is_some() == other_zone.is_some() => {
            let zone = if zone == other_zone { zone.clone() } else { Some("UTC".into()) };
            Some(Timestamp(finer(*unit, *other), zone))
        }
        (Time32(_) | Time64(_), Time32(_) | Time64(_)) => match (a, b) {
            (Time32(a), Time32(b)) => Some(Time32(finer(*a, *b))),
            (Time64(a), Time64(b)) => Some(Time64(finer(*a, *b))),
            (Time64(unit), _) | (_, Time64(unit)) => Some(Time64(*unit)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn number(data_type: &DataType) -> bool {
    data_type.is_floating() || digits(data_type).is_some()
}

/// Digits before and behind the decimal point of an exact number.
fn digits(data_type: &DataType) -> Option<(i32, i32)> {
    match data_type {
        DataType::Int8 | DataType::UInt8 => Some((3, 0)),
        DataType::Int16 | DataType::UInt16 => Some((5, 0)),
        DataType::Int32 | DataType::UInt32 => Some((10, 0)),
        DataType::Int64 => Some((19, 0)),
        DataType::UInt64 => Some((20, 0)),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            Some((i32::from(*precision) - i32::from(*scale), i32::from(*scale)))
        }
        _ => None,
    }
}

/// Bits of an integer, its sign left out.
fn bits(data_type: &DataType) -> usize {
    let width = 8 * data_type.primitive_width().unwrap_or_default();
    if data_type.is_signed_integer() { width - 1 } else { width }
}

/// Bits up to which every integer is a value of the type.
fn mantissa(data_type: &DataType) -> usize {
    match data_type {
        DataType::Float16 => 11,
        DataType::Float32 => 24,
        _ => 53,
    }
}

/// Whether an exact number of one type is always one of the other.
fn holds(from: &DataType, to: &DataType) -> bool {
    if from.is_integer() && to.is_integer() {
        return bits(from) <= bits(to) && (to.is_signed_integer() || from.is_unsigned_integer());
    }
    match (digits(from), digits(to)) {
        (Some((whole, scale)), Some((to_whole, to_scale))) => {
            !to.is_integer() && whole <= to_whole && scale <= to_scale
        }
        _ => false,
    }
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    let rank = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    std::cmp::max_by_key(a, b, rank)
}
