//! From records to batches of the wanted columns.

use std::collections::HashMap;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

use super::column::{Column, convert};
use super::record::Record;
use super::{BadRecord, Fault};
use crate::exact::TextRules;

/// Text that is kept for one batch, whatever its number of rows.
const BATCH_BYTES: usize = 16 << 20;

/// Collects records until they are taken as a batch.
pub struct Decoder {
    schema: SchemaRef,
    places: HashMap<String, usize>,
    columns: Vec<Column>,
    batch_size: usize,
    rows: usize,
    bytes: usize,
}

impl Decoder {
    /// A decoder for the wanted columns, each with the rules of its values.
    ///
    /// # Errors
    /// If values of a column's type cannot be read from text.
    pub fn new(schema: SchemaRef, rules: &[TextRules], batch_size: usize) -> Result<Self, String> {
        let fields = schema.fields().iter();
        let places = fields.clone().enumerate().map(|(place, field)| (field.name().clone(), place)).collect();
        let plain = TextRules::default();
        let column = |(place, field): (usize, &arrow_schema::FieldRef)| {
            Column::new(field.name().clone(), field.data_type(), rules.get(place).unwrap_or(&plain))
        };
        let columns = fields.enumerate().map(column).collect::<Result<_, _>>()?;
        Ok(Self { schema, places, columns, batch_size, rows: 0, bytes: 0 })
    }

    /// Takes a record that begins on a line. After an error nothing more can be taken.
    ///
    /// # Errors
    /// If the record is bad. Values that `earliest` and `finish` find are not looked at yet.
    pub fn record(&mut self, text: &[u8], line: u64) -> Result<(), BadRecord> {
        let record = match str::from_utf8(text) {
            Ok(text) => Record::new(text, line),
            Err(error) => return Err(no_text(text, error.valid_up_to(), line)),
        };
        let Self { schema, places, columns, rows, .. } = self;
        // Objects mostly have their members in the same order.
        let mut next = 0;
        record.members(|name, value| {
            let expected = schema.fields().get(next).is_some_and(|field| field.name() == name);
            let Some(place) = (if expected { Some(next) } else { places.get(name).copied() }) else { return Ok(()) };
            next = place + 1;
            let column = &mut columns[place];
            if column.len() > *rows { Err(column.twice(record.line(value))) } else { column.append(value, &record) }
        })?;
        columns.iter_mut().filter(|column| column.len() == *rows).for_each(Column::append_null);
        self.rows += 1;
        self.bytes += text.len();
        Ok(())
    }

    /// The first bad record of the file, if this one comes after those that were taken.
    pub fn earliest(&mut self, bad: BadRecord) -> BadRecord {
        convert(&mut self.columns).filter(|earlier| earlier.line <= bad.line).unwrap_or(bad)
    }

    /// Whether enough records have been taken for a batch.
    pub fn is_full(&self) -> bool {
        self.rows >= self.batch_size || self.bytes >= BATCH_BYTES
    }

    /// The records taken so far as a batch; nothing if there are none.
    ///
    /// # Errors
    /// The first record with a value that is not exactly of its column's type.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>, BadRecord> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows == 0 {
            return Ok(None);
        }
        if let Some(bad) = convert(&mut self.columns) {
            return Err(bad);
        }
        let arrays: Result<Vec<_>, _> = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = arrays.and_then(|arrays| RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options));
        batch.map(Some).map_err(|error| BadRecord::layout(0, error.to_string()))
    }
}

/// The error for bytes that are not UTF-8.
fn no_text(text: &[u8], valid: usize, line: u64) -> BadRecord {
    let before = String::from_utf8_lossy(&text[..valid]);
    let above = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    BadRecord { fault: Fault::Encoding, character, ..BadRecord::layout(line + above as u64, "is not UTF-8") }
}
