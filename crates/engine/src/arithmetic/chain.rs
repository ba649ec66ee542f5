//! `keyfold_chain('+-', a, b, c)`: many operations from left to right, `a + b - c`, as one function.
//!
//! A sum of thousands of terms is as deep as it is long, and what walks it has to have a stack for that.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde::{Deserialize, Serialize};

use super::{Operation, Operator, Origin};

/// The function's name, for the SQL that calls it.
pub(crate) const CHAIN: &str = "keyfold_chain";

/// The function. Its first argument names the operators.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Chain {
    origin: Origin,
    #[serde(skip, default = "signature")]
    signature: Signature,
}

fn signature() -> Signature {
    Signature::variadic_any(Volatility::Immutable)
}

impl Chain {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, signature: signature() }
    }

    /// The function as plans have it.
    pub(crate) fn function(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(self)
    }
}

fn operators(text: Option<&ScalarValue>) -> Result<Vec<Operator>> {
    let Some(Some(text)) = text.and_then(ScalarValue::try_as_str) else {
        return plan_err!("{CHAIN} takes its operators as a constant text");
    };
    let operators: Option<Vec<_>> = text.chars().map(Operator::of_sign).collect();
    operators.map_or_else(|| plan_err!("{CHAIN} has no operators `{text}`"), Ok)
}

/// The types that the operands of a step are brought to.
fn step_types(left: &DataType, operator: Operator, right: &DataType) -> Result<(DataType, DataType)> {
    if !(left.is_numeric() || left.is_null()) || !(right.is_numeric() || right.is_null()) {
        return plan_err!("a chain of hundreds of operations has numbers only, not {left} {operator} {right}");
    }
    BinaryTypeCoercer::new(left, &operator.sql(), right).get_input_types()
}

impl ScalarUDFImpl for Chain {
    fn name(&self) -> &str {
        CHAIN
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("the type of {CHAIN} depends on its operators")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let operators = operators(args.scalar_arguments.first().copied().flatten())?;
        let mut operands = args.arg_fields.iter().skip(1).map(|field| field.data_type());
        let Some(mut result) = operands.next().cloned() else { return plan_err!("{CHAIN} of nothing") };
        if operands.len() != operators.len() {
            return plan_err!("{CHAIN} has {} operators for {} operands", operators.len(), operands.len() + 1);
        }
        for (operator, operand) in operators.into_iter().zip(operands) {
            let (left, right) = step_types(&result, operator, operand)?;
            result = operator.result_type(&left, &right)?;
        }
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(CHAIN, result, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let text = match args.args.first() {
            Some(ColumnarValue::Scalar(text)) => Some(text),
            _ => None,
        };
        let mut operands = args.args.iter().skip(1);
        let Some(mut result) = operands.next().cloned() else { return plan_err!("{CHAIN} of nothing") };
        for (operator, operand) in operators(text)?.into_iter().zip(operands) {
            let (left, right) = step_types(&result.data_type(), operator, &operand.data_type())?;
            let sides = [result.cast_to(&left, None)?, operand.cast_to(&right, None)?];
            result = Operation::binary(operator, self.origin.clone()).apply(&sides, args.number_rows)?;
        }
        Ok(result)
    }
}
