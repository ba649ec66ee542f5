//! Pivot grids: which cells a document has, what they are called, and which one a row belongs to.

use std::collections::HashMap;
use std::str::FromStr;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Problem, Result};
use crate::text;

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

    fn from_str(pattern: &str) -> Result<Self, String> {
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
    /// Whether the column holds decimals, whose texts end in as many zeros as their type has digits.
    decimal: bool,
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
    ///
    /// # Errors
    /// If two cells are the same value of that type, such as `1` and `1.0`.
    pub fn new(grid: &Grid, column_type: &DataType) -> Result<Self> {
        let decimal = column_type.is_decimal();
        let mut by_text = HashMap::new();
        for (cell, value) in grid.values.iter().enumerate() {
            let text = match column_type {
                _ if decimal => number(value).to_owned(),
                DataType::Timestamp(_, None) => moment(value),
                _ => value.clone(),
            };
            if let Some(earlier) = by_text.insert(text, cell) {
                let message = format!(
                    "the cells `{}` and `{value}` of `pivot.{}` are the same {column_type}",
                    grid.values[earlier], grid.name
                );
                return Err(Error::new(ErrorKind::Usage, Problem::new(message).help("give each cell once")));
            }
        }
        let dense = column_type.is_integer().then(|| Dense::new(&grid.values)).flatten();
        Ok(Self { dense, by_text, decimal })
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
                let cell = |text: Option<&str>| match text {
                    None => Cell::Null,
                    Some(text) => {
                        let text = if self.decimal { number(text) } else { text };
                        self.by_text.get(text).map_or(Cell::Off, |cell| Cell::On(*cell))
                    }
                };
                Ok(text::of(column)?.iter().map(cell).collect())
            }
        }
    }
}

/// The text of a decimal without zeros at its end, which say nothing about its value.
fn number(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The text of a timestamp as keyfold writes it: a date alone is its midnight, and `T` stands before the time.
fn moment(text: &str) -> String {
    match text.len() {
        10 => format!("{text}T00:00:00"),
        _ => text.replacen(' ', "T", 1),
    }
}

impl Dense {
    fn new(values: &[String]) -> Option<Self> {
        // `07` is not how an integer is written, so it is not an integer's cell, however wide the grid is.
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
            let index = CellIndex::new(&grid(&values), &DataType::Int64).unwrap();
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
        let index = CellIndex::new(&grid(&["a", "b"]), &DataType::Utf8).unwrap();
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), Some("c"), None]));
        assert_eq!(index.cells(&column).unwrap(), [Cell::On(1), Cell::Off, Cell::Null]);
        let column: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let index = CellIndex::new(&grid(&["1", "x"]), &DataType::Int32).unwrap();
        assert_eq!(index.cells(&column).unwrap(), [Cell::On(0)]);
    }

    #[test]
    fn an_unsigned_value_beyond_all_signed_ones_is_off_the_grid() {
        let column: ArrayRef = Arc::new(arrow_array::UInt64Array::from(vec![Some(7), Some(u64::MAX), None]));
        let index = CellIndex::new(&grid(&["7"]), &DataType::UInt64).unwrap();
        assert_eq!(index.cells(&column).unwrap(), [Cell::On(0), Cell::Off, Cell::Null]);
    }

    #[test]
    fn text_that_no_integer_is_written_as_is_not_an_integers_cell() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![7]));
        for values in [["07", "8"], ["07", "9000000000"]] {
            let index = CellIndex::new(&grid(&values), &DataType::Int32).unwrap();
            assert_eq!(index.cells(&column).unwrap(), [Cell::Off]);
        }
    }

    fn cells(values: &[&str], column: impl arrow_array::Array + 'static) -> Vec<Cell> {
        let column: ArrayRef = Arc::new(column);
        CellIndex::new(&grid(values), column.data_type()).unwrap().cells(&column).unwrap()
    }

    #[test]
    fn a_decimal_finds_its_cell_however_many_zeros_its_type_writes() {
        let weeks = arrow_array::Decimal128Array::from(vec![100, 150, 1000, 0, -100]);
        let weeks = weeks.with_precision_and_scale(9, 2).unwrap();
        let found = cells(&["1", "10.0", "1.5", "0"], weeks);
        assert_eq!(found, [Cell::On(0), Cell::On(2), Cell::On(1), Cell::On(3), Cell::Off]);
        let hundreds = arrow_array::Decimal128Array::from(vec![0, 5]).with_precision_and_scale(9, -2).unwrap();
        assert_eq!(cells(&["0", "500"], hundreds), [Cell::On(0), Cell::On(1)]);
    }

    #[test]
    fn cells_that_are_the_same_decimal_are_refused() {
        let error = CellIndex::new(&grid(&["1", "2", "1.00"]), &DataType::Decimal128(9, 2)).unwrap_err();
        assert!(error.to_string().starts_with("the cells `1` and `1.00` of `pivot.g` are the same"), "{error}");
        assert!(CellIndex::new(&grid(&["1", "1.00"]), &DataType::Utf8).is_ok());
    }

    #[test]
    fn booleans_dates_and_timestamps_find_their_cells() {
        assert_eq!(
            cells(&["true", "false"], arrow_array::BooleanArray::from(vec![false, true])),
            [Cell::On(1), Cell::On(0)]
        );
        assert_eq!(
            cells(&["2018-01-01"], arrow_array::Date32Array::from(vec![17_532, 17_533])),
            [Cell::On(0), Cell::Off]
        );
        for midnight in ["2018-01-01", "2018-01-01 00:00:00", "2018-01-01T00:00:00"] {
            let moments = arrow_array::TimestampSecondArray::from(vec![17_532 * 86_400, 17_532 * 86_400 + 1]);
            assert_eq!(cells(&[midnight], moments), [Cell::On(0), Cell::Off]);
        }
    }

    #[test]
    fn integers_beyond_what_a_float_can_count_find_their_own_cells() {
        let (even, odd) = (1i64 << 53, (1i64 << 53) + 1);
        let column = arrow_array::Int64Array::from(vec![odd, even, i64::MAX]);
        let values = [even, odd, i64::MAX].map(|value| value.to_string());
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(cells(&values, column), [Cell::On(1), Cell::On(0), Cell::On(2)]);
        let most = u64::MAX.to_string();
        assert_eq!(cells(&[&most, "7"], arrow_array::UInt64Array::from(vec![7, u64::MAX])), [Cell::On(1), Cell::On(0)]);
    }

    #[test]
    fn a_label_pattern_holds_the_value_exactly_once() {
        assert_eq!("W{}".parse::<LabelPattern>().unwrap().label("7"), "W7");
        assert!("W".parse::<LabelPattern>().is_err());
        assert!("{}{}".parse::<LabelPattern>().is_err());
    }
}
