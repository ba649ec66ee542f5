//! Delimited text: RFC 4180, and what is written instead of it.

mod cuts;
mod first_line;
mod header;
mod infer;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::datasource::physical_plan::FileSource;
use datafusion::datasource::table_schema::TableSchema;
use keyfold_core::Result;
use keyfold_core::csv::Dialect;
use keyfold_core::exact::{Parser, TextRules};
use keyfold_core::job::Encoding;

use super::text::{Piece, Rows, TextFormat, TextScan, line_cuts};
use super::{Columns, FileBytes, ScanSpec, TableFiles, TableFormat, by_name};
use crate::infer::Table;
use crate::session::Resources;
use crate::storage::stores::Stores;
use crate::tables::File;

/// CSV, TSV and the like.
#[derive(Debug)]
pub(super) struct Csv;

#[async_trait]
impl TableFormat for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv", "tab", "txt"]
    }

    fn is_delimited(&self) -> bool {
        true
    }

    fn reads(&self, data_type: &DataType, rules: &TextRules) -> Result<(), String> {
        Parser::new(data_type, rules).map(|_| ())
    }

    async fn schema(&self, files: &TableFiles<'_>, declared: &[FieldRef]) -> Result<Columns> {
        header::check(files, declared).await
    }

    fn scan(&self, spec: Arc<ScanSpec>, schema: TableSchema) -> Arc<dyn FileSource> {
        Arc::new(TextScan::new(&Csv, spec, schema))
    }

    fn spec<'a>(&self, source: &'a dyn FileSource) -> Option<&'a Arc<ScanSpec>> {
        source.downcast_ref::<TextScan>().map(TextScan::spec)
    }

    async fn infer(&self, table: &mut Table, resources: &Resources, stores: &Arc<Stores>) -> Result<()> {
        infer::read(table, resources, stores).await
    }

    async fn cuts(&self, file: &FileBytes<'_>, wanted: &[u64]) -> Result<Vec<u64>> {
        let dialect = dialect(file.spec, file.file);
        if file.spec.layout.encoding == Encoding::Utf16 {
            return Ok(Vec::new());
        }
        match file.spec.layout.multiline {
            Some(false) => line_cuts(file, wanted).await,
            _ if dialect.quote.is_none() => line_cuts(file, wanted).await,
            _ => cuts::records(file, &dialect, wanted).await,
        }
    }
}

#[async_trait]
impl TextFormat for Csv {
    fn name(&self) -> &'static str {
        TableFormat::name(self)
    }

    async fn rows(&self, piece: &Piece) -> Result<Box<dyn Rows>> {
        rows::open(piece).await
    }
}

/// How a file is written: as the job says, else as its name says.
fn dialect(spec: &ScanSpec, file: &File) -> Dialect {
    Dialect {
        delimiter: spec.layout.delimiter.unwrap_or_else(|| default_delimiter(file.file_name())),
        quote: spec.layout.quote,
        escape: spec.layout.escape,
        comment: spec.layout.comment,
    }
}

fn default_delimiter(file_name: &str) -> u8 {
    let tabs = by_name(file_name)
        .ending
        .is_some_and(|ending| ending.eq_ignore_ascii_case("tsv") || ending.eq_ignore_ascii_case("tab"));
    if tabs { b'\t' } else { b',' }
}
