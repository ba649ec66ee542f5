//! The fold: rows sorted by key become one finished document per key, in batches of documents.
//!
//! Memory holds one open document and the finished ones that were not taken yet, however many keys there are.

mod batch;
mod documents;
mod open;
mod row;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Problem, Result};
use crate::grid::{CellIndex, Grid};
use crate::job::Compression;
use crate::json;
use crate::name::NamePattern;
use crate::template::{Document, Fragment, Node, Slot};

pub use documents::{DocumentBatch, document_schema};

use batch::InputBatch;
use documents::FinishedDocuments;
use open::OpenDocument;
use row::Row;

/// Everything the fold needs to know; it can be sent to where the rows are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoldSpec {
    /// The column that gives one document per value; rows come sorted by it.
    pub key: String,
    /// The document.
    pub template: Node,
    /// Indented documents.
    pub pretty: bool,
    /// The grids that the template uses.
    pub grids: Vec<Grid>,
    /// Which file a document goes into.
    pub naming: Naming,
    /// The columns whose cells are added up for control totals.
    pub totals: Vec<String>,
}

/// Which file a document goes into.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Naming {
    /// Each into its own.
    Own(NamePattern),
    /// Into the shard that this column numbers; rows come sorted by it first.
    Shard {
        /// The column.
        column: String,
        /// Compression of the shards.
        compression: Compression,
    },
}

impl FoldSpec {
    /// The input columns that the fold reads, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns = vec![self.key.as_str()];
        let naming = match &self.naming {
            Naming::Own(pattern) => pattern.columns(),
            Naming::Shard { column, .. } => vec![column.as_str()],
        };
        let pivots = self.template.pivots();
        let rest = self.template.attributes().into_iter().map(|slot| slot.column.as_str()).chain(naming);
        let rest = rest.chain(self.grids.iter().map(|grid| grid.column.as_str()));
        for column in rest.chain(pivots.iter().map(|(_, pivot)| pivot.value.column.as_str())) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// What must have one value within a key: the slots of the template, and the columns of the name.
    fn attributes(&self) -> Vec<Slot> {
        let mut attributes: Vec<Slot> = self.template.attributes().into_iter().cloned().collect();
        if let Naming::Own(pattern) = &self.naming {
            for column in pattern.columns() {
                if !attributes.iter().any(|known| known.column == column) {
                    attributes.push(Slot::value(column));
                }
            }
        }
        attributes
    }
}

/// What stays the same for all batches of one fold.
struct CompiledSpec {
    spec: FoldSpec,
    document: Document,
    attributes: Vec<Slot>,
    /// For each grid: the values, by index into `Document::values`, that its cells hold.
    grid_values: Vec<Vec<usize>>,
    /// For each grid: the control totals that count its cells, by index into `FoldSpec::totals`.
    grid_totals: Vec<Vec<usize>>,
    cell_indexes: Vec<CellIndex>,
}

/// Folds rows into documents.
pub struct Fold {
    compiled: CompiledSpec,
    open: Option<OpenDocument>,
    spare: Option<OpenDocument>,
    finished: FinishedDocuments,
}

impl Fold {
    /// A fold of rows with this schema.
    ///
    /// # Errors
    /// If a column that the spec names is missing, which the query contract should have refused, or if two cells of a
    /// grid are the same value of its column.
    pub fn new(spec: &FoldSpec, input: &SchemaRef) -> Result<Self> {
        let document = Document::compile(&spec.template, &spec.grids, spec.pretty);
        let index = |grid: &Grid| CellIndex::new(grid, column_type(input, &grid.column)?);
        let cell_indexes = spec.grids.iter().map(index).collect::<Result<_>>()?;
        let grid_values: Vec<Vec<usize>> = (0..spec.grids.len()).map(|grid| values_of(&document, grid)).collect();
        let grid_totals = grid_values.iter().map(|values| totals_of(spec, &document, values)).collect();
        let finished = FinishedDocuments::new(document_schema(spec, input)?);
        let compiled = CompiledSpec {
            attributes: spec.attributes(),
            document,
            grid_values,
            grid_totals,
            cell_indexes,
            spec: spec.clone(),
        };
        Ok(Self { compiled, open: None, spare: None, finished })
    }

    /// Folds rows of a batch and returns how many: it stops early once [`Fold::FULL`] bytes of documents wait to
    /// be taken, and goes on when called again with the rest. Rows of one key follow each other, across batches too.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<usize> {
        if batch.num_rows() == 0 {
            return Ok(0);
        }
        let Self { compiled, open, spare, finished } = self;
        let batch = plain(batch)?;
        let mut input = InputBatch::of(compiled, &batch)?;
        for rows in input.keys.clone() {
            let key = input.key(rows.start);
            match open {
                Some(open) if open.key == key => open.check_attributes(&mut Row::new(&mut input, rows.start))?,
                _ => {
                    close(compiled, open, spare, finished)?;
                    if finished.bytes() >= Self::FULL {
                        return Ok(rows.start);
                    }
                    let fresh = spare.take().unwrap_or_else(|| OpenDocument::new(compiled));
                    *open = Some(fresh.start(&mut Row::new(&mut input, rows.start))?);
                }
            }
            if let Some(open) = open {
                for row in rows {
                    open.add(&mut Row::new(&mut input, row))?;
                }
            }
        }
        Ok(batch.num_rows())
    }

    /// Bytes of finished documents after which the fold wants them taken.
    pub const FULL: usize = 4 << 20;

    /// Finishes the last document.
    pub fn finish(&mut self) -> Result<()> {
        close(&self.compiled, &mut self.open, &mut self.spare, &mut self.finished)
    }

    /// Whether the finished documents should be taken now.
    pub fn is_full(&self) -> bool {
        self.finished.bytes() >= Self::FULL
    }

    /// Takes the finished documents, if there are any.
    pub fn take(&mut self) -> Result<Option<RecordBatch>> {
        self.finished.take().map_err(arrow)
    }
}

fn close(
    compiled: &CompiledSpec,
    open: &mut Option<OpenDocument>,
    spare: &mut Option<OpenDocument>,
    finished: &mut FinishedDocuments,
) -> Result<()> {
    if let Some(mut complete) = open.take() {
        finished.append(compiled, &mut complete)?;
        *spare = Some(complete);
    }
    Ok(())
}

/// The control totals of columns that are among these values.
fn totals_of(spec: &FoldSpec, document: &Document, values: &[usize]) -> Vec<usize> {
    let shown = |name: &String| values.iter().any(|value| document.values[*value].column == *name);
    (0..spec.totals.len()).filter(|total| shown(&spec.totals[*total])).collect()
}

fn values_of(document: &Document, grid: usize) -> Vec<usize> {
    let mut values = Vec::new();
    for fragment in &document.fragments {
        if let Fragment::Pivot(slot) = fragment
            && slot.grid == grid
            && !values.contains(&slot.value)
        {
            values.push(slot.value);
        }
    }
    values
}

/// The batch without dictionaries and runs.
fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(json::plain).collect::<Result<_, _>>().map_err(arrow)?;
    let fields = batch.schema_ref().fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).map_err(arrow)
}

fn column_type<'a>(schema: &'a Schema, name: &str) -> Result<&'a arrow_schema::DataType> {
    schema.field_with_name(name).map(|field| field.data_type()).map_err(arrow)
}

/// An Arrow error in the fold: the query contract has checked the types, so it is a defect.
fn arrow(error: ArrowError) -> Error {
    Error::internal(format!("the fold failed: {error}"))
}

/// Bad data, named by its key.
fn bad_key(key: &str, message: impl std::fmt::Display, help: impl Into<String>) -> Error {
    Error::new(ErrorKind::Input, Problem::new(format!("key `{key}`: {message}")).help(help))
}
