//! Aggregates with a FILTER: what they are of is evaluated only where the filter lets a row through.
//!
//! The engine evaluates it on all rows, and leaves the results out.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Case, Expr, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use super::expressions::rewrite;
use super::guarded::may_fail;

/// The rule. It runs before the engine computes what several aggregates have in common ahead of them.
#[derive(Debug)]
pub(crate) struct FilteredAggregates;

impl AnalyzerRule for FilteredAggregates {
    fn name(&self) -> &str {
        "filtered_aggregates"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewrite_node = |plan| rewrite(plan, |expression, _| expression.transform_up(in_expression));
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}

fn in_expression(expression: Expr) -> Result<Transformed<Expr>> {
    let Expr::AggregateFunction(AggregateFunction { func, mut params }) = expression else {
        return Ok(Transformed::no(expression));
    };
    let mut changed = false;
    if let Some(filter) = &params.filter {
        for argument in params.args.iter_mut().filter(|argument| may_fail(argument) && !is_filtered(argument, filter)) {
            let let_through = Expr::Literal(ScalarValue::Boolean(Some(true)), None);
            let branch = (Box::new(let_through), Box::new(std::mem::take(argument)));
            *argument = Expr::Case(Case::new(Some(filter.clone()), vec![branch], None));
            changed = true;
        }
    }
    Ok(Transformed::new_transformed(Expr::AggregateFunction(AggregateFunction { func, params }), changed))
}

/// Plans are analyzed more than once.
fn is_filtered(argument: &Expr, filter: &Expr) -> bool {
    matches!(argument, Expr::Case(Case { expr: Some(operand), .. }) if **operand == *filter)
}
