//! Publishing: a run writes into a snapshot of its own, which nobody reads before the pointer is moved to it.

pub mod change;
mod local;
mod remote;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{SecondsFormat, Utc};
use keyfold_core::layout::{MANIFEST, REPORT, SNAPSHOTS};
use keyfold_core::location::Location;
use keyfold_core::manifest::sha256;
use keyfold_core::report::{FORMAT, Pointer, Report};
use keyfold_core::{Error, ErrorKind, Problem, Result};

use crate::storage::stores::Stores;

/// One run's hold on an output.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Where the run writes its documents.
    fn snapshot(&self) -> Location;

    /// What was published when the run began.
    fn published(&self) -> Option<&Pointer>;

    /// Holds that no other run was published since this one began.
    async fn check_current(&mut self) -> Result<()>;

    /// Moves the pointer to the run's snapshot, unless another run was published since this one began.
    async fn publish(&mut self, report: &Report, keep: usize) -> Result<Pointer>;

    /// Removes the run's snapshot, which was not published.
    async fn abandon(&mut self) -> Result<()>;

    /// Removes the snapshots that the pointer no longer names, but for those of living runs; gives their number.
    async fn collect(&mut self, published: &Pointer) -> Result<usize>;
}

/// Takes hold of an output for one run.
pub async fn begin(stores: &Arc<Stores>, output: &Location, run: &str) -> Result<Box<dyn Publisher>> {
    match output {
        Location::Local(folder) => Ok(Box::new(local::LocalPublisher::begin(folder.clone(), run).await?)),
        Location::Store(_) => Ok(Box::new(remote::RemotePublisher::begin(stores, output, run).await?)),
    }
}

/// A name for a run: its start in UTC, so that names sort by time, and chance.
pub fn run_id() -> String {
    let chance: u32 = rand::random();
    format!("{}-{chance:08x}", Utc::now().format("%Y%m%dT%H%M%SZ"))
}

/// Now, as the files say it.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The pointer to a run's snapshot, after the one that is there now.
fn pointer(report: &Report, report_text: &[u8], previous: Option<&Pointer>, keep: usize) -> Pointer {
    let snapshot = format!("{SNAPSHOTS}/{}", report.run);
    let earlier = previous.iter().flat_map(|previous| std::iter::once(&previous.run).chain(&previous.history));
    Pointer {
        format: FORMAT,
        run: report.run.clone(),
        report: format!("{snapshot}/{REPORT}"),
        report_sha256: sha256(report_text),
        manifest: format!("{snapshot}/{MANIFEST}"),
        snapshot,
        documents: report.documents,
        rows: report.rows,
        bytes: report.bytes,
        published: now(),
        history: earlier.take(keep.saturating_sub(1)).cloned().collect(),
    }
}

fn to_text<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(Error::internal)?;
    text.push(b'\n');
    Ok(text)
}

fn parse_pointer(name: &str, text: &[u8]) -> Result<Pointer> {
    serde_json::from_slice(text).map_err(|error| {
        let problem = Problem::new(format!("{name} is not a pointer that keyfold wrote: {error}"));
        Error::new(
            ErrorKind::Delivery,
            problem.help("publish to another folder, or remove the file if nothing reads it"),
        )
    })
}

/// Whether another run was published since this one began.
fn overtaken(output: &dyn std::fmt::Display, run: &str, before: Option<&Pointer>, now: Option<&Pointer>) -> Result<()> {
    if before.map(|pointer| &pointer.run) == now.map(|pointer| &pointer.run) {
        return Ok(());
    }
    Err(lost_race(output, run, now.map(|pointer| pointer.run.as_str())))
}

fn lost_race(output: &dyn std::fmt::Display, run: &str, winner: Option<&str>) -> Error {
    let winner = winner.map_or_else(|| "another run".into(), |winner| format!("the run {winner}"));
    let problem = Problem::new(format!(
        "{winner} published to {output} while this one was running; this run is not published, its documents stay in {SNAPSHOTS}/{run} until the next run"
    ));
    Error::new(ErrorKind::Delivery, problem.help("run again, so that the newest data is published last"))
}

fn failed(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Delivery, format!("{what}: {error}"))
}
