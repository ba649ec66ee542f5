//! The columns of a table's files: the declared ones, or all that the files have.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use datafusion::parquet::file::metadata::FileMetaData;
use datafusion::parquet::schema::types::Type;
use futures::StreamExt;
use keyfold_core::exact::sql_name;
use keyfold_core::job::Missing;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::footer::Stored;
use super::open;
use super::retyped::{is_bytes, is_int96};
use super::types::{common, conversion, plain, text};
use crate::formats::{Columns, says_twice};

/// Footers that are read at the same time.
const AT_ONCE: usize = 16;

/// What a table wants of its files.
pub(super) struct Wanted<'a> {
    pub(super) table: &'a str,
    pub(super) declared: &'a [FieldRef],
    pub(super) missing: Missing,
    pub(super) partition: &'a [FieldRef],
}

/// What one file holds.
struct FileColumns {
    name: String,
    columns: Vec<FileColumn>,
    rows: usize,
}

struct FileColumn {
    name: String,
    /// As the file's pages are read.
    data_type: DataType,
    /// As SQL sees it where no type is declared.
    plain: DataType,
    /// Whether the file does not say what its bytes mean: they may be text.
    bytes: bool,
    /// What it holds that cannot be read exactly, and what to write in its place.
    unreadable: Option<(&'static str, &'static str)>,
}

impl Wanted<'_> {
    /// The columns of the files: the declared ones, or all that they have. Every file is checked.
    pub(super) async fn columns(&self, files: Vec<Stored>) -> Result<Columns> {
        let read = futures::stream::iter(files.into_iter().map(read));
        let (mut found, mut problems, mut kind) = (Vec::new(), Vec::new(), ErrorKind::Input);
        for file in read.buffered(AT_ONCE).collect::<Vec<_>>().await {
            match file {
                Ok(file) => found.push(file),
                Err(error) => {
                    kind = error.kind();
                    problems.extend(error.problems().to_vec());
                }
            }
        }
        for file in &found {
            let names = file.columns.iter().map(|column| column.name.as_str());
            problems.extend(says_twice(self.partition, &file.name, names));
        }
        let fields = if self.declared.is_empty() {
            problems.extend(found.iter().flat_map(|file| self.repeated(file)));
            union(&found, &mut problems)
        } else {
            self.declared.to_vec()
        };
        if problems.is_empty() {
            let both = found.iter().flat_map(|file| fields.iter().map(move |field| (file, field)));
            problems.extend(both.filter_map(|(file, field)| self.disagreement(file, field)));
        }
        if !problems.is_empty() {
            return Err(Error::all(kind, problems));
        }
        Ok(Columns { schema: Arc::new(Schema::new(fields)), rows: Some(found.iter().map(|file| file.rows).sum()) })
    }

    /// The names that stand twice in a file of which all columns are read: `SELECT *` would leave them out.
    fn repeated(&self, file: &FileColumns) -> Vec<Problem> {
        let help = format!(
            "declare in tables.{}.schema the columns that the query needs, or write the file again with names that differ",
            self.table
        );
        let first = |(at, column): &(usize, &FileColumn)| {
            file.columns.iter().position(|other| other.name == column.name) == Some(*at)
        };
        let names = file.columns.iter().enumerate().filter(first).map(|(_, column)| &column.name);
        let counted = names.map(|name| (name, file.named(name).len()));
        counted.filter(|(_, count)| *count > 1).map(|(name, count)| file.repeats(name, count, &help)).collect()
    }

    /// Why a column cannot be read from a file.
    fn disagreement(&self, file: &FileColumns, field: &Field) -> Option<Problem> {
        let (name, table) = (field.name(), self.table);
        let problem = match file.named(name).as_slice() {
            [] if self.missing == Missing::Null => return None,
            [] => self.lacks(file, name),
            [FileColumn { unreadable: Some((what, instead)), .. }] => self.unreadable(name, what, instead),
            [column] if column.bytes && text(field.data_type()) => return None,
            [column] if conversion(&column.data_type, field.data_type()).is_some() => return None,
            [column] => {
                let declared = if self.declared.is_empty() { "elsewhere it is" } else { "the schema declares" };
                let message = format!(
                    "the column `{name}` is {}; {declared} {}, which it cannot be read as exactly",
                    sql_name(&column.plain),
                    sql_name(field.data_type()),
                );
                let help =
                    format!("declare {} in tables.{table}.schema, and CAST in the query", sql_name(&column.plain));
                Problem::new(message).help(help)
            }
            columns => return Some(file.repeats(name, columns.len(), "write the file again with names that differ")),
        };
        Some(problem.at(Place::whole(&file.name)))
    }

    fn unreadable(&self, name: &str, what: &str, instead: &str) -> Problem {
        let table = self.table;
        let without = if self.declared.is_empty() {
            format!("declare in tables.{table}.schema the columns that the query needs, without this one")
        } else {
            format!("leave the column out of tables.{table}.schema")
        };
        Problem::new(format!("the column `{name}` has {what}")).help(format!("{instead}, or {without}"))
    }

    fn lacks(&self, file: &FileColumns, name: &str) -> Problem {
        let table = self.table;
        let whose = if self.declared.is_empty() {
            "which other files of the table have".to_owned()
        } else {
            format!("which `tables.{table}.schema` declares")
        };
        let names: Vec<_> = file.columns.iter().map(|column| column.name.as_str()).collect();
        let help = did_you_mean(name, names);
        Problem::new(format!("has no column `{name}`, {whose}"))
            .help(format!("set tables.{table}.missing = \"null\" if it is to be NULL there; {help}"))
    }
}

impl FileColumns {
    fn named(&self, name: &str) -> Vec<&FileColumn> {
        self.columns.iter().filter(|column| column.name == name).collect()
    }

    fn repeats(&self, name: &str, count: usize, help: &str) -> Problem {
        Problem::new(format!("has {count} columns of the name `{name}`")).at(Place::whole(&self.name)).help(help)
    }
}

/// The columns that the files have, each with a type that holds the values of all.
fn union(files: &[FileColumns], problems: &mut Vec<Problem>) -> Vec<FieldRef> {
    let mut fields: Vec<Field> = Vec::new();
    for file in files {
        for column in &file.columns {
            let Some(field) = fields.iter_mut().find(|field| *field.name() == column.name) else {
                fields.push(Field::new(&column.name, column.plain.clone(), true));
                continue;
            };
            match common(field.data_type(), &column.plain) {
                Some(data_type) => field.set_data_type(data_type),
                None => problems.push(differs(file, column, field)),
            }
        }
    }
    fields.into_iter().map(Arc::new).collect()
}

fn differs(file: &FileColumns, column: &FileColumn, field: &Field) -> Problem {
    let message = format!(
        "the column `{}` is {}, and {} in a file before it; no type holds the values of both",
        column.name,
        sql_name(&column.plain),
        sql_name(field.data_type())
    );
    let help =
        "declare the column in the table's schema with a type that both can be read as, or write the files again";
    Problem::new(message).at(Place::whole(&file.name)).help(help)
}

/// The file's types in Arrow.
///
/// An Arrow schema within the file that has types of which this version of Arrow does not know makes it panic.
fn schema(file: &Stored, metadata: &FileMetaData) -> Result<Schema> {
    let read = || parquet_to_arrow_schema(metadata.schema_descr(), metadata.key_value_metadata());
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(schema) => schema.map_err(|error| open::unreadable(file, error.to_string())),
        Err(_) => Err(open::unreadable(file, "its Arrow schema has types that are not known".into())),
    }
}

async fn read(file: Stored) -> Result<FileColumns> {
    let footer = open::footer(&file).await?;
    let metadata = footer.file_metadata();
    let descriptor = metadata.schema_descr();
    let schema = schema(&file, metadata)?;
    let roots = descriptor.root_schema().get_fields();
    let columns = schema.fields().iter().zip(roots).map(|(field, root)| column(field, root));
    let rows = usize::try_from(metadata.num_rows()).unwrap_or_default();
    Ok(FileColumns { name: file.name(), columns: columns.collect(), rows })
}

fn column(field: &Field, root: &Type) -> FileColumn {
    let info = root.get_basic_info();
    let text =
        matches!(info.logical_type_ref(), Some(LogicalType::Enum)) || info.converted_type() == ConvertedType::ENUM;
    let uuid = matches!(info.logical_type_ref(), Some(LogicalType::Uuid));
    let data_type = match field.data_type() {
        // What all of them fit in.
        _ if is_int96(root) => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ if text => DataType::Utf8View,
        data_type => data_type.clone(),
    };
    let plain = if uuid { DataType::Utf8View } else { plain(&data_type) };
    let unreadable = if intervals(&data_type) {
        Some(("values of Parquet's INTERVAL type, which are not read exactly", "write months and days as numbers"))
    } else if holds_int96(root) && !is_int96(root) {
        Some(("INT96 timestamps within lists or structs, which are not read", "write them as TIMESTAMP of Parquet"))
    } else {
        None
    };
    FileColumn { name: field.name().clone(), data_type, plain, bytes: is_bytes(root), unreadable }
}

/// Whether there are intervals in values of a type: the reader drops their months, or their days.
fn intervals(data_type: &DataType) -> bool {
    use DataType::*;
    match data_type {
        Interval(_) => true,
        List(item) | LargeList(item) | FixedSizeList(item, _) | ListView(item) | LargeListView(item) | Map(item, _) => {
            intervals(item.data_type())
        }
        Struct(fields) => fields.iter().any(|field| intervals(field.data_type())),
        Dictionary(_, value) => intervals(value),
        _ => false,
    }
}

fn holds_int96(root: &Type) -> bool {
    match root {
        Type::PrimitiveType { physical_type, .. } => *physical_type == PhysicalType::INT96,
        Type::GroupType { fields, .. } => fields.iter().any(|field| holds_int96(field)),
    }
}
