//! A job of any size whose documents name the version that they belong to, and an output to publish them to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Outcome, ensure, keyfold, run, succeed};

const JOB: &str = r#"version = 1
key = "id"

[tables.events]
path = "events.csv"
schema = { id = "INT", cell = "INT", amount = "DECIMAL(12,2)" }

[params]
version = "none"

[pivot.cell]
column = "cell"
label = "C{}"
range = [0, 19]

[[totals]]
value = "amount"
sql = "SELECT sum(amount) FROM events"

[output]
url = "out"
name = "{id}.json"
"#;

const QUERY: &str = "SELECT id, $version AS version, cell, CAST(sum(amount) AS DECIMAL(18,2)) AS amount
FROM events GROUP BY id, cell\n";

/// The version stands at both ends, so that half a document shows.
const DOCUMENT: &str = r#"{"id": "$id", "version": "$version", "cells": {"$pivot": "cell", "$value": "amount", "$fill": 0}, "end": "$version"}"#;

/// Rows that keep a run busy long enough to meet it in the middle of its work.
pub(crate) const BUSY: usize = 100_000;

/// A job folder of its own and a folder to publish to.
pub(crate) struct Load {
    folder: TempDir,
    pub(crate) ids: usize,
}

impl Load {
    pub(crate) fn new(rows: usize, ids: usize) -> Outcome<Self> {
        let load = Self { folder: TempDir::new()?, ids };
        let job = load.job();
        fs::create_dir_all(&job)?;
        fs::write(job.join("job.toml"), JOB)?;
        fs::write(job.join("query.sql"), QUERY)?;
        fs::write(job.join("document.json"), DOCUMENT)?;
        let mut text = String::from("id,cell,amount\n");
        for row in 0..rows {
            _ = writeln!(text, "{},{},{}.{:02}", row % ids, (row / ids) % 20, row % 97, row % 100);
        }
        fs::write(job.join("events.csv"), text)?;
        Ok(load)
    }

    pub(crate) fn job(&self) -> PathBuf {
        self.folder.path().join("load")
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.job().join("out")
    }

    /// `keyfold run` of one version, with log lines.
    pub(crate) fn command(&self, version: &str) -> Command {
        let mut command = keyfold(["run"]);
        command.arg(self.job()).arg("--param").arg(format!("version={version}"));
        command
    }

    /// Publishes a version.
    pub(crate) fn publish(&self, version: &str) -> Outcome {
        succeed(&mut self.command(version)).map(|_| ())
    }

    /// What is published is of this version, every document of it, and verify accepts it.
    pub(crate) fn expect_published(&self, version: &str) -> Outcome {
        let found = self.published()?;
        ensure!(found == version, "the version {version} was expected, but {found} is published");
        run(keyfold(["verify"]).arg(self.job()))?.expect(0).map(|_| ())
    }

    /// The version that all published documents have.
    pub(crate) fn published(&self) -> Outcome<String> {
        version_of(&self.output().join("current"), self.ids)
    }

    /// The names of the snapshots that are there, published or not.
    pub(crate) fn snapshots(&self) -> Outcome<BTreeSet<String>> {
        let entries = fs::read_dir(self.output().join("snapshots"))?;
        Ok(entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<_>>()?)
    }

    /// The name of the published snapshot.
    pub(crate) fn current(&self) -> Outcome<String> {
        let target = fs::read_link(self.output().join("current"))?;
        Ok(target.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }
}

/// The version of a document; an error if it is missing, cut off or of two versions.
pub(crate) fn version(path: &Path) -> Outcome<String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|error| format!("{} is not a document: {error}: {text}", path.display()))?;
    let version = document["version"].as_str().unwrap_or_default();
    ensure!(!version.is_empty() && document["end"] == version, "{} is mixed: {text}", path.display());
    Ok(version.to_owned())
}

/// The one version that all documents of a snapshot have.
pub(crate) fn version_of(snapshot: &Path, ids: usize) -> Outcome<String> {
    let versions =
        (0..ids).map(|id| version(&snapshot.join(format!("{id}.json")))).collect::<Outcome<BTreeSet<_>>>()?;
    ensure!(versions.len() == 1, "{} holds documents of the versions {versions:?}", snapshot.display());
    Ok(versions.into_iter().next().unwrap_or_default())
}
