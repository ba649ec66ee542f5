//! A job that keeps the compose cluster busy for some seconds, and what must come of it.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::compose::Compose;
use crate::delivered::manifest;
use crate::files::copy;
use crate::load::Load;
use crate::program::{Ended, Outcome, ensure, keyfold, succeed};

const ROWS: usize = 200_000;
const IDS: usize = 1_500;
/// The name of the job's folder.
pub(super) const JOB: &str = "load";

/// A job, and what the manifest says of its documents when they are written without a cluster.
pub(super) struct Work {
    load: Load,
    manifest: BTreeSet<String>,
}

impl Work {
    pub(super) fn new() -> Outcome<Self> {
        let load = Load::new(ROWS, IDS)?;
        let target = TempDir::new()?;
        succeed(keyfold(["run"]).arg(load.job()).arg("--output").arg(target.path()))?;
        let manifest = manifest(|path| Ok(fs::read(target.path().join(path))?))?;
        ensure!(manifest.len() == IDS, "{IDS} documents were expected, not {}", manifest.len());
        Ok(Self { load, manifest })
    }

    /// Puts the job where a project looks for jobs.
    pub(super) fn place(&self, compose: &Compose) -> Outcome {
        Ok(copy(&self.load.job(), &compose.jobs().join(JOB))?)
    }

    /// What was published in the project's store is what a run without a cluster publishes.
    pub(super) fn expect(&self, compose: &Compose) -> Outcome {
        let found = published(compose, JOB)?.ok_or("nothing is published")?;
        ensure!(found == self.manifest, "the manifest differs from that of a local run");
        Ok(())
    }

    /// Documents with other texts were published, none of them missing.
    pub(super) fn expect_as_many(&self, compose: &Compose) -> Outcome {
        let found = published(compose, JOB)?.ok_or("nothing is published")?.len();
        ensure!(found == IDS, "{IDS} documents were expected, not {found}");
        Ok(())
    }

    /// A run that failed has published nothing.
    pub(super) fn expect_nothing(&self, compose: &Compose, ended: &Ended) -> Outcome {
        let pointer = compose.object(&format!("{JOB}/current.json"))?;
        ensure!(pointer.is_none(), "a run that failed has published: {ended}");
        Ok(())
    }

    /// A run on the project's cluster, whole and right.
    pub(super) fn publish(&self, compose: &Compose) -> Outcome {
        succeed(&mut compose.submit(JOB, &[]))?;
        self.expect(compose)
    }
}

/// What the manifest in the project's store says of every document of a job, if it is published and `keyfold verify`
/// finds every document as it says.
pub(super) fn published(compose: &Compose, job: &str) -> Outcome<Option<BTreeSet<String>>> {
    if compose.object(&format!("{job}/current.json"))?.is_none() {
        return Ok(None);
    }
    let mut verify = keyfold(["verify", &format!("s3://keyfold/{job}")]);
    compose.reach(&mut verify);
    succeed(&mut verify)?;
    manifest(|path| Ok(compose.object(&format!("{job}/{path}"))?.ok_or_else(|| format!("no {path}"))?)).map(Some)
}
