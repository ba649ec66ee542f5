//! Parameters: typed values, bound into the plan, never pasted into the text.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use keyfold_core::exact::{Parser, TextRules};
use keyfold_core::job::Param;
use keyfold_core::source::Source;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::diagnose;
use crate::tables::data_type;

/// The values of a job's parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    values: HashMap<String, ScalarValue>,
    /// The values as text, for the report.
    pub(crate) texts: BTreeMap<String, String>,
}

impl Params {
    /// The declared parameters with the values that flags give (`name=value`), else their defaults.
    pub(crate) async fn resolve(context: &SessionContext, declared: &[Param], given: &[String]) -> Result<Self> {
        let (mut texts, mut problems) = (BTreeMap::new(), Vec::new());
        for flag in given {
            let place = Place::whole(format!("--param {flag}"));
            match flag.split_once('=') {
                None => problems.push(Problem::new("expected NAME=VALUE").at(place)),
                Some((name, value)) if declared.iter().any(|param| param.name == name) => {
                    texts.insert(name.to_owned(), (value.to_owned(), place));
                }
                Some((name, _)) => {
                    let help = did_you_mean(name, declared.iter().map(|param| param.name.as_str()).collect::<Vec<_>>());
                    problems.push(Problem::new(format!("the job declares no parameter `{name}`")).at(place).help(help));
                }
            }
        }
        let mut params = Self::default();
        for param in declared {
            let default = param.default.clone().map(|text| (text, param.place.clone()));
            let Some((text, place)) = texts.remove(&param.name).or(default) else {
                let problem =
                    Problem::new(format!("the parameter `{}` has no value", param.name)).at(param.place.clone());
                problems.push(problem.help(format!("give one with --param {}=VALUE", param.name)));
                continue;
            };
            match value(context, &param.sql_type, &text).await {
                Ok(value) => {
                    params.values.insert(param.name.clone(), value);
                    params.texts.insert(param.name.clone(), text);
                }
                Err(problem) => {
                    let message = format!("the parameter `{}`: {}", param.name, problem.message);
                    problems.push(Problem { message, place: Some(place), ..problem });
                }
            }
        }
        if problems.is_empty() { Ok(params) } else { Err(Error::all(ErrorKind::Usage, problems)) }
    }

    /// Puts the values into a plan.
    pub(super) fn bind(&self, source: &Source, plan: LogicalPlan) -> Result<LogicalPlan> {
        let query = |problem: Problem| Error::new(ErrorKind::Query, problem);
        let used = plan.get_parameter_names().map_err(|error| query(diagnose::problem(source, &error)))?;
        for placeholder in used {
            let name = placeholder.trim_start_matches('$');
            if !self.values.contains_key(name) {
                let problem = Problem::new(format!("the job declares no parameter `{name}`"));
                let help = did_you_mean(name, self.values.keys().map(String::as_str).collect::<Vec<_>>());
                return Err(query(problem.at(diagnose::identifier(source, &placeholder)).help(help)));
            }
        }
        plan.with_param_values(self.values.clone()).map_err(|error| query(diagnose::problem(source, &error)))
    }
}

/// The value that a cell of a CSV file with this text would have; an empty text is a text, not NULL.
async fn value(context: &SessionContext, sql_type: &str, text: &str) -> Result<ScalarValue, Problem> {
    let data_type = data_type(context, sql_type).await?;
    let parser = Parser::new(&data_type, &TextRules::default()).map_err(Problem::new)?;
    let array = parser.array([Some(text)].into_iter()).map_err(|bad| {
        let problem = Problem::new(format!("`{}` is not exactly of type {sql_type}", bad.text));
        Problem { help: help(&data_type).map(str::to_owned), ..problem }
    })?;
    ScalarValue::try_from_array(&array, 0).map_err(|error| Problem::new(error.strip_backtrace()))
}

/// How values of a type are written.
fn help(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Boolean => Some("write `true` or `false`"),
        DataType::Date32 | DataType::Date64 => Some("write a date such as 2018-01-31, without a time"),
        DataType::Time32(_) | DataType::Time64(_) => Some("write a time such as 23:30:00"),
        DataType::Timestamp(_, None) => Some("write it such as 2018-01-31T23:30:00, without a time zone"),
        DataType::Timestamp(_, Some(_)) => Some("write it such as 2018-01-31T23:30:00+01:00"),
        number if number.is_integer() => Some("write a whole number that fits, or declare another type in job.toml"),
        number if number.is_numeric() => Some("write a number that fits, or declare another type in job.toml"),
        _ => None,
    }
}
