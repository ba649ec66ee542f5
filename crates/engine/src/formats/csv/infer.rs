//! CSV files of unknown making: what stands between their fields, and what every column holds.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use keyfold_core::csv::Dialect;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::first_line::{self, Name};
use super::{default_delimiter, header};
use crate::error::running;
use crate::infer::{Column, Evidence, Kind, Table};
use crate::session::{self, Resources};
use crate::storage::stores::Stores;
use crate::tables;

/// The delimiters that are looked for; an earlier one wins where two would do.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Lines that a delimiter is judged by.
const SNIFFED: usize = 20;

/// Finds out how the file is written and the type of each column. Every value is looked at.
pub(super) async fn read(table: &mut Table, resources: &Resources, stores: &Arc<Stores>) -> Result<()> {
    let lines = first_lines(table, stores).await?;
    let delimiter = delimiter(&lines);
    let dialect = Dialect { delimiter, ..Dialect::default() };
    let file = table.location.to_string();
    table.layout.delimiter = Some(delimiter).filter(|delimiter| *delimiter != default_delimiter(&file));
    table.untyped_text = true;
    let names = header(table, &dialect, &lines)?;
    first_line::check_repeated(&file, &lines, &names)?;
    for name in names {
        if name.is_empty() { table.left_out.push(name) } else { table.columns.push(Column::new(&name, Kind::Text)) }
    }
    let context = session::local(resources, stores.clone())?;
    tables::register(&context, &[table.declared()], None).await?;
    let mut names: Vec<Name> = table.columns.iter().map(|column| Name::new(&column.name)).collect();
    let evidence = evidence(&context, table, &mut names).await?;
    table.warnings.extend(first_line::check(&file, &lines, &names, &evidence)?);
    for (column, evidence) in table.columns.iter_mut().zip(&evidence) {
        column.kind = evidence.csv();
    }
    Ok(())
}

async fn evidence(context: &SessionContext, table: &Table, names: &mut [Name]) -> Result<Vec<Evidence>> {
    let mut evidence = vec![Evidence::default(); table.columns.len()];
    let frame = context.table(datafusion::common::TableReference::bare(table.name.clone())).await.map_err(running)?;
    let mut batches = frame.execute_stream().await.map_err(running)?;
    while let Some(batch) = batches.try_next().await.map_err(running)? {
        for ((column, evidence), name) in batch.columns().iter().zip(&mut evidence).zip(names.iter_mut()) {
            let texts = cast(column, &DataType::Utf8View).map_err(|error| running(error.into()))?;
            for text in texts.as_string_view().iter().flatten() {
                evidence.add(text);
                name.look(text);
            }
        }
    }
    Ok(evidence)
}

async fn first_lines(table: &Table, stores: &Stores) -> Result<Vec<Vec<u8>>> {
    let mut chunks = table.open(stores).await?;
    let (mut start, mut breaks) = (Vec::new(), 0);
    while breaks < SNIFFED
        && let Some(chunk) = chunks.try_next().await?
    {
        breaks += memchr::memchr_iter(b'\n', &chunk).count();
        start.extend_from_slice(&chunk);
    }
    Ok(start.split_inclusive(|byte| *byte == b'\n').take(SNIFFED).map(<[u8]>::to_vec).collect())
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

fn header(table: &Table, dialect: &Dialect, lines: &[Vec<u8>]) -> Result<Vec<String>> {
    let name = table.location.to_string();
    let input = |message: String| Error::new(ErrorKind::Input, Problem::new(message).at(Place::whole(&name)));
    let names = header::names(dialect, &lines.concat())
        .map_err(|bad| input(format!("the header is not valid CSV: {}", bad.fault)))?;
    names.ok_or_else(|| input("the file is empty, and a first line with the columns' names was expected".into()))
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
