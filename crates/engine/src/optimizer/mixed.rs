//! Numbers of different types: decimals that meet floats are compared and united with them as doubles.
//!
//! The engine would bring the float to fifteen decimals without a word: `1e-20 > 0.00` would be false.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, Union, cast,
};
use datafusion::optimizer::AnalyzerRule;

use super::expressions::rewrite;

/// Functions whose value is one of their arguments, in a type common to all.
const ONE_OF_ITS_ARGUMENTS: [&str; 7] = ["coalesce", "greatest", "least", "make_array", "nullif", "nvl", "nvl2"];

/// The rule. It runs before the engine brings operands to common types.
#[derive(Debug)]
pub(crate) struct MixedNumbers;

impl AnalyzerRule for MixedNumbers {
    fn name(&self) -> &str {
        "mixed_numbers"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewrite_node = |mut plan: LogicalPlan| {
            match &mut plan {
                LogicalPlan::Union(union) => unite(union)?,
                LogicalPlan::Join(join) => compare_keys(join)?,
                _ => {}
            }
            rewrite(plan, |expression, schema| expression.transform_up(|inner| in_expression(inner, schema)))
        };
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}

fn in_expression(mut expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let mut changed = false;
    if let Expr::InSubquery(query) = &mut expression {
        changed |= in_subquery(query, schema)?;
    }
    for mut alike in brought_together(&mut expression) {
        changed |= as_doubles(&mut alike, schema)?;
        changed |= as_whole_numbers(&mut alike, schema)?;
    }
    changed |= of_whole_numbers(&mut expression, schema)?;
    Ok(Transformed::new_transformed(expression, changed))
}

/// The operands of an expression that the engine brings to a common type.
fn brought_together(expression: &mut Expr) -> Vec<Vec<&mut Expr>> {
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => vec![vec![left, right]],
        Expr::Between(between) => vec![vec![&mut between.expr, &mut between.low, &mut between.high]],
        Expr::InList(list) => vec![std::iter::once(&mut *list.expr).chain(&mut list.list).collect()],
        Expr::ScalarFunction(call) if ONE_OF_ITS_ARGUMENTS.contains(&call.name()) => {
            vec![call.args.iter_mut().collect()]
        }
        Expr::Case(case) => {
            let (whens, thens): (Vec<_>, Vec<_>) =
                case.when_then_expr.iter_mut().map(|(when, then)| (&mut **when, &mut **then)).unzip();
            let results = thens.into_iter().chain(case.else_expr.as_deref_mut()).collect();
            match case.expr.as_deref_mut() {
                Some(operand) => vec![std::iter::once(operand).chain(whens).collect(), results],
                None => vec![results],
            }
        }
        _ => Vec::new(),
    }
}

pub(super) fn is_comparison(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn are_mixed(types: &[DataType]) -> bool {
    types.iter().any(DataType::is_floating) && types.iter().any(DataType::is_decimal)
}

fn as_doubles(operands: &mut [&mut Expr], schema: &DFSchema) -> Result<bool> {
    let types = operands.iter().map(|operand| operand.get_type(schema)).collect::<Result<Vec<_>>>()?;
    if !are_mixed(&types) {
        return Ok(false);
    }
    for (operand, _) in operands.iter_mut().zip(types).filter(|(_, data_type)| data_type.is_decimal()) {
        **operand = cast(std::mem::take(&mut **operand), DataType::Float64);
    }
    Ok(true)
}

/// The engine's comparisons cannot take decimals of a negative scale.
fn as_whole_numbers(operands: &mut [&mut Expr], schema: &DFSchema) -> Result<bool> {
    let mut changed = false;
    for operand in operands {
        let whole = match operand.get_type(schema)? {
            DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) if scale < 0 => {
                let digits = precision.saturating_add(scale.unsigned_abs());
                DataType::Decimal256(digits.min(DECIMAL256_MAX_PRECISION), 0)
            }
            _ => continue,
        };
        **operand = cast(std::mem::take(&mut **operand), whole);
        changed = true;
    }
    Ok(changed)
}

/// What rounds whole numbers leaves them as they are; the engine takes them through doubles.
fn of_whole_numbers(expression: &mut Expr, schema: &DFSchema) -> Result<bool> {
    match expression {
        Expr::ScalarFunction(call) if ["ceil", "floor", "trunc"].contains(&call.name()) => match &mut call.args[..] {
            [number] if number.get_type(schema)?.is_integer() => {
                *expression = std::mem::take(number);
                Ok(true)
            }
            _ => Ok(false),
        },
        _ => Ok(false),
    }
}

fn in_subquery(query: &mut InSubquery, schema: &DFSchema) -> Result<bool> {
    let given = query.subquery.subquery.schema().field(0).data_type().clone();
    if !are_mixed(&[query.expr.get_type(schema)?, given.clone()]) {
        return Ok(false);
    }
    if given.is_decimal() {
        let subquery = with_doubles(&query.subquery.subquery, &[0])?;
        query.subquery = Subquery { subquery, ..query.subquery.clone() };
    } else {
        *query.expr = cast(std::mem::take(&mut *query.expr), DataType::Float64);
    }
    Ok(true)
}

fn compare_keys(join: &mut Join) -> Result<()> {
    for (left, right) in &mut join.on {
        let left_type = left.get_type(join.left.schema())?;
        if are_mixed(&[left_type.clone(), right.get_type(join.right.schema())?]) {
            let decimal = if left_type.is_decimal() { left } else { right };
            *decimal = cast(std::mem::take(decimal), DataType::Float64);
        }
    }
    Ok(())
}

/// Makes doubles of the columns of a UNION of which one input has decimals and another floats.
fn unite(union: &mut Union) -> Result<()> {
    let columns = union.schema.fields().len();
    let types = |column: usize| -> Vec<DataType> {
        union.inputs.iter().map(|input| input.schema().field(column).data_type().clone()).collect()
    };
    let mixed: Vec<usize> = (0..columns).filter(|column| are_mixed(&types(*column))).collect();
    if mixed.is_empty() {
        return Ok(());
    }
    let with_doubles = |input: &Arc<LogicalPlan>| {
        let is_decimal = |column: &usize| input.schema().field(*column).data_type().is_decimal();
        with_doubles(input, &mixed.iter().copied().filter(is_decimal).collect::<Vec<_>>())
    };
    // Its schema is that of its inputs.
    *union = Union::try_new_with_loose_types(union.inputs.iter().map(with_doubles).collect::<Result<_>>()?)?;
    Ok(())
}

/// The plan with doubles in place of these columns' decimals.
fn with_doubles(plan: &Arc<LogicalPlan>, columns: &[usize]) -> Result<Arc<LogicalPlan>> {
    let expressions = plan.schema().columns().into_iter().enumerate().map(|(index, column)| {
        let (relation, name) = (column.relation.clone(), column.name.clone());
        let column = Expr::Column(column);
        if columns.contains(&index) { cast(column, DataType::Float64).alias_qualified(relation, name) } else { column }
    });
    Ok(Arc::new(LogicalPlanBuilder::from(plan.as_ref().clone()).project(expressions)?.build()?))
}
