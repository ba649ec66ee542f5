//! What becomes of a run of which a partition is lost or done twice, whoever runs it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};
use keyfold_core::job::{Compression, Files, Job, Layout, Overrides};
use keyfold_core::location::Location;
use keyfold_core::report::Summary;
use keyfold_core::source::Source;
use keyfold_core::{ErrorKind, Result};
use tokio::sync::watch;

use super::{WriteExec, WriteSpec, number_partitions};
use crate::prepared::Prepared;
use crate::publish;
use crate::runner::{LocalRunner, Progress, Runner};
use crate::session::Resources;
use crate::storage::preflight::Reach;
use crate::storage::stores::{StoreOptions, Stores};

const JOB: &str = "version = 1\nkey = \"id\"\n[tables.t]\npath = \"t.csv\"\nschema = { id = \"INT\" }\n\
    [output]\nurl = \"out\"\nname = \"{id}.json\"\n";
const THREADS: usize = 4;

/// Runs plans in this process, and changes what comes of them.
struct Faulty {
    runner: LocalRunner,
    change: fn(&mut Vec<RecordBatch>),
}

#[async_trait]
impl Runner for Faulty {
    fn config(&self) -> SessionConfig {
        self.runner.config()
    }

    fn retries(&self) -> bool {
        true
    }

    async fn check_reach(&self, reach: &Reach) -> Result<()> {
        self.runner.check_reach(reach).await
    }

    async fn cancel(&self) {}

    async fn run(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        progress: watch::Sender<Progress>,
    ) -> Result<Vec<RecordBatch>> {
        let mut rows = self.runner.run(plan, context, progress).await?;
        (self.change)(&mut rows);
        Ok(rows)
    }
}

/// The summaries of a job of twenty documents in several partitions.
async fn written(change: fn(&mut Vec<RecordBatch>)) -> Result<Vec<Summary>> {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: String = (0..20).map(|id| format!("{id}\n")).collect();
    std::fs::write(folder.path().join("t.csv"), format!("id\n{rows}")).expect("a table");
    let job = job(folder.path());
    let output = job.output.url.value.clone();
    let resources = Resources { threads: THREADS, memory_limit: 64 << 20, scratch: None };
    let stores = Arc::new(Stores::new(StoreOptions::default()));
    let runner = Arc::new(Faulty { runner: LocalRunner { threads: THREADS }, change });
    let prepared = Prepared::prepare(job, &[], &resources, stores.clone(), runner).await?;
    let publisher = publish::begin(&stores, &output, "run").await?;
    prepared.write(publisher.snapshot(), watch::Sender::default()).await
}

/// The summary of the one row that a partition gives.
fn summary(rows: &RecordBatch) -> Summary {
    serde_json::from_str(rows.column(0).as_string::<i32>().value(0)).expect("a summary in JSON")
}

fn job(folder: &Path) -> Job {
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let files = Files {
        job: source("job.toml", JOB),
        query: Ok(source("query.sql", "SELECT id, count(*) AS n FROM t GROUP BY id")),
        template: Ok(source("document.json", "{\"n\": \"$n\"}")),
        checks: Ok(Vec::new()),
    };
    Job::parse(folder, files, &Overrides::default()).expect("a job")
}

#[tokio::test]
async fn a_run_whose_partitions_all_came_has_a_summary_of_each() {
    let summaries = written(|_| {}).await.expect("twenty documents");
    assert!(summaries.len() > 1, "one partition shows nothing");
    assert_eq!(summaries.iter().map(|summary| summary.documents).sum::<u64>(), 20);
}

#[tokio::test]
async fn a_run_that_has_lost_a_partition_is_refused() {
    let error =
        written(|rows| rows.retain(|row| summary(row).partition != 2)).await.expect_err("a partition is missing");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("missing: 2"), "{error}");
}

#[tokio::test]
async fn a_run_that_has_a_partition_twice_is_refused() {
    let again = |rows: &mut Vec<RecordBatch>| {
        let first = rows.iter().position(|row| summary(row).partition == 1).expect("partition 1");
        rows.push(rows[first].clone());
    };
    let error = written(again).await.expect_err("a partition came twice");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("repeated: 1"), "{error}");
}

#[tokio::test]
async fn a_task_names_its_partition_of_the_whole_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(keyfold_core::layout::ALIVE), "").expect("a living run");
    let spec = WriteSpec {
        snapshot: Location::Local(folder.path().to_owned()),
        layout: Layout::Files,
        compression: Compression::None,
        staged: false,
    };
    let share = EmptyExec::new(Arc::new(Schema::empty()));
    let plan = number_partitions(Arc::new(WriteExec::new(Arc::new(share), Arc::new(spec))), &[5]).expect("a plan");
    let rows = collect(plan, SessionContext::new().task_ctx()).await.expect("a summary");
    let summary = summary(&rows[0]);
    assert_eq!((summary.partition, summary.documents), (5, 0));
}
