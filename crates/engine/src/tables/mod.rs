//! The declared tables: their files found, checked against what the job declares, registered.

mod estimate;
mod files;
mod partition;
mod provider;
mod schema;
mod select;

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::SessionContext;
use keyfold_core::job::{At, Compression, Table};
use keyfold_core::location::Location;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::{running, unread};
use crate::formats::{self, FORMATS, ScanSpec, TableFiles, TableFormat};
use crate::storage::preflight::ReachedFile;
use crate::storage::stores::{self, Stores};
pub(crate) use files::File;
use files::Found;
use partition::Partitioned;
use provider::FilesTable;
pub(crate) use schema::data_type;

/// Files of one table that are looked at from other processes.
const REACHED: usize = 16;

/// A table whose files were found and agree with what the job declares.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedTable {
    /// As written.
    pub(crate) table: Table,
    /// How the files are read.
    pub(crate) spec: Arc<ScanSpec>,
    /// The files.
    pub(crate) files: Vec<File>,
    /// The columns as SQL sees them.
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
        chosen.filter_map(|(_, file)| {
            Some(ReachedFile { table: self.table.name.clone(), location: file.location().ok()?, bytes: file.meta.size })
        })
    }
}

/// Finds and registers all tables; the problems of all are reported together. `output` is where the job writes.
pub(crate) async fn register(
    context: &SessionContext,
    tables: &[Table],
    output: Option<&At<Location>>,
) -> Result<Vec<ResolvedTable>> {
    let (mut resolved, mut problems, mut kind) = (Vec::new(), Vec::new(), ErrorKind::Usage);
    for table in tables {
        match resolve(context, table, output).await {
            Ok((table, provider)) => {
                let name = TableReference::bare(table.table.name.clone());
                context.register_table(name, Arc::new(provider)).map_err(running)?;
                resolved.push(table);
            }
            Err(error) => {
                kind = error.kind();
                problems.extend(error.problems().to_vec());
            }
        }
    }
    if problems.is_empty() { Ok(resolved) } else { Err(Error::all(kind, problems)) }
}

async fn resolve(
    context: &SessionContext,
    table: &Table,
    output: Option<&At<Location>>,
) -> Result<(ResolvedTable, FilesTable)> {
    let declared = schema::declared(context, table).await?;
    output.map_or(Ok(()), |output| files::refuse_output(table, output))?;
    let Found { store, files } = files::find(context, table).await?;
    output.map_or(Ok(()), |output| files::refuse_own_documents(table, &files, output))?;
    let Partitioned { fields: partition, files } = partition::columns(table, &declared, files)?;
    let (format, compression) = format(table, &store, &files).await?;
    let in_files: Vec<FieldRef> =
        declared.iter().filter(|field| !partition.iter().any(|other| other.name() == field.name())).cloned().collect();
    schema::check_readable(table, format, &in_files)?;
    schema::check_layout(table, format)?;
    let found = TableFiles { table, store: store.clone(), files: &files, compression, partition: &partition };
    let columns = format.schema(&found, &in_files).await?;
    let spec = Arc::new(spec(table, format, compression, &columns.schema));
    let schema = TableSchema::builder(columns.schema).with_table_partition_cols(partition).build();
    check_unique(table, schema.table_schema())?;
    let resolved = ResolvedTable {
        table: table.clone(),
        spec: spec.clone(),
        files: files.clone(),
        columns: schema.table_schema().clone(),
    };
    let unique = table.unique.iter().map(|column| column.value.clone()).collect();
    Ok((resolved, FilesTable { format, spec, schema, store, files, rows: columns.rows, unique }))
}

fn spec(table: &Table, format: &dyn TableFormat, compression: Compression, columns: &Schema) -> ScanSpec {
    let rules = |name: &String| {
        let column = table.columns.iter().find(|column| column.name == *name);
        column.map(|column| column.rules.clone()).unwrap_or_default()
    };
    let rules = columns.fields().iter().map(|field| rules(field.name())).collect();
    ScanSpec { rules, ..ScanSpec::without_columns(table, format.name(), compression) }
}

/// The only file of a table, and its store.
pub(crate) async fn only_file(table: &Table, stores: &Stores) -> Result<(Arc<dyn ObjectStore>, File)> {
    let location = &table.path.value.root;
    let (url, _) = stores::url_and_path(location)?;
    let (store, path) = stores.resolve(location)?;
    let meta = store.head(&path).await.map_err(|error| unread(&location.to_string(), &error))?;
    let store_url = ObjectStoreUrl::parse(&url[..url::Position::BeforePath]).map_err(running)?;
    Ok((store, File { store: store_url, meta, partition: Vec::new() }))
}

/// How the files are written: as the job says, else as names and first bytes say; all must agree.
async fn format(
    table: &Table,
    store: &Arc<dyn ObjectStore>,
    files: &[File],
) -> Result<(&'static dyn TableFormat, Compression)> {
    let usage = |problem: Problem| Error::new(ErrorKind::Usage, problem);
    let said = match &table.format {
        None => None,
        Some(name) => Some(formats::named(&name.value).ok_or_else(|| {
            let known = FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>();
            let problem =
                Problem::new(format!("`tables.{}.format` is `{}`, which is not a format", table.name, name.value));
            usage(problem.at(name.place.clone()).help(did_you_mean(&name.value, known)))
        })?),
    };
    let mut found: Option<(&'static dyn TableFormat, Compression)> = None;
    for file in files {
        let parts = formats::by_name(file.file_name());
        let compression = compression(table, file);
        let format = match (said, &found) {
            (Some(said), _) => said,
            (None, Some((first, _))) if parts.ending.is_some_and(|ending| has_ending(*first, ending)) => *first,
            (None, _) => format_of_file(table, store, file).await?.ok_or_else(|| {
                let message = format!("`tables.{}`: the name {} does not say its format", table.name, file.name());
                let known = FORMATS.iter().map(|format| format!("\"{}\"", format.name())).collect::<Vec<_>>();
                let help = format!("set tables.{}.format to one of {}", table.name, known.join(", "));
                usage(Problem::new(message).at(table.path.place.clone()).help(help))
            })?,
        };
        let this = (format, compression);
        let (first, first_compression) = *found.get_or_insert(this);
        if first.name() != format.name() || first_compression != compression {
            let message =
                format!("`tables.{}` mixes formats: {} differs from {}", table.name, file.name(), files[0].name());
            let help = "narrow the path, such as with a pattern: data/*.parquet";
            return Err(usage(Problem::new(message).at(table.path.place.clone()).help(help)));
        }
    }
    found.ok_or_else(|| Error::internal("a table without files"))
}

fn has_ending(format: &dyn TableFormat, ending: &str) -> bool {
    format.endings().iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// How a file is compressed: as the job says, else as its name says.
pub(crate) fn compression(table: &Table, file: &File) -> Compression {
    table.compression.unwrap_or_else(|| formats::by_name(file.file_name()).compression)
}

/// The format of a file by its name and, where several have its ending, by its first bytes.
pub(crate) async fn format_of_file(
    table: &Table,
    store: &Arc<dyn ObjectStore>,
    file: &File,
) -> Result<Option<&'static dyn TableFormat>> {
    let Some(ending) = formats::by_name(file.file_name()).ending else { return Ok(None) };
    let mut candidates = FORMATS.iter().filter(|format| has_ending(**format, ending));
    match (candidates.next(), candidates.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => Ok(Some(*only)),
        (Some(_), Some(_)) => {
            let start = formats::text_start(table, store, file, compression(table, file)).await?;
            Ok(formats::recognise(ending, &start))
        }
    }
}

fn check_unique(table: &Table, columns: &Schema) -> Result<()> {
    let known: Vec<&str> = columns.fields().iter().map(|field| field.name().as_str()).collect();
    let unknown = table.unique.iter().filter(|unique| !known.contains(&unique.value.as_str()));
    let problem = |unique: &At<String>| {
        let message = format!("`tables.{}.unique` names `{}`, which the table does not have", table.name, unique.value);
        Problem::new(message).at(unique.place.clone()).help(did_you_mean(&unique.value, known.clone()))
    };
    let problems: Vec<Problem> = unknown.map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Usage, problems)) }
}
