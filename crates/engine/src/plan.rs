//! The plan of a job: what was written, resolved against tables and query, and checked.

use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::lit;
use keyfold_core::fold::{Fold, FoldSpec, Naming};
use keyfold_core::grid::Grid;
use keyfold_core::job::{Cells, Job, Layout, Pivot};
use keyfold_core::name::NamePattern;
use keyfold_core::source::Source;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::template::{Reference, Template};
use keyfold_core::{Error, ErrorKind, Problem, Result, json, text};

use crate::error::running;
use crate::fold::FoldNode;
use crate::query::{self, Columns, Params};
use crate::session::Session;
use crate::shard;
use crate::tables::{self, ResolvedTable};
use crate::write::{WriteNode, WriteSpec};

/// A job that can run.
pub(crate) struct Plan {
    /// The declared tables.
    pub(crate) tables: Vec<ResolvedTable>,
    /// The parameters' values.
    pub(crate) params: Params,
    /// The fold.
    pub(crate) spec: Arc<FoldSpec>,
    /// The query, reduced to the columns that the fold reads.
    pub(crate) input: LogicalPlan,
}

/// The column that numbers the shard of the ndjson layout.
const SHARD_COLUMN: &str = "__keyfold_shard";

impl Plan {
    /// Resolves a job. As many problems as can be found are reported together.
    pub(crate) async fn resolve(session: &Session, job: &Job, given_params: &[String]) -> Result<Self> {
        let context = &session.context;
        let mut problems = Problems::default();
        let template = problems.take(Template::parse(&job.template));
        let naming = problems.take(naming(job));
        let params = problems.take(Params::resolve(context, &job.params, given_params).await);
        let tables = problems.take(tables::register(context, &job.tables, Some(&job.output.url)).await);
        let (Some(params), Some(tables)) = (params, tables) else { return Err(problems.into_error()) };
        let query = problems.take(query::plan(context, &job.query, &params).await);
        let (Some(query), Some(template), Some(naming)) = (query, template, naming) else {
            return Err(problems.into_error());
        };
        problems.take(check_contract(job, &query, &template, &naming));
        let mut grids = Vec::new();
        for pivot in used_pivots(job, &template) {
            grids.extend(problems.take(grid(session, job, pivot, &params).await));
        }
        if !problems.all.is_empty() {
            return Err(problems.into_error());
        }
        let totals = job.totals.iter().map(|total| total.value.value.clone()).collect();
        let spec = FoldSpec {
            key: job.key.value.clone(),
            template: template.root,
            pretty: job.output.pretty,
            grids,
            naming,
            totals,
        };
        let input = project(query, &spec, job.output.shards).map_err(running)?;
        // What a fold refuses before its first row is refused before anything runs.
        Fold::new(&spec, input.schema().inner())?;
        Ok(Self { tables, params, spec: Arc::new(spec), input })
    }

    /// The documents.
    pub(crate) fn documents(&self) -> Result<LogicalPlan> {
        self.documents_of(self.input.clone())
    }

    /// The documents of these keys only.
    pub(crate) fn documents_with_keys(&self, keys: &[String]) -> Result<LogicalPlan> {
        let key = Expr::Column(Column::new_unqualified(&self.spec.key));
        let text = datafusion::prelude::cast(key, DataType::Utf8);
        let wanted = text.in_list(keys.iter().map(|key| lit(key.as_str())).collect(), false);
        let input = LogicalPlanBuilder::from(self.input.clone()).filter(wanted).and_then(LogicalPlanBuilder::build);
        self.documents_of(input.map_err(running)?)
    }

    fn documents_of(&self, input: LogicalPlan) -> Result<LogicalPlan> {
        let node = FoldNode::new(input, self.spec.clone()).map_err(running)?;
        Ok(LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) }))
    }

    /// The documents, written into a snapshot.
    pub(crate) fn written(&self, spec: WriteSpec) -> Result<LogicalPlan> {
        let node = WriteNode::new(self.documents()?, Arc::new(spec)).map_err(running)?;
        Ok(LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) }))
    }
}

/// Collects problems; their kind is that of the first.
#[derive(Default)]
struct Problems {
    kind: Option<ErrorKind>,
    all: Vec<Problem>,
}

impl Problems {
    fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result
            .map_err(|error| {
                self.kind.get_or_insert(error.kind());
                self.all.extend(error.problems().to_vec());
            })
            .ok()
    }

    fn into_error(self) -> Error {
        Error::all(self.kind.unwrap_or(ErrorKind::Internal), self.all)
    }
}

fn naming(job: &Job) -> Result<Naming> {
    let usage = |message: String| {
        let problem = Problem::new(format!("`output.name` {message}"));
        let place = job.output.name.as_ref().map(|name| name.place.clone());
        Error::new(ErrorKind::Usage, Problem { place, ..problem })
    };
    match (job.output.layout, &job.output.name) {
        (Layout::Ndjson, _) => Ok(Naming::Shard { column: SHARD_COLUMN.into(), compression: job.output.compression }),
        (Layout::Files, None) => Err(usage("is missing".into())),
        (Layout::Files, Some(name)) => {
            let pattern: NamePattern = name.value.parse().map_err(usage)?;
            pattern.check_injective(&job.key.value).map_err(usage)?;
            Ok(Naming::Own(pattern))
        }
    }
}

fn used_pivots<'a>(job: &'a Job, template: &Template) -> Vec<&'a Pivot> {
    let pivots = template.root.pivots();
    job.pivots.iter().filter(|pivot| pivots.iter().any(|(_, used)| used.grid == pivot.name)).collect()
}

/// Holds every name that the job uses against the query's columns.
fn check_contract(job: &Job, query: &LogicalPlan, template: &Template, naming: &Naming) -> Result<()> {
    let mut columns = Columns::new(query.schema().as_arrow(), &job.query.name);
    columns.key(&job.key.value, &job.key.place);
    let pivots = used_pivots(job, template);
    for (index, pivot) in pivots.iter().enumerate() {
        columns.pivot(&pivot.column.value, &pivot.column.place);
        if let Some(other) = pivots[..index].iter().find(|other| other.column.value == pivot.column.value) {
            let message = format!(
                "`pivot.{}` and `pivot.{}` have the same column, so every row would be in both",
                other.name, pivot.name
            );
            let help = "use one of them for both pivots of document.json, or give each a column of its own";
            columns.problems.push(Problem::new(message).at(pivot.column.place.clone()).help(help));
        }
    }
    let mut cells = Vec::new();
    for (reference, place) in &template.references {
        match reference {
            Reference::Attribute(slot) => columns.shown(slot, place),
            Reference::Value(slot) => {
                cells.push(slot.column.as_str());
                columns.shown(slot, place);
            }
            Reference::Grid(name) if job.pivots.iter().any(|pivot| pivot.name == *name) => {}
            Reference::Grid(name) => {
                let help = did_you_mean(name, job.pivots.iter().map(|pivot| pivot.name.as_str()).collect::<Vec<_>>());
                let problem = Problem::new(format!("{} has no [pivot.{name}]", job.source.name)).at(place.clone());
                columns.problems.push(problem.help(help));
            }
        }
    }
    if let (Naming::Own(pattern), Some(name)) = (naming, &job.output.name) {
        for column in pattern.columns() {
            columns.named(column, &name.place);
        }
    }
    for total in &job.totals {
        columns.number(&total.value.value, &total.value.place);
        if !cells.contains(&total.value.value.as_str()) {
            let problem = Problem::new(format!(
                "the total's value `{}` is in no pivot of {}",
                total.value.value, job.template.name
            ));
            columns.problems.push(
                problem.at(total.value.place.clone()).help("a total adds up delivered cells; name a pivot's $value"),
            );
        }
    }
    if columns.problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Query, columns.problems)) }
}

async fn grid(session: &Session, job: &Job, pivot: &Pivot, params: &Params) -> Result<Grid> {
    let values = match &pivot.cells {
        Cells::Range(first, last) => (*first..=*last).map(|value| value.to_string()).collect(),
        Cells::Values(values) => values.clone(),
        Cells::Select(sql) => {
            let name = format!("{} [pivot.{}] from", job.source.name, pivot.name);
            selected_values(session, &Source { name, text: sql.value.clone() }, params).await?
        }
    };
    let wrong = |message: String| {
        let problem = Problem::new(format!("`pivot.{}` {message}", pivot.name));
        Err(Error::new(
            ErrorKind::Usage,
            match &pivot.cells {
                Cells::Select(sql) => {
                    problem.at(sql.place.clone()).help("make it a SELECT DISTINCT … ORDER BY … that gives some rows")
                }
                Cells::Range(..) | Cells::Values(_) => {
                    problem.at(pivot.column.place.clone()).help("give each cell once")
                }
            },
        ))
    };
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = values.iter().find(|value| !seen.insert(value.as_str())) {
        return wrong(format!("has the cell `{twice}` twice"));
    }
    if values.is_empty() {
        return wrong("has no cells".into());
    }
    let (name, column) = (pivot.name.clone(), pivot.column.value.clone());
    Ok(Grid { name, column, label: pivot.label.clone(), values, off_grid: pivot.off_grid })
}

/// The first column of a SELECT, in the order that it gives.
async fn selected_values(session: &Session, source: &Source, params: &Params) -> Result<Vec<String>> {
    let plan = query::plan(&session.context, source, params).await?;
    let mut values = Vec::new();
    for batch in session.collect(plan).await? {
        let column = batch.column(0);
        if let Some((_, fault)) = json::first_fault(column) {
            let problem = Problem::new(format!("gives a value that {fault}")).at(source.place(0));
            return Err(Error::new(ErrorKind::Input, problem.help(fault.help())));
        }
        let texts = text::of(column).map_err(|error| running(error.into()))?;
        if texts.null_count() > 0 {
            let problem = Problem::new("gives a NULL, which cannot be a cell").at(source.place(0));
            return Err(Error::new(ErrorKind::Input, problem.help("leave it out with WHERE … IS NOT NULL")));
        }
        values.extend(texts.iter().flatten().map(str::to_owned));
    }
    Ok(values)
}

/// The query's columns that the fold reads, under their own names, and the shard where there are shards.
fn project(query: LogicalPlan, spec: &FoldSpec, shards: u32) -> datafusion::error::Result<LogicalPlan> {
    let columns = spec.columns().into_iter().filter(|name| *name != SHARD_COLUMN);
    let mut expressions: Vec<Expr> = Vec::new();
    for name in columns {
        let index = query.schema().fields().iter().position(|field| field.name() == name).unwrap_or_default();
        expressions.push(Expr::Column(Column::from(query.schema().qualified_field(index))).alias(name));
    }
    if let Naming::Shard { column, .. } = &spec.naming {
        let index = query.schema().fields().iter().position(|field| *field.name() == spec.key).unwrap_or_default();
        let key = Expr::Column(Column::from(query.schema().qualified_field(index)));
        expressions.push(shard::function().call(vec![key, lit(shards)]).alias(column));
    }
    LogicalPlanBuilder::from(query).project(expressions)?.build()
}
