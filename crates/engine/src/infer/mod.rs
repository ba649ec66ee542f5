//! A star schema inferred from data files: types of columns, joins of dimensions, what to add up and by what.

mod joins;
mod kind;
mod matches;
mod names;
mod profile;
mod shape;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use values::Evidence;

use std::sync::Arc;

use keyfold_core::exact::TextRules;
use keyfold_core::job::{self, At, Compression, Missing, TextLayout};
use keyfold_core::location::{FilePattern, Location};
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use crate::formats::text::{self, Chunks};
use crate::formats::{self, ScanSpec};
use crate::session::{self, Resources};
use crate::storage::stores::Stores;
use crate::tables::{self, ResolvedTable};

pub use joins::Join;
pub use kind::Kind;
pub use names::sql_name;
pub use shape::{Axis, Grid, Measure};

/// What the files hold and how it fits together.
#[derive(Debug)]
pub struct Star {
    /// The table of facts, then the dimensions in the order given.
    pub tables: Vec<Table>,
    /// How each dimension is joined, in their order.
    pub joins: Vec<Join>,
    /// What gives one document per value.
    pub key: Axis,
    /// What gives one cell per value.
    pub pivot: Option<(Axis, Grid)>,
    /// What is added up.
    pub measures: Vec<Measure>,
}

impl Star {
    /// What is odd about the files, in their order.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.tables.iter().flat_map(|table| &table.warnings)
    }
}

/// A file as a table of a job.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name that SQL uses.
    pub name: String,
    /// Where the file is.
    pub location: Location,
    /// The name of the file's format.
    pub format: &'static str,
    /// Whether the file says the types of its columns, so that a job need not.
    pub typed: bool,
    /// Whether numbers are written as any other text is, so that a column of them can be read as text.
    pub untyped_text: bool,
    /// How the file is compressed, where its name does not say it.
    pub compression: Option<Compression>,
    /// How a text file is laid out.
    pub layout: TextLayout,
    /// The columns in the file's order.
    pub columns: Vec<Column>,
    /// Columns that hold no data, such as an index, or that no job can read: without a name, or without one SQL type.
    pub left_out: Vec<String>,
    /// What is odd about the file, or about its join.
    pub warnings: Vec<Problem>,
    /// How many rows the file has.
    pub rows: u64,
}

/// A column of a file.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// How many values are missing.
    pub nulls: u64,
    /// About how many different values a column of text has.
    pub distinct: u64,
}

/// What the user asks for by name.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The column that gives one document per value.
    pub key: Option<String>,
    /// The column that gives one cell per value.
    pub pivot: Option<String>,
}

/// Reads the files, the one with the facts first. Text files are read twice: once for the types that hold every
/// value, and once more with these types.
///
/// # Errors
/// If a file is unreadable or has no rows, a dimension fits nowhere, or a wish names no column.
pub async fn infer(
    locations: &[Location],
    wishes: &Wishes,
    resources: &Resources,
    stores: Arc<Stores>,
) -> Result<Star> {
    let mut tables = read_all(locations, resources, &stores).await?;
    joins::agree_on_types(&mut tables);
    let context = session::local(resources, stores)?;
    let declared: Vec<_> = tables.iter().map(Table::declared).collect();
    let resolved = tables::register(&context, &declared, None).await?;
    for (table, resolved) in tables.iter_mut().zip(&resolved) {
        table.take_columns(resolved);
        table.leave_out_index();
        profile::count(&context, table).await?;
    }
    let joins = joins::find(&context, &mut tables).await?;
    shape::choose(&context, tables, joins, wishes).await
}

/// The tables with the types of the text files; the problems of all files are reported together.
async fn read_all(locations: &[Location], resources: &Resources, stores: &Arc<Stores>) -> Result<Vec<Table>> {
    let (mut tables, mut problems, mut kind) = (Vec::<Table>::new(), Vec::new(), ErrorKind::Usage);
    for location in locations {
        let taken: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        match read(location, &taken, resources, stores).await {
            Ok(table) => tables.push(table),
            Err(error) => {
                kind = error.kind();
                problems.extend(error.problems().to_vec());
            }
        }
    }
    if problems.is_empty() { Ok(tables) } else { Err(Error::all(kind, problems)) }
}

async fn read(location: &Location, taken: &[String], resources: &Resources, stores: &Arc<Stores>) -> Result<Table> {
    let usage = |message: &str, help: &str| {
        let problem = Problem::new(message).at(Place::whole(location.to_string())).help(help);
        Error::new(ErrorKind::Usage, problem)
    };
    if location.local().is_some_and(|path| !path.is_file()) {
        return Err(usage(
            "there is no such file",
            "name data files, one for each table; a job can read a folder later, by its path in job.toml",
        ));
    }
    let name = location.to_string();
    let parts = formats::by_name(name.rsplit('/').next().unwrap_or(&name));
    let mut table = Table {
        name: names::unlike(names::identifier(parts.stem, "t"), taken),
        location: location.clone(),
        format: "",
        typed: false,
        untyped_text: false,
        compression: None,
        layout: TextLayout::default(),
        columns: Vec::new(),
        left_out: Vec::new(),
        warnings: Vec::new(),
        rows: 0,
    };
    let (store, file) = tables::only_file(&table.declared(), stores).await?;
    (table.compression, table.layout.encoding) = formats::wrapping(&table.declared(), &store, &file).await?;
    let format = tables::format_of_file(&table.declared(), &store, &file).await?.ok_or_else(|| {
        usage("the name does not say the format", "name it .csv, .tsv, .parquet or .ndjson; .gz or .zst may follow")
    })?;
    table.format = format.name();
    format.infer(&mut table, resources, stores).await?;
    Ok(table)
}

impl Table {
    /// The table as a job declares it.
    pub(crate) fn declared(&self) -> job::Table {
        let place = Place::whole(self.location.to_string());
        let column = |column: &Column| job::Column {
            name: column.name.clone(),
            sql_type: At { value: column.kind.sql(), place: place.clone() },
            rules: TextRules::default(),
        };
        let path = FilePattern { literal: self.location.clone(), root: self.location.clone(), pattern: None };
        job::Table {
            name: self.name.clone(),
            path: At { value: path, place: place.clone() },
            format: None,
            columns: self.columns.iter().map(column).collect(),
            layout: self.layout.clone(),
            compression: self.compression,
            missing: Missing::Fail,
            unique: Vec::new(),
        }
    }

    /// The bytes of a text file, decompressed and as UTF-8.
    pub(crate) async fn open(&self, stores: &Stores) -> Result<Chunks> {
        let declared = self.declared();
        let (store, file) = tables::only_file(&declared, stores).await?;
        let spec = ScanSpec::without_columns(&declared, self.format, tables::compression(&declared, &file));
        // What is plainly not text is refused at once.
        text::head(&store, &file, &spec, 1).await?;
        text::open(&store, &file, &spec, None).await
    }

    /// A Parquet file says its columns itself.
    fn take_columns(&mut self, resolved: &ResolvedTable) {
        if self.typed {
            let fields = resolved.columns.fields().iter();
            self.columns = fields.map(|field| Column::new(field.name(), Kind::of(field.data_type()))).collect();
        }
    }

    /// Leaves out the numbers that pandas gives to the rows of a file.
    fn leave_out_index(&mut self) {
        let data = self.columns.iter().filter(|column| !names::is_index(&column.name)).count();
        if data > 0 {
            let index = self.columns.extract_if(.., |column| names::is_index(&column.name));
            self.left_out.extend(index.map(|column| column.name));
        }
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Column {
    pub(crate) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, nulls: 0, distinct: 0 }
    }
}
