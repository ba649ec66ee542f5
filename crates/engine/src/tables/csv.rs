//! CSV files: their header says which column is where, and must know every declared column.

use std::sync::Arc;

use datafusion::arrow::csv::reader::Format as CsvText;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt, stream};
use keyfold_core::job::{Compression, Table};
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::{ObjectStore, ObjectStoreExt};

use super::files::{self, File};
use crate::error::running;

/// Headers that are read at the same time.
const CONCURRENT_HEADERS: usize = 16;
/// A header longer than this is no header.
const LONGEST_HEADER: usize = 1 << 20;

pub(super) fn format(table: &Table, compression: Compression) -> CsvFormat {
    CsvFormat::default()
        .with_has_header(table.csv.header)
        .with_delimiter(table.csv.delimiter)
        .with_quote(table.csv.quote)
        .with_escape(table.csv.escape)
        .with_newlines_in_values(table.csv.multiline)
        .with_file_compression_type(files::compression(compression))
}

/// The columns of the files in their order. Columns that are not declared are read as text, if at all.
pub(super) async fn columns(
    context: &SessionContext,
    table: &Table,
    compression: Compression,
    files: &[File],
    declared: &[Arc<Field>],
) -> Result<SchemaRef> {
    if !table.csv.header {
        return Ok(Arc::new(Schema::new(declared.to_vec())));
    }
    let store = context.runtime_env().object_store(files[0].url.object_store()).map_err(running)?;
    let read = |file: &File| {
        let (store, file) = (store.clone(), file.clone());
        async move { header(store.as_ref(), table, compression, &file).await.map(|names| (file, names)) }
    };
    let mut headers = stream::iter(files.iter().map(read)).buffered(CONCURRENT_HEADERS);
    let mut first: Option<(File, Vec<String>)> = None;
    while let Some((file, names)) = headers.try_next().await? {
        match &first {
            None => {
                check(table, &file, &names, declared)?;
                first = Some((file, names));
            }
            Some((other, expected)) if *expected != names => {
                let message =
                    format!("its columns are {}, but {} has {}", names.join(", "), other.name(), expected.join(", "));
                let help = "files of one table have the same header; split them into two tables and UNION ALL them";
                return Err(input(&file, 1, message).help(help).into_error());
            }
            Some(_) => {}
        }
    }
    let (_, names) = first.ok_or_else(|| Error::internal("a table without files"))?;
    let field = |name: &String| match declared.iter().find(|field| field.name() == name) {
        Some(field) => field.clone(),
        None => Arc::new(Field::new(name, DataType::Utf8View, true)),
    };
    Ok(Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>())))
}

fn check(table: &Table, file: &File, names: &[String], declared: &[Arc<Field>]) -> Result<()> {
    let mut problems = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            problems.push(input(file, 1, format!("the header names the column `{name}` twice")));
        }
    }
    for field in declared.iter().filter(|field| !names.contains(field.name())) {
        let message =
            format!("the header has no column `{}`, which `tables.{}.schema` declares", field.name(), table.name);
        let help = format!(
            "{}; a file without a header needs header = false",
            did_you_mean(field.name(), names.iter().map(String::as_str))
        );
        problems.push(input(file, 1, message).help(help));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::all(ErrorKind::Input, problems)),
    }
}

async fn header(store: &dyn ObjectStore, table: &Table, compression: Compression, file: &File) -> Result<Vec<String>> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let problem = Problem::new(format!("cannot be read: {error}")).at(Place::whole(file.name()));
        Error::new(ErrorKind::Unavailable, problem)
    };
    let bytes = store.get(&file.meta.location).await.map_err(|error| unreadable(&error))?.into_stream();
    let bytes = bytes.map_err(|error| DataFusionError::ObjectStore(Box::new(error))).boxed();
    let mut bytes = files::compression(compression).convert_stream(bytes).map_err(running)?;
    let mut start = Vec::new();
    while !start.contains(&b'\n') && start.len() < LONGEST_HEADER {
        match bytes.try_next().await {
            Ok(Some(more)) => start.extend_from_slice(&more),
            Ok(None) => break,
            Err(error) if compression == Compression::None => return Err(unreadable(&error)),
            Err(error) => {
                return Err(input(file, 1, format!("cannot be decompressed: {}", error.strip_backtrace())).into_error());
            }
        }
    }
    let mut text = CsvText::default().with_header(true).with_delimiter(table.csv.delimiter).with_quote(table.csv.quote);
    if let Some(escape) = table.csv.escape {
        text = text.with_escape(escape);
    }
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&start);
    let (schema, _) = text
        .infer_schema(start, Some(0))
        .map_err(|error| input(file, 1, format!("the header is no CSV: {error}")).into_error())?;
    if schema.fields().is_empty() {
        return Err(input(file, 1, "the file is empty, and a header was expected".into()).into_error());
    }
    Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
}

fn input(file: &File, line: usize, message: String) -> Problem {
    Problem::new(message).at(Place { file: file.name(), position: Some((line, 1)), excerpt: None })
}

trait IntoError {
    fn into_error(self) -> Error;
}

impl IntoError for Problem {
    fn into_error(self) -> Error {
        Error::new(ErrorKind::Input, self)
    }
}
