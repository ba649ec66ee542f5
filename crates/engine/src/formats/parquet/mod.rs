//! Parquet files. They say their types; what they say of their values is believed only where it is complete.

mod adapter;
mod convert;
mod footer;
mod int96;
mod locate;
mod morsels;
mod open;
mod retyped;
mod scan;
mod schema;
#[cfg(test)]
mod tests;
mod types;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::datasource::physical_plan::FileSource;
use datafusion::datasource::table_schema::TableSchema;
use keyfold_core::Result;
use keyfold_core::exact::TextRules;

use super::{Columns, ScanSpec, TableFiles, TableFormat};
use crate::infer::Table;
use crate::session::Resources;
use crate::storage::stores::Stores;
use crate::tables::File;
use footer::Stored;
use scan::ParquetScan;
use schema::Wanted;

/// Apache Parquet.
#[derive(Debug)]
pub(super) struct Parquet;

#[async_trait]
impl TableFormat for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    /// Which types can be read depends on those of the files.
    fn reads(&self, _: &DataType, rules: &TextRules) -> Result<(), String> {
        if *rules == TextRules::default() {
            return Ok(());
        }
        Err("the values of a Parquet file are not text, so there are no rules for how they are written".into())
    }

    async fn schema(&self, files: &TableFiles<'_>, declared: &[FieldRef]) -> Result<Columns> {
        let wanted =
            Wanted { table: &files.table.name, declared, missing: files.table.missing, partition: files.partition };
        let stored =
            |file: &File| Stored { store: files.store.clone(), url: file.store.clone(), meta: file.meta.clone() };
        wanted.columns(files.files.iter().map(stored).collect()).await
    }

    fn scan(&self, spec: Arc<ScanSpec>, schema: TableSchema) -> Arc<dyn FileSource> {
        Arc::new(ParquetScan::new(spec, schema))
    }

    fn spec<'a>(&self, source: &'a dyn FileSource) -> Option<&'a Arc<ScanSpec>> {
        source.downcast_ref::<ParquetScan>().map(ParquetScan::spec)
    }

    async fn infer(&self, table: &mut Table, _: &Resources, _: &Arc<Stores>) -> Result<()> {
        table.typed = true;
        Ok(())
    }
}
