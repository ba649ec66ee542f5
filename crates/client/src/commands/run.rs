//! `keyfold run`: the pipeline, one line per step.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keyfold_core::report::{Dropped, FORMAT, Pointer, Report, add_dropped};
use keyfold_core::{Error, Result};
use keyfold_engine::Prepared;
use keyfold_engine::publish::{self, Publisher, change};
use keyfold_engine::runner::{Progress, Runner};
use tokio::sync::watch;
use tracing::Instrument;

use super::{detach, prepare};
use crate::arguments::RunArguments;
use crate::memory;
use crate::progress::Steps;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::summary;
use crate::terminal::Terminal;

/// How long is waited for a cluster to hear that a run was interrupted.
const CANCEL: Duration = Duration::from_secs(5);

/// Runs a job and publishes its documents, all or none of them.
pub(crate) async fn run(arguments: &RunArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    if arguments.detach {
        return detach::detach(settings, terminal).await;
    }
    let run = arguments.run_id.clone().unwrap_or_else(publish::run_id);
    let span = tracing::error_span!("run", run);
    let mut signals = Signals::catch()?;
    let underway = Underway::default();
    let work = pipeline(arguments, settings, terminal, &run, &underway).instrument(span.clone());
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => done,
        (name, code) = signals.received() => {
            // Publishing is short and is not left half-way.
            if underway.publishing.load(Ordering::Acquire) {
                return work.await;
            }
            if let Some(runner) = underway.runner.get() {
                let _ = tokio::time::timeout(CANCEL, runner.cancel()).await;
            }
            // The snapshot that was begun is nobody's now; the next run removes it.
            span.in_scope(|| tracing::error!("{name}: the run ends here, and nothing was published by it"));
            Ok(code)
        },
    }
}

/// What a signal must know of a run.
#[derive(Default)]
struct Underway {
    runner: OnceLock<Arc<dyn Runner>>,
    publishing: AtomicBool,
}

async fn pipeline(
    arguments: &RunArguments,
    settings: &Settings,
    terminal: &Terminal,
    run: &str,
    underway: &Underway,
) -> Result<ExitCode> {
    let started = publish::now();
    let mut steps = Steps::new(terminal);
    steps.begin("plan");
    let job = prepare::read(&arguments.job, arguments.output.as_ref())?;
    let runner = settings.runner(run, &job.name).await?;
    _ = underway.runner.set(runner.clone());
    let prepared =
        Prepared::prepare(job, &arguments.job.params, &settings.resources, settings.stores(), runner.clone()).await?;
    let output = prepared.job.output.url.value.clone();
    let mut publisher = publish::begin(&settings.stores(), &output, run).await?;
    let delivered = deliver(&prepared, publisher.as_ref(), &mut steps).await;
    let report = match delivered {
        Ok(delivered) => delivered.report(run, &started, &prepared, &mut steps),
        Err(error) => {
            runner.cancel().await;
            return Err(abandon(publisher.as_mut(), error).await);
        }
    };
    if let Err(refused) = accept(&prepared, publisher.as_ref(), &report, arguments, settings).await {
        // A run that was overtaken was compared with what is no longer published.
        publisher.check_current().await?;
        return Err(abandon(publisher.as_mut(), refused).await);
    }
    underway.publishing.store(true, Ordering::Release);
    steps.begin("publish");
    let pointer = publisher.publish(&report, prepared.job.output.keep).await?;
    collect(publisher.as_mut(), &pointer).await;
    drop(steps);
    terminal.result(|| summary::text(&report, &pointer, &output), &report)?;
    Ok(ExitCode::SUCCESS)
}

/// What the steps before publishing have found.
struct Delivered {
    checks: Vec<String>,
    totals: Vec<keyfold_core::report::TotalReport>,
    summaries: Vec<keyfold_core::report::Summary>,
}

async fn deliver(prepared: &Prepared, publisher: &dyn Publisher, steps: &mut Steps) -> Result<Delivered> {
    steps.begin("check");
    prepared.check_reach(publisher.snapshot()).await?;
    let (unique, checks) = tokio::join!(prepared.check_unique(), prepared.run_checks());
    unique?;
    let checks = checks?;
    steps.begin("add up source");
    let source = prepared.source_totals().await?;
    steps.begin("fold and write");
    let (sender, receiver) = watch::channel(Progress::default());
    steps.watch(receiver);
    let summaries = prepared.write(publisher.snapshot(), sender).await?;
    let totals = prepared.compare_totals(&source, &summaries)?;
    Ok(Delivered { checks, totals, summaries })
}

/// Refuses what may not be published.
async fn accept(
    prepared: &Prepared,
    publisher: &dyn Publisher,
    report: &Report,
    arguments: &RunArguments,
    settings: &Settings,
) -> Result<()> {
    change::check_not_empty(&prepared.job, report)?;
    if arguments.accept_change {
        return Ok(());
    }
    change::check(&settings.stores(), &prepared.job, publisher.published(), report).await
}

impl Delivered {
    fn report(self, run: &str, started: &str, prepared: &Prepared, steps: &mut Steps) -> Report {
        let sum = |count: fn(&keyfold_core::report::Summary) -> u64| self.summaries.iter().map(count).sum();
        let mut dropped = Dropped::new();
        self.summaries.iter().for_each(|summary| add_dropped(&mut dropped, &summary.dropped));
        let mut manifest: Vec<_> = self.summaries.iter().filter_map(|summary| summary.manifest.clone()).collect();
        manifest.sort_by(|a, b| a.path.cmp(&b.path));
        Report {
            format: FORMAT,
            run: run.to_owned(),
            job: prepared.job.name.clone(),
            keyfold: env!("CARGO_PKG_VERSION").to_owned(),
            started: started.to_owned(),
            finished: publish::now(),
            output: prepared.job.output.url.value.to_string(),
            layout: prepared.job.output.layout,
            compression: prepared.job.output.compression,
            documents: sum(|summary| summary.documents),
            rows: sum(|summary| summary.rows),
            bytes: sum(|summary| summary.bytes),
            params: prepared.params().clone().into_iter().collect::<BTreeMap<_, _>>(),
            totals: self.totals,
            dropped,
            checks: self.checks,
            phases: steps.phases(),
            peak_memory: memory::peak(),
            manifest,
        }
    }
}

/// Removes what a failed run has written; the error stays the one that ended it.
async fn abandon(publisher: &mut dyn Publisher, error: Error) -> Error {
    if let Err(left) = publisher.abandon().await {
        tracing::warn!("{left}; the next run removes it");
    }
    error
}

async fn collect(publisher: &mut dyn Publisher, pointer: &Pointer) {
    match publisher.collect(pointer).await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "removed old snapshots"),
        // The documents are published; what is left over is removed by the next run.
        Err(error) => tracing::warn!("{error}; the next run removes it"),
    }
}
