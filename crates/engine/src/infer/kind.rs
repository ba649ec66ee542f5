//! Kinds of values, and the SQL types that hold them.

use datafusion::arrow::datatypes::DataType;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of 32 bits.
    Int,
    /// Whole numbers of 64 bits.
    BigInt,
    /// Exact numbers with digits after the point: precision and scale.
    Decimal(u8, u8),
    /// Floats.
    Double,
    /// True and false.
    Boolean,
    /// Days.
    Date,
    /// Days with a time.
    Timestamp,
    /// The same with an offset from UTC.
    Zoned,
    /// Text.
    Text,
    /// Anything that is not a key, pivot or measure, such as a list.
    Other,
}

impl Kind {
    /// The SQL type.
    pub fn sql(self) -> String {
        match self {
            Self::Int => "INT".into(),
            Self::BigInt => "BIGINT".into(),
            Self::Decimal(precision, scale) => format!("DECIMAL({precision},{scale})"),
            Self::Double => "DOUBLE".into(),
            Self::Boolean => "BOOLEAN".into(),
            Self::Date => "DATE".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::Zoned => "TIMESTAMP WITH TIME ZONE".into(),
            Self::Text | Self::Other => "VARCHAR".into(),
        }
    }

    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::BigInt)
    }

    pub(super) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => Self::Int,
            DataType::Int64 | DataType::UInt32 => Self::BigInt,
            // A sum of these is beyond a BIGINT at once.
            DataType::UInt64 => Self::Decimal(20, 0),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale) => {
                u8::try_from(*scale).map_or(Self::Other, |scale| Self::Decimal(*precision, scale))
            }
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Double,
            DataType::Boolean => Self::Boolean,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::Zoned,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Dictionary(_, value) => Self::of(value),
            _ => Self::Other,
        }
    }
}
