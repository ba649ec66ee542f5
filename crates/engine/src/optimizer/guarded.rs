//! Conditions that guard others: in `n <> 0 AND 10 / n > 2`, the second is asked only where the first leaves it open.
//!
//! The engine evaluates both on all rows, merges filters that stood in subqueries, and takes `CASE` apart where it gives
//! a condition. So this runs after all of its rules: conditions that cannot fail come first, and what may fail becomes
//! the branch of a `CASE`, of which the engine evaluates only the rows that it needs.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Case, Expr, LogicalPlan, Operator};

use super::expressions::rewrite;
use crate::arithmetic::Function;

/// Conditions that may fail and guard one another; the others after them stand side by side, or plans would be too deep.
const IN_A_ROW: usize = 8;

/// What guards stands twice in the plan; a condition of more parts than this guards nothing, or plans would be too long.
const LARGEST: usize = 100;

/// The optimized plan with its conditions guarded.
pub(crate) fn guard(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewrite_node = |plan| match plan {
        // Its filters only say which rows need not be read.
        LogicalPlan::TableScan(_) => Ok(Transformed::no(plan)),
        plan => rewrite(plan, |expression, _| in_expression(expression)),
    };
    Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
}

/// Guards the conditions of a whole row at once: what is guarded already is not to be doubled.
fn in_expression(expression: Expr) -> Result<Transformed<Expr>> {
    expression.transform_down(|expression| {
        let Some(junction) = Junction::of(&expression).filter(|_| may_fail(&expression)) else {
            return Ok(Transformed::no(expression));
        };
        let mut conditions = Vec::new();
        junction.take_apart(expression, &mut conditions);
        let guarded = conditions.into_iter().map(|condition| Ok(in_expression(condition)?.data));
        let guarded = junction.guarded(guarded.collect::<Result<_>>()?);
        Ok(Transformed::new(guarded, true, TreeNodeRecursion::Jump))
    })
}

/// Whether an expression has an operation that fails on some values.
pub(super) fn may_fail(expression: &Expr) -> bool {
    let mut found = false;
    let _ = expression.apply(|expression| {
        found = matches!(expression, Expr::ScalarFunction(call) if Function::of_scalar(&call.func).is_some());
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

fn parts(expression: &Expr) -> usize {
    let mut parts = 0;
    let _ = expression.apply(|_| {
        parts += 1;
        Ok(TreeNodeRecursion::Continue)
    });
    parts
}

/// AND, which false decides, or OR, which true decides.
#[derive(Clone, Copy)]
struct Junction {
    operator: Operator,
    decisive: bool,
}

impl Junction {
    fn of(expression: &Expr) -> Option<Self> {
        match expression {
            Expr::BinaryExpr(BinaryExpr { op: Operator::And, .. }) => {
                Some(Self { operator: Operator::And, decisive: false })
            }
            Expr::BinaryExpr(BinaryExpr { op: Operator::Or, .. }) => {
                Some(Self { operator: Operator::Or, decisive: true })
            }
            _ => None,
        }
    }

    fn guarded(self, conditions: Vec<Expr>) -> Expr {
        let (mut failing, safe): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(may_fail);
        let others = failing.split_off(failing.len().min(IN_A_ROW));
        let mut in_a_row = self.together(safe).into_iter().chain(failing).chain(self.together(others)).rev();
        let innermost = in_a_row.next().unwrap_or_else(|| constant(!self.decisive));
        in_a_row.fold(innermost, |then, first| self.first(first, then))
    }

    fn take_apart(self, expression: Expr, conditions: &mut Vec<Expr>) {
        match expression {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if op == self.operator => {
                self.take_apart(*left, conditions);
                self.take_apart(*right, conditions);
            }
            condition => conditions.push(condition),
        }
    }

    fn join(self, left: Expr, right: Expr) -> Expr {
        Expr::BinaryExpr(BinaryExpr::new(Box::new(left), self.operator, Box::new(right)))
    }

    /// The conditions as a tree that is as shallow as can be.
    fn together(self, mut conditions: Vec<Expr>) -> Option<Expr> {
        if conditions.len() <= 1 {
            return conditions.pop();
        }
        let last = conditions.split_off(conditions.len() / 2);
        Some(self.join(self.together(conditions)?, self.together(last)?))
    }

    /// `first`, and where it decides nothing `then`. The value is that of the two joined, NULLs included.
    fn first(self, first: Expr, then: Expr) -> Expr {
        if parts(&first) > LARGEST {
            return self.join(first, then);
        }
        let decided = (Box::new(constant(self.decisive)), Box::new(constant(self.decisive)));
        let guarded = Case::new(Some(Box::new(first.clone())), vec![decided], Some(Box::new(then)));
        self.join(first, Expr::Case(guarded))
    }
}

fn constant(value: bool) -> Expr {
    Expr::Literal(ScalarValue::Boolean(Some(value)), None)
}
