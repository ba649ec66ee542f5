//! Scans on their way to other processes: what they read, and what they were made from.

use std::sync::Arc;

use datafusion::common::{Result, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::from_proto::{parse_protobuf_file_scan_config, parse_table_schema_from_proto};
use datafusion_proto::physical_plan::to_proto::{serialize_file_scan_config, serialize_maybe_filter};
use datafusion_proto::physical_plan::{
    PhysicalExtensionCodec, PhysicalPlanDecodeContext, PhysicalProtoConverterExtension,
};
use datafusion_proto::protobuf::{FileScanExecConf, MaybeFilter};
use prost::Message;
use serde::{Deserialize, Serialize};

use super::{ScanSpec, named, spec_of};

/// A scan without its files and columns, which DataFusion encodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EncodedScan {
    spec: ScanSpec,
    /// DataFusion's part of the scan.
    config: Vec<u8>,
    /// Rows that may be left out.
    filter: Vec<u8>,
}

/// A scan by one of the formats; nothing for any other operator.
pub(crate) fn encode(
    node: &Arc<dyn ExecutionPlan>,
    codec: &dyn PhysicalExtensionCodec,
    converter: &dyn PhysicalProtoConverterExtension,
) -> Result<Option<EncodedScan>> {
    let source = node.downcast_ref::<DataSourceExec>().map(|scan| scan.data_source());
    let Some(config) = source.and_then(|source| source.downcast_ref::<FileScanConfig>()) else { return Ok(None) };
    let Some(spec) = spec_of(config.file_source().as_ref()) else { return Ok(None) };
    let filter = serialize_maybe_filter(config.file_source().filter(), codec, converter)?;
    Ok(Some(EncodedScan {
        spec: spec.as_ref().clone(),
        config: serialize_file_scan_config(config, codec, converter)?.encode_to_vec(),
        filter: filter.encode_to_vec(),
    }))
}

/// The scan that was encoded.
pub(crate) fn decode(
    scan: EncodedScan,
    codec: &dyn PhysicalExtensionCodec,
    context: &TaskContext,
    converter: &dyn PhysicalProtoConverterExtension,
) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(format) = named(&scan.spec.format) else {
        return internal_err!("there is no format {}", scan.spec.format);
    };
    let unreadable = |error: prost::DecodeError| DataFusionError::External(Box::new(error));
    let config = FileScanExecConf::decode(scan.config.as_slice()).map_err(unreadable)?;
    let filter = MaybeFilter::decode(scan.filter.as_slice()).map_err(unreadable)?;
    let schema = parse_table_schema_from_proto(&config)?;
    let context = PhysicalPlanDecodeContext::new(context, codec);
    let mut source = format.scan(Arc::new(scan.spec), schema.clone());
    if let Some(filter) = filter.expr {
        let filter = converter.proto_to_physical_expr(&filter, schema.table_schema(), &context)?;
        let pushed = source.try_pushdown_filters(vec![filter], &ConfigOptions::default())?;
        source = pushed.updated_node.unwrap_or(source);
    }
    let config = parse_protobuf_file_scan_config(&config, &context, converter, source)?;
    Ok(DataSourceExec::from_data_source(config))
}
