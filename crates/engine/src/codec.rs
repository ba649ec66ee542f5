//! keyfold's operators on their way to other processes.

use std::sync::Arc;

use datafusion::common::{Result, internal_err};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use keyfold_core::fold::FoldSpec;
use keyfold_core::{Error, ErrorKind, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::arithmetic::Function;
use crate::error::external;
use crate::fold::FoldExec;
use crate::formats::{self, codec::EncodedScan};
use crate::write::{WriteExec, WriteSpec};

/// The version that plans are made and read by; both ends must be of the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What keyfold's own operators begin with; no encoded message of another codec starts with a zero byte.
const MAGIC: &[u8] = b"\0keyfold ";

/// Encodes keyfold's operators as JSON behind a line with the version, and leaves all others to another codec.
#[derive(Debug)]
pub struct KeyfoldCodec {
    others: Arc<dyn PhysicalExtensionCodec>,
}

#[derive(Serialize, Deserialize)]
enum Operator {
    Fold(FoldSpec),
    Write(WriteSpec),
    Scan(EncodedScan),
}

impl KeyfoldCodec {
    /// A codec that leaves all operators but keyfold's to `others`.
    pub fn new(others: Arc<dyn PhysicalExtensionCodec>) -> Self {
        Self { others }
    }
}

impl PhysicalExtensionCodec for KeyfoldCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(own) = bytes.strip_prefix(MAGIC) else {
            return self.others.try_decode(bytes, inputs, context, converter);
        };
        Ok(match (decode::<Operator>(own).map_err(external)?, inputs) {
            (Operator::Fold(spec), [input]) => Arc::new(FoldExec::try_new(input.clone(), Arc::new(spec))?),
            (Operator::Write(spec), [input]) => Arc::new(WriteExec::new(input.clone(), Arc::new(spec))),
            (Operator::Scan(scan), []) => formats::codec::decode(scan, self, context, converter)?,
            (_, inputs) => return internal_err!("one of keyfold's operators came with {} inputs", inputs.len()),
        })
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let operator = if let Some(fold) = node.downcast_ref::<FoldExec>() {
            Operator::Fold(fold.spec().clone())
        } else if let Some(write) = node.downcast_ref::<WriteExec>() {
            Operator::Write(write.spec().clone())
        } else if let Some(scan) = formats::codec::encode(&node, self, converter)? {
            Operator::Scan(scan)
        } else {
            return self.others.try_encode(node, bytes, converter);
        };
        encode(&operator, bytes)
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        let Some(own) = bytes.strip_prefix(MAGIC) else { return self.others.try_decode_udf(name, bytes) };
        let function: Function = decode(own).map_err(external)?;
        function.into_scalar().map_or_else(|| internal_err!("{name} is not a scalar function"), Ok)
    }

    fn try_encode_udf(&self, function: &ScalarUDF, bytes: &mut Vec<u8>) -> Result<()> {
        match Function::of_scalar(function) {
            Some(own) => encode(&own, bytes),
            None => self.others.try_encode_udf(function, bytes),
        }
    }

    fn try_decode_udaf(&self, name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        let Some(own) = bytes.strip_prefix(MAGIC) else { return self.others.try_decode_udaf(name, bytes) };
        let function: Function = decode(own).map_err(external)?;
        function.into_aggregate().map_or_else(|| internal_err!("{name} is not an aggregate function"), Ok)
    }

    fn try_encode_udaf(&self, function: &AggregateUDF, bytes: &mut Vec<u8>) -> Result<()> {
        match Function::of_aggregate(function) {
            Some(own) => encode(&own, bytes),
            None => self.others.try_encode_udaf(function, bytes),
        }
    }
}

fn encode<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(VERSION.as_bytes());
    bytes.push(b'\n');
    serde_json::to_writer(bytes, value).map_err(|error| DataFusionError::External(Box::new(error)))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> keyfold_core::Result<T> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let version = String::from_utf8_lossy(&bytes[..end]);
    if version != VERSION {
        return Err(other_version("a plan", &version));
    }
    serde_json::from_slice(&bytes[(end + 1).min(bytes.len())..]).map_err(Error::internal)
}

/// Two processes of different versions do not work together.
pub fn other_version(what: &str, version: &str) -> Error {
    let problem = Problem::new(format!("{what} comes from keyfold {version}, and this is keyfold {VERSION}"));
    Error::new(ErrorKind::Usage, problem.help("run client, scheduler and executors of the same version"))
}
