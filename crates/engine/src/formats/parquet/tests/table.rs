//! Tables over Parquet files in a folder, as a session sees them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use keyfold_core::Result;
use keyfold_core::job::{Compression, Missing, TextLayout};
use object_store::ObjectMeta;

use crate::error::running;
use crate::formats::ScanSpec;
use crate::formats::parquet::footer::Stored;
use crate::formats::parquet::scan::ParquetScan;
use crate::formats::parquet::schema::Wanted;
use crate::session::{self, Resources};
use crate::storage::stores::{StoreOptions, Stores};

/// A session with some threads and small files cut into pieces.
pub(super) fn session(threads: usize) -> SessionContext {
    let stores = Arc::new(Stores::new(StoreOptions::default()));
    let resources = Resources { threads, memory_limit: 1 << 28, scratch: None };
    let context = session::local(&resources, stores).unwrap();
    let state = context.state_ref();
    state.write().config_mut().options_mut().optimizer.repartition_file_min_size = 1;
    context
}

pub(super) fn write(path: &Path, batch: &RecordBatch) {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Registers a table over files, if their columns are as declared.
pub(super) async fn register(
    context: &SessionContext,
    name: &str,
    files: &[&Path],
    declared: &[FieldRef],
    missing: Missing,
) -> Result<SchemaRef> {
    let url = ObjectStoreUrl::local_filesystem();
    let store = context.runtime_env().object_store(&url).map_err(running)?;
    let mut metas = Vec::new();
    for file in files {
        let path = object_store::path::Path::from_absolute_path(file).unwrap();
        metas.push(object_store::ObjectStoreExt::head(store.as_ref(), &path).await.unwrap());
    }
    let stored = metas.iter().map(|meta| Stored { store: store.clone(), url: url.clone(), meta: meta.clone() });
    let found = Wanted { table: name, declared, missing, partition: &[] }.columns(stored.collect()).await?;
    let table = Table { schema: found.schema.clone(), files: metas, missing };
    context.register_table(name, Arc::new(table)).map_err(running)?;
    Ok(found.schema)
}

/// The rows of a query as a table of text.
pub(super) async fn rows(context: &SessionContext, sql: &str) -> Result<String> {
    let frame = context.sql(sql).await.map_err(running)?;
    let batches = frame.collect().await.map_err(running)?;
    Ok(pretty_format_batches(&batches).unwrap().to_string())
}

#[derive(Debug)]
struct Table {
    schema: SchemaRef,
    files: Vec<ObjectMeta>,
    missing: Missing,
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let spec = ScanSpec {
            table: "t".into(),
            format: "parquet".into(),
            compression: Compression::None,
            layout: TextLayout::default(),
            rules: Vec::new(),
            missing: self.missing,
        };
        let source = Arc::new(ParquetScan::new(Arc::new(spec), self.schema.clone().into()));
        let files = self.files.iter().map(|meta| PartitionedFile::from(meta.clone())).collect();
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_group(FileGroup::new(files))
            .with_limit(limit)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
