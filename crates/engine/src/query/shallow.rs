//! Long expressions made shallow.
//!
//! `a OR b OR c …` is a tree as deep as the expression is long. Thousands of terms would take a stack that nobody has,
//! and every pass of the planner time that grows with their square. So the text's tree is changed before it is planned:
//! what is associative becomes a balanced tree, arithmetic, which is not, one call of `keyfold_chain`, and conditions that
//! all have to hold, which the engine would put in a row again, one call of `keyfold_all`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, Spanned, Statement, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;
use keyfold_core::Problem;
use keyfold_core::source::Source;

use crate::arithmetic::CHAIN;
use crate::conjunction::ALL;

/// Operands in a row that are left as they are written.
const SHORT: usize = 200;
/// How deep an expression may be.
const DEEPEST: usize = 200;

/// Makes a statement's long expressions shallow. What stays too deep is refused.
pub(super) fn shallow(source: &Source, statement: &mut Statement) -> Result<(), Problem> {
    let mut walk = Walk { depth: 0 };
    match VisitMut::visit(statement, &mut walk) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(span) => {
            let place = source.line(span.start.line as usize, span.start.column as usize);
            let problem = Problem::new(format!("an expression is nested more than {DEEPEST} deep")).at(place);
            Err(problem.help("give parts of it a name in a subquery (WITH)"))
        }
    }
}

struct Walk {
    depth: usize,
}

impl VisitorMut for Walk {
    type Break = Span;

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Span> {
        if let Expr::BinaryOp { op, .. } = expression
            && let Some(family) = Family::of(op)
            && length(expression, family) > SHORT
        {
            let (operands, operators) = take_apart(std::mem::replace(expression, nothing()), family);
            *expression = match family {
                Family::Balanced(_) => balanced(operands, &operators),
                Family::Conjunction => call(ALL, operands),
                Family::Arithmetic => chain(operands, &operators),
            };
        }
        self.depth += 1;
        if self.depth > DEEPEST { ControlFlow::Break(expression.span()) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, _: &mut Expr) -> ControlFlow<Span> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

/// Operators that may stand in one row.
#[derive(Clone, Copy, PartialEq)]
enum Family {
    Balanced(Joining),
    Conjunction,
    Arithmetic,
}

#[derive(Clone, Copy, PartialEq)]
enum Joining {
    Or,
    Concatenation,
}

impl Family {
    fn of(operator: &BinaryOperator) -> Option<Self> {
        Some(match operator {
            BinaryOperator::And => Self::Conjunction,
            BinaryOperator::Or => Self::Balanced(Joining::Or),
            BinaryOperator::StringConcat => Self::Balanced(Joining::Concatenation),
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo => Self::Arithmetic,
            _ => return None,
        })
    }

    fn has(self, operator: &BinaryOperator) -> bool {
        Self::of(operator) == Some(self)
    }
}

/// How many operands stand in a row.
fn length(expression: &Expr, family: Family) -> usize {
    let (mut length, mut rest) = (1, expression);
    while let Expr::BinaryOp { left, op, .. } = rest
        && family.has(op)
    {
        length += 1;
        rest = left;
    }
    length
}

/// The operands of a row, and the operators between them.
fn take_apart(mut rest: Expr, family: Family) -> (Vec<Expr>, Vec<BinaryOperator>) {
    let (mut operands, mut operators) = (Vec::new(), Vec::new());
    loop {
        match rest {
            Expr::BinaryOp { left, op, right } if family.has(&op) => {
                operands.push(*right);
                operators.push(op);
                rest = *left;
            }
            first => {
                operands.push(first);
                break;
            }
        }
    }
    operands.reverse();
    operators.reverse();
    (operands, operators)
}

fn balanced(mut operands: Vec<Expr>, operators: &[BinaryOperator]) -> Expr {
    if operands.len() <= 1 {
        return operands.pop().unwrap_or_else(nothing);
    }
    let middle = operands.len() / 2;
    let right = operands.split_off(middle);
    Expr::BinaryOp {
        left: Box::new(balanced(operands, &operators[..middle - 1])),
        op: operators[middle - 1].clone(),
        right: Box::new(balanced(right, &operators[middle..])),
    }
}

fn chain(operands: Vec<Expr>, operators: &[BinaryOperator]) -> Expr {
    let signs: String = operators.iter().map(BinaryOperator::to_string).collect();
    let signs = Expr::Value(Value::SingleQuotedString(signs).with_empty_span());
    call(CHAIN, std::iter::once(signs).chain(operands).collect())
}

fn call(function: &str, arguments: Vec<Expr>) -> Expr {
    let span = arguments.iter().map(Spanned::span).find(|span| span.start.line > 0).unwrap_or_else(Span::empty);
    let args = arguments.into_iter().map(|operand| FunctionArg::Unnamed(FunctionArgExpr::Expr(operand))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_span(span, function)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn nothing() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}
