//! The job folder as written: `job.toml`, the query, the document template and the checks.

mod decode;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::grid::{LabelPattern, OffGrid};
use crate::location::Location;
use crate::share::Share;
use crate::source::Source;

pub use decode::At;
pub use table::{Column, Compression, Encoding, Missing, Table, TextLayout};

/// A job as its files and the flags say it, every path absolute, nothing resolved against data yet.
#[derive(Debug, Clone)]
pub struct Job {
    /// The folder's name, which is the job's name.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The query's output column that gives one document per value.
    pub key: At<String>,
    /// The declared tables, in the order written.
    pub tables: Vec<Table>,
    /// The declared parameters, in the order written.
    pub params: Vec<Param>,
    /// The pivot grids, in the order written.
    pub pivots: Vec<Pivot>,
    /// The control totals.
    pub totals: Vec<Total>,
    /// Where the documents go and how.
    pub output: Output,
    /// `query.sql`, or the file that stands in for it.
    pub query: Source,
    /// `document.json`.
    pub template: Source,
    /// `checks/*.sql`, by name.
    pub checks: Vec<Source>,
    /// `job.toml` itself, for messages.
    pub source: Source,
}

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name; `$name` in SQL.
    pub name: String,
    /// Its SQL type.
    pub sql_type: String,
    /// Its value where no flag gives one.
    pub default: Option<String>,
    /// Where it is declared.
    pub place: crate::Place,
}

/// A declared pivot grid.
#[derive(Debug, Clone)]
pub struct Pivot {
    /// The name that the template uses.
    pub name: String,
    /// The query's output column that says which cell a row belongs to.
    pub column: At<String>,
    /// How a column value becomes a label.
    pub label: LabelPattern,
    /// Which cells there are.
    pub cells: Cells,
    /// What happens to a row outside the grid.
    pub off_grid: OffGrid,
}

/// Which cells a grid has, in order.
#[derive(Debug, Clone)]
pub enum Cells {
    /// Every whole number from the first to the last.
    Range(i64, i64),
    /// These values.
    Values(Vec<String>),
    /// The first column of a SELECT over the declared tables.
    Select(At<String>),
}

/// A control total: what the source says a value adds up to.
#[derive(Debug, Clone)]
pub struct Total {
    /// The query's output column whose delivered cells are added up.
    pub value: At<String>,
    /// A SELECT of one number.
    pub sql: At<String>,
}

/// Where the documents go and how.
#[derive(Debug, Clone)]
pub struct Output {
    /// A folder, or a prefix in an object store.
    pub url: At<Location>,
    /// The document name pattern; the ndjson layout needs none.
    pub name: Option<At<String>>,
    /// Documents as files, or lines of a few files.
    pub layout: Layout,
    /// How many files the ndjson layout writes.
    pub shards: u32,
    /// Compression of the ndjson files.
    pub compression: Compression,
    /// Indented documents.
    pub pretty: bool,
    /// How many published snapshots stay.
    pub keep: usize,
    /// Whether a result without documents is published.
    pub allow_empty: bool,
    /// The share of the published documents that a run may remove.
    pub max_removed: Option<At<Share>>,
    /// The share by which a run may make the number of documents, their bytes or a control total smaller.
    pub max_shrink: Option<At<Share>>,
}

/// How documents are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One file per key.
    Files,
    /// One line per key in a few files.
    Ndjson,
}

/// What the command line changes about a job.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--set`, each as typed.
    pub set: Vec<String>,
    /// `--query`.
    pub query: Option<PathBuf>,
    /// `--output`.
    pub output: Option<String>,
}

/// The texts of a job folder. One that cannot be read is reported together with the problems of the others.
#[derive(Debug, Clone)]
pub struct Files {
    /// `job.toml`.
    pub job: Source,
    /// `query.sql`, or the file that stands in for it.
    pub query: Result<Source>,
    /// `document.json`.
    pub template: Result<Source>,
    /// `checks/*.sql`, by name.
    pub checks: Result<Vec<Source>>,
}

impl Job {
    /// Reads a job folder. All problems of `job.toml` are reported together.
    pub fn read(folder: &Path, overrides: &Overrides) -> Result<Self> {
        Self::parse(folder, Files::read(folder, overrides)?, overrides)
    }

    /// The job that the texts of a folder say, with what the flags change laid over it.
    pub fn parse(folder: &Path, files: Files, overrides: &Overrides) -> Result<Self> {
        read::job(folder, files, overrides)
    }
}
