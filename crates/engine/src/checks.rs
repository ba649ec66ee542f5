//! Checks before anything is folded: unique dimensions, and the job's own SQL that must return no rows.

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use keyfold_core::source::Source;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use crate::error::running;
use crate::query::{self, Params};
use crate::tables::ResolvedTable;

/// Rows of a failed check that are shown.
const SHOWN: usize = 10;

/// Every table's `unique` columns identify a row.
pub(crate) async fn unique(context: &SessionContext, tables: &[ResolvedTable]) -> Result<()> {
    for ResolvedTable { table, .. } in tables.iter().filter(|table| !table.table.unique.is_empty()) {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let columns = table.unique.iter().map(|column| quoted(&column.value)).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {columns}, count(*) AS \"rows\" FROM {} GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns}",
            quoted(&table.name)
        );
        let plan = context.state().create_logical_plan(&sql).await.map_err(running)?;
        if let Some(rows) = first_rows(context, plan).await? {
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
    match problems.is_empty() {
        true => Ok(plans),
        false => Err(Error::all(ErrorKind::Query, problems)),
    }
}

/// Runs the checks; gives the names of those that returned no rows. All that did return rows are reported together.
pub(crate) async fn run(context: &SessionContext, checks: Vec<(String, LogicalPlan)>) -> Result<Vec<String>> {
    let (mut passed, mut problems) = (Vec::new(), Vec::new());
    for (name, plan) in checks {
        match first_rows(context, plan).await? {
            None => passed.push(name),
            Some(rows) => {
                let problem = Problem::new(format!("the check failed; it returned:\n{rows}")).at(Place::whole(name));
                problems.push(problem.help("nothing was published; correct the data, or the check"));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(passed),
        false => Err(Error::all(ErrorKind::Check, problems)),
    }
}

/// The first rows of a query as a table of text; nothing if there are none.
async fn first_rows(context: &SessionContext, plan: LogicalPlan) -> Result<Option<String>> {
    let frame = context.execute_logical_plan(plan).await.map_err(running)?;
    let batches = frame.limit(0, Some(SHOWN + 1)).map_err(running)?.collect().await.map_err(running)?;
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
