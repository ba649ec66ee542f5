//! Pivot grids: which cells a document has, what they are called, and which one a row belongs to.

use std::collections::HashMap;
use std::str::FromStr;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use serde::{Deserialize, Serialize};

/// What happens to a row whose pivot value is not in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OffGrid {
    /// The run fails and names the key and the value.
    Fail,
    /// The document gets the cell, after those of the grid.
    Extend,
    /// The row is left out, counted, and named in the report.
    Drop,
}

/// How a pivot value becomes a label: the text before and after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LabelPattern {
    before: String,
    after: String,
}

impl FromStr for LabelPattern {
    type Err = String;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        match pattern.split_once("{}") {
            Some((before, after)) if !after.contains("{}") => Ok(Self { before: before.into(), after: after.into() }),
            _ => Err(format!("is `{pattern}`, and must hold {{}} exactly once, for the value")),
        }
    }
}

impl LabelPattern {
    /// The label of a value.
    pub fn label(&self, value: &str) -> String {
        format!("{}{value}{}", self.before, self.after)
    }
}

/// A grid, resolved: every cell's value is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grid {
    /// The name that the template uses.
    pub name: String,
    /// The query's output column that says which cell a row belongs to.
    pub column: String,
    /// How a value becomes a label.
    pub label: LabelPattern,
    /// The cells' values as text, in order, each once.
    pub values: Vec<String>,
    /// What happens to a row outside the grid.
    pub off_grid: OffGrid,
}

/// Which cell a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// The pivot value is NULL.
    Null,
    /// The cell's index in the grid.
    On(usize),
    /// Outside the grid.
    Off,
}

/// Finds the cells of pivot values. Integers are looked up by their distance from the smallest.
#[derive(Debug)]
pub struct CellIndex {
    dense: Option<Dense>,
    by_text: HashMap<String, usize>,
}

#[derive(Debug)]
struct Dense {
    first: i64,
    cells: Vec<Option<usize>>,
}

/// Wider than this, a table of integers would waste memory.
const WIDEST_DENSE: i64 = 1 << 20;

impl CellIndex {
    /// An index for a grid over a pivot column of this type.
    pub fn new(grid: &Grid, column_type: &DataType) -> Self {
        let by_text = grid.values.iter().enumerate().map(|(cell, value)| (value.clone(), cell)).collect();
        let dense = column_type.is_integer().then(|| Dense::new(&grid.values)).flatten();
        Self { dense, by_text }
    }

    /// The cell of every row.
    pub fn cells(&self, column: &ArrayRef) -> Result<Vec<Cell>, ArrowError> {
        match &self.dense {
            Some(dense) => {
                let integers = cast(column, &DataType::Int64)?;
                let cell = |(row, value): (usize, Option<i64>)| match value {
                    Some(value) => dense.cell(value),
                    // An unsigned value beyond all signed ones becomes NULL in the cast.
                    None if column.is_valid(row) => Cell::Off,
                    None => Cell::Null,
                };
                Ok(integers.as_primitive::<Int64Type>().iter().enumerate().map(cell).collect())
            }
            None => {
                let texts = cast(column, &DataType::Utf8)?;
                let cell = |text: Option<&str>| match text {
                    None => Cell::Null,
                    Some(text) => self.by_text.get(text).map_or(Cell::Off, |cell| Cell::On(*cell)),
                };
                Ok(texts.as_string::<i32>().iter().map(cell).collect())
            }
        }
    }
}

impl Dense {
    fn new(values: &[String]) -> Option<Self> {
        // `07` is no integer's text, so it is no integer's cell, however wide the grid is.
        let integer = |value: &String| value.parse::<i64>().ok().filter(|integer| integer.to_string() == *value);
        let integers: Vec<i64> = values.iter().map(integer).collect::<Option<_>>()?;
        let (first, last) = (*integers.iter().min()?, *integers.iter().max()?);
        let width = last.checked_sub(first).filter(|width| *width < WIDEST_DENSE)?;
        let mut cells = vec![None; width as usize + 1];
        for (cell, integer) in integers.into_iter().enumerate() {
            cells[(integer - first) as usize] = Some(cell);
        }
        Some(Self { first, cells })
    }

    fn cell(&self, value: i64) -> Cell {
        let index = value.checked_sub(self.first).and_then(|distance| usize::try_from(distance).ok());
        match index.and_then(|index| self.cells.get(index)).copied().flatten() {
            Some(cell) => Cell::On(cell),
            None => Cell::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int32Array, StringArray};

    use super::*;

    fn grid(values: &[&str]) -> Grid {
        Grid {
            name: "g".into(),
            column: "c".into(),
            label: LabelPattern::default(),
            values: values.iter().map(|value| value.to_string()).collect(),
            off_grid: OffGrid::Fail,
        }
    }

    #[test]
    fn integers_find_their_cells_however_far_apart_they_are() {
        for values in [["-3", "0", "7"], ["-9000000000", "0", "9000000000"]] {
            let index = CellIndex::new(&grid(&values), &DataType::Int64);
            let column: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![
                values[2].parse().ok(),
                values[0].parse().ok(),
                Some(i64::MIN),
                Some(i64::MAX),
                None,
            ]));
            let cells = index.cells(&column).unwrap();
            assert_eq!(cells, [Cell::On(2), Cell::On(0), Cell::Off, Cell::Off, Cell::Null]);
        }
    }

    #[test]
    fn text_finds_its_cells_and_integers_match_a_grid_of_text() {
        let index = CellIndex::new(&grid(&["a", "b"]), &DataType::Utf8);
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), Some("c"), None]));
        assert_eq!(index.cells(&column).unwrap(), [Cell::On(1), Cell::Off, Cell::Null]);
        let column: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        assert_eq!(CellIndex::new(&grid(&["1", "x"]), &DataType::Int32).cells(&column).unwrap(), [Cell::On(0)]);
    }

    #[test]
    fn an_unsigned_value_beyond_all_signed_ones_is_off_the_grid() {
        let column: ArrayRef = Arc::new(arrow_array::UInt64Array::from(vec![Some(7), Some(u64::MAX), None]));
        let index = CellIndex::new(&grid(&["7"]), &DataType::UInt64);
        assert_eq!(index.cells(&column).unwrap(), [Cell::On(0), Cell::Off, Cell::Null]);
    }

    #[test]
    fn text_that_no_integer_is_written_as_is_no_integers_cell() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![7]));
        for values in [["07", "8"], ["07", "9000000000"]] {
            assert_eq!(CellIndex::new(&grid(&values), &DataType::Int32).cells(&column).unwrap(), [Cell::Off]);
        }
    }

    #[test]
    fn a_label_pattern_holds_the_value_exactly_once() {
        assert_eq!("W{}".parse::<LabelPattern>().unwrap().label("7"), "W7");
        assert!("W".parse::<LabelPattern>().is_err());
        assert!("{}{}".parse::<LabelPattern>().is_err());
    }
}
