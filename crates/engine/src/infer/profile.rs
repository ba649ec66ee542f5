//! Counts over a table: rows, missing values, different values.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::prelude::SessionContext;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::names::always_quoted;
use super::{Kind, Table};
use crate::error::running;

/// Counts the rows, and for each column the missing values and the different texts.
pub(super) async fn count(context: &SessionContext, table: &mut Table) -> Result<()> {
    let mut counts = vec!["count(*)".to_owned()];
    for column in &table.columns {
        let name = always_quoted(&column.name);
        counts.push(format!("count({name})"));
        counts.push(if column.kind == Kind::Text { format!("approx_distinct({name})") } else { "0".into() });
    }
    let counted = numbers(context, &counts, &format!("FROM {}", always_quoted(&table.name))).await?;
    let mut counted = counted.into_iter().map(|number| number.unwrap_or_default().unsigned_abs());
    table.rows = counted.next().unwrap_or_default();
    for column in &mut table.columns {
        column.nulls = table.rows.saturating_sub(counted.next().unwrap_or_default());
        column.distinct = counted.next().unwrap_or_default();
    }
    if table.rows == 0 {
        let problem = Problem::new("there are no rows to learn from").at(Place::whole(table.location.to_string()));
        return Err(Error::new(
            ErrorKind::Input,
            problem.help("give a file with some rows; the job can read another one later"),
        ));
    }
    Ok(())
}

/// The one row of `SELECT expressions rest`, as whole numbers.
pub(super) async fn numbers(context: &SessionContext, expressions: &[String], rest: &str) -> Result<Vec<Option<i64>>> {
    let named: Vec<_> = expressions.iter().enumerate().map(|(index, text)| format!("{text} AS c{index}")).collect();
    let row = only_row(context, &format!("SELECT {} {rest}", named.join(", "))).await?;
    let row = row.ok_or_else(|| Error::internal("a count without a row"))?;
    let number = |column: &ArrayRef| -> Result<Option<i64>> {
        let column = cast(column, &DataType::Int64).map_err(|error| running(error.into()))?;
        let column = column.as_primitive::<Int64Type>();
        Ok(column.is_valid(0).then(|| column.value(0)))
    };
    row.columns().iter().map(number).collect()
}

/// The one row of a query as texts; nothing if there is none, or if a value is missing.
pub(super) async fn texts(context: &SessionContext, sql: &str) -> Result<Option<Vec<String>>> {
    let Some(row) = only_row(context, sql).await? else { return Ok(None) };
    let text = |column: &ArrayRef| -> Result<Option<String>> {
        let column = cast(column, &DataType::Utf8View).map_err(|error| running(error.into()))?;
        let column = column.as_string_view();
        Ok(column.is_valid(0).then(|| column.value(0).to_owned()))
    };
    row.columns().iter().map(text).collect()
}

async fn only_row(context: &SessionContext, sql: &str) -> Result<Option<RecordBatch>> {
    let plan = context.state().create_logical_plan(sql).await.map_err(running)?;
    let batches = context.execute_logical_plan(plan).await.map_err(running)?.collect().await.map_err(running)?;
    Ok(batches.into_iter().find(|batch| batch.num_rows() == 1))
}
