//! A row of a batch, and the one grid that it has a cell in.

use super::batch::InputBatch;
use super::open::Span;
use super::{FoldSpec, bad_key};
use crate::error::{Error, Result};
use crate::grid::{Cell, Grid};
use crate::sum::Sum;

pub(super) struct Row<'r, 'a> {
    pub(super) batch: &'r mut InputBatch<'a>,
    pub(super) index: usize,
}

impl<'r, 'a> Row<'r, 'a> {
    pub(super) fn new(batch: &'r mut InputBatch<'a>, index: usize) -> Self {
        Self { batch, index }
    }

    pub(super) fn key(&self) -> &str {
        self.batch.key(self.index)
    }

    pub(super) fn spec(&self) -> &'a FoldSpec {
        &self.batch.compiled.spec
    }

    /// Appends an attribute's JSON text.
    pub(super) fn append_attribute(&mut self, attribute: usize, text: &mut Vec<u8>) {
        self.batch.attributes[attribute].append(self.index, b"null", text);
    }

    /// The text of a column that the document's name uses.
    pub(super) fn name_part(&self, column: &str) -> Result<String> {
        let index = self.batch.compiled.attributes.iter().position(|attribute| attribute.column == column);
        let text = index.map(|index| self.batch.text(index, self.index)).transpose()?.flatten();
        text.ok_or_else(|| {
            let help = format!("use coalesce({column}, …) in the query");
            bad_key(self.key(), format!("`{column}` is NULL, and `output.name` uses it"), help)
        })
    }

    /// The row in the one grid whose pivot value is not NULL; nothing if there are no grids at all.
    pub(super) fn in_grid(&mut self) -> Result<Option<GridRow<'_, 'a>>> {
        let grids = &self.spec().grids;
        let mut given = (0..grids.len()).filter(|grid| self.batch.cells[*grid][self.index] != Cell::Null);
        match (given.next(), given.next()) {
            (Some(index), None) => Ok(Some(GridRow { row: Row { batch: &mut *self.batch, index: self.index }, index })),
            (None, _) if grids.is_empty() => Ok(None),
            (None, _) => {
                let names: Vec<_> = grids.iter().map(|grid| format!("`{}`", grid.column)).collect();
                Err(bad_key(
                    self.key(),
                    format!("the pivot column {} is NULL, so the row has no cell", names.join(" and ")),
                    "leave such rows out in the query, or give them a value with coalesce",
                ))
            }
            (Some(first), Some(second)) => Err(bad_key(
                self.key(),
                format!(
                    "a row has values in two pivot columns, `{}` and `{}`, so it would be in two cells",
                    grids[first].column, grids[second].column
                ),
                "give each pivot rows of its own, such as with GROUPING SETS or UNION ALL, with NULL in the other pivot's column",
            )),
        }
    }
}

/// A row that belongs to a grid.
pub(super) struct GridRow<'r, 'a> {
    row: Row<'r, 'a>,
    /// The grid's index.
    pub(super) index: usize,
}

impl<'a> GridRow<'_, 'a> {
    pub(super) fn spec(&self) -> &'a FoldSpec {
        self.row.spec()
    }

    pub(super) fn grid(&self) -> &'a Grid {
        &self.spec().grids[self.index]
    }

    /// The values that the grid's cells hold, by index into `Document::values`.
    pub(super) fn values(&self) -> &'a [usize] {
        &self.row.batch.compiled.grid_values[self.index]
    }

    pub(super) fn cell(&self) -> Cell {
        self.row.batch.cells[self.index][self.row.index]
    }

    /// The text of the pivot value.
    pub(super) fn pivot(&self) -> Result<String> {
        self.row.batch.pivot_text(self.index, self.row.index)
    }

    /// Appends a value's JSON text, and says where; nothing for a NULL.
    pub(super) fn encode(&mut self, value: usize, arena: &mut Vec<u8>) -> Span {
        let encoder = &mut self.row.batch.values[value];
        if encoder.is_null(self.row.index) {
            return None;
        }
        // A place beyond 4 GiB is beyond the largest document, too, which is refused right after.
        let place = |arena: &Vec<u8>| u32::try_from(arena.len()).unwrap_or(u32::MAX);
        let start = place(arena);
        encoder.append(self.row.index, b"null", arena);
        Some((start, place(arena)))
    }

    /// The name and the text of a value, for a message.
    pub(super) fn shown(&mut self, value: usize) -> (&'a str, String) {
        let mut text = Vec::new();
        self.row.batch.values[value].append(self.row.index, b"NULL", &mut text);
        let name = &self.row.batch.compiled.document.values[value].column;
        (name, String::from_utf8_lossy(&text).into_owned())
    }

    /// The control totals that count the grid's cells.
    pub(super) fn totals(&self) -> &'a [usize] {
        &self.row.batch.compiled.grid_totals[self.index]
    }

    /// The number that a control total counts, if it is not NULL.
    pub(super) fn total(&self, total: usize) -> Option<Sum> {
        self.row.batch.totals[total].get(self.row.index)
    }

    /// The failure of a pivot value that the grid does not have.
    pub(super) fn off_grid(&self) -> Result<Error> {
        let Grid { name, column, .. } = self.grid();
        let message = format!("`{column}` is `{}`, which the grid `{name}` does not have", self.pivot()?);
        let help = format!("widen pivot.{name}, or set pivot.{name}.off_grid to \"extend\" or \"drop\"");
        Ok(bad_key(self.row.key(), message, help))
    }
}
