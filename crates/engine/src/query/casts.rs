//! Names that tell the casts of a value apart.
//!
//! DataFusion names an aggregate after its arguments and leaves their casts out, so that `sum(x)` and
//! `sum(CAST(x AS BIGINT))` of one query have the same name.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawWindowExpr};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::parser::Statement;

/// Plans a statement; one that cannot be planned once more with names that tell casts apart.
pub(super) async fn plan(mut state: SessionState, statement: Statement) -> Result<LogicalPlan> {
    let error = match state.statement_to_plan(statement.clone()).await {
        Ok(plan) => return Ok(plan),
        Err(error) => error,
    };
    // The types of errors do not say which of them are about names. Where these names do not help, the first error counts.
    state.register_expr_planner(Arc::new(NamedCasts))?;
    state.statement_to_plan(statement).await.map_err(|_| error)
}

/// Gives the casts in the arguments of aggregates a name with their type, `x::Int64`.
#[derive(Debug)]
struct NamedCasts;

impl ExprPlanner for NamedCasts {
    fn plan_aggregate(&self, call: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        let (args, filter) = named(call.args, call.filter)?;
        Ok(PlannerResult::Original(RawAggregateExpr { args, filter, ..call }))
    }

    fn plan_window(&self, call: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        let (args, filter) = named(call.args, call.filter)?;
        Ok(PlannerResult::Original(RawWindowExpr { args, filter, ..call }))
    }
}

type Parts = (Vec<Expr>, Option<Box<Expr>>);

fn named(arguments: Vec<Expr>, filter: Option<Box<Expr>>) -> Result<Parts> {
    let arguments = arguments.into_iter().map(with_names).collect::<Result<_>>()?;
    let filter = filter.map(|filter| with_names(*filter).map(Box::new)).transpose()?;
    Ok((arguments, filter))
}

fn with_names(expression: Expr) -> Result<Expr> {
    let named = expression.transform_up(|expression| {
        let name = match &expression {
            Expr::Cast(cast) => format!("{}::{}", cast.expr.schema_name(), cast.field.data_type()),
            Expr::TryCast(cast) => format!("{}::{}?", cast.expr.schema_name(), cast.field.data_type()),
            _ => return Ok(Transformed::no(expression)),
        };
        Ok(Transformed::yes(expression.alias(name)))
    })?;
    Ok(named.data)
}
