//! One operator with its operands, as a function.

use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum;
use keyfold_core::exact::sql_name;
use serde::{Deserialize, Serialize};

use super::operator::within_precision;
use super::{Operator, Origin};

/// An operation that gives its exact result or fails: `left operator right`, or `- operand` without an operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Operation {
    operator: Option<Operator>,
    origin: Origin,
    #[serde(skip, default = "anything")]
    signature: Signature,
}

fn anything() -> Signature {
    Signature::variadic_any(Volatility::Immutable)
}

impl Operation {
    /// `left operator right`
    pub(crate) fn binary(operator: Operator, origin: Origin) -> Self {
        Self { operator: Some(operator), origin, signature: anything() }
    }

    /// `- operand`
    pub(crate) fn negation(origin: Origin) -> Self {
        Self { operator: None, origin, signature: anything() }
    }

    /// A call on these operands.
    pub(crate) fn call(self, operands: Vec<Expr>) -> Expr {
        ScalarUDF::new_from_impl(self).call(operands)
    }

    /// The result on these operands.
    pub(super) fn apply(&self, operands: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        self.compute(operands).map_err(|error| self.failed(error, operands, rows))
    }

    fn compute(&self, operands: &[ColumnarValue]) -> Result<ColumnarValue> {
        match (self.operator, operands) {
            (Some(operator), [left, right]) => datum::apply(left, right, |left, right| operator.apply(left, right)),
            (None, [operand]) => {
                let scalar = matches!(operand, ColumnarValue::Scalar(_));
                let negated = numeric::neg(&operand.to_array(1)?)?;
                within_precision(&negated)?;
                if scalar {
                    return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&negated, 0)?));
                }
                Ok(ColumnarValue::Array(negated))
            }
            _ => internal_err!("{} of {} operands", self.name(), operands.len()),
        }
    }

    /// The failure of the first row that fails.
    fn failed(&self, error: DataFusionError, operands: &[ColumnarValue], rows: usize) -> DataFusionError {
        let Ok(arrays) = ColumnarValue::values_to_arrays(operands) else { return error };
        let types: Vec<DataType> = arrays.iter().map(|array| array.data_type().clone()).collect();
        let Ok(result) = self.return_type(&types) else { return error };
        let of_row =
            |row: usize| arrays.iter().map(|array| ColumnarValue::Array(array.slice(row, 1))).collect::<Vec<_>>();
        let rows = arrays.first().map_or(rows, |array| array.len());
        let Some((row, error)) = (0..rows).find_map(|row| self.compute(&of_row(row)).err().map(|error| (row, error)))
        else {
            return error;
        };
        let texts: Vec<String> =
            arrays.iter().map(|array| array_value_to_string(array, row).unwrap_or_default()).collect();
        failure(&self.origin, self.operator, &texts, &result, error)
    }
}

/// The failure of an operator on operands.
fn failure(
    origin: &Origin,
    operator: Option<Operator>,
    operands: &[String],
    result: &DataType,
    error: DataFusionError,
) -> DataFusionError {
    let text = match (operator, operands) {
        (Some(operator), [left, right]) => format!("{left} {operator} {right}"),
        _ => format!("-({})", operands.join(", ")),
    };
    let DataFusionError::ArrowError(arrow, _) = &error else { return error };
    let wider = match result {
        integer if integer.is_unsigned_integer() => {
            "CAST the operands to a signed or wider type, such as BIGINT or DECIMAL(38,0)"
        }
        DataType::Int64 => "CAST an operand to DECIMAL(38,0)",
        integer if integer.is_integer() => "CAST an operand to a wider type, such as BIGINT",
        decimal if decimal.is_decimal() => "CAST the operands to decimals with fewer digits",
        _ => "bring the values into the range of the type, or leave them out with WHERE",
    };
    match arrow.as_ref() {
        ArrowError::DivideByZero => {
            origin.failed(format!("division by zero: {text}"), "write NULLIF(divisor, 0) for a NULL in its place")
        }
        ArrowError::InvalidArgumentError(reason) => {
            origin.failed(format!("{text}: {reason}"), "CAST the date or timestamp to a finer type, such as TIMESTAMP")
        }
        ArrowError::ArithmeticOverflow(_) | ArrowError::ComputeError(_) => {
            origin.failed(format!("overflow: {text} is beyond the range of {}", sql_name(result)), wider)
        }
        _ => error,
    }
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &str {
        self.operator.map_or("keyfold_negate", Operator::function)
    }

    /// As the operator that it stands for: the names of columns do not change.
    fn schema_name(&self, operands: &[Expr]) -> Result<String> {
        match (self.operator, operands) {
            (Some(operator), [left, right]) => Ok(format!("{} {operator} {}", left.schema_name(), right.schema_name())),
            (None, [operand]) => Ok(format!("(- {})", operand.schema_name())),
            _ => internal_err!("{} of {} operands", self.name(), operands.len()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, operands: &[DataType]) -> Result<DataType> {
        match (self.operator, operands) {
            (Some(operator), [left, right]) => operator.result_type(left, right),
            (None, [operand]) => Ok(operand.clone()),
            _ => internal_err!("{} of {} operands", self.name(), operands.len()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, nullable)))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.apply(&args.args, args.number_rows)
    }
}
