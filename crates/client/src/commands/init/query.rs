//! `query.sql`.

use keyfold_engine::infer::{Axis, Join, Kind, Star, sql_name};

use super::UNKNOWN;

/// The query: what it gives in comments, then one SELECT whose output columns are all named and cast.
pub(super) fn text(star: &Star) -> String {
    let pivot = star.pivot.as_ref().map(|(pivot, _)| pivot);
    let axes: Vec<_> = [Some(&star.key), pivot].into_iter().flatten().collect();
    let facts = &star.tables[0].name;
    let mut columns: Vec<_> = axes
        .iter()
        .map(|axis| {
            format!("    CAST({} AS {}) AS {}", value(star, axis), output_type(star, axis), sql_name(&axis.name))
        })
        .collect();
    columns.extend(star.measures.iter().map(|measure| {
        let sum = measure
            .column
            .as_ref()
            .map_or_else(|| "count(*)".to_owned(), |column| format!("sum({})", qualified(star, 0, column)));
        format!("    CAST({sum} AS {}) AS {}", measure.sql_type, sql_name(&measure.name))
    }));
    let groups: Vec<_> = axes.iter().map(|axis| value(star, axis)).collect();
    let joins: String = star.joins.iter().map(|join| joined(star, join)).collect();
    format!(
        "{}SELECT\n{}\nFROM {}\n{joins}{}GROUP BY {}\n",
        header(star, pivot),
        columns.join(",\n"),
        sql_name(facts),
        filter(star),
        groups.join(", ")
    )
}

fn header(star: &Star, pivot: Option<&Axis>) -> String {
    let measures: Vec<_> = star.measures.iter().map(|measure| measure.label.as_str()).collect();
    let facts = &star.tables[0].name;
    let each = pivot.map_or_else(|| star.key.name.clone(), |pivot| format!("{} and {}", star.key.name, pivot.name));
    let mut text = format!(
        "-- Purpose: {} of each {}, added up over all rows of {facts}.\n-- Grain:   one row per {each}.\n--\n-- All rows with one {} become one document, as document.json shows it.\n",
        measures.join(", "),
        star.key.name,
        star.key.name
    );
    if !star.joins.is_empty() {
        text += &format!(
            "-- LEFT JOIN keeps rows of {facts} that find nothing in the other table; '{UNKNOWN}' stands for what they lack.\n"
        );
    } else if star.key.may_miss {
        text += &format!("-- Rows without a {} are those of '{UNKNOWN}'.\n", star.key.name);
    }
    text
}

/// What rows are grouped by, in the terms of the tables.
fn value(star: &Star, axis: &Axis) -> String {
    let column = qualified(star, axis.table, &axis.column);
    match (axis.may_miss, axis.kind) {
        (false, _) => column,
        (true, Kind::Text) => format!("coalesce({column}, '{UNKNOWN}')"),
        (true, _) => format!("coalesce(CAST({column} AS VARCHAR), '{UNKNOWN}')"),
    }
}

/// Whole numbers stay numbers, so that cells are in their order; anything else is text.
fn output_type(star: &Star, axis: &Axis) -> String {
    match axis.kind {
        Kind::Int | Kind::BigInt if *axis != star.key && !axis.may_miss => axis.kind.sql(),
        _ => "VARCHAR".into(),
    }
}

fn joined(star: &Star, join: &Join) -> String {
    let (own, fact) = (qualified(star, join.table, &join.dimension), qualified(star, 0, &join.fact));
    format!("LEFT JOIN {} ON {own} = {fact}\n", sql_name(&star.tables[join.table].name))
}

/// How a filter would look. With control totals, these would have to leave out the same rows.
fn filter(star: &Star) -> String {
    let column = star.measures.iter().find_map(|measure| measure.column.as_ref());
    let example = match column {
        Some(column) => format!("{} > 0", qualified(star, 0, column)),
        None => format!("{} IS NOT NULL", qualified(star, star.key.table, &star.key.column)),
    };
    let totals = match star.pivot {
        Some(_) => "-- and the same one to each [[totals]] of job.toml, which otherwise count all rows:\n",
        None => "",
    };
    let colon = if totals.is_empty() { ":" } else { "," };
    format!("-- To leave rows out, add a filter here, such as this one{colon}\n{totals}-- WHERE {example}\n")
}

fn qualified(star: &Star, table: usize, column: &str) -> String {
    format!("{}.{}", sql_name(&star.tables[table].name), sql_name(column))
}
