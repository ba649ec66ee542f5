//! Where bad input is. The engine reads files in pieces, so its errors know neither file nor line; when one
//! comes, the text files are read once more from their start, value by value.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::json::ReaderBuilder;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use keyfold_core::job::{Compression, Format};
use keyfold_core::{Error, ErrorKind, Place, Problem};

use super::lines::Lines;
use super::{File, ResolvedTable, listing};
use crate::decimal;

/// The first bad value of the tables' text files, if there is one; `error` otherwise.
pub(crate) async fn bad_input(context: &SessionContext, tables: &[ResolvedTable], error: Error) -> Error {
    if error.kind() != ErrorKind::Input {
        return error;
    }
    for table in tables {
        for file in &table.files {
            let found = match table.format {
                Format::Csv => csv(context, table, file).await,
                Format::Ndjson => ndjson(context, table, file).await,
                Format::Parquet => None,
            };
            if let Some(problem) = found {
                return Error::new(ErrorKind::Input, problem);
            }
        }
    }
    error
}

fn at(file: &File, line: usize, message: String) -> Problem {
    Problem::new(message).at(Place { file: file.name(), position: Some((line, 1)), excerpt: None })
}

/// Reads a CSV file as text by one thread and tries each declared column's type.
async fn csv(context: &SessionContext, table: &ResolvedTable, file: &File) -> Option<Problem> {
    let text: Vec<_> =
        table.columns.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8View, true)).collect();
    let config = SessionConfig::new().with_target_partitions(1);
    let single = SessionContext::new_with_config_rt(config, context.runtime_env());
    let provider = listing(table, std::slice::from_ref(file), Arc::new(Schema::new(text))).ok()?;
    let mut batches = single.read_table(provider).ok()?.execute_stream().await.ok()?;
    let mut line = if table.table.csv.header { 2 } else { 1 };
    while let Some(batch) = batches.next().await {
        match batch {
            Ok(batch) => {
                if let Some(problem) = bad_value(table, file, &batch, line) {
                    return Some(problem);
                }
                line += batch.num_rows();
            }
            Err(error) => return Some(bad_record(table, file, line, &error)),
        }
    }
    None
}

/// A record that is no CSV. The reader's own message counts lines from the file's start here.
fn bad_record(table: &ResolvedTable, file: &File, after: usize, error: &DataFusionError) -> Problem {
    let message = error.find_root().strip_backtrace();
    if let Some((_, cause)) = message.split_once("Io error: ")
        && table.compression != Compression::None
    {
        return at(file, after, format!("cannot be decompressed from about here: {cause}"))
            .help("the file is cut off or damaged: fetch it again");
    }
    let number = message.split("line ").nth(1).and_then(|rest| rest.split([',', '.', ' ']).next());
    let line = number.and_then(|number| number.parse().ok()).unwrap_or(after);
    at(file, line, message.trim_start_matches("Arrow error: ").to_owned())
        .help("set delimiter, quote, escape or multiline of the table if the file is written in another way")
}

fn bad_value(table: &ResolvedTable, file: &File, batch: &RecordBatch, first_line: usize) -> Option<Problem> {
    let mut first: Option<(usize, Problem)> = None;
    for (index, field) in table.columns.fields().iter().enumerate() {
        let texts = batch.column(index).as_string_view();
        let Some(row) = bad_row(field, batch, index) else { continue };
        if first.as_ref().is_none_or(|(earlier, _)| row < *earlier) {
            let message = format!(
                "column `{}`: `{}` is not exactly of type {}",
                field.name(),
                texts.value(row),
                sql_name(field.data_type())
            );
            let help = format!("correct the value, or declare another type in tables.{}.schema", table.table.name);
            first = Some((row, at(file, first_line + row, message).help(help)));
        }
    }
    first.map(|(_, problem)| problem)
}

fn bad_row(field: &Field, batch: &RecordBatch, index: usize) -> Option<usize> {
    let texts = batch.column(index).as_string_view();
    match field.data_type() {
        DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => None,
        DataType::Decimal128(precision, scale) => (0..texts.len())
            .find(|row| texts.is_valid(*row) && decimal::parse(texts.value(*row), *precision, *scale).is_none()),
        other => {
            let texts = cast(texts, &DataType::Utf8).ok()?;
            let cast = cast_with_options(&texts, other, &CastOptions { safe: true, ..CastOptions::default() }).ok()?;
            (0..texts.len()).find(|row| texts.is_valid(*row) && cast.is_null(*row))
        }
    }
}

/// The type as the job file writes it.
fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INT".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::Float32 => "REAL".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Date32 => "DATE".into(),
        DataType::Timestamp(_, _) => "TIMESTAMP".into(),
        DataType::Decimal128(precision, scale) => format!("DECIMAL({precision},{scale})"),
        other => other.to_string(),
    }
}

/// Reads a JSON file line by line.
async fn ndjson(context: &SessionContext, table: &ResolvedTable, file: &File) -> Option<Problem> {
    let store = context.runtime_env().object_store(file.url.object_store()).ok()?;
    let mut lines = Lines::open(&store, &file.meta.location, table.compression).await.ok()?;
    let mut number = 1;
    loop {
        match lines.next().await {
            Ok(None) => return None,
            Ok(Some(line)) => {
                if let Err(message) = decode(&table.columns, &line) {
                    return Some(at(file, number, message));
                }
            }
            Err(error) => return Some(at(file, number, error.to_string())),
        }
        number += 1;
    }
}

fn decode(schema: &SchemaRef, line: &[u8]) -> Result<(), String> {
    let mut decoder = ReaderBuilder::new(schema.clone()).build_decoder().map_err(|error| error.to_string())?;
    decoder.decode(line).and_then(|_| decoder.flush()).map(|_| ()).map_err(|error| error.to_string())
}
