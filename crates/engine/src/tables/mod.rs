//! The declared tables: found, checked against their files, registered.

mod compressed;
mod csv;
mod estimate;
mod files;
pub(crate) mod lines;
pub(crate) mod locate;
mod parquet;
mod schema;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::ViewTable;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::prelude::{SessionContext, ident};
use keyfold_core::job::{Compression, Format, Table};
use keyfold_core::{Error, ErrorKind, Problem, Result};

use crate::decimal;
use crate::error::running;
use crate::reach::ReachedFile;
pub(crate) use compressed::CompressedExec;
use estimate::Estimated;
pub(crate) use files::File;
pub(crate) use schema::data_type;

/// Files of one table that are looked at from other processes.
const REACHED: usize = 16;

/// A table whose files were found and agree with what the job declares.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedTable {
    /// As written.
    pub(crate) table: Table,
    /// How the files are written.
    pub(crate) format: Format,
    /// The files' compression.
    pub(crate) compression: Compression,
    /// The files.
    pub(crate) files: Vec<File>,
    /// The columns of the files, in their order, with the declared types.
    pub(crate) columns: SchemaRef,
}

impl ResolvedTable {
    /// Length of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.meta.size).sum()
    }

    /// Some of its files, evenly chosen: enough to see whether another process has the same table.
    pub(crate) fn reached(&self) -> impl Iterator<Item = ReachedFile> {
        let step = self.files.len().div_ceil(REACHED).max(1);
        let last = self.files.len().saturating_sub(1);
        let chosen = self.files.iter().enumerate().filter(move |(index, _)| index % step == 0 || *index == last);
        chosen.map(|(_, file)| ReachedFile {
            table: self.table.name.clone(),
            url: file.url.as_str().to_owned(),
            bytes: file.meta.size,
        })
    }

    /// The columns that SQL sees: the declared ones, or all where the job declares none.
    pub(crate) fn visible(&self) -> Vec<&str> {
        match self.table.schema.is_empty() {
            true => self.columns.fields().iter().map(|field| field.name().as_str()).collect(),
            false => self.table.schema.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }
}

/// Finds and registers all tables; the problems of all are reported together.
pub(crate) async fn register(context: &SessionContext, tables: &[Table]) -> Result<Vec<ResolvedTable>> {
    let (mut resolved, mut problems, mut kind) = (Vec::new(), Vec::new(), ErrorKind::Usage);
    for table in tables {
        let registered = match resolve(context, table).await {
            Ok(table) => provider(&table, &table.files).map(|provider| (table, provider)),
            Err(error) => Err(error),
        };
        match registered {
            Ok((table, provider)) => {
                let name = table.table.name.clone();
                context.register_table(datafusion::common::TableReference::bare(name), provider).map_err(running)?;
                resolved.push(table);
            }
            Err(error) => {
                kind = error.kind();
                problems.extend(error.problems().to_vec());
            }
        }
    }
    match problems.is_empty() {
        true => Ok(resolved),
        false => Err(Error::all(kind, problems)),
    }
}

async fn resolve(context: &SessionContext, table: &Table) -> Result<ResolvedTable> {
    let declared = schema::declared(context, table).await?;
    let files = files::find(context, table).await?;
    let (format, compression) = files::format(table, &files)?;
    if declared.is_empty() && format != Format::Parquet {
        let problem =
            Problem::new(format!("`tables.{}` needs a schema: text files do not say their types", table.name));
        let help = "write schema = { column = \"TYPE\", … }; `keyfold init` guesses one from the file";
        return Err(Error::new(ErrorKind::Usage, problem.at(table.path.place.clone()).help(help)));
    }
    let columns = match format {
        Format::Csv => csv::columns(context, table, compression, &files, &declared).await?,
        Format::Parquet => parquet::columns(context, table, &files, &declared).await?,
        Format::Ndjson => Arc::new(Schema::new(declared)),
    };
    for unique in &table.unique {
        if columns.field_with_name(&unique.value).is_err() {
            let problem = Problem::new(format!(
                "`tables.{}.unique` names `{}`, which the table does not have",
                table.name, unique.value
            ));
            let help = keyfold_core::suggest::did_you_mean(
                &unique.value,
                columns.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(),
            );
            return Err(Error::new(ErrorKind::Usage, problem.at(unique.place.clone()).help(help)));
        }
    }
    Ok(ResolvedTable { table: table.clone(), format, compression, files, columns })
}

/// The table over some of its files, as SQL sees it.
fn provider(table: &ResolvedTable, files: &[File]) -> Result<Arc<dyn TableProvider>> {
    let listing = listing(table, files, read_schema(table))?;
    if table.format != Format::Csv {
        return Ok(listing);
    }
    // A view over the files' text turns decimals into numbers exactly and hides columns that are not declared.
    let column = |name: &str| -> Expr {
        match table.columns.field_with_name(name).map(Field::data_type) {
            Ok(DataType::Decimal128(precision, scale)) => decimal::call(ident(name), *precision, *scale).alias(name),
            _ => ident(name),
        }
    };
    let plan = LogicalPlanBuilder::scan(&table.table.name, provider_as_source(listing), None)
        .and_then(|scan| scan.project(table.visible().into_iter().map(column)))
        .and_then(LogicalPlanBuilder::build)
        .map_err(running)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// What is read from the files: CSV decimals as text.
fn read_schema(table: &ResolvedTable) -> SchemaRef {
    if table.format != Format::Csv {
        return table.columns.clone();
    }
    let read = |field: &Arc<Field>| match field.data_type() {
        DataType::Decimal128(_, _) => Field::new(field.name(), DataType::Utf8View, true),
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(table.columns.fields().iter().map(read).collect::<Vec<_>>()))
}

pub(crate) fn listing(table: &ResolvedTable, files: &[File], schema: SchemaRef) -> Result<Arc<ListingTable>> {
    let estimated = |format: Arc<dyn FileFormat>| {
        let unique = table.table.unique.iter().map(|column| column.value.clone()).collect();
        Arc::new(Estimated { format, compression: table.compression, unique })
    };
    let format: Arc<dyn FileFormat> = match table.format {
        Format::Csv => estimated(Arc::new(csv::format(&table.table, table.compression))),
        Format::Parquet => Arc::new(ParquetFormat::default()),
        Format::Ndjson => {
            let format = JsonFormat::default().with_file_compression_type(files::compression(table.compression));
            estimated(Arc::new(format))
        }
    };
    let options = ListingOptions::new(format).with_file_extension("");
    let urls = files.iter().map(|file| file.url.clone()).collect();
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(running)?))
}
