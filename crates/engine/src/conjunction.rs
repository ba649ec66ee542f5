//! `keyfold_all(a, b, …)`: `a AND b AND …` of many conditions as one function.
//!
//! The engine takes a conjunction apart and puts it together again as a tree that is as deep as it is long.

use std::sync::Arc;

use datafusion::arrow::array::{BooleanArray, cast::AsArray};
use datafusion::arrow::compute::and_kleene;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

/// The function's name, for the SQL that calls it.
pub(crate) const ALL: &str = "keyfold_all";

/// The function.
pub(crate) fn function() -> ScalarUDF {
    let signature = Signature::new(TypeSignature::Variadic(vec![DataType::Boolean]), Volatility::Immutable);
    ScalarUDF::new_from_impl(All { signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct All {
    signature: Signature,
}

impl ScalarUDFImpl for All {
    fn name(&self) -> &str {
        ALL
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut all = BooleanArray::from(vec![true; args.number_rows]);
        for condition in &args.args {
            all = and_kleene(&all, condition.to_array(args.number_rows)?.as_boolean())?;
        }
        Ok(ColumnarValue::Array(Arc::new(all)))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    #[tokio::test]
    async fn it_is_null_where_and_is_null() {
        let context = SessionContext::new();
        context.register_udf(function());
        for a in ["true", "false", "NULL"] {
            for b in ["true", "false", "NULL"] {
                for c in ["true", "false", "NULL"] {
                    let sql = format!(
                        "SELECT keyfold_all({a}, {b}, {c}) IS NOT DISTINCT FROM ({a} AND {b} AND {c}) FROM (VALUES (1))"
                    );
                    let batches = context.sql(&sql).await.expect(&sql).collect().await.expect(&sql);
                    assert!(batches[0].column(0).as_boolean().value(0), "{sql}");
                }
            }
        }
    }
}
