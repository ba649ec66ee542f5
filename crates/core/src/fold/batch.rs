//! One batch as the fold sees it: keys in ranges of rows, attributes and values ready to be encoded, cells found.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Decimal256Type, Float64Type};
use arrow_array::{Array, ArrayRef, Decimal128Array, Decimal256Array, Float64Array, RecordBatch, StringArray};
use arrow_buffer::i256;
use arrow_cast::cast;
use arrow_ord::partition::partition;
use arrow_schema::DataType;

use super::{CompiledSpec, Naming, arrow, bad_key};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::grid::Cell;
use crate::json::{self, Encoder, Fault};
use crate::layout;
use crate::sum::Sum;
use crate::template::{Form, Slot};
use crate::text;

pub(super) struct InputBatch<'a> {
    pub(super) compiled: &'a CompiledSpec,
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
    Wide(Decimal256Array),
    Float(Float64Array),
}

impl<'a> InputBatch<'a> {
    pub(super) fn of(compiled: &'a CompiledSpec, batch: &'a RecordBatch) -> Result<Self> {
        let key = column(batch, &compiled.spec.key)?;
        if let Some((_, fault)) = json::first_fault(key) {
            let message = format!("the key `{}` {fault}", compiled.spec.key);
            return Err(Error::new(ErrorKind::Input, Problem::new(message).help(fault.help())));
        }
        let key_texts = text::of(key).map_err(arrow)?;
        if key_texts.null_count() > 0 {
            return Err(null_key(&compiled.spec.key));
        }
        let keys = partition(std::slice::from_ref(key)).map_err(arrow)?.ranges();
        let slots = compiled.attributes.iter();
        let attribute_arrays: Vec<_> = slots.map(|slot| column(batch, &slot.column)).collect::<Result<_>>()?;
        check_writable(compiled, batch, &key_texts)?;
        let mut input = Self {
            compiled,
            attributes: compiled.attributes.iter().map(|slot| encoder(batch, slot)).collect::<Result<_>>()?,
            values: compiled.document.values.iter().map(|slot| encoder(batch, slot)).collect::<Result<_>>()?,
            cells: cells(compiled, batch)?,
            pivots: compiled.spec.grids.iter().map(|grid| column(batch, &grid.column)).collect::<Result<_>>()?,
            totals: compiled.spec.totals.iter().map(|name| Numbers::of(column(batch, name)?)).collect::<Result<_>>()?,
            shards: match &compiled.spec.naming {
                Naming::Shard { column: name, .. } => Some(column(batch, name)?),
                Naming::Own(_) => None,
            },
            attribute_arrays,
            key_texts,
            keys,
        };
        input.check_constant()?;
        Ok(input)
    }

    pub(super) fn key(&self, row: usize) -> &str {
        self.key_texts.value(row)
    }

    /// The text of an attribute, for a document's name.
    pub(super) fn text(&self, attribute: usize, row: usize) -> Result<Option<String>> {
        text::at(self.attribute_arrays[attribute], row).map_err(arrow)
    }

    /// The text of a pivot value that is not NULL.
    pub(super) fn pivot_text(&self, grid: usize, row: usize) -> Result<String> {
        Ok(text::at(self.pivots[grid], row).map_err(arrow)?.unwrap_or_default())
    }

    /// The file of the shard that the row belongs to.
    pub(super) fn shard(&self, row: usize) -> Result<String> {
        let Naming::Shard { compression, .. } = &self.compiled.spec.naming else { return Ok(String::new()) };
        let Some(shards) = self.shards else { return Ok(String::new()) };
        let number = cast(&shards.slice(row, 1), &DataType::UInt32).map_err(arrow)?;
        Ok(layout::shard(number.as_primitive::<arrow_array::types::UInt32Type>().value(0), *compression))
    }

    /// Wherever an attribute changes, the key must change.
    fn check_constant(&mut self) -> Result<()> {
        for (index, array) in self.attribute_arrays.iter().enumerate() {
            let mut keys = self.keys.iter().map(|rows| rows.start).peekable();
            for change in partition(std::slice::from_ref(*array)).map_err(arrow)?.ranges() {
                while keys.next_if(|start| *start < change.start).is_some() {}
                if keys.peek() != Some(&change.start) {
                    return Err(self.conflict(index, change.start - 1, change.start));
                }
            }
        }
        Ok(())
    }

    fn conflict(&mut self, attribute: usize, first: usize, second: usize) -> Error {
        let mut texts = [Vec::new(), Vec::new()];
        for (row, text) in [first, second].into_iter().zip(&mut texts) {
            self.attributes[attribute].append(row, b"null", text);
        }
        two_values(self.key(second), &self.compiled.attributes[attribute].column, &texts[0], &texts[1])
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
            DataType::Decimal256(_, _) => Ok(Self::Wide(array.as_primitive::<Decimal256Type>().clone())),
            _ => Ok(Self::Float(cast(array, &DataType::Float64).map_err(arrow)?.as_primitive::<Float64Type>().clone())),
        }
    }

    /// The row's number; nothing for a NULL.
    pub(super) fn get(&self, row: usize) -> Option<Sum> {
        match self {
            Self::Exact(array) => array
                .is_valid(row)
                .then(|| Sum::Exact { units: i256::from_i128(array.value(row)), scale: array.scale() }),
            Self::Wide(array) => {
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

/// Every value that a document, its name or its cells' labels will hold can be written.
fn check_writable(compiled: &CompiledSpec, batch: &RecordBatch, keys: &StringArray) -> Result<()> {
    let pivots = compiled.spec.grids.iter().map(|grid| &grid.column);
    let slots = compiled.attributes.iter().chain(&compiled.document.values);
    for name in pivots.chain(slots.clone().map(|slot| &slot.column)) {
        if let Some((row, fault)) = json::first_fault(column(batch, name)?) {
            return Err(unwritable(compiled, batch, keys.value(row), name, row, &fault)?);
        }
    }
    for Slot { column: name, .. } in slots.filter(|slot| slot.form == Form::Json) {
        if let Some((row, fault)) = json::first_not_json(column(batch, name)?) {
            return Err(unwritable(compiled, batch, keys.value(row), name, row, &fault)?);
        }
    }
    Ok(())
}

fn unwritable(
    compiled: &CompiledSpec,
    batch: &RecordBatch,
    key: &str,
    name: &str,
    row: usize,
    fault: &Fault,
) -> Result<Error> {
    let mut cell = String::new();
    for grid in compiled.spec.grids.iter().filter(|grid| grid.column != name) {
        let pivot = column(batch, &grid.column)?.slice(row, 1);
        if json::first_fault(&pivot).is_none()
            && let Some(text) = text::at(&pivot, 0).map_err(arrow)?
        {
            cell = format!(" in cell `{}` of `{}`", grid.label.label(&text), grid.name);
        }
    }
    Ok(bad_key(key, format!("`{name}`{cell} {fault}"), fault.help()))
}

fn encoder<'a>(batch: &'a RecordBatch, slot: &Slot) -> Result<Encoder<'a>> {
    let index = batch.schema_ref().index_of(&slot.column).map_err(arrow)?;
    let (field, array) = (&batch.schema_ref().fields()[index], batch.column(index));
    match slot.form {
        Form::Value => Encoder::value(field, array).map_err(arrow),
        Form::Text => Encoder::text(field, array).map_err(arrow),
        Form::Json => Ok(Encoder::embedded(array)),
    }
}

fn cells(compiled: &CompiledSpec, batch: &RecordBatch) -> Result<Vec<Vec<Cell>>> {
    let grids = compiled.spec.grids.iter().zip(&compiled.cell_indexes);
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
