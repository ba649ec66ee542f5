//! What a run leaves to be read: the summary of a partition, the run's report, the pointer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::job::{Compression, Layout};
use crate::manifest::Part;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
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

/// A sum: exact for integers and decimals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Sum {
    /// An integer in units of 10^-scale.
    Exact {
        /// The units.
        units: i128,
        /// Digits after the decimal point.
        scale: i8,
    },
    /// A floating point number.
    Float(f64),
}

impl Sum {
    /// The sum of both; `None` if it does not fit or they are of different kinds.
    #[expect(clippy::should_implement_trait, reason = "an operator could not say that the sum does not fit")]
    pub fn add(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Exact { units: a, scale }, Self::Exact { units: b, scale: other }) if scale == other => {
                Some(Self::Exact { units: a.checked_add(b)?, scale })
            }
            (Self::Float(a), Self::Float(b)) => Some(Self::Float(a + b)),
            _ => None,
        }
    }

    /// Whether both are the same number; floats within 1e-9 of the larger one, since their sums depend on the order.
    pub fn agrees_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Exact { units: a, scale: s }, Self::Exact { units: b, scale: t }) => {
                let widen = |units: i128, by: i8| {
                    10i128.checked_pow(u32::try_from(by).unwrap_or(0)).and_then(|p| units.checked_mul(p))
                };
                widen(a, (t - s).max(0)) == widen(b, (s - t).max(0)) && widen(a, (t - s).max(0)).is_some()
            }
            (a, b) => {
                let (a, b) = (a.as_float(), b.as_float());
                (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
            }
        }
    }

    fn as_float(self) -> f64 {
        match self {
            Self::Exact { units, scale } => units as f64 / 10f64.powi(scale.into()),
            Self::Float(float) => float,
        }
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Float(float) => write!(f, "{float}"),
            Self::Exact { units, scale } if scale <= 0 => {
                write!(f, "{units}{}", "0".repeat(usize::from(scale.unsigned_abs()) * usize::from(units != 0)))
            }
            Self::Exact { units, scale } => {
                let scale = usize::from(scale.unsigned_abs());
                let digits = format!("{:0>1$}", units.unsigned_abs(), scale + 1);
                let (whole, fraction) = digits.split_at(digits.len() - scale);
                write!(f, "{}{whole}.{fraction}", if units < 0 { "-" } else { "" })
            }
        }
    }
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
    /// Largest resident memory of the process, in bytes, where the system tells.
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
    fn an_exact_sum_reads_like_the_numbers_it_adds() {
        let text = |units, scale| Sum::Exact { units, scale }.to_string();
        assert_eq!(text(2_396_970, 2), "23969.70");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(365, 0), "365");
        assert_eq!(text(7, -2), "700");
    }

    #[test]
    fn sums_of_different_scales_agree_when_the_number_is_the_same() {
        let sum = |units, scale| Sum::Exact { units, scale };
        assert!(sum(100, 1).agrees_with(sum(1000, 2)));
        assert!(!sum(100, 1).agrees_with(sum(1001, 2)));
        assert!(!sum(i128::MAX, 0).agrees_with(sum(i128::MAX, 30)));
    }

    #[test]
    fn dropped_values_beyond_the_named_ones_are_counted_together() {
        let more: Dropped = [("week".to_string(), (0..150).map(|v| (format!("{v:03}"), 2)).collect())].into();
        let mut into = Dropped::new();
        add_dropped(&mut into, &more);
        assert_eq!(into["week"].values().sum::<u64>(), 300);
        assert_eq!(into["week"][OTHERS], 100);
    }
}
