//! Queries: one read-only SELECT over the declared tables, with bound parameters and messages that point at the text.

mod casts;
mod contract;
mod diagnose;
mod distinct;
mod params;
mod places;
mod refused;
mod shallow;
mod zones;

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::Analyzer;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use keyfold_core::source::Source;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Problem, Result};

pub(crate) use contract::Columns;
pub(crate) use params::Params;
pub(crate) use zones::Zones;

use crate::optimizer::ExactArithmetic;
use places::Places;

/// Levels of parentheses, calls and subqueries within each other; a subquery counts several times.
const NESTING: usize = 150;

/// Parentheses within each other.
const PARENTHESES: usize = 120;

/// Casts behind each other that are looked at at all.
const PILED_UP: usize = 1_000;

/// Plans a query over the session's tables.
///
/// # Errors
/// Everything but a single SELECT over declared tables with declared parameters is refused, with its place.
pub(crate) async fn plan(context: &SessionContext, source: &Source, params: &Params) -> Result<LogicalPlan> {
    let refuse = |problem: Problem| Error::new(ErrorKind::Query, problem);
    let mut statement = single_select(source).map_err(refuse)?;
    distinct::refuse_open_ends(source, &statement).map_err(refuse)?;
    shallow::shallow(source, &mut statement).map_err(refuse)?;
    undeclared_tables(context, source, &statement)?;
    let places = Places::of(source, &statement);
    let statement = Statement::Statement(statement);
    let planned = casts::plan(context.state(), statement).await;
    let plan = planned.map_err(|error| refuse(diagnose::problem(source, &error)))?;
    if let Some(problem) = refused::refused(source, &plan).map_err(|error| refuse(diagnose::problem(source, &error)))? {
        return Err(refuse(problem));
    }
    let plan = params.bind(source, plan)?;
    // The branches of a UNION get their common types here, before anybody looks at the schema.
    let state = context.state();
    let analyzed = analyzer(&state, places).execute_and_check(plan, state.config_options(), |_, _| {});
    analyzed.map_err(|error| refuse(diagnose::problem(source, &error)))
}

/// The session's analyzer, which knows where the query is written.
fn analyzer(state: &SessionState, places: Places) -> Analyzer {
    let mut analyzer = state.analyzer().clone();
    if let Some(rule) = analyzer.rules.iter_mut().find(|rule| rule.name() == ExactArithmetic::NAME) {
        *rule = Arc::new(ExactArithmetic::new(places));
    }
    analyzer
}

fn single_select(source: &Source) -> Result<Box<SqlStatement>, Problem> {
    let nested = diagnose::nested(source, PARENTHESES);
    if let Some(place) = nested.or_else(|| diagnose::piled_up(source, PILED_UP)) {
        let problem = Problem::new("parentheses, calls or subqueries are nested too deep").at(place);
        return Err(problem.help("give the inner ones a name in WITH"));
    }
    let mut statements: VecDeque<Statement> = parse(&source.text).map_err(|error| diagnose::problem(source, &error))?;
    let first = statements.pop_front();
    let help = "a query is ONE SELECT over the declared tables; WITH is fine";
    match first {
        None => Err(Problem::new("there is no query").at(source.place(0)).help(help)),
        Some(_) if !statements.is_empty() => {
            let place = diagnose::second_statement(source);
            Err(Problem::new("there is a second statement").at(place).help(help))
        }
        Some(Statement::Statement(statement)) if matches!(*statement, SqlStatement::Query(_)) => Ok(statement),
        Some(other) => {
            let text = other.to_string();
            let word = text.split_whitespace().next().unwrap_or_default().to_uppercase();
            let place = diagnose::first_word(source);
            Err(Problem::new(format!("{word} is not allowed: a job only reads")).at(place).help(help))
        }
    }
}

fn parse(text: &str) -> datafusion::error::Result<VecDeque<Statement>> {
    DFParserBuilder::new(text).with_recursion_limit(NESTING).build()?.parse_statements()
}

fn undeclared_tables(context: &SessionContext, source: &Source, statement: &SqlStatement) -> Result<()> {
    let state = context.state();
    let used = state
        .resolve_table_references(&Statement::Statement(Box::new(statement.clone())))
        .map_err(|error| Error::new(ErrorKind::Query, diagnose::problem(source, &error)))?;
    let declared = diagnose::table_names(context);
    let unknown = |name: &str| {
        let help = did_you_mean(name, declared.iter().map(String::as_str).collect::<Vec<_>>());
        let problem =
            Problem::new(format!("the job declares no table `{name}`")).at(diagnose::identifier(source, name));
        problem.help(help)
    };
    let problems: Vec<Problem> = used
        .iter()
        .filter(|used| used.schema().is_some() || !declared.contains(&used.table().to_owned()))
        .map(|used| unknown(&used.to_string()))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Query, problems)) }
}
