//! `keyfold_shard(key, shards)`: which shard of the ndjson layout a key belongs to.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt32Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use keyfold_core::text;

/// The function.
pub(crate) fn function() -> ScalarUDF {
    ScalarUDF::new_from_impl(Shard { signature: Signature::any(2, Volatility::Immutable) })
}

/// CRC-32 of the key's text modulo the number of shards: the same in every version and on every machine.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shard {
    signature: Signature,
}

impl ScalarUDFImpl for Shard {
    fn name(&self) -> &str {
        "keyfold_shard"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let shards = match &args.args[1] {
            ColumnarValue::Scalar(ScalarValue::UInt32(Some(shards))) => (*shards).max(1),
            _ => 1,
        };
        let keys = args.args[0].to_array(args.number_rows)?;
        let texts = text::of(&keys)?;
        let shard = |text: Option<&str>| text.map(|text| crc32fast::hash(text.as_bytes()) % shards);
        let numbers: UInt32Array = texts.iter().map(shard).collect();
        Ok(ColumnarValue::Array(Arc::new(numbers) as ArrayRef))
    }
}
