//! `IS DISTINCT FROM`, whose right side the parser takes too far: `a IS DISTINCT FROM b AND c` becomes
//! `a IS DISTINCT FROM (b AND c)`, and other rows than those that SQL means would come, without a word.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Span;
use keyfold_core::Problem;
use keyfold_core::source::Source;

/// Refuses comparisons whose end only parentheses can say.
pub(super) fn refuse_open_ends(source: &Source, statement: &Statement) -> Result<(), Problem> {
    match statement.visit(&mut OpenEnds) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(span) => {
            let place = source.line(span.start.line as usize, span.start.column as usize);
            let problem = Problem::new("what follows IS DISTINCT FROM is read as one condition with AND and OR");
            Err(problem.at(place).help("put parentheses around the comparison: (a IS DISTINCT FROM b) AND …"))
        }
    }
}

struct OpenEnds;

impl Visitor for OpenEnds {
    type Break = Span;

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Span> {
        match expression {
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) if is_open(right) => {
                ControlFlow::Break(left.span())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether conditions stand in the expression without parentheses around them.
fn is_open(expression: &Expr) -> bool {
    matches!(expression, Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor, .. })
}
