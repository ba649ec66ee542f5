//! Checks before anything is folded: unique dimensions, and the job's own SQL that must return no rows.

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use futures::future::try_join_all;
use keyfold_core::job::Table;
use keyfold_core::source::Source;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use crate::error::running;
use crate::query::{self, Params};
use crate::session::Session;
use crate::tables::ResolvedTable;

/// Rows of a failed check that are shown.
const SHOWN: usize = 10;

/// Every table's `unique` columns identify a row. The tables are asked at the same time.
pub(crate) async fn unique(session: &Session, tables: &[ResolvedTable]) -> Result<()> {
    let tables = tables.iter().filter(|table| !table.table.unique.is_empty());
    let repeated = try_join_all(tables.clone().map(|table| repeated(session, &table.table))).await?;
    for (ResolvedTable { table, .. }, rows) in tables.zip(repeated) {
        if let Some(rows) = rows {
            let names: Vec<&str> = table.unique.iter().map(|column| column.value.as_str()).collect();
            let message =
                format!("the table `{}` repeats {}, which it declares unique:\n{rows}", table.name, names.join(", "));
            let problem = Problem::new(message).at(table.unique[0].place.clone());
            let help = "a join would count rows once for each repetition; remove the repeated rows, or drop `unique` if they are right";
            return Err(Error::new(ErrorKind::Input, problem.help(help)));
        }
    }
    Ok(())
}

/// The values that a table repeats in its unique columns.
async fn repeated(session: &Session, table: &Table) -> Result<Option<String>> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns = table.unique.iter().map(|column| quoted(&column.value)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns}, count(*) AS \"rows\" FROM {} GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns}",
        quoted(&table.name)
    );
    let plan = session.context.state().create_logical_plan(&sql).await.map_err(running)?;
    first_rows(session, plan).await
}

/// Plans every check, so that mistakes in them show before anything runs.
pub(crate) async fn plan(
    context: &SessionContext,
    checks: &[Source],
    params: &Params,
) -> Result<Vec<(String, LogicalPlan)>> {
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for check in checks {
        match query::plan(context, check, params).await {
            Ok(plan) => plans.push((check.name.clone(), plan)),
            Err(error) => problems.extend(error.problems().to_vec()),
        }
    }
    if problems.is_empty() { Ok(plans) } else { Err(Error::all(ErrorKind::Query, problems)) }
}

/// Runs the checks; gives the names of those that returned no rows. All that did return rows are reported together.
pub(crate) async fn run(session: &Session, checks: Vec<(String, LogicalPlan)>) -> Result<Vec<String>> {
    let (names, plans): (Vec<_>, Vec<_>) = checks.into_iter().unzip();
    let returned = try_join_all(plans.into_iter().map(|plan| first_rows(session, plan))).await?;
    let (mut passed, mut problems) = (Vec::new(), Vec::new());
    for (name, rows) in names.into_iter().zip(returned) {
        match rows {
            None => passed.push(name),
            Some(rows) => {
                let problem = Problem::new(format!("the check failed; it returned:\n{rows}")).at(Place::whole(name));
                problems.push(problem.help("nothing was published; correct the data, or the check"));
            }
        }
    }
    if problems.is_empty() { Ok(passed) } else { Err(Error::all(ErrorKind::Check, problems)) }
}

/// The first rows of a query as a table of text; nothing if there are none.
async fn first_rows(session: &Session, plan: LogicalPlan) -> Result<Option<String>> {
    let batches = session.first(plan, SHOWN + 1).await?;
    let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
    if rows == 0 {
        return Ok(None);
    }
    let batch = datafusion::arrow::compute::concat_batches(batches[0].schema_ref(), &batches)
        .map_err(|error| running(error.into()))?;
    let shown = batch.slice(0, rows.min(SHOWN));
    let table = pretty_format_batches(&[shown]).map_err(|error| running(error.into()))?;
    let more = if rows > SHOWN { "\n… and more" } else { "" };
    Ok(Some(format!("{table}{more}")))
}
