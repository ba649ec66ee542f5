//! Where in the SQL the operations of a plan are written.
//!
//! Plans do not say where their expressions come from. So an operation of a plan is found again in the text as the one of
//! its kind that uses the same names in the same order.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CastKind, ObjectName, Spanned, Statement, UnaryOperator, Visit, Visitor,
};
use keyfold_core::Place;
use keyfold_core::source::Source;

use crate::arithmetic::{Function, Operator, Origin};
use crate::optimizer::Origins;

/// Lines of other operations that a message names at most.
const OTHERS: usize = 5;

/// A longer line is not shown: it would be in every operation of the plan.
const SHOWN: usize = 400;

/// Line and column.
type Position = (usize, usize);

/// The operations of a query's text.
#[derive(Debug)]
pub(super) struct Places {
    source: Source,
    /// Where the first of each kind with these names is.
    first: HashMap<(Kind, Vec<String>), Position>,
    /// Where the innermost expression of each kind with these names is.
    named: HashMap<Vec<String>, Position>,
    /// Where those of each kind are.
    all: HashMap<Kind, Vec<Position>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Operator(Operator),
    Negation,
    Cast,
    Call(String),
    Other,
}

impl Places {
    pub(super) fn of(source: &Source, statement: &Statement) -> Self {
        let places = Self { source: source.clone(), first: HashMap::new(), named: HashMap::new(), all: HashMap::new() };
        let mut reader = Reader { names: Vec::new(), open: Vec::new(), places };
        let _ = statement.visit(&mut reader);
        reader.places
    }

    fn add(&mut self, kind: Kind, names: Vec<String>, position: Position) {
        if !names.is_empty() {
            self.named.entry(names.clone()).or_insert(position);
        }
        if kind != Kind::Other {
            self.all.entry(kind.clone()).or_default().push(position);
            self.first.entry((kind, names)).or_insert(position);
        }
    }

    fn place(&self, (line, column): Position) -> Place {
        let place = self.source.line(line, column);
        Place { excerpt: place.excerpt.filter(|line| line.len() <= SHOWN), ..place }
    }
}

impl Origins for Places {
    fn origin(&self, expression: &Expr) -> Origin {
        let key = (kind(expression), names(expression));
        let found = self.first.get(&key).or_else(|| match key {
            // One that the engine has put in: what is cast stands there.
            (Kind::Cast, ref names) => self.named.get(names),
            _ => None,
        });
        if let Some(found) = found {
            return Origin { place: Some(self.place(*found)), others: Vec::new() };
        }
        let like = self.all.get(&key.0).map_or(&[][..], Vec::as_slice);
        let place = like.first().map_or_else(|| Place::whole(&self.source.name), |first| self.place(*first));
        let mut others: Vec<usize> = like.iter().skip(1).map(|(line, _)| *line).take(OTHERS).collect();
        others.dedup();
        Origin { place: Some(place), others }
    }
}

fn kind(expression: &Expr) -> Kind {
    match expression {
        Expr::BinaryExpr(binary) => Operator::of(binary.op).map_or(Kind::Other, Kind::Operator),
        Expr::Negative(_) => Kind::Negation,
        Expr::Cast(_) => Kind::Cast,
        Expr::ScalarFunction(call) => Kind::Call(call.name().to_lowercase()),
        Expr::AggregateFunction(call) => Kind::Call(call.func.name().to_lowercase()),
        Expr::WindowFunction(call) => Kind::Call(call.fun.name().to_lowercase()),
        _ => Kind::Other,
    }
}

/// The names of columns and functions in an expression, outer before inner, left before right.
fn names(expression: &Expr) -> Vec<String> {
    let mut names = Vec::new();
    let _ = expression.apply(|expression| {
        match expression {
            Expr::Column(column) => names.extend(words(&column.name)),
            Expr::OuterReferenceColumn(_, column) => names.extend(words(&column.name)),
            Expr::ScalarFunction(call) if Function::replaces_syntax(&call.func) => {}
            _ => {
                if let Kind::Call(name) = kind(expression) {
                    names.push(name);
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    names
}

/// The names in the name of a column. That of a computed one is an expression, such as `sum(sales.units * Int64(2))`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = name;
    while let Some(start) = rest.find(is_word) {
        let is_type = rest[..start].ends_with("::");
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let constant = after.starts_with('(') && word.starts_with(|c: char| c.is_uppercase());
        if constant {
            rest = after.find(')').map_or("", |close| &after[close..]);
            continue;
        }
        if !is_type && !after.starts_with('.') && !word.starts_with(|c: char| c.is_ascii_digit()) {
            words.push(word.to_lowercase());
        }
        rest = after;
    }
    words
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Reads the operations out of a statement.
struct Reader {
    /// All names so far.
    names: Vec<String>,
    /// How many names there were when each of the open expressions began.
    open: Vec<usize>,
    places: Places,
}

impl Visitor for Reader {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &ast::Expr) -> ControlFlow<()> {
        self.open.push(self.names.len());
        match expression {
            ast::Expr::Identifier(name) => self.names.extend(words(&name.value)),
            ast::Expr::CompoundIdentifier(parts) => {
                self.names.extend(parts.last().iter().flat_map(|name| words(&name.value)))
            }
            ast::Expr::Function(call) => self.names.push(function_name(&call.name)),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &ast::Expr) -> ControlFlow<()> {
        let names = self.names[self.open.pop().unwrap_or_default()..].to_vec();
        let start = expression.span().start;
        if start.line > 0 {
            self.places.add(written_kind(expression), names, (start.line as usize, start.column as usize));
        }
        ControlFlow::Continue(())
    }
}

fn written_kind(expression: &ast::Expr) -> Kind {
    match expression {
        ast::Expr::BinaryOp { op, .. } => Kind::Operator(match op {
            BinaryOperator::Plus => Operator::Add,
            BinaryOperator::Minus => Operator::Subtract,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::Modulo => Operator::Modulo,
            BinaryOperator::PGBitwiseShiftLeft => Operator::ShiftLeft,
            BinaryOperator::PGBitwiseShiftRight => Operator::ShiftRight,
            _ => return Kind::Other,
        }),
        ast::Expr::UnaryOp { op: UnaryOperator::Minus, .. } => Kind::Negation,
        ast::Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, .. } => Kind::Cast,
        ast::Expr::Function(call) => Kind::Call(function_name(&call.name)),
        _ => Kind::Other,
    }
}

fn function_name(name: &ObjectName) -> String {
    name.0.last().map(|part| part.to_string().to_lowercase()).unwrap_or_default()
}
