//! One JSON object on each line. What reads objects is for every format that is made of them.

mod infer;
mod rows;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::datasource::physical_plan::FileSource;
use datafusion::datasource::table_schema::TableSchema;
use keyfold_core::Result;
use keyfold_core::exact::TextRules;
use keyfold_core::job::Encoding;
use keyfold_core::records::{self, Lines};

use super::text::{Piece, Rows, TextFormat, TextScan, line_cuts};
use super::{Columns, FileBytes, ScanSpec, TableFiles, TableFormat, recognise};
use crate::infer::Table;
use crate::session::Resources;
use crate::storage::stores::Stores;

pub(super) use infer::infer;
pub(super) use rows::ObjectRows;
pub(super) use schema::members;

/// NDJSON, also known as JSON Lines.
#[derive(Debug)]
pub(super) struct Ndjson;

#[async_trait]
impl TableFormat for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ndjson", "jsonl", "json"]
    }

    fn reads(&self, data_type: &DataType, rules: &TextRules) -> Result<(), String> {
        records::reads(data_type, rules)
    }

    async fn schema(&self, files: &TableFiles<'_>, declared: &[FieldRef]) -> Result<Columns> {
        members(files, declared, || Lines::new(true), &help()).await
    }

    fn scan(&self, spec: Arc<ScanSpec>, schema: TableSchema) -> Arc<dyn FileSource> {
        Arc::new(TextScan::new(&Ndjson, spec, schema))
    }

    fn spec<'a>(&self, source: &'a dyn FileSource) -> Option<&'a Arc<ScanSpec>> {
        source.downcast_ref::<TextScan>().map(TextScan::spec)
    }

    async fn infer(&self, table: &mut Table, _: &Resources, stores: &Arc<Stores>) -> Result<()> {
        infer(table, stores, Lines::new(true), &help()).await
    }

    async fn cuts(&self, file: &FileBytes<'_>, wanted: &[u64]) -> Result<Vec<u64>> {
        match file.spec.layout.encoding {
            // A line feed is two bytes, and its first may be half of another character.
            Encoding::Utf16 => Ok(Vec::new()),
            Encoding::Utf8 | Encoding::Latin1 | Encoding::Windows1252 => line_cuts(file, wanted).await,
        }
    }
}

#[async_trait]
impl TextFormat for Ndjson {
    fn name(&self) -> &'static str {
        TableFormat::name(self)
    }

    async fn rows(&self, piece: &Piece) -> Result<Box<dyn Rows>> {
        Ok(Box::new(ObjectRows::new(piece, Lines::new(piece.is_first()), help())?))
    }
}

/// What to do about a file that is not written like this.
fn help() -> String {
    let help = "write one object on each line, with nothing around or between them";
    match recognise("json", b"[").map(TableFormat::name) {
        Some(list) if list != TableFormat::name(&Ndjson) => {
            format!("{help}; a file that is one list is read with format = \"{list}\"")
        }
        _ => help.into(),
    }
}
