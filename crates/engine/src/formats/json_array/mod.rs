//! A file that is one JSON list of objects. Its elements are rows, read as the bytes come; what an element holds is read
//! as in NDJSON.

mod elements;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::datasource::physical_plan::FileSource;
use datafusion::datasource::table_schema::TableSchema;
use keyfold_core::Result;
use keyfold_core::exact::TextRules;
use keyfold_core::records;

use super::ndjson::{ObjectRows, infer, members};
use super::text::{Piece, Rows, TextFormat, TextScan};
use super::{Columns, ScanSpec, TableFiles, TableFormat};
use crate::infer::Table;
use crate::session::Resources;
use crate::storage::stores::Stores;
use elements::Elements;

const HELP: &str =
    "write one list of objects, [{…}, {…}], and nothing else; set format = \"ndjson\" for one on each line";

/// JSON lists.
#[derive(Debug)]
pub(super) struct JsonArray;

#[async_trait]
impl TableFormat for JsonArray {
    fn name(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn begins(&self, start: &[u8]) -> bool {
        start.strip_prefix(records::BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start().starts_with(b"[")
    }

    fn reads(&self, data_type: &DataType, rules: &TextRules) -> Result<(), String> {
        records::reads(data_type, rules)
    }

    async fn schema(&self, files: &TableFiles<'_>, declared: &[FieldRef]) -> Result<Columns> {
        members(files, declared, Elements::new, HELP).await
    }

    fn scan(&self, spec: Arc<ScanSpec>, schema: TableSchema) -> Arc<dyn FileSource> {
        Arc::new(TextScan::new(&JsonArray, spec, schema))
    }

    fn spec<'a>(&self, source: &'a dyn FileSource) -> Option<&'a Arc<ScanSpec>> {
        source.downcast_ref::<TextScan>().map(TextScan::spec)
    }

    async fn infer(&self, table: &mut Table, _: &Resources, stores: &Arc<Stores>) -> Result<()> {
        infer(table, stores, Elements::new(), HELP).await
    }
}

#[async_trait]
impl TextFormat for JsonArray {
    fn name(&self) -> &'static str {
        TableFormat::name(self)
    }

    async fn rows(&self, piece: &Piece) -> Result<Box<dyn Rows>> {
        Ok(Box::new(ObjectRows::new(piece, Elements::new(), HELP.into())?))
    }
}
