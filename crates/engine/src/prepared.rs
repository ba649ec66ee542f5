//! A job that is ready to run on a session. What callers see of the engine; DataFusion stays inside.

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlanProperties, displayable};
use datafusion::prelude::ident;
use futures::{StreamExt, TryStreamExt};
use keyfold_core::fold::DocumentBatch;
use keyfold_core::job::Job;
use keyfold_core::location::Location;
use keyfold_core::report::{Summary, TotalReport};
use keyfold_core::sum::Sum;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use tokio::sync::watch;

use crate::error::running;
use crate::plan::Plan;
use crate::runner::{Progress, Runner};
use crate::session::{Resources, Session};
use crate::storage::preflight::Reach;
use crate::storage::stores::Stores;
use crate::tables::ResolvedTable;
use crate::write::{WriteSpec, summaries};
use crate::{checks, totals};

/// A job, resolved and checked, with its session.
pub struct Prepared {
    /// The job as written.
    pub job: Job,
    session: Session,
    plan: Plan,
    checks: Vec<(String, LogicalPlan)>,
    totals: Vec<LogicalPlan>,
}

/// What would run.
#[derive(Debug, serde::Serialize)]
pub struct Explained {
    /// Name, format, files and bytes of each table.
    pub tables: Vec<ExplainedTable>,
    /// The parameters' values.
    pub params: std::collections::BTreeMap<String, String>,
    /// The checks.
    pub checks: Vec<String>,
    /// The control totals' columns.
    pub totals: Vec<String>,
    /// The logical plan, optimized.
    pub logical: String,
    /// The physical plan: what runs, from the last step to the first.
    pub physical: String,
}

/// A table that would be read.
#[derive(Debug, serde::Serialize)]
pub struct ExplainedTable {
    /// Its name.
    pub name: String,
    /// How its files are written.
    pub format: String,
    /// How many files.
    pub files: usize,
    /// Their length.
    pub bytes: u64,
    /// Where they are.
    pub path: String,
}

impl Prepared {
    /// Finds the tables and plans the query, the checks and the totals. The problems of all are reported together.
    pub async fn prepare(
        job: Job,
        params: &[String],
        resources: &Resources,
        stores: Arc<Stores>,
        runner: Arc<dyn Runner>,
    ) -> Result<Self> {
        let session = Session::new(resources, stores, runner)?;
        let plan = Plan::resolve(&session, &job, params).await?;
        let checks = checks::plan(&session.context, &job.checks, &plan.params).await;
        let totals = totals::plan(&session.context, &job, &plan.params).await;
        match (checks, totals) {
            (Ok(checks), Ok(totals)) => Ok(Self { job, session, plan, checks, totals }),
            (checks, totals) => {
                let errors = [checks.err(), totals.err()].into_iter().flatten();
                Err(Error::all(ErrorKind::Query, errors.flat_map(|error| error.problems().to_vec()).collect()))
            }
        }
    }

    /// The parameters' values.
    pub fn params(&self) -> &std::collections::BTreeMap<String, String> {
        &self.plan.params.texts
    }

    /// Checks that unique columns are unique.
    pub async fn check_unique(&self) -> Result<()> {
        checks::unique(&self.session, &self.plan.tables).await
    }

    /// Runs the job's checks; gives the names of those that passed.
    pub async fn run_checks(&self) -> Result<Vec<String>> {
        checks::run(&self.session, self.checks.clone()).await
    }

    /// Asks the source for the control totals.
    pub async fn source_totals(&self) -> Result<Vec<Sum>> {
        totals::source(&self.session, &self.job, &self.totals).await
    }

    /// Holds that every process that will work reaches the tables and the snapshot.
    pub async fn check_reach(&self, snapshot: Location) -> Result<()> {
        let files = self.plan.tables.iter().flat_map(ResolvedTable::reached).collect();
        self.session.runner.check_reach(&Reach { files, snapshot }).await
    }

    /// Folds the rows and writes the documents into a snapshot.
    pub async fn write(&self, snapshot: Location, progress: watch::Sender<Progress>) -> Result<Vec<Summary>> {
        let plan = self.plan.written(self.write_spec(snapshot))?;
        let plan = self.session.physical(plan).await?;
        let partitions = plan.output_partitioning().partition_count();
        let rows = self.session.execute(plan, progress).await?;
        summaries(&rows, partitions, self.session.runner.retries())
    }

    fn write_spec(&self, snapshot: Location) -> WriteSpec {
        let output = &self.job.output;
        WriteSpec {
            snapshot,
            layout: output.layout,
            compression: output.compression,
            staged: self.session.runner.retries(),
        }
    }

    /// Holds what was delivered against the source's control totals.
    pub fn compare_totals(&self, source: &[Sum], summaries: &[Summary]) -> Result<Vec<TotalReport>> {
        totals::compare(&self.job.totals, source, summaries, &self.plan.spec.template)
    }

    /// The documents of these keys, each with its key; an unknown key is a problem.
    pub async fn documents(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>> {
        let plan = self.plan.documents_with_keys(keys)?;
        let documents = self.collect(plan, None).await?;
        let missing: Vec<_> = keys.iter().filter(|key| documents.iter().all(|(found, _)| found != *key)).collect();
        if missing.is_empty() {
            return Ok(documents);
        }
        let problems = missing
            .into_iter()
            .map(|key| Problem::new(format!("there is no document `{key}`: the query gives no row with this key")));
        let help = "`keyfold show` without --key prints the first documents, and so some keys";
        Err(Error::all(ErrorKind::Input, problems.map(|problem| problem.help(help)).collect()))
    }

    /// The first documents by key.
    pub async fn first_documents(&self, limit: usize) -> Result<Vec<(String, Vec<u8>)>> {
        self.collect(self.plan.documents()?, Some(limit)).await
    }

    async fn collect(&self, plan: LogicalPlan, limit: Option<usize>) -> Result<Vec<(String, Vec<u8>)>> {
        let frame = self.session.context.execute_logical_plan(plan).await.map_err(running)?;
        let frame = frame.sort(vec![ident("key").sort(true, false)]).map_err(running)?;
        let frame = frame.limit(0, limit).map_err(running)?;
        let mut batches = frame.execute_stream().await.map_err(running)?.map_err(running).boxed();
        let mut documents = Vec::new();
        while let Some(batch) = batches.try_next().await? {
            let batch = DocumentBatch(&batch);
            documents.extend((0..batch.len()).map(|row| (batch.key(row).to_owned(), batch.document(row).to_vec())));
        }
        Ok(documents)
    }

    /// What would run.
    pub async fn explain(&self) -> Result<Explained> {
        let spec = self.write_spec(self.job.output.url.value.clone());
        let state = self.session.context.state();
        let logical = state.optimize(&self.plan.written(spec)?).map_err(running)?;
        let physical = state.query_planner().create_physical_plan(&logical, &state).await.map_err(running)?;
        let tables = self.plan.tables.iter().map(|table| ExplainedTable {
            name: table.table.name.clone(),
            format: table.spec.format.clone(),
            files: table.files.len(),
            bytes: table.bytes(),
            path: table.table.path.value.to_string(),
        });
        Ok(Explained {
            tables: tables.collect(),
            params: self.params().clone(),
            checks: self.checks.iter().map(|(name, _)| name.clone()).collect(),
            totals: self.job.totals.iter().map(|total| total.value.value.clone()).collect(),
            logical: logical.display_indent().to_string(),
            physical: displayable(physical.as_ref()).indent(false).to_string(),
        })
    }
}
