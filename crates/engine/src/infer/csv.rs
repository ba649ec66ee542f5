//! CSV files of unknown making: what stands between their fields, and what every column holds.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::csv::reader::Format;
use datafusion::arrow::datatypes::DataType;
use futures::TryStreamExt;
use keyfold_core::job::Compression;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::values::Evidence;
use super::{Column, Kind, Table};
use crate::error::running;
use crate::session::{self, Resources};
use crate::stores::Stores;
use crate::tables::lines::Lines;
use crate::tables::{self, ResolvedTable};

/// The delimiters that are looked for; an earlier one wins where two would do.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Lines that a delimiter is judged by.
const SNIFFED: usize = 20;

/// Finds out how the file is written and the type of each column. Every value is looked at.
pub(super) async fn read(
    table: &mut Table,
    compression: Compression,
    resources: &Resources,
    stores: &Arc<Stores>,
) -> Result<()> {
    let lines = first_lines(table, compression, stores).await?;
    table.delimiter = delimiter(&lines);
    for name in header(table, &lines)? {
        match name.is_empty() {
            true => table.left_out.push(name),
            false => table.columns.push(Column::new(&name, Kind::Text)),
        }
    }
    // One thread reads records as they come, so that values may go over several lines.
    let context = session::local(&Resources { threads: 1, ..resources.clone() }, stores.clone())?;
    let resolved = tables::register(&context, &[table.declared()]).await?;
    let evidence = match evidence(&context, table).await {
        Ok(evidence) => evidence,
        Err(error) => return Err(bad_input(&context, &resolved, error).await),
    };
    for (column, evidence) in table.columns.iter_mut().zip(&evidence) {
        column.kind = evidence.csv();
        table.multiline |= evidence.lines;
    }
    Ok(())
}

type Context = datafusion::prelude::SessionContext;

async fn bad_input(context: &Context, resolved: &[ResolvedTable], error: Error) -> Error {
    tables::locate::bad_input(context, resolved, error).await
}

async fn evidence(context: &Context, table: &Table) -> Result<Vec<Evidence>> {
    let mut evidence = vec![Evidence::default(); table.columns.len()];
    let frame = context.table(datafusion::common::TableReference::bare(table.name.clone())).await.map_err(running)?;
    let mut batches = frame.execute_stream().await.map_err(running)?;
    while let Some(batch) = batches.try_next().await.map_err(running)? {
        for (column, evidence) in batch.columns().iter().zip(&mut evidence) {
            let texts = cast(column, &DataType::Utf8View).map_err(|error| running(error.into()))?;
            texts.as_string_view().iter().flatten().for_each(|text| evidence.add(text));
        }
    }
    Ok(evidence)
}

async fn first_lines(table: &Table, compression: Compression, stores: &Stores) -> Result<Vec<Vec<u8>>> {
    let (store, path) = stores.resolve(&table.location)?;
    let mut file = Lines::open(&store, &path, compression).await?;
    let mut lines = Vec::new();
    while lines.len() < SNIFFED {
        match file.next().await? {
            Some(line) => lines.push(line),
            None => break,
        }
    }
    Ok(lines)
}

/// The delimiter that gives the first lines as many fields as the header; of two such, the one with more fields.
fn delimiter(lines: &[Vec<u8>]) -> u8 {
    let Some(header) = lines.first() else { return DELIMITERS[0] };
    let score = |delimiter: u8| {
        let fields = delimiters(header, delimiter);
        let agreeing = lines.iter().filter(|line| delimiters(line, delimiter) == fields).count();
        (fields > 0, agreeing, fields)
    };
    // The last of equals is the greatest, and the first delimiter shall win.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(DELIMITERS[0])
}

fn delimiters(line: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for byte in line {
        quoted ^= *byte == b'"';
        count += usize::from(*byte == delimiter && !quoted);
    }
    count
}

fn header(table: &Table, lines: &[Vec<u8>]) -> Result<Vec<String>> {
    let input = |message: String| Error::new(ErrorKind::Input, Problem::new(message).at(Place::whole(&table.location)));
    let header = lines.first().map_or(&[][..], Vec::as_slice);
    let header = header.strip_prefix("\u{feff}".as_bytes()).unwrap_or(header);
    let text = Format::default().with_header(true).with_delimiter(table.delimiter);
    let (schema, _) =
        text.infer_schema(header, Some(0)).map_err(|error| input(format!("the header is no CSV: {error}")))?;
    match schema.fields().is_empty() {
        true => Err(input("the file is empty, and a first line with the columns' names was expected".into())),
        false => Ok(schema.fields().iter().map(|field| field.name().clone()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> char {
        let lines: Vec<_> = text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
        char::from(delimiter(&lines))
    }

    #[test]
    fn the_delimiter_is_what_all_lines_share() {
        assert_eq!(sniffed("a,b\n1,2\n"), ',');
        assert_eq!(sniffed("a;b\n1,5;2,5\n"), ';');
        assert_eq!(sniffed("a\tb, c\n1\t2\n"), '\t');
        assert_eq!(sniffed("a|b|c\n1|2|x;y\n"), '|');
        assert_eq!(sniffed("\"x;y;z\",b\n1,2\n"), ',');
        assert_eq!(sniffed("alone\n1\n"), ',');
        assert_eq!(sniffed(""), ',');
    }
}
