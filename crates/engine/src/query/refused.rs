//! Queries that the engine answers wrongly, and that are refused for that.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, JoinConstraint, JoinType, Result};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::utils::{merge_schema, split_conjunction};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator};
use keyfold_core::Problem;
use keyfold_core::source::Source;

use super::diagnose;

/// What of a plan is refused, if anything is.
pub(super) fn refused(source: &Source, plan: &LogicalPlan) -> Result<Option<Problem>> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        found = match node {
            LogicalPlan::Join(join)
                if join.join_constraint == JoinConstraint::Using
                    && matches!(join.join_type, JoinType::Right | JoinType::Full) =>
            {
                let message =
                    "RIGHT and FULL joins with USING or NATURAL give the left side's NULL for the common column";
                let help = "join with ON, and write coalesce(a.x, b.x)";
                Some(Problem::new(message).at(diagnose::keyword(source, &["USING", "NATURAL"])).help(help))
            }
            LogicalPlan::Filter(filter) => in_filter(source, &filter.predicate, filter.input.schema())?,
            node => number_as_timestamp(source, node)?,
        };
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// A cast of a number to a timestamp: to the engine some types count seconds, and others nanoseconds.
fn number_as_timestamp(source: &Source, node: &LogicalPlan) -> Result<Option<Problem>> {
    let (schema, mut found) = (merge_schema(&node.inputs()), false);
    node.apply_expressions(|expression| {
        expression.apply(|part| {
            let (value, to) = match part {
                Expr::Cast(cast) => (&cast.expr, cast.field.data_type()),
                Expr::TryCast(cast) => (&cast.expr, cast.field.data_type()),
                _ => return Ok(TreeNodeRecursion::Continue),
            };
            found |= matches!(to, DataType::Timestamp(..)) && value.get_type(&schema)?.is_numeric();
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    })?;
    Ok(found.then(|| {
        let problem = Problem::new("a number as a TIMESTAMP does not say what it counts");
        let place = diagnose::keyword(source, &["TIMESTAMP", "TIMESTAMPTZ", "DATETIME"]);
        problem.at(place).help("write to_timestamp_seconds(n), to_timestamp_millis(n) or to_timestamp_micros(n)")
    }))
}

/// A subquery whose NULL the engine takes for false where that makes a difference.
fn in_filter(source: &Source, predicate: &Expr, schema: &DFSchema) -> Result<Option<Problem>> {
    for condition in split_conjunction(predicate) {
        let alone = match condition {
            Expr::Not(inner) => matches!(inner.as_ref(), Expr::InSubquery(_)),
            condition => matches!(condition, Expr::InSubquery(_)),
        };
        if alone {
            continue;
        }
        let mut nullable = false;
        for query in buried(condition) {
            let given = query.subquery.subquery.schema().field(0).is_nullable();
            nullable |= given || query.expr.nullable(schema)?;
        }
        if nullable {
            let message = "IN (SELECT …) within OR, NOT, CASE or a comparison loses NULLs";
            let help = "write EXISTS (SELECT 1 FROM … WHERE …), or make the condition one of its own, joined by AND";
            return Ok(Some(Problem::new(message).at(diagnose::keyword(source, &["IN"])).help(help)));
        }
    }
    Ok(None)
}

/// The subqueries in a condition whose NULL counts: under AND and OR alone, a NULL is as good as false.
fn buried(condition: &Expr) -> Vec<&InSubquery> {
    match condition {
        Expr::BinaryExpr(binary) if matches!(binary.op, Operator::And | Operator::Or) => {
            [buried(&binary.left), buried(&binary.right)].concat()
        }
        Expr::InSubquery(query) if !query.negated => Vec::new(),
        other => {
            let mut queries = Vec::new();
            let _ = other.apply(|part| {
                if let Expr::InSubquery(query) = part {
                    queries.push(query);
                }
                Ok(TreeNodeRecursion::Continue)
            });
            queries
        }
    }
}
