//! Finished documents as record batches.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Decimal256Builder, Float64Builder, StringBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal256Type, Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::i256;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::open::{LARGEST_DOCUMENT, OpenDocument};
use super::{CompiledSpec, FoldSpec, bad_key, column_type};
use crate::error::{Error, Result};
use crate::report::Dropped;
use crate::sum::{DIGITS, Sum};
use crate::template::{Fragment, PivotSlot};

const KEY: usize = 0;
const PATH: usize = 1;
const DOCUMENT: usize = 2;
const ROWS: usize = 3;
const DROPPED: usize = 4;
const FIRST_SUM: usize = 5;

/// The schema of document batches: `key`, `path`, `document` (bytes with the final line break), `rows`, `dropped`
/// (JSON, NULL if none), then for each control total what was delivered and what was dropped.
pub fn document_schema(spec: &FoldSpec, input: &SchemaRef) -> Result<Schema> {
    let mut fields = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("path", DataType::Utf8, false),
        Field::new("document", DataType::Binary, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("dropped", DataType::Utf8, true),
    ];
    for name in &spec.totals {
        let sum_type = match column_type(input, name)? {
            integer if integer.is_integer() => DataType::Decimal256(DIGITS, 0),
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => DataType::Decimal256(DIGITS, *scale),
            _ => DataType::Float64,
        };
        fields.push(Field::new(format!("delivered.{name}"), sum_type.clone(), true));
        fields.push(Field::new(format!("dropped.{name}"), sum_type, true));
    }
    Ok(Schema::new(fields))
}

/// Read access to a batch of documents.
pub struct DocumentBatch<'a>(pub &'a RecordBatch);

impl<'a> DocumentBatch<'a> {
    /// Number of documents.
    pub fn len(&self) -> usize {
        self.0.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The document's key.
    pub fn key(&self, row: usize) -> &'a str {
        self.0.column(KEY).as_string::<i32>().value(row)
    }

    /// The file that holds the document.
    pub fn path(&self, row: usize) -> &'a str {
        self.0.column(PATH).as_string::<i32>().value(row)
    }

    /// The document, with its final line break.
    pub fn document(&self, row: usize) -> &'a [u8] {
        self.0.column(DOCUMENT).as_binary::<i32>().value(row)
    }

    /// The rows that went into the document or were dropped from it.
    pub fn rows(&self, row: usize) -> u64 {
        self.0.column(ROWS).as_primitive::<UInt64Type>().value(row)
    }

    /// The rows that were dropped.
    pub fn dropped(&self, row: usize) -> Option<Dropped> {
        let dropped = self.0.column(DROPPED).as_string::<i32>();
        dropped.is_valid(row).then(|| serde_json::from_str(dropped.value(row)).unwrap_or_default())
    }

    /// For each control total: what was delivered and what was dropped.
    pub fn sums(&self, row: usize) -> Vec<(Sum, Sum)> {
        let sums: Vec<Sum> = self.0.columns()[FIRST_SUM..].iter().map(|column| sum_at(column, row)).collect();
        sums.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    }
}

fn sum_at(column: &ArrayRef, row: usize) -> Sum {
    match column.data_type() {
        DataType::Decimal256(_, scale) => {
            let sums = column.as_primitive::<Decimal256Type>();
            let units = if sums.is_null(row) { i256::ZERO } else { sums.value(row) };
            Sum::Exact { units, scale: *scale }
        }
        _ => Sum::Float(if column.is_null(row) { 0.0 } else { column.as_primitive::<Float64Type>().value(row) }),
    }
}

/// Collects finished documents.
pub(super) struct FinishedDocuments {
    schema: SchemaRef,
    keys: StringBuilder,
    paths: StringBuilder,
    documents: BinaryBuilder,
    rows: UInt64Builder,
    dropped: StringBuilder,
    sums: Vec<Sums>,
    document: Vec<u8>,
    bytes: usize,
}

enum Sums {
    Exact(Decimal256Builder),
    Float(Float64Builder),
}

impl FinishedDocuments {
    pub(super) fn new(schema: Schema) -> Self {
        let sums = schema.fields()[FIRST_SUM..].iter().map(|field| match field.data_type() {
            data_type @ DataType::Decimal256(_, _) => {
                Sums::Exact(Decimal256Builder::new().with_data_type(data_type.clone()))
            }
            _ => Sums::Float(Float64Builder::new()),
        });
        Self {
            sums: sums.collect(),
            schema: Arc::new(schema),
            keys: StringBuilder::new(),
            paths: StringBuilder::new(),
            documents: BinaryBuilder::new(),
            rows: UInt64Builder::new(),
            dropped: StringBuilder::new(),
            document: Vec::new(),
            bytes: 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Encodes the open document, which is complete.
    pub(super) fn append(&mut self, compiled: &CompiledSpec, open: &mut OpenDocument) -> Result<()> {
        self.document.clear();
        for fragment in &compiled.document.fragments {
            match fragment {
                Fragment::Bytes(bytes) => self.document.extend_from_slice(bytes),
                Fragment::Attribute(slot) => self.document.extend_from_slice(&open.attributes[*slot]),
                Fragment::Pivot(slot) => members(compiled, slot, open, &mut self.document),
            }
        }
        if self.document.len() > LARGEST_DOCUMENT {
            let message = format!("its document is larger than {LARGEST_DOCUMENT} bytes");
            return Err(bad_key(
                &open.key,
                message,
                "use a finer key or a smaller grid, so that a document holds less",
            ));
        }
        self.bytes += self.document.len();
        self.documents.append_value(&self.document);
        self.keys.append_value(&open.key);
        self.paths.append_value(&open.path);
        self.rows.append_value(open.rows);
        if open.dropped.is_empty() {
            self.dropped.append_null();
        } else {
            self.dropped.append_value(serde_json::to_string(&open.dropped).map_err(Error::internal)?);
        }
        let sums = open.sums.iter().flat_map(|(delivered, dropped)| [delivered, dropped]);
        for (builder, sum) in self.sums.iter_mut().zip(sums) {
            match (builder, sum) {
                (Sums::Exact(builder), Some(Sum::Exact { units, .. })) => builder.append_value(*units),
                (Sums::Float(builder), Some(Sum::Float(float))) => builder.append_value(*float),
                (Sums::Exact(builder), _) => builder.append_null(),
                (Sums::Float(builder), _) => builder.append_null(),
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.keys.values_slice().is_empty() && self.bytes == 0 {
            return Ok(None);
        }
        self.bytes = 0;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.keys.finish()),
            Arc::new(self.paths.finish()),
            Arc::new(self.documents.finish()),
            Arc::new(self.rows.finish()),
            Arc::new(self.dropped.finish()),
        ];
        columns.extend(self.sums.iter_mut().map(|sums| match sums {
            Sums::Exact(builder) => Arc::new(builder.finish()) as ArrayRef,
            Sums::Float(builder) => Arc::new(builder.finish()) as ArrayRef,
        }));
        RecordBatch::try_new(self.schema.clone(), columns).map(Some)
    }
}

/// Appends a pivot's members: the grid's cells in order, then those outside it.
fn members(compiled: &CompiledSpec, slot: &PivotSlot, open: &OpenDocument, out: &mut Vec<u8>) {
    let values = &compiled.grid_values[slot.grid];
    let index = values.iter().position(|value| *value == slot.value).unwrap_or_default();
    let start = out.len();
    for (cell, member) in slot.members.iter().enumerate() {
        match (open.cell(slot.grid, cell, values.len()), &slot.filled[cell]) {
            (Some(spans), _) => {
                out.extend_from_slice(member);
                out.extend_from_slice(open.text(spans[index]).unwrap_or(&slot.null));
            }
            (None, Some(filled)) => out.extend_from_slice(filled),
            (None, None) => continue,
        }
        out.push(b',');
    }
    let grid = &compiled.spec.grids[slot.grid];
    for (extra, spans) in &open.grids[slot.grid].extra {
        out.extend_from_slice(&slot.before);
        out.extend_from_slice(serde_json::Value::from(grid.label.label(&extra.text())).to_string().as_bytes());
        out.extend_from_slice(slot.colon.as_bytes());
        out.extend_from_slice(open.text(spans[index]).unwrap_or(&slot.null));
        out.push(b',');
    }
    if out.len() > start {
        out.pop();
        out.extend_from_slice(&slot.after);
    }
}
