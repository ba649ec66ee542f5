//! `keyfold_cast(value, sample)`: the cast of SQL, whose failure says which value and where in the SQL.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::{self, CastOptions, can_cast_types};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type, TimeUnit};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use keyfold_core::exact::{Parser, TextRules, sql_name, uuid_texts};
use keyfold_core::text;
use serde::{Deserialize, Serialize};

use super::Origin;
use super::nearest::{is_nearest, nearest};

/// The function. Its second argument is a NULL of the type to cast to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Cast {
    origin: Origin,
    #[serde(skip, default = "signature")]
    signature: Signature,
}

fn signature() -> Signature {
    Signature::any(2, Volatility::Immutable)
}

const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: datafusion::common::format::DEFAULT_FORMAT_OPTIONS };
const SAFE: CastOptions<'static> = CastOptions { safe: true, ..STRICT };

/// The decimals that any integer is.
const WHOLE: DataType = DataType::Decimal128(20, 0);

impl Cast {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, signature: signature() }
    }

    /// A call of the function; nothing if there is no such cast.
    pub(crate) fn call(self, value: Expr, to: &DataType) -> Option<Expr> {
        let sample = ScalarValue::try_from(to).ok()?;
        Some(ScalarUDF::new_from_impl(self).call(vec![value, Expr::Literal(sample, None)]))
    }

    /// Texts as dates or times, by the rules of text in files.
    fn temporal(&self, texts: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
        let parser = Parser::new(to, &TextRules::default());
        let parser = parser.map_err(|why| self.origin.failed(why, "CAST to another type"))?;
        let texts = compute::cast(texts, &DataType::Utf8)?;
        parser.array(texts.as_string::<i32>().iter()).map_err(|bad| {
            let message = format!("`{}` cannot be cast to {}: it {}", bad.text, sql_name(to), bad.why);
            self.origin.failed(message, "correct the value, or write TRY_CAST for a NULL in its place")
        })
    }

    /// The failure of the first value that cannot be cast.
    fn failed(&self, error: DataFusionError, value: &ColumnarValue, to: &DataType) -> DataFusionError {
        let Some(text) = first_failing(value, to) else { return error };
        let to_type = sql_name(to);
        let message = if value.data_type().is_numeric() && to.is_numeric() {
            format!("overflow: {text} is beyond the range of {to_type}")
        } else {
            format!("`{text}` cannot be cast to {to_type}")
        };
        self.origin.failed(message, "correct the value, or write TRY_CAST for a NULL in its place")
    }
}

fn first_failing(value: &ColumnarValue, to: &DataType) -> Option<String> {
    let array: ArrayRef = value.to_array(1).ok()?;
    let one = |row: usize, options: &CastOptions<'static>| {
        ColumnarValue::Array(array.slice(row, 1)).cast_to(to, Some(options))
    };
    let row = match ColumnarValue::Array(array.clone()).cast_to(to, Some(&SAFE)) {
        Ok(ColumnarValue::Array(cast)) if cast.null_count() > array.null_count() => {
            (0..array.len()).find(|row| cast.is_null(*row) && array.is_valid(*row))
        }
        _ => (0..array.len()).find(|row| one(*row, &STRICT).is_err()),
    };
    array_value_to_string(&array, row?).ok()
}

/// Whether a cast from one of these types to the other is one that only `keyfold_cast` makes well: one that is not
/// possible for every value, that of a decimal to a float, of a timestamp to a coarser one, or of a UUID's bytes to text.
pub(crate) fn is_own_cast(from: &DataType, to: &DataType) -> bool {
    is_uuid_text(from, to)
        || is_tens(from, to)
        || is_tens_text(from, to)
        || is_nearest(from, to)
        || is_coarser(from, to)
        || may_fail(from, to)
}

fn is_uuid_text(from: &DataType, to: &DataType) -> bool {
    *from == DataType::FixedSizeBinary(16) && matches!(to, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Whether text becomes dates or times, of which Arrow drops offsets and takes numbers for nanoseconds.
fn is_temporal_text(from: &DataType, to: &DataType) -> bool {
    from.is_string() && matches!(to, DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(..))
}

/// Whether an integer becomes a decimal of a negative scale; Arrow cuts it.
fn is_tens(from: &DataType, to: &DataType) -> bool {
    let tens = matches!(to, DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) if *scale < 0);
    from.is_integer() && tens
}

/// Whether a decimal of a negative scale becomes text; Arrow writes its zero as `000`.
fn is_tens_text(from: &DataType, to: &DataType) -> bool {
    let tens = matches!(from, DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) if *scale < 0);
    tens && to.is_string()
}

fn is_coarser(from: &DataType, to: &DataType) -> bool {
    matches!((from, to), (DataType::Timestamp(from, _), DataType::Timestamp(to, _)) if to < from)
}

/// The timestamps without what is finer than the type, which is cut off downwards; Arrow cuts towards 1970.
fn coarsened(timestamps: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let (DataType::Timestamp(from, zone), DataType::Timestamp(unit, _)) = (timestamps.data_type(), to) else {
        return internal_err!("{} is not a timestamp, or {to} is not", timestamps.data_type());
    };
    let per_second = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let finer = per_second(from) / per_second(unit);
    let numbers = compute::cast(timestamps, &DataType::Int64)?;
    let coarse: ArrayRef =
        Arc::new(numbers.as_primitive::<Int64Type>().unary::<_, Int64Type>(|value: i64| value.div_euclid(finer)));
    let coarse = compute::cast(&coarse, &DataType::Timestamp(*unit, zone.clone()))?;
    Ok(compute::cast(&coarse, to)?)
}

/// The cast of all values, by a kernel that keeps their number.
fn each(value: &ColumnarValue, kernel: impl Fn(&ArrayRef) -> Result<ArrayRef>) -> Result<ColumnarValue> {
    Ok(match value {
        ColumnarValue::Array(values) => ColumnarValue::Array(kernel(values)?),
        ColumnarValue::Scalar(value) => {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&kernel(&value.to_array()?)?, 0)?)
        }
    })
}

/// Whether a cast from one of these types to the other is possible, but not for every value.
fn may_fail(from: &DataType, to: &DataType) -> bool {
    use DataType::{Boolean, Date32, Date64, Decimal128, Decimal256, Null, Timestamp};
    let text = |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let plain = |data_type: &DataType| !data_type.is_nested() && !matches!(data_type, DataType::Dictionary(..));
    if from == to || !plain(from) || !plain(to) || !can_cast_types(from, to) {
        return false;
    }
    match (from, to) {
        (Null | Boolean, _) => false,
        (_, to) if text(to) || to.is_floating() || *to == Boolean => text(from) && !text(to),
        (from, to) if from.is_integer() && to.is_integer() => {
            let (from_width, to_width) = (from.primitive_width(), to.primitive_width());
            let keeps_sign = from.is_signed_integer() == to.is_signed_integer() && to_width >= from_width;
            !(keeps_sign || (from.is_unsigned_integer() && to.is_signed_integer() && to_width > from_width))
        }
        (from, Decimal128(precision, scale) | Decimal256(precision, scale)) if from.is_integer() => {
            let digits = match from.primitive_width() {
                Some(1) => 3,
                Some(2) => 5,
                Some(4) => 10,
                _ if from.is_signed_integer() => 19,
                _ => 20,
            };
            i16::from(*precision) - i16::from(*scale) < digits
        }
        (
            DataType::Decimal32(p1, s1) | DataType::Decimal64(p1, s1) | Decimal128(p1, s1) | Decimal256(p1, s1),
            Decimal128(p2, s2) | Decimal256(p2, s2),
        ) => s2 < s1 || i16::from(*p2) - i16::from(*s2) < i16::from(*p1) - i16::from(*s1),
        (Date32, Date64 | Timestamp(TimeUnit::Second | TimeUnit::Millisecond, _)) => false,
        (Timestamp(..) | Date64, Date32) => false,
        (Timestamp(from, _), Timestamp(to, _)) => to > from,
        _ => true,
    }
}

impl ScalarUDFImpl for Cast {
    fn name(&self) -> &str {
        "keyfold_cast"
    }

    /// A name that tells it apart from its operand, beside which it stands where it is the key of a join.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let [value, Expr::Literal(sample, _)] = arguments else {
            return internal_err!("{} of {arguments:?}", self.name());
        };
        Ok(format!("CAST({} AS {})", value.schema_name(), sample.data_type()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[1].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let to = args.arg_fields[1].data_type().clone();
        Ok(Arc::new(Field::new(self.name(), to, args.arg_fields[0].is_nullable())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (value, to) = (&args.args[0], args.return_field.data_type());
        if is_uuid_text(&value.data_type(), to) {
            let texts = uuid_texts(value.to_array(args.number_rows)?.as_ref());
            return ColumnarValue::Array(texts).cast_to(to, None);
        }
        if is_tens_text(&value.data_type(), to) {
            return each(value, |decimals| Ok(compute::cast(&(Arc::new(text::of(decimals)?) as ArrayRef), to)?));
        }
        if is_nearest(&value.data_type(), to) {
            return each(value, |decimals| nearest(decimals, to));
        }
        if is_coarser(&value.data_type(), to) {
            return each(value, |timestamps| coarsened(timestamps, to));
        }
        if is_temporal_text(&value.data_type(), to) {
            return each(value, |texts| self.temporal(texts, to));
        }
        let cast = if is_tens(&value.data_type(), to) {
            value.cast_to(&WHOLE, Some(&STRICT)).and_then(|whole| whole.cast_to(to, Some(&STRICT)))
        } else {
            value.cast_to(to, Some(&STRICT))
        };
        cast.map_err(|error| self.failed(error, value, to))
    }
}
