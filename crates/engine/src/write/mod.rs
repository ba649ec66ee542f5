//! Writing documents into a snapshot, as an operator that gives one summary row per partition.

mod exec;
mod files;
mod folder;
mod manifest;
mod node;
mod shards;
mod sink;
mod summaries;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use keyfold_core::job::{Compression, Layout};
use keyfold_core::location::Location;
use serde::{Deserialize, Serialize};

pub(crate) use exec::{BYTES, DOCUMENTS, WriteExec};
pub(crate) use node::WriteNode;
pub use summaries::number_partitions;
pub(crate) use summaries::summaries;

/// Where and how documents are written; it can be sent to where they are made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct WriteSpec {
    /// The snapshot's folder.
    pub(crate) snapshot: Location,
    /// Documents as files, or lines of a few files.
    pub(crate) layout: Layout,
    /// Compression of the ndjson files.
    pub(crate) compression: Compression,
    /// Whether files on a local disk are staged and then moved into place: another attempt at the same files, whose
    /// bytes are the same, may be under way.
    pub(crate) staged: bool,
}

/// The operator's output: `summary`, a JSON text of [`keyfold_core::report::Summary`].
pub(crate) fn summary_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("summary", DataType::Utf8, false)]))
}
