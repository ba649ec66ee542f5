//! Built-in functions that fail on some values, made to say where they are called.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::{cast, min};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use serde::{Deserialize, Serialize};

use super::Origin;
use super::whole::first_cut;

/// The functions whose result may be beyond their type, or whose text may be no value of it.
const FAILING: [&str; 24] = [
    "abs",
    "ceil",
    DATE_BIN,
    "date_trunc",
    "factorial",
    "floor",
    "from_unixtime",
    "gcd",
    "lcm",
    "lpad",
    "make_date",
    "make_time",
    "power",
    "round",
    "rpad",
    "to_date",
    "to_time",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
    "trunc",
];

/// Gives NULL for what is beyond its range.
const DATE_BIN: &str = "date_bin";

/// A built-in function with the place of its call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) struct Placed {
    inner: Arc<ScalarUDF>,
    origin: Origin,
}

/// What is sent of it: built-in functions are everywhere.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    name: String,
    origin: Origin,
}

impl From<Placed> for Written {
    fn from(placed: Placed) -> Self {
        Self { name: placed.inner.name().to_owned(), origin: placed.origin }
    }
}

impl TryFrom<Written> for Placed {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let mut functions = SessionStateDefaults::default_scalar_functions().into_iter();
        let inner = functions.find(|function| function.name() == written.name);
        let inner = inner.ok_or_else(|| format!("there is no function {}", written.name))?;
        Ok(Self { inner, origin: written.origin })
    }
}

impl Placed {
    /// The function, if it is one that fails on some values.
    pub(crate) fn of(function: &Arc<ScalarUDF>, origin: Origin) -> Option<Self> {
        let is_placed = function.inner().is::<Self>();
        (!is_placed && FAILING.contains(&function.name())).then(|| Self { inner: function.clone(), origin })
    }
}

/// The function's failure, where it is called.
fn placed(origin: &Origin, function: &str, error: DataFusionError) -> DataFusionError {
    let message = match &error {
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::ComputeError(message) | ArrowError::ParseError(message) | ArrowError::CastError(message) => {
                message.clone()
            }
            error => error.to_string(),
        },
        DataFusionError::Execution(message) => message.clone(),
        _ => return error,
    };
    origin.failed(format!("{function}: {message}"), "correct the values, or leave them out with WHERE or CASE")
}

impl ScalarUDFImpl for Placed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        self.inner.schema_name(arguments)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(arguments, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if ["lpad", "rpad"].contains(&self.name()) && args.args.get(1).is_some_and(is_negative) {
            let message = format!("{}: a length is negative", self.name());
            return Err(self.origin.failed(message, "write greatest(length, 0)"));
        }
        if self.name() == "to_timestamp" && args.args.first().is_some_and(is_beyond) {
            let message = "to_timestamp: a number of seconds is beyond the years 1677 to 2262".to_owned();
            return Err(self.origin.failed(message, "leave such rows out with WHERE or CASE"));
        }
        if let Some((finer, counted)) = first_cut(self.name(), &args.args)? {
            let message = format!("{}: `{finer}` is not a whole number of {counted}", self.name());
            return Err(self.origin.failed(message, "cut it before, such as with date_trunc or floor"));
        }
        let given = (self.name() == DATE_BIN).then(|| args.args.clone());
        let result =
            self.inner.invoke_with_args(args).map_err(|error| placed(&self.origin, self.inner.name(), error))?;
        match given {
            Some(given) if loses(&given, &result)? => {
                let message = format!("{DATE_BIN}: a time is beyond the years 1677 to 2262, or its bin is");
                Err(self.origin.failed(message, "leave such rows out with WHERE or CASE"))
            }
            _ => Ok(result),
        }
    }
}

/// Whether a length is below zero somewhere, on which these functions abort.
fn is_negative(length: &ColumnarValue) -> bool {
    let lengths = length.to_array(1).and_then(|lengths| Ok(cast(&lengths, &DataType::Int64)?));
    lengths.is_ok_and(|lengths| min(lengths.as_primitive::<Int64Type>()).is_some_and(|least| least < 0))
}

/// Whether a double is more seconds than 64 bits count nanoseconds, which is cut to the last one.
fn is_beyond(seconds: &ColumnarValue) -> bool {
    let values = seconds
        .data_type()
        .is_floating()
        .then(|| seconds.to_array(1).and_then(|seconds| Ok(cast(&seconds, &DataType::Float64)?)));
    let limit = i64::MAX as f64 / 1e9;
    values.is_some_and(|values| {
        values.is_ok_and(|values| {
            values.as_primitive::<Float64Type>().iter().flatten().any(|value| value.is_nan() || value.abs() >= limit)
        })
    })
}

/// Whether a value became NULL.
fn loses(given: &[ColumnarValue], result: &ColumnarValue) -> Result<bool> {
    let nulls = |value: &ColumnarValue| Ok::<_, DataFusionError>(value.to_array(1)?.logical_null_count());
    let is_null = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(value) if value.is_null());
    if given.iter().any(is_null) {
        return Ok(false);
    }
    let before = given.iter().map(nulls).sum::<Result<usize>>()?;
    Ok(nulls(result)? > before)
}
