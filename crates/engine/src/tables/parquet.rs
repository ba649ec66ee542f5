//! Parquet files: they say their types, and a declared schema must agree with them without losing anything.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::prelude::SessionContext;
use keyfold_core::job::Table;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::files::File;
use crate::error::running;

/// The columns of the files; those that are declared have the declared types.
pub(super) async fn columns(
    context: &SessionContext,
    table: &Table,
    files: &[File],
    declared: &[Arc<Field>],
) -> Result<SchemaRef> {
    let state = context.state();
    let store = context.runtime_env().object_store(files[0].url.object_store()).map_err(running)?;
    let mut problems = Vec::new();
    for file in files {
        // One by one: a column that one file lacks would otherwise be NULL in all its rows.
        let read = ParquetFormat::default().infer_schema(&state, &store, std::slice::from_ref(&file.meta)).await;
        let found = match read {
            Ok(found) => found,
            Err(error) => {
                let problem =
                    Problem::new(format!("is no readable Parquet file: {}", error.find_root().strip_backtrace()));
                problems.push(problem.at(Place::whole(file.name())));
                continue;
            }
        };
        problems.extend(declared.iter().filter_map(|field| disagreement(table, file, field, &found)));
    }
    if !problems.is_empty() {
        return Err(Error::all(ErrorKind::Input, problems));
    }
    if !declared.is_empty() {
        return Ok(Arc::new(Schema::new(declared.to_vec())));
    }
    let metas: Vec<_> = files.iter().map(|file| file.meta.clone()).collect();
    ParquetFormat::default().infer_schema(&state, &store, &metas).await.map_err(running)
}

fn disagreement(table: &Table, file: &File, declared: &Field, found: &Schema) -> Option<Problem> {
    let name = declared.name();
    let problem = match found.field_with_name(name) {
        Err(_) => Problem::new(format!("has no column `{name}`, which `tables.{}.schema` declares", table.name))
            .help(did_you_mean(name, found.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>())),
        Ok(field) if widens(field.data_type(), declared.data_type()) => return None,
        Ok(field) => {
            let message = format!(
                "the column `{name}` is {}, and `tables.{}.schema` declares {}, which could lose something",
                field.data_type(),
                table.name,
                declared.data_type()
            );
            Problem::new(message).help("declare the file's type, or leave the schema out, and CAST in the query")
        }
    };
    Some(problem.at(Place::whole(file.name())))
}

/// Whether every value of one type is a value of the other.
fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    let digits = |data_type: &DataType| match data_type {
        Int8 | UInt8 => Some((3, 0)),
        Int16 | UInt16 => Some((5, 0)),
        Int32 | UInt32 => Some((10, 0)),
        Int64 => Some((19, 0)),
        UInt64 => Some((20, 0)),
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale) => Some((i32::from(*precision) - i32::from(*scale), i32::from(*scale))),
        _ => None,
    };
    let text = |data_type: &DataType| matches!(data_type, Utf8 | LargeUtf8 | Utf8View);
    let rank = |data_type: &DataType| match data_type {
        Int8 => Some((true, 1)),
        Int16 => Some((true, 2)),
        Int32 => Some((true, 3)),
        Int64 => Some((true, 4)),
        UInt8 => Some((false, 1)),
        UInt16 => Some((false, 2)),
        UInt32 => Some((false, 3)),
        UInt64 => Some((false, 4)),
        _ => None,
    };
    match (from, to) {
        (from, to) if from == to => true,
        (from, to) if text(from) && text(to) => true,
        (Dictionary(_, value), to) => widens(value, to),
        (Float32, Float64) => true,
        (Timestamp(_, from), Timestamp(_, to)) => from == to,
        (from, to) if rank(from).is_some() && rank(to).is_some() => match (rank(from), rank(to)) {
            (Some((signed, size)), Some((to_signed, to_size))) if signed == to_signed => size <= to_size,
            (Some((false, size)), Some((true, to_size))) => size < to_size,
            _ => false,
        },
        (from, Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..)) => match (digits(from), digits(to)) {
            (Some((whole, fraction)), Some((to_whole, to_fraction))) => whole <= to_whole && fraction <= to_fraction,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_type_that_holds_every_value_may_be_declared() {
        use DataType::*;
        for (from, to, fits) in [
            (Int32, Int64, true),
            (Int64, Int32, false),
            (UInt32, Int64, true),
            (UInt64, Int64, false),
            (Decimal128(10, 2), Decimal128(12, 2), true),
            (Decimal128(12, 4), Decimal128(12, 2), false),
            (Int32, Decimal128(12, 2), true),
            (Int64, Decimal128(12, 2), false),
            (Float64, Decimal128(12, 2), false),
            (Utf8, Utf8View, true),
            (Utf8, Int32, false),
        ] {
            assert_eq!(widens(&from, &to), fits, "{from} to {to}");
        }
    }
}
