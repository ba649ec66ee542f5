//! Puts keyfold's exact operations in the place of those that wrap or depend on the order of the rows.
//!
//! The rule runs as the last of the analyzer's, when all types are known and no other rule has looked at a constant yet.
//! No later rule makes arithmetic of its own, and plans keep the functions wherever they are sent.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{
    AggregateFunction, AggregateFunctionParams, ScalarFunction, WindowFunction, WindowFunctionParams,
};
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan, ScalarUDF, WindowFunctionDefinition};
use datafusion::optimizer::AnalyzerRule;

use super::expressions::rewrite;
use crate::arithmetic::{
    Average, CHAIN, Cast, Chain, Extremum, Median, Operation, Operator, Origin, Placed, Sliding, Sum, is_nearest,
    is_own_cast,
};

/// Tells where an expression of a plan is written.
pub(crate) trait Origins: Debug + Send + Sync {
    /// Where it is written.
    fn origin(&self, expression: &Expr) -> Origin;
}

/// Of plans whose text is keyfold's own.
#[derive(Debug)]
struct Unknown;

impl Origins for Unknown {
    fn origin(&self, _: &Expr) -> Origin {
        Origin::default()
    }
}

/// The rule.
#[derive(Debug)]
pub(crate) struct ExactArithmetic {
    origins: Box<dyn Origins>,
}

impl Default for ExactArithmetic {
    fn default() -> Self {
        Self::new(Unknown)
    }
}

impl ExactArithmetic {
    pub(crate) const NAME: &str = "exact_arithmetic";

    /// The rule for a plan whose expressions are written there.
    pub(crate) fn new(origins: impl Origins + 'static) -> Self {
        Self { origins: Box::new(origins) }
    }

    fn rewrite(&self, expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let origin = || self.origins.origin(&expression);
        // The session's own are exact already and only need their place.
        let told = || Some(origin()).filter(|origin| origin.place.is_some());
        if let Some((value, to)) = cast_of(&expression) {
            let own = is_own_cast(&value.get_type(schema)?, &to);
            let call = own.then(|| Cast::new(origin()).call(value.clone(), &to)).flatten();
            return Ok(call.map_or_else(|| Transformed::no(expression), Transformed::yes));
        }
        let exact = match &expression {
            Expr::BinaryExpr(binary) => match Operator::of(binary.op) {
                Some(operator)
                    if operator.may_fail(&binary.left.get_type(schema)?, &binary.right.get_type(schema)?) =>
                {
                    let operands = vec![binary.left.as_ref().clone(), binary.right.as_ref().clone()];
                    Operation::binary(operator, origin()).call(operands)
                }
                _ => return Ok(Transformed::no(expression)),
            },
            Expr::Negative(operand) if !operand.get_type(schema)?.is_floating() => {
                Operation::negation(origin()).call(vec![operand.as_ref().clone()])
            }
            Expr::TryCast(cast) if is_nearest(&cast.expr.get_type(schema)?, cast.field.data_type()) => {
                match Cast::new(origin()).call(cast.expr.as_ref().clone(), cast.field.data_type()) {
                    Some(call) => call,
                    None => return Ok(Transformed::no(expression)),
                }
            }
            Expr::ScalarFunction(call) if call.name() == CHAIN => {
                let Some(origin) = told() else { return Ok(Transformed::no(expression)) };
                let function = Arc::new(Chain::new(origin).function());
                Expr::ScalarFunction(ScalarFunction::new_udf(function, call.args.clone()))
            }
            Expr::ScalarFunction(call) => {
                let Some(placed) = told().and_then(|origin| Placed::of(&call.func, origin)) else {
                    return Ok(Transformed::no(expression));
                };
                let function = Arc::new(ScalarUDF::new_from_impl(placed));
                Expr::ScalarFunction(ScalarFunction::new_udf(function, call.args.clone()))
            }
            Expr::AggregateFunction(AggregateFunction { func, params }) => {
                let Some((func, distinct)) = exact_aggregate(func, &params.args, params.distinct, schema, told)? else {
                    return Ok(Transformed::no(expression));
                };
                let params = AggregateFunctionParams { distinct, ..params.clone() };
                Expr::AggregateFunction(AggregateFunction { func, params })
            }
            Expr::WindowFunction(call) => {
                let params = &call.params;
                let WindowFunctionDefinition::AggregateUDF(func) = &call.fun else {
                    return Ok(Transformed::no(expression));
                };
                let sliding =
                    || Sliding::of(func).map(|func| (Arc::new(AggregateUDF::new_from_impl(func)), params.distinct));
                let exact = exact_aggregate(func, &params.args, params.distinct, schema, told)?;
                let Some((func, distinct)) = exact.or_else(sliding) else { return Ok(Transformed::no(expression)) };
                let fun = WindowFunctionDefinition::AggregateUDF(func);
                let params = WindowFunctionParams { distinct, ..params.clone() };
                Expr::WindowFunction(Box::new(WindowFunction { fun, params }))
            }
            _ => return Ok(Transformed::no(expression)),
        };
        Ok(Transformed::yes(exact))
    }
}

/// The value and the type of a cast, however it is written.
fn cast_of(expression: &Expr) -> Option<(&Expr, DataType)> {
    match expression {
        Expr::Cast(cast) => Some((&cast.expr, cast.field.data_type().clone())),
        Expr::ScalarFunction(call) if call.name() == "arrow_cast" => match call.args.as_slice() {
            [value, Expr::Literal(name, _)] => Some((value, name.try_as_str()??.parse().ok()?)),
            _ => None,
        },
        _ => None,
    }
}

/// What stands in the place of an aggregate function, if anything does, and whether it is of distinct values.
fn exact_aggregate(
    function: &AggregateUDF,
    arguments: &[Expr],
    distinct: bool,
    schema: &DFSchema,
    told: impl Fn() -> Option<Origin>,
) -> Result<Option<(Arc<AggregateUDF>, bool)>> {
    let exact = match (function.name(), arguments) {
        ("sum", _) => told().map(|origin| (AggregateUDF::new_from_impl(Sum::new(origin)), distinct)),
        ("avg", _) => told().map(|origin| (AggregateUDF::new_from_impl(Average::new(origin)), distinct)),
        ("median", _) => told().map(|origin| (AggregateUDF::new_from_impl(Median::new(origin)), distinct)),
        // DISTINCT would make -0.0 and 0.0 one value, and is nothing to the smallest and the largest.
        (name, [argument]) if argument.get_type(schema)?.is_floating() => {
            Extremum::of(name).map(|extremum| (AggregateUDF::new_from_impl(extremum), false))
        }
        _ => None,
    };
    Ok(exact.map(|(function, distinct)| (Arc::new(function), distinct)))
}

impl AnalyzerRule for ExactArithmetic {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewrite_node =
            |plan| rewrite(plan, |expression, schema| expression.transform_up(|inner| self.rewrite(inner, schema)));
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}
