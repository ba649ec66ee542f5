//! The document that rows are being added to.

use std::collections::BTreeMap;

use super::batch::two_values;
use super::row::{GridRow, Row};
use super::{CompiledSpec, Naming, bad_key};
use crate::error::{Error, Result};
use crate::grid::{Cell, Grid, OffGrid};
use crate::report::{Dropped, add_dropped};
use crate::sum::{DIGITS, Sum};

/// Where a value's JSON text stands in the arena; `None` is a NULL.
pub(super) type Span = Option<(u32, u32)>;

/// What is delivered and what is dropped.
type Sums = (Option<Sum>, Option<Sum>);

/// Documents are kept in memory whole; one beyond this is a mistake in the key.
pub(super) const LARGEST_DOCUMENT: usize = 1 << 29;

pub(super) struct OpenDocument {
    pub(super) key: String,
    pub(super) path: String,
    pub(super) rows: u64,
    /// JSON text of each attribute.
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) grids: Vec<GridCells>,
    /// For each control total.
    pub(super) sums: Vec<Sums>,
    pub(super) dropped: Dropped,
    /// JSON text of all cells.
    pub(super) arena: Vec<u8>,
    /// Counts documents, so that cells of earlier ones need no clearing.
    generation: u64,
}

/// The cells of one grid.
pub(super) struct GridCells {
    /// The document that last had this cell.
    taken: Vec<u64>,
    /// The cells' texts: `cell * values + value`.
    spans: Vec<Span>,
    /// Cells outside the grid, where the job lets it be extended.
    pub(super) extra: BTreeMap<Extra, Vec<Span>>,
}

/// Orders cells outside the grid: numbers by size, then text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extra {
    Integer(i64),
    Text(String),
}

impl Extra {
    fn of(text: String) -> Self {
        match text.parse::<i64>() {
            Ok(integer) if integer.to_string() == text => Self::Integer(integer),
            _ => Self::Text(text),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl OpenDocument {
    pub(super) fn new(compiled: &CompiledSpec) -> Self {
        let cells = |(grid, values): (&Grid, &Vec<usize>)| GridCells {
            taken: vec![0; grid.values.len()],
            spans: vec![None; grid.values.len() * values.len()],
            extra: BTreeMap::new(),
        };
        Self {
            key: String::new(),
            path: String::new(),
            rows: 0,
            attributes: vec![Vec::new(); compiled.attributes.len()],
            grids: compiled.spec.grids.iter().zip(&compiled.grid_values).map(cells).collect(),
            sums: vec![(None, None); compiled.spec.totals.len()],
            dropped: Dropped::new(),
            arena: Vec::new(),
            generation: 0,
        }
    }

    /// Starts a document with the attributes of its first row.
    pub(super) fn start(mut self, row: &mut Row<'_, '_>) -> Result<Self> {
        self.generation += 1;
        self.key.clear();
        self.key.push_str(row.key());
        self.rows = 0;
        self.arena.clear();
        self.dropped.clear();
        self.sums.fill((None, None));
        self.grids.iter_mut().for_each(|grid| grid.extra.clear());
        for (attribute, text) in self.attributes.iter_mut().enumerate() {
            text.clear();
            row.append_attribute(attribute, text);
        }
        self.path = self.path(row)?;
        Ok(self)
    }

    /// The file that the document goes into.
    fn path(&self, row: &Row<'_, '_>) -> Result<String> {
        let pattern = match &row.spec().naming {
            Naming::Shard { .. } => return row.batch.shard(row.index),
            Naming::Own(pattern) => pattern,
        };
        let mut wrong = None;
        let path = pattern.name(&mut |name: &str| {
            row.name_part(name).unwrap_or_else(|error| {
                wrong.get_or_insert(error);
                String::new()
            })
        });
        match wrong {
            Some(error) => Err(error),
            None => path.map_err(|message| bad_key(&self.key, message, "shorten the columns that `output.name` uses")),
        }
    }

    /// Checks that a further batch goes on with the same attributes.
    pub(super) fn check_attributes(&self, row: &mut Row<'_, '_>) -> Result<()> {
        let mut text = Vec::new();
        for (attribute, known) in self.attributes.iter().enumerate() {
            text.clear();
            row.append_attribute(attribute, &mut text);
            if text != *known {
                return Err(two_values(&self.key, &row.batch.compiled.attributes[attribute].column, known, &text));
            }
        }
        Ok(())
    }

    /// Adds a row: it ends in exactly one cell, or is counted as dropped, or fails the run.
    pub(super) fn add(&mut self, row: &mut Row<'_, '_>) -> Result<()> {
        self.rows += 1;
        let Some(mut row) = row.in_grid()? else {
            return match self.rows {
                1 => Ok(()),
                _ => Err(bad_key(
                    &self.key,
                    "has two rows, and the document has no pivot to tell them apart",
                    "aggregate to one row per key, or add a pivot to document.json",
                )),
            };
        };
        match (row.cell(), row.grid().off_grid) {
            (Cell::On(cell), _) => self.put(&mut row, cell)?,
            (_, OffGrid::Extend) => self.put_extra(&mut row)?,
            (_, OffGrid::Drop) => {
                add_dropped(&mut self.dropped, &[(row.grid().name.clone(), [(row.pivot()?, 1)].into())].into());
                return self.sum(&row, |sums| &mut sums.1);
            }
            (_, OffGrid::Fail) => return Err(row.off_grid()?),
        }
        if self.arena.len() > LARGEST_DOCUMENT {
            let message = format!("its document is larger than {LARGEST_DOCUMENT} bytes");
            return Err(bad_key(&self.key, message, "use a finer key, so that a document holds less"));
        }
        self.sum(&row, |sums| &mut sums.0)
    }

    fn put(&mut self, row: &mut GridRow<'_, '_>, cell: usize) -> Result<()> {
        let cells = &mut self.grids[row.index];
        let values = row.values();
        let spans = &mut cells.spans[cell * values.len()..(cell + 1) * values.len()];
        if std::mem::replace(&mut cells.taken[cell], self.generation) == self.generation {
            let spans = spans.to_vec();
            return Err(self.two_rows(row, &row.grid().values[cell].clone(), &spans));
        }
        for (span, value) in spans.iter_mut().zip(values) {
            *span = row.encode(*value, &mut self.arena);
        }
        Ok(())
    }

    fn put_extra(&mut self, row: &mut GridRow<'_, '_>) -> Result<()> {
        let extra = Extra::of(row.pivot()?);
        if let Some(spans) = self.grids[row.index].extra.get(&extra).cloned() {
            return Err(self.two_rows(row, &extra.text(), &spans));
        }
        let spans = row.values().iter().map(|value| row.encode(*value, &mut self.arena)).collect();
        self.grids[row.index].extra.insert(extra, spans);
        Ok(())
    }

    /// Adds the row's values to one side of the control totals.
    fn sum(&mut self, row: &GridRow<'_, '_>, side: fn(&mut Sums) -> &mut Option<Sum>) -> Result<()> {
        for total in row.totals() {
            let Some(number) = row.total(*total) else { continue };
            let sum = side(&mut self.sums[*total]);
            let added = match sum {
                None => Some(number),
                Some(sum) => sum.add(number),
            };
            *sum = Some(added.ok_or_else(|| {
                let message =
                    format!("the control total of `{}` does not fit into {DIGITS} digits", row.spec().totals[*total]);
                bad_key(&self.key, message, "use a smaller type")
            })?);
        }
        Ok(())
    }

    /// The texts of a grid's cell, by value; nothing if no row came.
    pub(super) fn cell(&self, grid: usize, cell: usize, values: usize) -> Option<&[Span]> {
        let cells = &self.grids[grid];
        (cells.taken[cell] == self.generation).then(|| &cells.spans[cell * values..(cell + 1) * values])
    }

    pub(super) fn text(&self, span: Span) -> Option<&[u8]> {
        span.map(|(start, end)| &self.arena[start as usize..end as usize])
    }

    /// The failure of a second row for the cell of this pivot value.
    fn two_rows(&self, row: &mut GridRow<'_, '_>, pivot: &str, first: &[Span]) -> Error {
        let label = row.grid().label.label(pivot);
        let mut values = Vec::new();
        for (value, first) in row.values().iter().zip(first) {
            let first = self.text(*first).map_or_else(|| "NULL".into(), String::from_utf8_lossy);
            let (name, second) = row.shown(*value);
            values.push(format!("`{name}` is {first} and {second}"));
        }
        let Grid { name, column, .. } = row.grid();
        let message = format!("two rows for cell `{label}` of `{name}`: {}", values.join(", "));
        bad_key(&self.key, message, format!("GROUP BY the key and `{column}`, so that each cell has one row"))
    }
}
