//! Dates and timestamps compared with constants in their own unit.
//!
//! The engine brings both sides to nanoseconds, which end in the year 2262: `valid_to >= '2018-01-01'` would fail on the
//! year 9999 of a column in microseconds.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use keyfold_core::exact::{Parser, TextRules};

use super::expressions::rewrite;
use super::mixed::is_comparison;

/// The rule. It runs when types are known and casts are not yet keyfold's own.
#[derive(Debug)]
pub(crate) struct OwnUnits;

impl AnalyzerRule for OwnUnits {
    fn name(&self) -> &str {
        "own_units"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewrite_node =
            |plan| rewrite(plan, |expression, schema| expression.transform_up(|inner| in_expression(inner, schema)));
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}

fn in_expression(mut expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let changed = match &mut expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
            in_own_unit(left, &mut [right], schema)? || in_own_unit(right, &mut [left], schema)?
        }
        Expr::Between(Between { expr, low, high, .. }) => in_own_unit(expr, &mut [low, high], schema)?,
        Expr::InList(InList { expr, list, .. }) => in_own_unit(expr, &mut list.iter_mut().collect::<Vec<_>>(), schema)?,
        _ => false,
    };
    Ok(Transformed::new_transformed(expression, changed))
}

/// Takes the cast off what is compared if each constant is a value of its type.
fn in_own_unit(compared: &mut Expr, constants: &mut [&mut Expr], schema: &DFSchema) -> Result<bool> {
    let Expr::Cast(Cast { expr: inner, field }) = &*compared else { return Ok(false) };
    let own = inner.get_type(schema)?;
    if !is_coarser(&own, field.data_type()) {
        return Ok(false);
    }
    let values = constants.iter().map(|constant| exactly(constant, field.data_type(), &own));
    let Some(values) = values.collect::<Option<Vec<_>>>() else { return Ok(false) };
    *compared = inner.as_ref().clone();
    for (constant, value) in constants.iter_mut().zip(values) {
        **constant = Expr::Literal(value, None);
    }
    Ok(true)
}

fn is_coarser(own: &DataType, other: &DataType) -> bool {
    match (own, other) {
        (DataType::Date32, DataType::Timestamp(_, None)) => true,
        (DataType::Timestamp(own, zone), DataType::Timestamp(other, other_zone)) => own < other && zone == other_zone,
        _ => false,
    }
}

/// A constant as a value of a coarser type, if it is one.
fn exactly(constant: &Expr, fine: &DataType, coarse: &DataType) -> Option<ScalarValue> {
    let written = match constant {
        Expr::Literal(value, _) => value,
        Expr::Cast(Cast { expr, .. }) => match expr.as_ref() {
            Expr::Literal(value, _) => value,
            _ => return None,
        },
        _ => return None,
    };
    if let Some(Some(text)) = written.try_as_str() {
        let parser = Parser::new(coarse, &TextRules::default()).ok()?;
        return ScalarValue::try_from_array(&parser.array(std::iter::once(Some(text))).ok()?, 0).ok();
    }
    let value = written.cast_to(fine).ok()?;
    let cast = value.cast_to(coarse).ok()?;
    (cast.cast_to(fine).ok()? == value).then_some(cast)
}
