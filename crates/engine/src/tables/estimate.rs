//! What the planner may assume of a table: guesses for choosing plans, never facts that decide a value.

use datafusion::arrow::datatypes::Schema;
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use keyfold_core::job::Compression;

use super::File;
use crate::formats::by_name;

/// Bytes of text that a value takes, its delimiter included.
const BYTES_PER_VALUE: usize = 8;
/// How much smaller compression makes text.
const COMPRESSION_RATIO: usize = 4;

/// The number of rows, as the files say it or as their length suggests, and of different values.
///
/// Without rows the planner takes any table for the smaller side of a join, and would hold the facts in memory.
pub(super) fn estimated(schema: &Schema, files: &[&File], rows: Option<usize>, unique: &[String]) -> Statistics {
    let text_bytes = |file: &&File| {
        let compressed = by_name(file.file_name()).compression != Compression::None;
        file.meta.size as usize * if compressed { COMPRESSION_RATIO } else { 1 }
    };
    let bytes: usize = files.iter().map(text_bytes).sum();
    let rows = rows.unwrap_or_else(|| bytes / (BYTES_PER_VALUE * schema.fields().len().max(1)) + 1);
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = Precision::Inexact(rows);
    statistics.total_byte_size = Precision::Inexact(bytes);
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        // A column of facts that points at a dimension repeats its values. Were it taken to have as many as there
        // are rows, which is the planner's guess, a join with the dimension would seem to give next to nothing,
        // and its result would be held in memory for the join after it.
        let distinct = if unique.contains(field.name()) { rows } else { rows.isqrt() };
        column.distinct_count = Precision::Inexact(distinct);
    }
    statistics
}
