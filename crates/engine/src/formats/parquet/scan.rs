//! The scan: DataFusion's, with footers that can be believed, exact conversions, and errors that say where.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::{ConfigOptions, TableParquetOptions};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileOpener, FileScanConfig, FileScanConfigBuilder, FileSource, ParquetSource,
};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{DisplayFormatType, SortOrderPushdownResult};
use datafusion_datasource::morsel::Morselizer;
use object_store::ObjectStore;

use super::adapter::ToFile;
use super::footer::Readers;
use super::locate::Scanned;
use super::morsels::Located;
use crate::formats::ScanSpec;

/// Reads Parquet files as the columns of a table.
#[derive(Clone)]
pub(super) struct ParquetScan {
    /// A `ParquetSource`, which says what is read.
    source: Arc<dyn FileSource>,
    spec: Arc<ScanSpec>,
}

impl ParquetScan {
    pub(super) fn new(spec: Arc<ScanSpec>, schema: TableSchema) -> Self {
        let mut options = TableParquetOptions::default();
        // Bounds of pages and Bloom filters are as incomplete as those of row groups can be, and no footer tells.
        options.global.enable_page_index = false;
        options.global.bloom_filter_on_read = false;
        options.global.pushdown_filters = false;
        Self { source: Arc::new(ParquetSource::new(schema).with_table_parquet_options(options)), spec }
    }

    /// What the scan was made from.
    pub(super) fn spec(&self) -> &Arc<ScanSpec> {
        &self.spec
    }

    fn with(&self, source: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self { source, spec: self.spec.clone() })
    }
}

impl FileSource for ParquetScan {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        self.source.create_file_opener(store, config, partition)
    }

    fn create_morselizer(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Box<dyn Morselizer>> {
        let Some(source) = self.source.downcast_ref::<ParquetSource>() else {
            return internal_err!("a scan of Parquet files reads {}", self.source.file_type());
        };
        let url = config.object_store_url.clone();
        let columns = self.table_schema().file_schema().clone();
        let readers = Readers { store: store.clone(), url: url.clone(), columns: columns.clone() };
        let source = source.clone().with_parquet_file_reader_factory(Arc::new(readers));
        let adapted = FileScanConfigBuilder::new(url.clone(), Arc::new(source.clone()))
            .with_limit(config.limit)
            .with_preserve_order(config.preserve_order)
            .with_expr_adapter(Some(Arc::new(ToFile { missing: self.spec.missing })))
            .build();
        let morselizer = source.create_morselizer(store.clone(), &adapted, partition)?;
        let scanned = Scanned { store, url, columns, spec: self.spec.clone() };
        Ok(Box::new(Located::new(morselizer, scanned)))
    }

    fn table_schema(&self) -> &TableSchema {
        self.source.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        self.with(self.source.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.source.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.source.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.source.metrics()
    }

    fn file_type(&self) -> &str {
        self.source.file_type()
    }

    fn fmt_extra(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt_extra(format, f)
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let mut pushed = self.source.try_pushdown_filters(filters, config)?;
        pushed.updated_node = pushed.updated_node.map(|source| self.with(source));
        Ok(pushed)
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        properties: &EquivalenceProperties,
    ) -> Result<SortOrderPushdownResult<Arc<dyn FileSource>>> {
        Ok(match self.source.try_pushdown_sort(order, properties)? {
            SortOrderPushdownResult::Exact { inner } => SortOrderPushdownResult::Exact { inner: self.with(inner) },
            SortOrderPushdownResult::Inexact { inner } => SortOrderPushdownResult::Inexact { inner: self.with(inner) },
            SortOrderPushdownResult::Unsupported => SortOrderPushdownResult::Unsupported,
        })
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.source.reorder_files(files)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        Ok(self.source.try_pushdown_projection(projection)?.map(|source| self.with(source)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.source.apply_expressions(f)
    }
}
