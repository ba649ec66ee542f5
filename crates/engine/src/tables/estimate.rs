//! Text files with a guess of their rows. Without one the planner takes any table for the smaller side of a join,
//! and would hold the facts in memory to look the dimensions up.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::physical_plan::{FileScanConfig, FileSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_plan::ExecutionPlan;
use keyfold_core::job::Compression;
use object_store::{ObjectMeta, ObjectStore};

use super::compressed::CompressedExec;

/// Bytes of text that a value takes, its delimiter included.
const BYTES_PER_VALUE: usize = 8;
/// How much smaller compression makes text.
const COMPRESSION_RATIO: usize = 4;

/// A format of text files, with estimated statistics.
#[derive(Debug)]
pub(super) struct Estimated {
    pub(super) format: Arc<dyn FileFormat>,
    pub(super) compression: Compression,
    /// The columns that identify a row.
    pub(super) unique: Vec<String>,
}

#[async_trait]
impl FileFormat for Estimated {
    fn get_ext(&self) -> String {
        self.format.get_ext()
    }

    fn get_ext_with_compression(&self, compression: &FileCompressionType) -> Result<String> {
        self.format.get_ext_with_compression(compression)
    }

    fn compression_type(&self) -> Option<FileCompressionType> {
        self.format.compression_type()
    }

    async fn infer_schema(
        &self,
        state: &dyn Session,
        store: &Arc<dyn ObjectStore>,
        objects: &[ObjectMeta],
    ) -> Result<SchemaRef> {
        self.format.infer_schema(state, store, objects).await
    }

    async fn infer_stats(
        &self,
        _: &dyn Session,
        _: &Arc<dyn ObjectStore>,
        schema: SchemaRef,
        object: &ObjectMeta,
    ) -> Result<Statistics> {
        let compressed = self.format.compression_type().is_some_and(|compression| compression.is_compressed());
        let bytes = object.size as usize * if compressed { COMPRESSION_RATIO } else { 1 };
        let mut statistics = Statistics::new_unknown(&schema);
        let rows = bytes / (BYTES_PER_VALUE * schema.fields().len().max(1)) + 1;
        statistics.num_rows = Precision::Inexact(rows);
        statistics.total_byte_size = Precision::Inexact(bytes);
        for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
            // A column of facts that points at a dimension repeats its values. Were it taken to have as many as there
            // are rows, which is the planner's guess, a join with the dimension would seem to give next to nothing,
            // and its result would be held in memory for the join after it.
            let distinct = if self.unique.contains(field.name()) { rows } else { rows.isqrt() };
            column.distinct_count = Precision::Inexact(distinct);
        }
        Ok(statistics)
    }

    async fn create_physical_plan(
        &self,
        state: &dyn Session,
        config: FileScanConfig,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let scan = self.format.create_physical_plan(state, config).await?;
        Ok(match self.compression {
            Compression::None => scan,
            compression => Arc::new(CompressedExec::new(scan, compression)),
        })
    }

    fn file_source(&self, schema: TableSchema) -> Arc<dyn FileSource> {
        self.format.file_source(schema)
    }
}
