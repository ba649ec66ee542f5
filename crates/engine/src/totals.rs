//! Control totals: what the source says a value adds up to, checked against what was delivered.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal256Type, Float64Type, i256};
use datafusion::logical_expr::{Aggregate, LogicalPlan, LogicalPlanBuilder, Projection};
use datafusion::prelude::SessionContext;
use keyfold_core::job::{Job, Total};
use keyfold_core::report::{Summary, TotalReport};
use keyfold_core::source::Source;
use keyfold_core::sum::{DIGITS, Sum};
use keyfold_core::template::Node;
use keyfold_core::{Error, ErrorKind, Problem, Result};

use crate::error::running;
use crate::query::{self, Params};
use crate::session::Session;

/// Plans every control total, so that mistakes in them show before anything runs.
pub(crate) async fn plan(context: &SessionContext, job: &Job, params: &Params) -> Result<Vec<LogicalPlan>> {
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for total in &job.totals {
        let name = format!("{} [[totals]] {}", job.source.name, total.value.value);
        match query::plan(context, &Source { name, text: total.sql.value.clone() }, params).await {
            Ok(plan) if plan.schema().fields().len() == 1 && plan.schema().field(0).data_type().is_numeric() => {
                plans.push(plan)
            }
            Ok(_) => problems.push(Problem::new("a total's SQL gives one number").at(total.sql.place.clone())),
            Err(error) => problems.extend(error.problems().to_vec()),
        }
    }
    if problems.is_empty() { Ok(plans) } else { Err(Error::all(ErrorKind::Query, problems)) }
}

/// Asks the source. Totals over the same rows are asked for in one scan.
pub(crate) async fn source(session: &Session, job: &Job, plans: &[LogicalPlan]) -> Result<Vec<Sum>> {
    let mut sums: Vec<Option<Sum>> = vec![None; plans.len()];
    for first in 0..plans.len() {
        if sums[first].is_some() {
            continue;
        }
        let same: Vec<usize> =
            (first..plans.len()).filter(|other| *other == first || share_scan(&plans[first], &plans[*other])).collect();
        let plan = merge(same.iter().map(|index| &plans[*index]).collect()).map_err(running)?;
        let batches = session.collect(plan).await?;
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        let row = batches.iter().find(|batch| batch.num_rows() == 1).filter(|_| rows == 1);
        for (column, index) in same.into_iter().enumerate() {
            let sum = row.map(|batch| number(batch.column(column))).transpose()?;
            sums[index] = Some(sum.ok_or_else(|| {
                let problem = Problem::new(format!("a total's SQL gives one row, and this gives {rows}"));
                Error::new(ErrorKind::Query, problem.at(job.totals[index].sql.place.clone()))
            })?);
        }
    }
    Ok(sums.into_iter().flatten().collect())
}

/// Two `SELECT aggregate FROM x` with the same x.
fn share_scan(a: &LogicalPlan, b: &LogicalPlan) -> bool {
    matches!((whole_table(a), whole_table(b)), (Some(a), Some(b)) if a.input == b.input)
}

fn whole_table(plan: &LogicalPlan) -> Option<&Aggregate> {
    match plan {
        LogicalPlan::Projection(Projection { input, .. }) => match input.as_ref() {
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => Some(aggregate),
            _ => None,
        },
        _ => None,
    }
}

/// One plan that gives the columns of all, side by side.
fn merge(plans: Vec<&LogicalPlan>) -> datafusion::error::Result<LogicalPlan> {
    let [first, rest @ ..] = plans.as_slice() else { return LogicalPlanBuilder::empty(false).build() };
    let Some(aggregate) = whole_table(first).filter(|_| !rest.is_empty()) else { return Ok((*first).clone()) };
    let mut aggregates = Vec::new();
    let mut outputs = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        for expression in whole_table(plan).iter().flat_map(|aggregate| &aggregate.aggr_expr) {
            if !aggregates.contains(expression) {
                aggregates.push(expression.clone());
            }
        }
        let output = plan.expressions().swap_remove(0).unalias();
        outputs.push(output.alias(format!("total{index}")));
    }
    let input = LogicalPlanBuilder::from(aggregate.input.as_ref().clone());
    input.aggregate(Vec::<datafusion::prelude::Expr>::new(), aggregates)?.project(outputs)?.build()
}

/// The number in a column of one row; 0 for the NULL that a sum of nothing gives.
fn number(column: &ArrayRef) -> Result<Sum> {
    let failed = |error: datafusion::arrow::error::ArrowError| running(error.into());
    let exact = |scale: i8| -> Result<Sum> {
        let wide = cast(column, &DataType::Decimal256(DIGITS, scale)).map_err(failed)?;
        let wide = wide.as_primitive::<Decimal256Type>();
        Ok(Sum::Exact { units: if wide.is_null(0) { i256::ZERO } else { wide.value(0) }, scale })
    };
    match column.data_type() {
        integer if integer.is_integer() => exact(0),
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => exact(*scale),
        _ => {
            let floats = cast(column, &DataType::Float64).map_err(failed)?;
            let floats = floats.as_primitive::<Float64Type>();
            Ok(Sum::Float(if floats.is_null(0) { 0.0 } else { floats.value(0) }))
        }
    }
}

/// Holds the partitions' sums against the source's. All totals that differ are reported together.
pub(crate) fn compare(
    totals: &[Total],
    source: &[Sum],
    summaries: &[Summary],
    template: &Node,
) -> Result<Vec<TotalReport>> {
    let (mut reports, mut problems) = (Vec::new(), Vec::new());
    for (index, (total, source)) in totals.iter().zip(source).enumerate() {
        let sums: Vec<(Sum, Sum)> = summaries.iter().filter_map(|summary| summary.sums.get(index).copied()).collect();
        let name = &total.value.value;
        let added = (add(sums.iter().map(|sums| sums.0)), add(sums.iter().map(|sums| sums.1)));
        let (Some(delivered), Some(dropped)) = added else {
            let problem = Problem::new(format!("the control total of `{name}` does not fit into {DIGITS} digits"));
            problems.push(problem.at(total.value.place.clone()).help("use a smaller type in the query"));
            continue;
        };
        let accounted = delivered.add(dropped);
        if !accounted.is_some_and(|accounted| accounted.agrees_with(*source)) {
            let message = format!(
                "the total of `{name}` differs: the source has {source}, the documents have {delivered}, and {dropped} was dropped"
            );
            let help = "nothing was published; rows were lost or counted twice between the source and the documents: look at the joins and filters of the query";
            problems.push(Problem::new(message).at(total.value.place.clone()).help(help));
        }
        reports.push(TotalReport {
            value: name.clone(),
            exact: matches!(delivered, Sum::Exact { .. }),
            source: source.to_string(),
            delivered: delivered.to_string(),
            dropped: dropped.to_string(),
            pointers: pointers(template, name),
        });
    }
    if problems.is_empty() { Ok(reports) } else { Err(Error::all(ErrorKind::Check, problems)) }
}

/// The sum of all; nothing if it does not fit.
fn add(mut sums: impl Iterator<Item = Sum>) -> Option<Sum> {
    let first = sums.next().unwrap_or(Sum::ZERO);
    sums.try_fold(first, Sum::add)
}

/// Where a value's cells are in a document; each grid once. None if filled cells would change their sum.
fn pointers(template: &Node, value: &str) -> Vec<String> {
    // A number other than 0, in quotes or without.
    let counts = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default().trim_matches('"');
        text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && !text.chars().all(|c| "-0.".contains(c))
    };
    let mut grids = Vec::new();
    let mut pointers = Vec::new();
    for (pointer, pivot) in template.pivots().into_iter().filter(|(_, pivot)| pivot.value.column == value) {
        if !grids.contains(&&pivot.grid) && !counts(&pivot.fill) && !counts(&pivot.null) {
            grids.push(&pivot.grid);
            pointers.push(pointer);
        }
    }
    let all = template
        .pivots()
        .iter()
        .filter(|(_, pivot)| pivot.value.column == value)
        .all(|(_, pivot)| grids.contains(&&pivot.grid));
    if all { pointers } else { Vec::new() }
}
