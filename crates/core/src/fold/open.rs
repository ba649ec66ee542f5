//! The document that rows are being added to.

use std::collections::BTreeMap;

use super::columns::{Columns, two_values};
use super::{Layout, Naming, bad_key};
use crate::error::{Error, Result};
use crate::grid::{Cell, OffGrid};
use crate::report::{Dropped, add_dropped};
use crate::sum::{DIGITS, Sum};

/// Where a value's JSON text stands in the arena; `None` is a NULL.
type Span = Option<(u32, u32)>;

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
    pub(super) fn new(layout: &Layout) -> Self {
        let cells = |(grid, values): (&crate::grid::Grid, &Vec<usize>)| GridCells {
            taken: vec![0; grid.values.len()],
            spans: vec![None; grid.values.len() * values.len()],
            extra: BTreeMap::new(),
        };
        Self {
            key: String::new(),
            path: String::new(),
            rows: 0,
            attributes: vec![Vec::new(); layout.attributes.len()],
            grids: layout.spec.grids.iter().zip(&layout.grid_values).map(cells).collect(),
            sums: vec![(None, None); layout.spec.totals.len()],
            dropped: Dropped::new(),
            arena: Vec::new(),
            generation: 0,
        }
    }

    /// Starts a document with the attributes of its first row.
    pub(super) fn start(mut self, layout: &Layout, columns: &mut Columns<'_>, row: usize) -> Result<Self> {
        self.generation += 1;
        self.key.clear();
        self.key.push_str(columns.key(row));
        self.rows = 0;
        self.arena.clear();
        self.dropped.clear();
        self.sums.fill((None, None));
        self.grids.iter_mut().for_each(|grid| grid.extra.clear());
        for (text, encoder) in self.attributes.iter_mut().zip(&mut columns.attributes) {
            text.clear();
            encoder.append(row, b"null", text);
        }
        self.path = match &layout.spec.naming {
            Naming::Shard { .. } => columns.shard(layout, row)?,
            Naming::Own(pattern) => {
                let mut wrong = None;
                let mut text = |name: &str| match attribute_text(layout, columns, name, row) {
                    Ok(text) => text,
                    Err(error) => {
                        wrong.get_or_insert(error);
                        String::new()
                    }
                };
                let path = pattern.name(&mut text);
                match wrong {
                    Some(error) => return Err(error),
                    None => path.map_err(|message| {
                        bad_key(&self.key, message, "shorten the columns that `output.name` uses")
                    })?,
                }
            }
        };
        Ok(self)
    }

    /// Checks that a further batch goes on with the same attributes.
    pub(super) fn check_attributes(&self, layout: &Layout, columns: &mut Columns<'_>, row: usize) -> Result<()> {
        let mut text = Vec::new();
        for (index, known) in self.attributes.iter().enumerate() {
            text.clear();
            columns.attributes[index].append(row, b"null", &mut text);
            if text != *known {
                return Err(two_values(&self.key, &layout.attributes[index].column, known, &text));
            }
        }
        Ok(())
    }

    /// Adds a row: it ends in exactly one cell, or is counted as dropped, or fails the run.
    pub(super) fn add(&mut self, layout: &Layout, columns: &mut Columns<'_>, row: usize) -> Result<()> {
        self.rows += 1;
        let Some(grid) = self.grid_of(layout, columns, row)? else {
            return match self.rows {
                1 => Ok(()),
                _ => Err(bad_key(
                    &self.key,
                    "has two rows, and the document has no pivot to tell them apart",
                    "aggregate to one row per key, or add a pivot to document.json",
                )),
            };
        };
        match (columns.cells[grid][row], layout.spec.grids[grid].off_grid) {
            (Cell::On(cell), _) => self.put(layout, columns, row, grid, cell)?,
            (_, OffGrid::Extend) => self.put_extra(layout, columns, row, grid)?,
            (_, OffGrid::Drop) => {
                let value = columns.pivot_text(grid, row)?;
                let name = layout.spec.grids[grid].name.clone();
                add_dropped(&mut self.dropped, &[(name, [(value, 1)].into())].into());
                return self.sum(layout, columns, row, grid, |sums| &mut sums.1);
            }
            (_, OffGrid::Fail) => return Err(self.off_grid(layout, columns, row, grid)?),
        }
        if self.arena.len() > LARGEST_DOCUMENT {
            let message = format!("its document is larger than {LARGEST_DOCUMENT} bytes");
            return Err(bad_key(&self.key, message, "use a finer key, so that a document holds less"));
        }
        self.sum(layout, columns, row, grid, |sums| &mut sums.0)
    }

    /// The one grid whose pivot value is not NULL; none if there are no grids at all.
    fn grid_of(&self, layout: &Layout, columns: &Columns<'_>, row: usize) -> Result<Option<usize>> {
        let grids = &layout.spec.grids;
        let mut given = (0..grids.len()).filter(|grid| columns.cells[*grid][row] != Cell::Null);
        match (given.next(), given.next()) {
            (Some(grid), None) => Ok(Some(grid)),
            (None, _) if grids.is_empty() => Ok(None),
            (None, _) => {
                let names: Vec<_> = grids.iter().map(|grid| format!("`{}`", grid.column)).collect();
                Err(bad_key(
                    &self.key,
                    format!("the pivot column {} is NULL, so the row has no cell", names.join(" and ")),
                    "leave such rows out in the query, or give them a value with coalesce",
                ))
            }
            (Some(first), Some(second)) => Err(bad_key(
                &self.key,
                format!(
                    "a row has values in two pivot columns, `{}` and `{}`, so it would be in two cells",
                    grids[first].column, grids[second].column
                ),
                "give each pivot rows of its own, such as with GROUPING SETS or UNION ALL, with NULL in the other pivot's column",
            )),
        }
    }

    fn put(&mut self, layout: &Layout, columns: &mut Columns<'_>, row: usize, grid: usize, cell: usize) -> Result<()> {
        let values = &layout.grid_values[grid];
        let taken = std::mem::replace(&mut self.grids[grid].taken[cell], self.generation) == self.generation;
        if taken {
            let spans = self.grids[grid].spans[cell * values.len()..(cell + 1) * values.len()].to_vec();
            let label = layout.spec.grids[grid].label.label(&layout.spec.grids[grid].values[cell]);
            return Err(self.two_rows(layout, columns, row, grid, &label, &spans));
        }
        for (index, value) in values.iter().enumerate() {
            self.grids[grid].spans[cell * values.len() + index] = encode(&mut self.arena, columns, *value, row);
        }
        Ok(())
    }

    fn put_extra(&mut self, layout: &Layout, columns: &mut Columns<'_>, row: usize, grid: usize) -> Result<()> {
        let extra = Extra::of(columns.pivot_text(grid, row)?);
        if let Some(spans) = self.grids[grid].extra.get(&extra).cloned() {
            let label = layout.spec.grids[grid].label.label(&extra.text());
            return Err(self.two_rows(layout, columns, row, grid, &label, &spans));
        }
        let values = layout.grid_values[grid].iter();
        let spans = values.map(|value| encode(&mut self.arena, columns, *value, row)).collect();
        self.grids[grid].extra.insert(extra, spans);
        Ok(())
    }

    fn sum(
        &mut self,
        layout: &Layout,
        columns: &Columns<'_>,
        row: usize,
        grid: usize,
        side: fn(&mut Sums) -> &mut Option<Sum>,
    ) -> Result<()> {
        for (index, name) in layout.spec.totals.iter().enumerate() {
            let shown = layout.grid_values[grid].iter().any(|value| layout.document.values[*value].column == *name);
            let Some(number) = columns.totals[index].get(row).filter(|_| shown) else { continue };
            let sum = side(&mut self.sums[index]);
            let added = match sum {
                None => Some(number),
                Some(sum) => sum.add(number),
            };
            *sum = Some(added.ok_or_else(|| {
                bad_key(
                    &self.key,
                    format!("the control total of `{name}` does not fit into {DIGITS} digits"),
                    "use a smaller type",
                )
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

    fn two_rows(
        &self,
        layout: &Layout,
        columns: &mut Columns<'_>,
        row: usize,
        grid: usize,
        label: &str,
        first: &[Span],
    ) -> Error {
        let spec = &layout.spec.grids[grid];
        let mut values = Vec::new();
        for (index, value) in layout.grid_values[grid].iter().enumerate() {
            let (name, mut second) = (&layout.document.values[*value].column, Vec::new());
            columns.values[*value].append(row, b"NULL", &mut second);
            let first = self.text(first[index]).map_or_else(|| "NULL".into(), String::from_utf8_lossy);
            values.push(format!("`{name}` is {first} and {}", String::from_utf8_lossy(&second)));
        }
        let message = format!("two rows for cell `{label}` of `{}`: {}", spec.name, values.join(", "));
        bad_key(&self.key, message, format!("GROUP BY the key and `{}`, so that each cell has one row", spec.column))
    }

    fn off_grid(&self, layout: &Layout, columns: &Columns<'_>, row: usize, grid: usize) -> Result<Error> {
        let spec = &layout.spec.grids[grid];
        let message = format!(
            "`{}` is `{}`, which the grid `{}` does not have",
            spec.column,
            columns.pivot_text(grid, row)?,
            spec.name
        );
        let help = format!("widen pivot.{0}, or set pivot.{0}.off_grid to \"extend\" or \"drop\"", spec.name);
        Ok(bad_key(&self.key, message, help))
    }
}

fn attribute_text(layout: &Layout, columns: &Columns<'_>, name: &str, row: usize) -> Result<String> {
    let index = layout.attributes.iter().position(|attribute| attribute.column == name);
    let text = index.map(|index| columns.text(index, row)).transpose()?.flatten();
    text.ok_or_else(|| {
        let key = columns.key(row);
        bad_key(
            key,
            format!("`{name}` is NULL, and `output.name` uses it"),
            format!("use coalesce({name}, …) in the query"),
        )
    })
}

fn encode(arena: &mut Vec<u8>, columns: &mut Columns<'_>, value: usize, row: usize) -> Span {
    let encoder = &mut columns.values[value];
    if encoder.is_null(row) {
        return None;
    }
    // A place beyond 4 GiB is beyond the largest document, too, which is refused right after.
    let place = |arena: &Vec<u8>| u32::try_from(arena.len()).unwrap_or(u32::MAX);
    let start = place(arena);
    encoder.append(row, b"null", arena);
    Some((start, place(arena)))
}
