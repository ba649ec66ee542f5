//! From the bytes of a piece to its rows: cut into records, decoded, converted.

use std::collections::VecDeque;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use keyfold_core::exact::TextRules;
use keyfold_core::records::{BadRecord, Decoder, Each, Fault, Splitter};
use keyfold_core::{Error, ErrorKind, Result};

use crate::formats::text::{BadRow, Piece, Rows};

/// Rows that are objects.
pub(in crate::formats) struct ObjectRows<S> {
    splitter: S,
    decoder: Decoder,
    columns: SchemaRef,
    table: String,
    /// What to do about a file that is not written as its format says.
    help: String,
}

impl<S: Splitter> ObjectRows<S> {
    pub(in crate::formats) fn new(piece: &Piece, splitter: S, help: String) -> Result<Self> {
        let unfit = |message: String| Error::new(ErrorKind::Usage, message);
        let columns = piece.columns.project(&piece.wanted).map_err(Error::internal)?;
        let rules: Vec<TextRules> =
            piece.wanted.iter().map(|column| piece.spec.rules.get(*column).cloned().unwrap_or_default()).collect();
        let columns: SchemaRef = columns.into();
        let decoder = Decoder::new(columns.clone(), &rules, piece.batch_size).map_err(unfit)?;
        Ok(Self { splitter, decoder, columns, table: piece.spec.table.clone(), help })
    }

    /// The first bad record among those at a file's start, which may be the whole file.
    pub(super) fn first_bad(&mut self, start: &[u8], whole: bool) -> Option<BadRow> {
        let mut out = VecDeque::new();
        let fed = self.split(&mut out, |splitter, each| splitter.feed(start, each));
        let ended = fed.and_then(|()| {
            if whole { self.finish(&mut out) } else { self.decoder.finish().map(|_| ()).map_err(|bad| self.bad(&bad)) }
        });
        ended.err()
    }

    /// Works on the records, and gives what is wrong first in the file.
    fn split(
        &mut self,
        out: &mut VecDeque<RecordBatch>,
        work: impl FnOnce(&mut S, &mut Each<'_>) -> Result<(), BadRecord>,
    ) -> Result<(), BadRow> {
        let decoder = &mut self.decoder;
        let worked = work(&mut self.splitter, &mut |record, line| {
            decoder.record(record, line)?;
            if decoder.is_full() {
                out.extend(decoder.finish()?);
            }
            Ok(())
        });
        worked.map_err(|bad| {
            let bad = self.decoder.earliest(bad);
            self.bad(&bad)
        })
    }

    fn bad(&self, bad: &BadRecord) -> BadRow {
        let help = match bad.fault {
            Fault::Layout => self.help.clone(),
            Fault::Encoding => "say how the file is written with `encoding`, or write it as UTF-8".into(),
            Fault::Repeated => "write each member once".into(),
            Fault::Value => value_help(&self.columns, &self.table, bad.column.as_deref().unwrap_or_default()),
        };
        BadRow { line: bad.line, message: bad.to_string(), help: Some(help) }
    }
}

impl<S: Splitter> Rows for ObjectRows<S> {
    fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        self.split(out, |splitter, each| splitter.feed(bytes, each))
    }

    fn finish(&mut self, out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow> {
        self.split(out, |splitter, each| splitter.finish(each))?;
        let last = self.decoder.finish().map_err(|bad| self.bad(&bad))?;
        out.extend(last);
        Ok(())
    }
}

/// What to do about a value, by its column's type.
fn value_help(columns: &SchemaRef, table: &str, column: &str) -> String {
    let data_type = columns.field_with_name(column).map(|field| field.data_type());
    match data_type {
        Ok(DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _)) => format!(
            "correct the value, say how such values are written with `date_format`, `timestamp_format` or `epoch`, or \
             declare another type in tables.{table}.schema"
        ),
        _ => format!("correct the value, or declare another type in tables.{table}.schema"),
    }
}
