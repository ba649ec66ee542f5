//! Formats: a room for each way that a table's files are written, and one line for each in the registry.

pub(crate) mod codec;
mod csv;
mod json_array;
mod ndjson;
mod parquet;
mod recognise;
mod spec;
pub(crate) mod text;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::datasource::physical_plan::FileSource;
use datafusion::datasource::table_schema::TableSchema;
use keyfold_core::exact::TextRules;
use keyfold_core::job::{Compression, Encoding, Table};
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::ObjectStore;

pub(crate) use recognise::{by_name, recognise};
pub(crate) use spec::ScanSpec;

use recognise::{compressed, is_utf16};

use crate::infer;
use crate::session::Resources;
use crate::storage::stores::Stores;
use crate::tables::File;

/// Bytes that a text file is recognised by.
const START: usize = 4096;

/// Every format. The first one that recognises a file reads it.
pub(crate) const FORMATS: &[&dyn TableFormat] =
    &[&csv::Csv, &json_array::JsonArray, &ndjson::Ndjson, &parquet::Parquet];

/// A way to write tables into files.
#[async_trait]
pub(crate) trait TableFormat: Debug + Send + Sync {
    /// What `format` of a table in job.toml calls it.
    fn name(&self) -> &'static str;

    /// The endings of such files, in lower case, without that of a compression.
    fn endings(&self) -> &'static [&'static str];

    /// Whether a file with one of the endings that begins like this is such a file.
    fn begins(&self, _start: &[u8]) -> bool {
        true
    }

    /// Whether the fields of job.toml about lines, delimiters and quotes say how such files are written.
    fn is_delimited(&self) -> bool {
        false
    }

    /// Whether columns of a declared type can be read.
    ///
    /// # Errors
    /// A message that says why not.
    fn reads(&self, data_type: &DataType, rules: &TextRules) -> Result<(), String>;

    /// The columns of the files: the declared ones, which every file must have, or the files' own if none are declared.
    async fn schema(&self, files: &TableFiles<'_>, declared: &[FieldRef]) -> Result<Columns>;

    /// Reads such files as the columns of a table. The source is rebuilt from the same arguments on executors.
    fn scan(&self, spec: Arc<ScanSpec>, schema: TableSchema) -> Arc<dyn FileSource>;

    /// What a source that `scan` made was made from.
    fn spec<'a>(&self, source: &'a dyn FileSource) -> Option<&'a Arc<ScanSpec>>;

    /// Learns the columns of a file that no job describes yet. A format whose files say their types needs only say so.
    async fn infer(&self, table: &mut infer::Table, resources: &Resources, stores: &Arc<Stores>) -> Result<()>;

    /// Where a file may be cut near the wanted offsets, so that each piece has whole records only. None if it is read
    /// as a whole, or if the source cuts files by itself.
    async fn cuts(&self, _file: &FileBytes<'_>, _wanted: &[u64]) -> Result<Vec<u64>> {
        Ok(Vec::new())
    }
}

/// The files of a table while its columns are found out.
#[derive(Debug)]
pub(crate) struct TableFiles<'a> {
    pub(crate) table: &'a Table,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) files: &'a [File],
    pub(crate) compression: Compression,
    /// The columns that stand in the names of the files' folders.
    pub(crate) partition: &'a [FieldRef],
}

impl TableFiles<'_> {
    /// How the files are read before the columns are known.
    pub(crate) fn spec(&self, format: &str) -> ScanSpec {
        ScanSpec::without_columns(self.table, format, self.compression)
    }

    /// Formats whose files do not say the types of their columns need them declared.
    pub(crate) fn need_schema(&self, declared: &[FieldRef]) -> Result<()> {
        if !declared.is_empty() {
            return Ok(());
        }
        let message = format!("`tables.{}` needs a schema: text files do not say their types", self.table.name);
        let help = "write schema = { column = \"TYPE\", … }; `keyfold init` guesses one from the file";
        Err(Error::new(ErrorKind::Usage, Problem::new(message).at(self.table.path.place.clone()).help(help)))
    }
}

/// A column that stands in a file and in the names of its folders might say two things.
pub(crate) fn says_twice<'n>(
    partition: &[FieldRef],
    file: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<Problem> {
    let both = names.into_iter().find(|name| partition.iter().any(|field| field.name() == name))?;
    let message = format!("the column `{both}` stands in the file and in the name of its folder");
    let problem = Problem::new(message).at(Place::whole(file));
    Some(problem.help("rename the folders, or write the files without the column"))
}

/// One file of a table.
pub(crate) struct FileBytes<'a> {
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) file: &'a File,
    pub(crate) spec: &'a ScanSpec,
}

/// What a table's files hold.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// The columns with their types, as SQL sees them.
    pub(crate) schema: SchemaRef,
    /// How many rows there are, if the files say it.
    pub(crate) rows: Option<usize>,
}

/// The format of this name.
pub(crate) fn named(name: &str) -> Option<&'static dyn TableFormat> {
    FORMATS.iter().find(|format| format.name() == name).copied()
}

/// The first bytes of a text file.
pub(crate) async fn text_start(
    table: &Table,
    store: &Arc<dyn ObjectStore>,
    file: &File,
    compression: Compression,
) -> Result<Vec<u8>> {
    text::head(store, file, &ScanSpec::without_columns(table, "", compression), START).await
}

/// How a file that no job describes yet is compressed, if its name does not say it, and encoded: by its first bytes.
pub(crate) async fn wrapping(
    table: &Table,
    store: &Arc<dyn ObjectStore>,
    file: &File,
) -> Result<(Option<Compression>, Encoding)> {
    let first =
        async |compression| text::first_bytes(store, file, &ScanSpec::without_columns(table, "", compression)).await;
    let named = by_name(file.file_name()).compression;
    let found = if named == Compression::None { compressed(&first(named).await?) } else { None };
    let start = first(found.unwrap_or(named)).await?;
    Ok((found, if is_utf16(&start) { Encoding::Utf16 } else { Encoding::Utf8 }))
}

/// What a source was made from, if it is one of a format here.
pub(crate) fn spec_of(source: &dyn FileSource) -> Option<&Arc<ScanSpec>> {
    FORMATS.iter().find_map(|format| format.spec(source))
}
