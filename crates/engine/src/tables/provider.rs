//! A table as DataFusion sees it: files, cut into pieces where a format allows it.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use keyfold_core::job::Compression;
use object_store::ObjectStore;

use super::File;
use super::estimate::estimated;
use crate::error::external;
use crate::formats::{FileBytes, ScanSpec, TableFormat};

/// Pieces for each thread: some are done sooner than others.
const PIECES_PER_THREAD: u64 = 4;

/// The files of a table.
#[derive(Debug)]
pub(super) struct FilesTable {
    pub(super) format: &'static dyn TableFormat,
    pub(super) spec: Arc<ScanSpec>,
    pub(super) schema: TableSchema,
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) files: Vec<File>,
    /// The rows of all files, if known.
    pub(super) rows: Option<usize>,
    /// The columns that identify a row.
    pub(super) unique: Vec<String>,
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// A filter of partition columns alone is decided by the names of folders.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let names = self.schema.table_partition_cols();
        let decided = |filter: &&Expr| {
            let columns = filter.column_refs();
            let known = columns.iter().all(|column| names.iter().any(|field| field.name() == column.name()));
            if !columns.is_empty() && known && !filter.is_volatile() {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(decided).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.remaining(state, filters)?;
        let Some(first) = files.first() else {
            let schema = projection
                .map_or_else(|| Ok(self.schema().as_ref().clone()), |columns| self.schema().project(columns))?;
            return Ok(Arc::new(EmptyExec::new(Arc::new(schema))));
        };
        let threads = state.config().target_partitions().max(1);
        let smallest = state.config_options().optimizer.repartition_file_min_size as u64;
        let pieces = self.pieces(&files, threads, smallest).await?;
        let statistics =
            estimated(&self.schema(), &files, self.rows.filter(|_| files.len() == self.files.len()), &self.unique);
        let source = self.format.scan(self.spec.clone(), self.schema.clone());
        let config = FileScanConfigBuilder::new(first.store.clone(), source)
            .with_file_groups(groups(pieces, threads))
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

impl FilesTable {
    /// The files whose partition values pass the filters.
    fn remaining<'f>(&'f self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&'f File>> {
        let mut kept: Vec<&File> = self.files.iter().collect();
        if filters.is_empty() {
            return Ok(kept);
        }
        let schema = Arc::new(Schema::new(self.schema.table_partition_cols().clone()));
        let column =
            |index: usize| ScalarValue::iter_to_array(self.files.iter().map(|file| file.partition[index].clone()));
        let columns: Vec<ArrayRef> = (0..schema.fields().len()).map(column).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.files.len()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
        let names = DFSchema::try_from(schema)?;
        let mut passes = vec![true; self.files.len()];
        for filter in filters {
            let decided = state.create_physical_expr(filter.clone(), &names)?.evaluate(&batch)?;
            let decided = decided.into_array(self.files.len())?;
            let decided = decided.as_boolean();
            passes
                .iter_mut()
                .enumerate()
                .for_each(|(file, passes)| *passes &= decided.is_valid(file) && decided.value(file));
        }
        let mut passes = passes.into_iter();
        kept.retain(|_| passes.next().unwrap_or(true));
        Ok(kept)
    }

    /// The files, the large ones cut where the format finds records.
    async fn pieces(&self, files: &[&File], threads: usize, smallest: u64) -> Result<Vec<PartitionedFile>> {
        let all: u64 = files.iter().map(|file| file.meta.size).sum();
        let length = (all / (threads as u64 * PIECES_PER_THREAD)).max(smallest).max(1);
        let mut pieces = Vec::new();
        for file in files {
            let wanted: Vec<u64> = (1..file.meta.size.div_ceil(length)).map(|piece| piece * length).collect();
            let cuttable = threads > 1 && self.spec.compression == Compression::None;
            let cuts = if cuttable && !wanted.is_empty() {
                let bytes = FileBytes { store: &self.store, file, spec: &self.spec };
                self.format.cuts(&bytes, &wanted).await.map_err(external)?
            } else {
                Vec::new()
            };
            pieces.extend(ranges(&cuts, file.meta.size).map(|range| piece(file, range)));
        }
        Ok(pieces)
    }
}

/// The ranges between cuts; none where there are no cuts.
fn ranges(cuts: &[u64], size: u64) -> impl Iterator<Item = Option<Range<u64>>> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(size));
    let whole = cuts.is_empty();
    starts.zip(ends).map(move |(start, end)| (!whole).then_some(start..end)).collect::<Vec<_>>().into_iter()
}

fn piece(file: &File, range: Option<Range<u64>>) -> PartitionedFile {
    let piece = PartitionedFile::new_from_meta(file.meta.clone()).with_partition_values(file.partition.clone());
    match range {
        None => piece,
        Some(range) => piece.with_range(range.start as i64, range.end as i64),
    }
}

/// The pieces in as many groups as there are threads, all about as long.
fn groups(pieces: Vec<PartitionedFile>, threads: usize) -> Vec<FileGroup> {
    let all: u64 = pieces.iter().map(PartitionedFile::effective_size).sum();
    let each = all.div_ceil(threads as u64).max(1);
    let mut groups: Vec<Vec<PartitionedFile>> = Vec::new();
    let mut before = 0;
    for piece in pieces {
        let group = usize::try_from(before / each).unwrap_or_default();
        before += piece.effective_size();
        if groups.len() <= group {
            groups.push(vec![piece]);
        } else {
            groups.last_mut().into_iter().for_each(|last| last.push(piece.clone()));
        }
    }
    groups.into_iter().map(FileGroup::new).collect()
}
