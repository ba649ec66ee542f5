//! What a run leaves to be read: the summary of a partition, the run's report, the pointer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::job::{Compression, Layout};
use crate::manifest::Part;
use crate::sum::Sum;

/// Version of the files described here.
pub const FORMAT: u32 = 1;

/// Rows left out, by grid and pivot value.
pub type Dropped = BTreeMap<String, BTreeMap<String, u64>>;

/// Different pivot values that are counted by name; the rest is counted as [`OTHERS`].
pub const NAMED_DROPS: usize = 100;
/// The name under which further dropped pivot values are counted.
pub const OTHERS: &str = "(others)";

/// Adds counts of left-out rows to others.
pub fn add_dropped(into: &mut Dropped, more: &Dropped) {
    for (grid, values) in more {
        let counts = into.entry(grid.clone()).or_default();
        for (value, rows) in values {
            let known = counts.len() < NAMED_DROPS || counts.contains_key(value);
            *counts.entry(if known { value.clone() } else { OTHERS.into() }).or_default() += rows;
        }
    }
}

/// What one partition wrote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Which partition it was, counted from 0.
    pub partition: usize,
    /// Its part of the manifest; a partition without documents has none.
    pub manifest: Option<Part>,
    /// Documents written.
    pub documents: u64,
    /// Rows that entered the fold.
    pub rows: u64,
    /// Length of all documents, uncompressed.
    pub bytes: u64,
    /// For each control total: what was delivered and what was dropped, in the total's own unit.
    pub sums: Vec<(Sum, Sum)>,
    /// Rows left out.
    pub dropped: Dropped,
}

/// A control total that held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotalReport {
    /// The column.
    pub value: String,
    /// Whether the numbers are exact: integers or decimals.
    pub exact: bool,
    /// What the source says.
    pub source: String,
    /// What the documents hold.
    pub delivered: String,
    /// What was left out by `off_grid = "drop"`.
    pub dropped: String,
    /// Where the cells are in a document (JSON pointers, RFC 6901), if they can be added up again from there:
    /// not where a missing cell is filled with a number other than 0.
    pub pointers: Vec<String>,
}

impl TotalReport {
    /// What the documents hold, as a number.
    pub fn sum(&self) -> Option<Sum> {
        if !self.exact {
            return self.delivered.parse().ok().map(Sum::Float);
        }
        let digits = self.delivered.split_once('.').map_or(0, |(_, digits)| digits.len());
        Sum::parse(&self.delivered, digits.try_into().ok()?)
    }
}

/// How long a step took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The step.
    pub name: String,
    /// Wall-clock time.
    pub seconds: f64,
}

/// The report of a run, `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this file.
    pub format: u32,
    /// The run.
    pub run: String,
    /// The job.
    pub job: String,
    /// keyfold's version.
    pub keyfold: String,
    /// When the run began (RFC 3339, UTC).
    pub started: String,
    /// When the report was written, just before it was published.
    pub finished: String,
    /// Where it is published.
    pub output: String,
    /// How the documents are laid out.
    pub layout: Layout,
    /// Compression of the ndjson files.
    pub compression: Compression,
    /// Documents.
    pub documents: u64,
    /// Rows that entered the fold.
    pub rows: u64,
    /// Length of all documents, uncompressed.
    pub bytes: u64,
    /// Parameters, by name.
    pub params: BTreeMap<String, String>,
    /// Control totals.
    pub totals: Vec<TotalReport>,
    /// Rows left out.
    pub dropped: Dropped,
    /// Checks that returned no rows.
    pub checks: Vec<String>,
    /// Time per step.
    pub phases: Vec<Phase>,
    /// Largest resident memory of the process, in bytes, where the system reports it.
    pub peak_memory: Option<u64>,
    /// The manifest's parts.
    pub manifest: Vec<Part>,
}

/// The pointer to the published snapshot, `current.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// Version of this file.
    pub format: u32,
    /// The run that published.
    pub run: String,
    /// Its snapshot's folder, within the output.
    pub snapshot: String,
    /// Its report, within the output.
    pub report: String,
    /// SHA-256 of the report.
    pub report_sha256: String,
    /// The folder of its manifest, within the output.
    pub manifest: String,
    /// Documents.
    pub documents: u64,
    /// Rows that entered the fold.
    pub rows: u64,
    /// Length of all documents, uncompressed.
    pub bytes: u64,
    /// When it was published (RFC 3339, UTC).
    pub published: String,
    /// The runs that were published before and whose snapshots are kept, newest first.
    pub history: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_values_beyond_the_named_ones_are_counted_together() {
        let more: Dropped = [("week".to_string(), (0..150).map(|v| (format!("{v:03}"), 2)).collect())].into();
        let mut into = Dropped::new();
        add_dropped(&mut into, &more);
        assert_eq!(into["week"].values().sum::<u64>(), 300);
        assert_eq!(into["week"][OTHERS], 100);
    }
}
