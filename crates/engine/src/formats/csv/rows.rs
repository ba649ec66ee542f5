//! The records of a piece of a CSV file as typed columns.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use keyfold_core::csv::{Fault, Field, Fields, Malformed, Scanner, Texts, without_byte_order_mark};
use keyfold_core::exact::{Parser, TextRules};
use keyfold_core::job::TextLayout;
use keyfold_core::{Error, Result};

use super::{dialect, header};
use crate::formats::text::{BadRow, Piece, Rows};

/// What a file may begin with: a byte order mark, lines to skip.
const PREAMBLE: usize = 3;

/// Texts that often stand for a missing value.
const MISSING: [&str; 12] = ["NA", "N/A", "n/a", "NULL", "null", "None", "nan", "NaN", "\\N", "-", "?", "#N/A"];

/// Decodes a piece.
pub(super) async fn open(piece: &Piece) -> Result<Box<dyn Rows>> {
    let dialect = dialect(&piece.spec, &piece.file);
    let header = if piece.spec.layout.header {
        header::read(&piece.store, &piece.file, &piece.spec).await?
    } else {
        Some(piece.columns.fields().iter().map(|field| field.name().clone()).collect())
    };
    let header = header.unwrap_or_default();
    let places: Vec<Option<usize>> = piece
        .wanted
        .iter()
        .map(|column| header.iter().position(|name| name == piece.columns.field(*column).name()))
        .collect();
    let mut kept: Vec<usize> = places.iter().flatten().copied().collect();
    kept.sort_unstable();
    let column = |(column, place): (&usize, &Option<usize>)| {
        let field = piece.columns.field(*column);
        let rules = piece.spec.rules.get(*column).cloned().unwrap_or_default();
        // NULLs depend on quotes, which a parser of texts does not see.
        let parser = Parser::new(field.data_type(), &TextRules { null: Vec::new(), ..rules.clone() });
        Ok(Column {
            slot: place.and_then(|place| kept.binary_search(&place).ok()),
            name: field.name().clone(),
            parser: parser.map_err(Error::internal)?,
            null: rules.null,
        })
    };
    let schema = piece.columns.project(&piece.wanted).map_err(Error::internal)?;
    let layout = &piece.spec.layout;
    let skipped = if piece.is_first() { layout.skip_lines } else { 0 };
    Ok(Box::new(CsvRows {
        columns: piece.wanted.iter().zip(&places).map(column).collect::<Result<_>>()?,
        scanner: Scanner::new(&dialect, &Fields::These(kept), piece.batch_size, skipped),
        schema: Arc::new(schema),
        fields: header.len(),
        header: layout.header && piece.is_first(),
        preamble: piece.is_first().then(|| Preamble { lines: skipped, begun: Vec::new(), returned: false }),
        table: piece.spec.table.clone(),
        layout: layout.clone(),
    }))
}

struct CsvRows {
    scanner: Scanner,
    columns: Vec<Column>,
    schema: SchemaRef,
    /// How many fields every record has.
    fields: usize,
    /// Whether the next record is the header.
    header: bool,
    /// What comes before the first record, if that is not passed yet.
    preamble: Option<Preamble>,
    table: String,
    layout: TextLayout,
}

struct Column {
    /// The column's place among the fields that are kept; none if the file lacks it.
    slot: Option<usize>,
    name: String,
    parser: Parser,
    null: Vec<String>,
}

/// Passes over a byte order mark and lines that are not read.
struct Preamble {
    lines: u64,
    /// The first bytes, until they are enough to tell a byte order mark.
    begun: Vec<u8>,
    /// Whether the last line that was passed over ended with a carriage return.
    returned: bool,
}

impl Rows for CsvRows {
    fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        let Some(mut preamble) = self.preamble.take() else { return self.records(bytes, out) };
        preamble.begun.extend_from_slice(bytes);
        if preamble.begun.len() < PREAMBLE {
            self.preamble = Some(preamble);
            return Ok(());
        }
        self.start(preamble, out)
    }

    fn finish(&mut self, out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        if let Some(preamble) = self.preamble.take() {
            self.start(preamble, out)?;
            self.preamble = None;
        }
        self.scanner.finish().map_err(|bad| self.malformed(bad))?;
        self.batch(out)
    }
}

impl CsvRows {
    /// Passes over what stands before the records, as far as it is there yet.
    fn start(&mut self, mut preamble: Preamble, out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        let begun = std::mem::take(&mut preamble.begun);
        let mut rest = without_byte_order_mark(&begun);
        if preamble.returned {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while preamble.lines > 0 && !rest.is_empty() {
            let end = memchr::memchr2(b'\n', b'\r', rest);
            preamble.lines -= u64::from(end.is_some());
            preamble.returned = end.is_some_and(|end| rest[end] == b'\r');
            rest = end.map_or(&[], |end| &rest[end + 1..]);
            if preamble.returned && !rest.is_empty() {
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                preamble.returned = false;
            }
        }
        if preamble.lines > 0 || preamble.returned {
            self.preamble = Some(preamble);
            return Ok(());
        }
        self.records(rest, out)
    }

    fn records(&mut self, mut bytes: &[u8], out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        while !bytes.is_empty() {
            let read = match self.scanner.read(bytes) {
                Ok(read) => read,
                Err(bad) => {
                    // What is wrong with the records before comes first.
                    self.batch(out)?;
                    return Err(self.malformed(bad));
                }
            };
            bytes = &bytes[read..];
            if self.scanner.is_full() {
                self.batch(out)?;
            }
        }
        Ok(())
    }

    /// The records read so far as a batch.
    fn batch(&mut self, out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        let records = self.scanner.records();
        if records.is_empty() {
            return Ok(());
        }
        if let Some(record) = (0..records.len()).find(|record| records.field_count(*record) != self.fields) {
            return Err(self.ragged(record));
        }
        let texts = records.texts().map_err(|bad| self.malformed(bad))?;
        let rows = records.len() - usize::from(self.header);
        let arrays = self.columns.iter().zip(self.schema.fields());
        let arrays = arrays.map(|(column, field)| match column.slot {
            None => Ok(new_null_array(field.data_type(), rows)),
            Some(slot) => self.values(column, slot, texts),
        });
        let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options);
        let batch = batch.map_err(|error| BadRow { line: records.line(0), message: error.to_string(), help: None })?;
        if rows > 0 {
            out.push_back(batch);
        }
        self.header = false;
        self.scanner.clear();
        Ok(())
    }

    fn values(&self, column: &Column, slot: usize, texts: Texts<'_>) -> Result<ArrayRef, BadRow> {
        let header = usize::from(self.header);
        let fields = texts.column(slot).skip(header);
        let values = fields.map(|field| field.and_then(|field| column.value(field, &self.layout)));
        column.parser.array(values).map_err(|bad| {
            let help = if MISSING.contains(&bad.text.as_str()) {
                format!("if it means that there is no value, set tables.{}.null = [{:?}]", self.table, bad.text)
            } else {
                format!("correct the value, or declare another type in tables.{}.schema", self.table)
            };
            BadRow {
                line: self.scanner.records().field_line(bad.row + header, slot),
                message: format!("column `{}`: `{}` {}", column.name, bad.text, bad.why),
                help: Some(help),
            }
        })
    }

    fn ragged(&self, record: usize) -> BadRow {
        let records = self.scanner.records();
        let told = if self.layout.header { "the header" } else { "the schema" };
        let count = |fields: usize| if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") };
        BadRow {
            line: records.line(record),
            message: format!("the line has {}, and {told} has {}", count(records.field_count(record)), self.fields),
            help: Some("quote fields that hold the delimiter, or set `delimiter` and `quote` of the table".into()),
        }
    }

    fn malformed(&self, bad: Malformed) -> BadRow {
        let fault = match bad.fault {
            // The scanner counts lines from the start of the piece.
            Fault::TextAfterQuote { .. } => "text follows the closing quote of a field".to_owned(),
            fault => fault.to_string(),
        };
        let help = match self.layout.multiline {
            _ if bad.fault == Fault::NotUtf8 => "set `encoding` of the table to what the file is written in",
            Some(false) => "correct the file, or remove `multiline = false` if quoted fields hold line breaks",
            _ => {
                "correct the file, or set `quote` and `escape` of the table if it is written in another way; quote = \"\" reads quotes as text"
            }
        };
        BadRow { line: bad.line, message: format!("not valid CSV: {fault}"), help: Some(help.into()) }
    }
}

impl Column {
    /// The field's text; nothing if it means NULL.
    #[inline]
    fn value<'a>(&self, field: Field<'a>, layout: &TextLayout) -> Option<&'a str> {
        if field.quoted && !layout.quoted_null {
            return Some(field.text);
        }
        let null = field.text.is_empty() || self.null.iter().any(|null| null == field.text);
        (!null).then_some(field.text)
    }
}
