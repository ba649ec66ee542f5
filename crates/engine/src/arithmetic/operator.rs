//! The operators, and what each of them does.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Datum, PrimitiveArray};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::{Operator as SqlOperator, binary::BinaryTypeCoercer};
use serde::{Deserialize, Serialize};

use super::interval;
use super::rounding::quotients;

/// An operator of two operands whose result may lie beyond its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    ShiftLeft,
    ShiftRight,
}

impl Operator {
    /// The operator of this kind, if it is one.
    pub(crate) fn of(operator: SqlOperator) -> Option<Self> {
        Some(match operator {
            SqlOperator::Plus => Self::Add,
            SqlOperator::Minus => Self::Subtract,
            SqlOperator::Multiply => Self::Multiply,
            SqlOperator::Divide => Self::Divide,
            SqlOperator::Modulo => Self::Modulo,
            SqlOperator::BitwiseShiftLeft => Self::ShiftLeft,
            SqlOperator::BitwiseShiftRight => Self::ShiftRight,
            _ => return None,
        })
    }

    /// The operator of this sign in the text of a chain.
    pub(super) fn of_sign(sign: char) -> Option<Self> {
        Some(match sign {
            '+' => Self::Add,
            '-' => Self::Subtract,
            '*' => Self::Multiply,
            '/' => Self::Divide,
            '%' => Self::Modulo,
            _ => return None,
        })
    }

    pub(crate) fn sql(self) -> SqlOperator {
        match self {
            Self::Add => SqlOperator::Plus,
            Self::Subtract => SqlOperator::Minus,
            Self::Multiply => SqlOperator::Multiply,
            Self::Divide => SqlOperator::Divide,
            Self::Modulo => SqlOperator::Modulo,
            Self::ShiftLeft => SqlOperator::BitwiseShiftLeft,
            Self::ShiftRight => SqlOperator::BitwiseShiftRight,
        }
    }

    /// The name of its function in plans.
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Add => "keyfold_add",
            Self::Subtract => "keyfold_subtract",
            Self::Multiply => "keyfold_multiply",
            Self::Divide => "keyfold_divide",
            Self::Modulo => "keyfold_modulo",
            Self::ShiftLeft => "keyfold_shift_left",
            Self::ShiftRight => "keyfold_shift_right",
        }
    }

    /// Whether the engine's own operator on operands of these types may fail or wrap.
    pub(crate) fn may_fail(self, left: &DataType, right: &DataType) -> bool {
        let exact = |data_type: &DataType| data_type.is_integer() || data_type.is_decimal();
        let temporal = |data_type: &DataType| {
            use DataType::{Date32, Date64, Duration, Interval, Timestamp};
            matches!(data_type, Date32 | Date64 | Timestamp(..) | Interval(_) | Duration(_))
        };
        let date = |data_type: &DataType| matches!(data_type, DataType::Date32 | DataType::Date64);
        match self {
            Self::ShiftLeft | Self::ShiftRight => left.is_integer() && left == right,
            _ if exact(left) && exact(right) => true,
            // A number of days, which the engine's own operator gives, and Arrow's does not.
            Self::Subtract if date(left) && date(right) => false,
            _ => (temporal(left) && (temporal(right) || exact(right))) || (exact(left) && temporal(right)),
        }
    }

    /// The type of the result.
    pub(super) fn result_type(self, left: &DataType, right: &DataType) -> Result<DataType> {
        BinaryTypeCoercer::new(left, &self.sql(), right).get_result_type()
    }

    /// The result, or an error that is Arrow's.
    pub(super) fn apply(self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
        interval::fits(left.get().0, right.get().0)?;
        let result = match self {
            Self::Add => numeric::add(left, right)?,
            Self::Subtract => numeric::sub(left, right)?,
            Self::Multiply => numeric::mul(left, right)?,
            Self::Divide => self.divide(left, right)?,
            Self::Modulo => numeric::rem(left, right)?,
            Self::ShiftLeft | Self::ShiftRight => shift(self, left, right)?,
        };
        within_precision(&result)?;
        Ok(result)
    }

    fn divide(self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
        let result = self.result_type(left.get().0.data_type(), right.get().0.data_type())?;
        quotients(left, right, &result).unwrap_or_else(|| numeric::div(left, right))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sql().fmt(f)
    }
}

/// Arrow's decimals overflow where their bytes do, which is later than where their digits do.
pub(super) fn within_precision(array: &ArrayRef) -> Result<(), ArrowError> {
    fn check<T: DecimalType>(array: &ArrayRef, precision: u8) -> Result<(), ArrowError> {
        // The results of narrower operands have digits enough.
        if precision < T::MAX_PRECISION {
            return Ok(());
        }
        let overflow = |_| ArrowError::ArithmeticOverflow(String::new());
        array.as_primitive::<T>().validate_decimal_precision(precision).map_err(overflow)
    }
    match array.data_type() {
        DataType::Decimal32(precision, _) => check::<Decimal32Type>(array, *precision),
        DataType::Decimal64(precision, _) => check::<Decimal64Type>(array, *precision),
        DataType::Decimal128(precision, _) => check::<Decimal128Type>(array, *precision),
        DataType::Decimal256(precision, _) => check::<Decimal256Type>(array, *precision),
        _ => Ok(()),
    }
}

/// Shifts that lose no bit and do not take the distance modulo the width.
fn shift(operator: Operator, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
    macro_rules! shifted {
        ($($data_type:ident => $arrow:ty),*) => {
            match left.get().0.data_type() {
                $(DataType::$data_type => {
                    let shifted = |value, distance| {
                        let distance = u32::try_from(distance).ok()?;
                        match operator {
                            Operator::ShiftLeft => <$arrow as ArrowPrimitiveType>::Native::checked_shl(value, distance)
                                .filter(|shifted| *shifted >> distance == value),
                            _ => <$arrow as ArrowPrimitiveType>::Native::checked_shr(value, distance),
                        }
                    };
                    let overflow = || ArrowError::ArithmeticOverflow(String::new());
                    let shifted = pairs::<$arrow>(left, right, |value, distance| {
                        shifted(value, distance).ok_or_else(overflow)
                    });
                    Ok(Arc::new(shifted?))
                })*
                other => Err(ArrowError::InvalidArgumentError(format!("{other} {operator} …"))),
            }
        };
    }
    shifted!(Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type)
}

/// What two operands, one of which may be a constant, give row by row; NULL where one is.
pub(super) fn pairs<T: ArrowPrimitiveType>(
    left: &dyn Datum,
    right: &dyn Datum,
    combine: impl Fn(T::Native, T::Native) -> Result<T::Native, ArrowError>,
) -> Result<PrimitiveArray<T>, ArrowError> {
    let ((left, left_scalar), (right, right_scalar)) = (left.get(), right.get());
    let (left, right) = (left.as_primitive::<T>(), right.as_primitive::<T>());
    let length = if left_scalar { right.len() } else { left.len() };
    let value = |array: &PrimitiveArray<T>, scalar: bool, row: usize| {
        let row = if scalar { 0 } else { row };
        array.is_valid(row).then(|| array.value(row))
    };
    let combined = (0..length).map(|row| {
        let operands = value(left, left_scalar, row).zip(value(right, right_scalar, row));
        operands.map(|(left, right)| combine(left, right)).transpose()
    });
    combined.collect()
}
