//! Parameters: typed values, bound into the plan, never pasted into the text.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
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
                Err(message) => {
                    problems.push(Problem::new(format!("the parameter `{}`: {message}", param.name)).at(place))
                }
            }
        }
        match problems.is_empty() {
            true => Ok(params),
            false => Err(Error::all(ErrorKind::Usage, problems)),
        }
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

async fn value(context: &SessionContext, sql_type: &str, text: &str) -> Result<ScalarValue, String> {
    let data_type = data_type(context, sql_type).await?;
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&StringArray::from(vec![text]), &data_type, &strict)
        .ok()
        .and_then(|value| ScalarValue::try_from_array(&value, 0).ok())
        .ok_or_else(|| format!("`{text}` is not a {sql_type}"))
}
