//! What becomes a document, a cell and a number.

use datafusion::prelude::SessionContext;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::names::{always_quoted, capitalized, identifier, is_label, unlike};
use super::{Column, Join, Kind, Star, Table, Wishes, joins, profile};

/// A column that rows are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Its table, as an index of the star's tables.
    pub table: usize,
    /// Its name there.
    pub column: String,
    /// Its name in the query's output.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Whether some rows of the facts have no value, or may have none.
    pub may_miss: bool,
}

/// Which cells a pivot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Every whole number from the first to the last.
    Range(i64, i64),
    /// The column's values.
    Values,
}

/// A number that is delivered for each key, or for each cell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The column of the facts that is added up; nothing for the number of rows.
    pub column: Option<String>,
    /// Its name in the query's output.
    pub name: String,
    /// What a reader calls it.
    pub label: String,
    /// The sum's SQL type.
    pub sql_type: String,
}

/// A text of more values than this is rather a description than a group.
const MOST_GROUPS: u64 = 1_000;
/// A grid of whole numbers is written as a range up to this width.
const WIDEST_RANGE: u64 = 400;
/// More cells than this in every document are surely a mistake.
const MOST_CELLS: u64 = 10_000;

/// Puts the star together.
pub(super) async fn choose(
    context: &SessionContext,
    tables: Vec<Table>,
    joins: Vec<Join>,
    wishes: &Wishes,
) -> Result<Star> {
    let mut names = Vec::new();
    let (table, column) = match &wishes.key {
        Some(wish) => wished(&tables, &joins, wish, "--key")?,
        None => likely_key(&tables, &joins),
    };
    let may_miss = table > 0 || column.nulls > 0;
    let key = axis(table, column, may_miss, &mut names);
    let pivot = match &wishes.pivot {
        None => None,
        Some(wish) => {
            let (table, column) = wished(&tables, &joins, wish, "--pivot")?;
            if (table, &column.name) == (key.table, &key.column) {
                return Err(refused(
                    "--pivot",
                    wish,
                    format!("`{wish}` is the key already, and each document has one value of its key"),
                ));
            }
            let grid = grid(context, &tables[table], column, wish).await?;
            let join = joins.iter().find(|join| join.table == table);
            let missing = joins::missing(context, &tables, join, &column.name).await?;
            Some((axis(table, column, missing > 0, &mut names), grid))
        }
    };
    let used = |column: &Column| {
        let axes = [Some(&key), pivot.as_ref().map(|(axis, _)| axis)];
        axes.into_iter().flatten().any(|axis| axis.table == 0 && axis.column == column.name)
            || joins.iter().any(|join| join.fact == column.name)
    };
    let measured = tables[0].columns.iter().filter(|column| !used(column) && !is_label(&column.name));
    let mut measures: Vec<Measure> = measured.filter_map(|column| sum(column, &mut names)).collect();
    let rows = unlike("rows".into(), &names);
    measures.push(Measure { column: None, name: rows, label: "Rows".into(), sql_type: "BIGINT".into() });
    Ok(Star { tables, joins, key, pivot, measures })
}

fn axis(table: usize, column: &Column, may_miss: bool, names: &mut Vec<String>) -> Axis {
    let name = unlike(identifier(&column.name, "column"), names);
    names.push(name.clone());
    Axis { table, column: column.name.clone(), name, kind: column.kind, may_miss }
}

fn sum(column: &Column, names: &mut Vec<String>) -> Option<Measure> {
    let sql_type = match column.kind {
        Kind::Int | Kind::BigInt => "BIGINT".into(),
        // The digits that a sum of ten thousand million values can need.
        Kind::Decimal(precision, scale) => format!("DECIMAL({},{scale})", (precision + 10).min(38)),
        Kind::Double => "DOUBLE".into(),
        _ => return None,
    };
    let words = capitalized(&column.name);
    let name = unlike(format!("total{}", words.concat()), names);
    names.push(name.clone());
    Some(Measure { column: Some(column.name.clone()), name, label: words.join(" "), sql_type })
}

/// The first text with few values that joins nothing, of the dimensions before the facts; else the first column.
fn likely_key<'a>(tables: &'a [Table], joins: &[Join]) -> (usize, &'a Column) {
    let order = (1..tables.len()).chain([0]);
    let joined = |table: usize, column: &Column| match table {
        0 => joins.iter().any(|join| join.fact == column.name),
        _ => joins.iter().any(|join| join.table == table && join.dimension == column.name),
    };
    let few = |rows: u64, column: &Column| {
        column.kind == Kind::Text && (1..=MOST_GROUPS.min(rows / 2 + 1)).contains(&column.distinct)
    };
    let mut columns = order.flat_map(|table| tables[table].columns.iter().map(move |column| (table, column)));
    let found = columns.find(|(table, column)| few(tables[*table].rows, column) && !joined(*table, column));
    found.unwrap_or((0, &tables[0].columns[0]))
}

/// The column that a flag names, as `column` or `table.column`.
fn wished<'a>(tables: &'a [Table], joins: &[Join], wish: &str, flag: &str) -> Result<(usize, &'a Column)> {
    let qualified = wish.split_once('.').and_then(|(table, column)| {
        let table = tables.iter().position(|known| known.name == table)?;
        Some((table, tables[table].column(column)?))
    });
    let mut found: Vec<_> =
        tables.iter().enumerate().filter_map(|(table, known)| Some((table, known.column(wish)?))).collect();
    // A dimension's join column has the same values as that of the facts, which is never missing by the join.
    if found.first().is_some_and(|(table, _)| *table == 0) {
        found.retain(|(table, _)| {
            *table == 0 || !joins.iter().any(|join| join.table == *table && join.dimension == wish && join.fact == wish)
        });
    }
    let column = match (qualified, found.as_slice()) {
        (Some(column), []) => column,
        (_, [column]) => *column,
        (_, []) => {
            let known = tables.iter().flat_map(|table| &table.columns).map(|column| column.name.as_str());
            let problem = Problem::new(format!("no file has a column `{wish}`")).at(place(flag, wish));
            return Err(Error::new(ErrorKind::Usage, problem.help(did_you_mean(wish, known.collect::<Vec<_>>()))));
        }
        (_, several) => {
            let names: Vec<_> =
                several.iter().map(|(table, _)| format!("{flag} {}.{wish}", tables[*table].name)).collect();
            let problem = Problem::new(format!("several files have a column `{wish}`")).at(place(flag, wish));
            return Err(Error::new(ErrorKind::Usage, problem.help(format!("say which one: {}", names.join(", or ")))));
        }
    };
    match column.1.kind {
        Kind::Other => {
            Err(refused(flag, wish, format!("`{wish}` has no plain values, so it can be neither key nor pivot")))
        }
        _ => Ok(column),
    }
}

fn place(flag: &str, wish: &str) -> Place {
    Place::whole(format!("{flag} {wish}"))
}

fn refused(flag: &str, wish: &str, message: String) -> Error {
    Error::new(ErrorKind::Usage, Problem::new(message).at(place(flag, wish)).help("name another column"))
}

async fn grid(context: &SessionContext, table: &Table, column: &Column, wish: &str) -> Result<Grid> {
    let name = always_quoted(&column.name);
    let mut expressions = vec![format!("count(DISTINCT {name})")];
    if column.kind.is_integer() {
        expressions.extend([format!("min({name})"), format!("max({name})")]);
    }
    let numbers = profile::numbers(context, &expressions, &format!("FROM {}", always_quoted(&table.name))).await?;
    let distinct = numbers.first().copied().flatten().unwrap_or_default().unsigned_abs();
    match distinct {
        0 => return Err(refused("--pivot", wish, format!("`{wish}` has no values"))),
        1..=MOST_CELLS => {}
        _ => {
            return Err(refused(
                "--pivot",
                wish,
                format!("`{wish}` has {distinct} values, and each would be a cell of every document"),
            ));
        }
    }
    match numbers.as_slice() {
        [_, Some(first), Some(last)] if distinct <= WIDEST_RANGE && last.abs_diff(*first) + 1 == distinct => {
            Ok(Grid::Range(*first, *last))
        }
        _ => Ok(Grid::Values),
    }
}
