//! What keyfold means, without an engine: job files, document templates, the fold of rows into documents,
//! document names, manifests and reports. Works on Arrow batches in memory; does no network I/O.

pub mod csv;
pub mod error;
pub mod exact;
pub mod fold;
pub mod grid;
pub mod job;
pub mod json;
pub mod layout;
pub mod location;
pub mod manifest;
pub mod members;
pub mod name;
pub mod records;
pub mod report;
pub mod share;
pub mod source;
pub mod suggest;
pub mod sum;
pub mod template;
pub mod text;

pub use error::{Error, ErrorKind, Place, Problem, Result};
