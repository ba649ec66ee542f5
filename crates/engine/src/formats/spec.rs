//! What a scan must know besides its files and columns.

use keyfold_core::exact::TextRules;
use keyfold_core::job::{Compression, Missing, Table, TextLayout};
use serde::{Deserialize, Serialize};

/// How the files of a table are read; it travels with plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScanSpec {
    /// The table, for messages.
    pub(crate) table: String,
    /// The format's name.
    pub(crate) format: String,
    /// The files' compression.
    pub(crate) compression: Compression,
    /// How text files are laid out.
    pub(crate) layout: TextLayout,
    /// How values are written, for each column of the files.
    pub(crate) rules: Vec<TextRules>,
    /// What comes of a column that a file does not have.
    pub(crate) missing: Missing,
}

impl ScanSpec {
    /// How the files of a table are read before their columns are known.
    pub(crate) fn without_columns(table: &Table, format: &str, compression: Compression) -> Self {
        Self {
            table: table.name.clone(),
            format: format.to_owned(),
            compression,
            layout: table.layout.clone(),
            rules: Vec::new(),
            missing: table.missing,
        }
    }
}
