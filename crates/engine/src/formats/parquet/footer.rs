//! Footers of Parquet files: each is read once, and its statistics are kept only where pruning by them is always right.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::{CachedParquetMetaData, DefaultParquetFileReaderFactory};
use datafusion::execution::cache::Cache;
use datafusion::execution::cache::cache_manager::CachedFileMetadataEntry;
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::basic::{ColumnOrder, ConvertedType, LogicalType, SortOrder, Type};
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::retyped::retyped;

/// Bytes of footers that a process keeps.
const KEPT: usize = 64 << 20;
/// Bytes at a file's end that are read at once, in the hope that the footer is in them.
const TAIL: usize = 64 << 10;

static FOOTERS: LazyLock<DefaultCache<Path, CachedFileMetadataEntry>> = LazyLock::new(|| DefaultCache::new(KEPT));

/// A file of Parquet in a store.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) url: ObjectStoreUrl,
    pub(super) meta: ObjectMeta,
}

impl Stored {
    /// The file as a user names it: a path, or a URL.
    pub(super) fn name(&self) -> String {
        match self.url.as_str().strip_prefix("file://") {
            Some(_) => format!("/{}", self.meta.location),
            None => format!("{}{}", self.url.as_str(), self.meta.location),
        }
    }

    /// The file's footer, with the statistics that can be believed.
    pub(super) async fn footer(&self) -> Result<Arc<ParquetMetaData>> {
        let key = Path::from(format!("{}/{}", self.url.as_str(), self.meta.location));
        if let Some(kept) = FOOTERS.get(&key)
            && kept.is_valid_for(&self.meta)
            && kept.meta.e_tag == self.meta.e_tag
            && let Some(footer) = kept.file_metadata.as_any().downcast_ref::<CachedParquetMetaData>()
        {
            return Ok(footer.parquet_metadata().clone());
        }
        let footer = DFParquetMetadata::new(self.store.as_ref(), &self.meta)
            .with_page_index_policy(Some(PageIndexPolicy::Skip))
            .with_metadata_size_hint(Some(TAIL.min(self.meta.size as usize)))
            .fetch_metadata()
            .await?;
        let footer = Arc::new(believable(Arc::unwrap_or_clone(footer))?);
        let entry =
            CachedFileMetadataEntry::new(self.meta.clone(), Arc::new(CachedParquetMetaData::new(footer.clone())));
        FOOTERS.put(&key, entry);
        Ok(footer)
    }

    /// Reads the file's pages, and its footer as the columns of a table are read by it.
    pub(super) fn reader(
        &self,
        columns: &SchemaRef,
        partition: usize,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Reader> {
        let file = PartitionedFile::from(self.meta.clone());
        let pages = DefaultParquetFileReaderFactory::new(self.store.clone());
        Ok(Reader {
            pages: pages.create_reader(partition, file, None, metrics)?,
            file: self.clone(),
            columns: columns.clone(),
        })
    }
}

/// A footer without statistics that are incomplete or have no certain order, and without indexes and Bloom filters.
///
/// A bound that only some row groups have, or that leaves out NaN, is worse than none: rows would be pruned that match.
fn believable(footer: ParquetMetaData) -> ParquetResult<ParquetMetaData> {
    let columns = footer.file_metadata().schema_descr().num_columns();
    let complete: Vec<_> = (0..columns).map(|column| ordered(&footer, column) && known(&footer, column)).collect();
    let mut builder = footer.into_builder().set_column_index(None).set_offset_index(None);
    let groups = builder.take_row_groups().into_iter().map(|group| bare_group(group, &complete));
    Ok(builder.set_row_groups(groups.collect::<ParquetResult<_>>()?).build())
}

fn bare_group(group: RowGroupMetaData, complete: &[bool]) -> ParquetResult<RowGroupMetaData> {
    let mut builder = group.into_builder().set_sorting_columns(None);
    let columns =
        builder.take_columns().into_iter().zip(complete).map(|(column, complete)| bare_column(column, *complete));
    builder.set_column_metadata(columns.collect::<ParquetResult<_>>()?).build()
}

fn bare_column(column: ColumnChunkMetaData, complete: bool) -> ParquetResult<ColumnChunkMetaData> {
    let mut builder = column.into_builder();
    if !complete {
        builder = builder.clear_statistics();
    }
    builder
        .set_bloom_filter_offset(None)
        .set_bloom_filter_length(None)
        .set_column_index_offset(None)
        .set_column_index_length(None)
        .set_offset_index_offset(None)
        .set_offset_index_length(None)
        .build()
}

/// Whether the column's bounds have an order that the query's comparisons have too.
fn ordered(footer: &ParquetMetaData, column: usize) -> bool {
    let file = footer.file_metadata();
    let descriptor = file.schema_descr().column(column);
    if descriptor.path().parts().len() > 1 || descriptor.max_rep_level() > 0 {
        return false;
    }
    match descriptor.physical_type() {
        // NaN is in no bounds.
        Type::FLOAT | Type::DOUBLE | Type::INT96 => false,
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => {
            let text = descriptor.logical_type_ref().is_none_or(|logical| {
                matches!(logical, LogicalType::String | LogicalType::Json | LogicalType::Enum | LogicalType::Uuid)
            });
            let number = matches!(descriptor.converted_type(), ConvertedType::DECIMAL | ConvertedType::INTERVAL);
            text && !number && file.column_order(column) == ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNSIGNED)
        }
        // Signed numbers have always had one order.
        Type::INT32 | Type::INT64 if descriptor.sort_order() == SortOrder::SIGNED => true,
        Type::BOOLEAN | Type::INT32 | Type::INT64 => {
            matches!(file.column_order(column), ColumnOrder::TYPE_DEFINED_ORDER(_))
        }
    }
}

/// Whether every row group says the column's bounds and its number of NULLs.
fn known(footer: &ParquetMetaData, column: usize) -> bool {
    footer.row_groups().iter().all(|group| {
        let chunk = group.column(column);
        let Some(statistics) = chunk.statistics() else { return false };
        let Some(nulls) = statistics.null_count_opt() else { return false };
        let bounds = statistics.min_bytes_opt().is_some() && statistics.max_bytes_opt().is_some();
        !statistics.is_min_max_deprecated() && (bounds || i64::try_from(nulls) == Ok(group.num_rows()))
    })
}

/// Makes readers of files of one store.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) url: ObjectStoreUrl,
    /// The table's columns that come from the files.
    pub(super) columns: SchemaRef,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let file = Stored { store: self.store.clone(), url: self.url.clone(), meta: file.object_meta };
        Ok(Box::new(file.reader(&self.columns, partition, metrics)?))
    }
}

/// Reads one file.
pub(super) struct Reader {
    pages: Box<dyn AsyncFileReader + Send>,
    file: Stored,
    columns: SchemaRef,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.pages.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.pages.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async {
            let footer = self.file.footer().await.map_err(|error| ParquetError::External(Box::new(error)))?;
            retyped(footer, &self.columns)
        }
        .boxed()
    }
}
