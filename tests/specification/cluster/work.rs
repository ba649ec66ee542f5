//! A job that keeps a cluster busy for some seconds, and what must come of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use super::processes::{self, Cluster};
use crate::cases::{compare, documents};
use crate::load::Load;
use crate::program::{Ended, Outcome, Process, ensure, keyfold, succeed};

const ROWS: usize = 160_000;
const IDS: usize = 6_000;
/// Makes documents larger, so that writing them takes a while.
const VERSION_LENGTH: usize = 300;
/// Attempts to meet a run at the moment that a trial is about.
const ATTEMPTS: usize = 5;

/// A job and its documents as a run without a cluster writes them.
pub(super) struct Work {
    load: Load,
    documents: BTreeMap<String, Vec<u8>>,
}

/// One job that trials share: made by the first, gone with the last.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Option<Arc<Work>>>>);

impl Shared {
    pub(super) fn get(&self) -> Outcome<Arc<Work>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = &*shared {
            return Ok(work.clone());
        }
        let work = Arc::new(Work::new(ROWS, IDS)?);
        *shared = Some(work.clone());
        Ok(work)
    }

    /// A trial with this work, on a cluster of its own whose executors have so many vcores each.
    pub(super) fn trial(
        &self,
        name: &str,
        vcores: &'static [u32],
        check: impl FnOnce(&mut Cluster, &Work) -> Outcome + Send + 'static,
    ) -> Trial {
        let shared = self.clone();
        Trial::test(format!("cluster: {name}"), move || {
            let work = shared.get()?;
            processes::with(vcores, |cluster| check(cluster, &work))
        })
    }
}

impl Work {
    pub(super) fn new(rows: usize, ids: usize) -> Outcome<Self> {
        let load = Load::new(rows, ids)?;
        let mut work = Self { load, documents: BTreeMap::new() };
        let target = Target::new()?;
        succeed(&mut work.command(&target))?;
        work.documents = target.documents()?;
        ensure!(work.documents.len() == ids, "{} documents were expected, not {}", ids, work.documents.len());
        Ok(work)
    }

    /// The number of documents.
    pub(super) fn ids(&self) -> usize {
        self.load.ids
    }

    /// `keyfold run` to a folder, without a cluster.
    fn command(&self, target: &Target) -> Command {
        let mut command = self.load.command(&"v".repeat(VERSION_LENGTH));
        command.arg("--output").arg(target.path());
        command
    }

    /// `keyfold run` to a folder, on a cluster.
    pub(super) fn on(&self, cluster: &Cluster, target: &Target) -> Command {
        let mut command = self.command(target);
        cluster.address(&mut command);
        command
    }

    pub(super) fn start(&self, cluster: &Cluster, target: &Target) -> Outcome<Process> {
        Process::start(&mut self.on(cluster, target))
    }

    /// What was published is what a run without a cluster publishes.
    pub(super) fn expect(&self, target: &Target) -> Outcome {
        let found = target.documents()?;
        if found != self.documents {
            compare("a run", "on a cluster", &self.documents, &found)?;
        }
        target.verify()
    }

    /// A run on the cluster, whole and right.
    pub(super) fn publish(&self, cluster: &Cluster) -> Outcome {
        let target = Target::new()?;
        succeed(&mut self.on(cluster, &target))?;
        self.expect(&target)
    }
}

/// Does something to runs until one of them was met at the right moment: `fault` gives nothing if it came too late.
pub(crate) fn until_met<T>(mut fault: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    for _ in 0..ATTEMPTS {
        if let Some(found) = fault()? {
            return Ok(found);
        }
    }
    Err(format!("none of {ATTEMPTS} runs was met at the moment that this is about").into())
}

/// A folder to publish to.
pub(super) struct Target(TempDir);

impl Target {
    pub(super) fn new() -> Outcome<Self> {
        Ok(Self(TempDir::new()?))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("out")
    }

    fn documents(&self) -> Outcome<BTreeMap<String, Vec<u8>>> {
        documents(&self.path().join("current"))
    }

    /// The published snapshot is what its manifest says, and nothing else is in it.
    pub(super) fn verify(&self) -> Outcome {
        succeed(keyfold(["verify"]).arg(self.path()))?;
        let current = self.path().join("current");
        let report: Value = serde_json::from_slice(&fs::read(current.join("run.json"))?)?;
        let parts = report["manifest"].as_array().ok_or("a report without a manifest")?;
        let mut named: Vec<_> = parts.iter().filter_map(|part| part["path"].as_str().map(str::to_owned)).collect();
        named.sort();
        let mut there = names(&current.join("manifest"))?;
        there.iter_mut().for_each(|name| name.insert_str(0, "manifest/"));
        ensure!(named == there, "the manifest's parts are {named:?}, but {there:?} are there");
        let snapshots = names(&self.path().join("snapshots"))?;
        ensure!(snapshots.len() == 1, "one snapshot was expected, not {snapshots:?}");
        Ok(())
    }

    /// Documents that have their names by now, published or not.
    pub(super) fn written(&self) -> usize {
        let snapshots = names(&self.path().join("snapshots")).unwrap_or_default();
        let count = |snapshot: &String| names(&self.path().join("snapshots").join(snapshot)).unwrap_or_default();
        snapshots.iter().flat_map(count).filter(|name| name.ends_with(".json") && name != "run.json").count()
    }

    /// Whether a run has published here.
    pub(super) fn is_published(&self) -> bool {
        self.path().join("current.json").exists() || self.path().join("current").exists()
    }

    /// A run that failed has published nothing, and has left nothing.
    pub(super) fn expect_nothing(&self, ended: &Ended) -> Outcome {
        ensure!(!self.is_published(), "a run that failed has published: {ended}");
        let left = names(&self.path().join("snapshots")).unwrap_or_default();
        ensure!(left.is_empty(), "a run that failed has left {left:?}: {ended}");
        Ok(())
    }
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &std::path::Path) -> Outcome<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    let mut names: Vec<_> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<std::io::Result<_>>()?;
    names.sort();
    Ok(names)
}
