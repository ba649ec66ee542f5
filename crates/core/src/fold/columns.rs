//! One batch as the fold sees it: keys in ranges of rows, attributes and values ready to be encoded, cells found.

use std::ops::Range;
use std::sync::LazyLock;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type};
use arrow_array::{Array, ArrayRef, Decimal128Array, Float64Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_json::writer::EncoderOptions;
use arrow_ord::partition::partition;
use arrow_schema::DataType;

use super::{Layout, Naming, arrow, bad_key};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::grid::Cell;
use crate::json::{self, Encoder};
use crate::layout;
use crate::report::Sum;

static OPTIONS: LazyLock<EncoderOptions> = LazyLock::new(json::options);

pub(super) struct Columns<'a> {
    key_texts: StringArray,
    /// The rows of each key.
    pub(super) keys: Vec<Range<usize>>,
    pub(super) attributes: Vec<Encoder<'a>>,
    attribute_arrays: Vec<&'a ArrayRef>,
    pub(super) values: Vec<Encoder<'a>>,
    /// For each grid: the cell of every row.
    pub(super) cells: Vec<Vec<Cell>>,
    /// For each grid: the pivot values.
    pub(super) pivots: Vec<&'a ArrayRef>,
    /// For each control total: the numbers of every row.
    pub(super) totals: Vec<Numbers>,
    shards: Option<&'a ArrayRef>,
}

/// The numbers of one control total.
pub(super) enum Numbers {
    Exact(Decimal128Array),
    Float(Float64Array),
}

impl<'a> Columns<'a> {
    pub(super) fn of(layout: &'a Layout, batch: &'a RecordBatch) -> Result<Self> {
        let key = column(batch, &layout.spec.key)?;
        let key_texts = cast(key, &DataType::Utf8).map_err(arrow)?.as_string::<i32>().clone();
        if key_texts.null_count() > 0 {
            return Err(null_key(&layout.spec.key));
        }
        let keys = partition(std::slice::from_ref(key)).map_err(arrow)?.ranges();
        let attribute_arrays: Vec<_> =
            layout.attributes.iter().map(|name| column(batch, name)).collect::<Result<_>>()?;
        let names = layout.document.values.iter();
        let mut columns = Self {
            attributes: layout.attributes.iter().map(|name| encoder(batch, name)).collect::<Result<_>>()?,
            values: names.map(|name| encoder(batch, name)).collect::<Result<_>>()?,
            cells: cells(layout, batch)?,
            pivots: layout.spec.grids.iter().map(|grid| column(batch, &grid.column)).collect::<Result<_>>()?,
            totals: layout.spec.totals.iter().map(|name| Numbers::of(column(batch, name)?)).collect::<Result<_>>()?,
            shards: match &layout.spec.naming {
                Naming::Shard { column: name, .. } => Some(column(batch, name)?),
                Naming::Own(_) => None,
            },
            attribute_arrays,
            key_texts,
            keys,
        };
        columns.check_finite(layout, batch)?;
        columns.check_constant(layout)?;
        Ok(columns)
    }

    pub(super) fn key(&self, row: usize) -> &str {
        self.key_texts.value(row)
    }

    /// The text of an attribute, for a document's name.
    pub(super) fn text(&self, attribute: usize, row: usize) -> Result<Option<String>> {
        let value = self.attribute_arrays[attribute].slice(row, 1);
        let text = cast(&value, &DataType::Utf8).map_err(arrow)?;
        Ok(text.as_string::<i32>().iter().next().flatten().map(str::to_owned))
    }

    /// The text of a pivot value that is not NULL.
    pub(super) fn pivot_text(&self, grid: usize, row: usize) -> Result<String> {
        let text = cast(&self.pivots[grid].slice(row, 1), &DataType::Utf8).map_err(arrow)?;
        Ok(text.as_string::<i32>().value(0).to_owned())
    }

    /// The file of the shard that the row belongs to.
    pub(super) fn shard(&self, layout: &Layout, row: usize) -> Result<String> {
        let Naming::Shard { compression, .. } = &layout.spec.naming else { return Ok(String::new()) };
        let Some(shards) = self.shards else { return Ok(String::new()) };
        let number = cast(&shards.slice(row, 1), &DataType::UInt32).map_err(arrow)?;
        Ok(layout::shard(number.as_primitive::<arrow_array::types::UInt32Type>().value(0), *compression))
    }

    /// JSON has no NaN and no infinity.
    fn check_finite(&self, layout: &Layout, batch: &RecordBatch) -> Result<()> {
        for name in layout.attributes.iter().chain(&layout.document.values) {
            if let Some(row) = json::first_not_finite(column(batch, name)?) {
                let cell = self.cell_name(layout, row)?;
                let message = format!("`{name}`{cell} is NaN or infinite, which JSON cannot say");
                return Err(bad_key(self.key(row), message, "make it NULL in the query, such as with NULLIF or CASE"));
            }
        }
        Ok(())
    }

    /// ` in cell W2`, for messages.
    fn cell_name(&self, layout: &Layout, row: usize) -> Result<String> {
        for (index, grid) in layout.spec.grids.iter().enumerate() {
            if self.cells[index][row] != Cell::Null {
                return Ok(format!(
                    " in cell `{}` of `{}`",
                    grid.label.label(&self.pivot_text(index, row)?),
                    grid.name
                ));
            }
        }
        Ok(String::new())
    }

    /// Wherever an attribute changes, the key must change.
    fn check_constant(&mut self, layout: &Layout) -> Result<()> {
        for (index, array) in self.attribute_arrays.iter().enumerate() {
            let mut keys = self.keys.iter().map(|rows| rows.start).peekable();
            for change in partition(std::slice::from_ref(*array)).map_err(arrow)?.ranges() {
                while keys.next_if(|start| *start < change.start).is_some() {}
                if keys.peek() != Some(&change.start) {
                    return Err(self.conflict(layout, index, change.start - 1, change.start));
                }
            }
        }
        Ok(())
    }

    fn conflict(&mut self, layout: &Layout, attribute: usize, first: usize, second: usize) -> Error {
        let mut texts = [Vec::new(), Vec::new()];
        for (row, text) in [first, second].into_iter().zip(&mut texts) {
            self.attributes[attribute].append(row, b"null", text);
        }
        two_values(self.key(second), &layout.attributes[attribute], &texts[0], &texts[1])
    }
}

impl Numbers {
    fn of(array: &ArrayRef) -> Result<Self> {
        let exact = |scale| {
            Ok(Self::Exact(
                cast(array, &DataType::Decimal128(38, scale)).map_err(arrow)?.as_primitive::<Decimal128Type>().clone(),
            ))
        };
        match array.data_type() {
            integer if integer.is_integer() => exact(0),
            DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
                exact(*scale)
            }
            _ => Ok(Self::Float(cast(array, &DataType::Float64).map_err(arrow)?.as_primitive::<Float64Type>().clone())),
        }
    }

    /// The row's number; nothing for a NULL.
    pub(super) fn get(&self, row: usize) -> Option<Sum> {
        match self {
            Self::Exact(array) => {
                array.is_valid(row).then(|| Sum::Exact { units: array.value(row), scale: array.scale() })
            }
            Self::Float(array) => array.is_valid(row).then(|| Sum::Float(array.value(row))),
        }
    }
}

/// Two values of an attribute, given as JSON text.
pub(super) fn two_values(key: &str, attribute: &str, first: &[u8], second: &[u8]) -> Error {
    let (first, second) = (String::from_utf8_lossy(first), String::from_utf8_lossy(second));
    let help = format!("add `{attribute}` to the key, or take one value in the query, such as with min({attribute})");
    bad_key(key, format!("`{attribute}` has two values, {first} and {second}"), help)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| Error::internal(format!("the fold's input lacks the column `{name}`")))
}

fn encoder<'a>(batch: &'a RecordBatch, name: &str) -> Result<Encoder<'a>> {
    let index = batch.schema_ref().index_of(name).map_err(arrow)?;
    Encoder::new(&batch.schema_ref().fields()[index], batch.column(index), &OPTIONS).map_err(arrow)
}

fn cells(layout: &Layout, batch: &RecordBatch) -> Result<Vec<Vec<Cell>>> {
    let grids = layout.spec.grids.iter().zip(&layout.cell_indexes);
    grids.map(|(grid, index)| index.cells(column(batch, &grid.column)?).map_err(arrow)).collect()
}

fn null_key(key: &str) -> Error {
    let problem = Problem::new(format!("the key `{key}` is NULL in a row of the query"));
    Error::new(
        ErrorKind::Input,
        problem
            .help(format!("leave such rows out (WHERE {key} IS NOT NULL) or name them (coalesce({key}, 'UNKNOWN'))")),
    )
}
