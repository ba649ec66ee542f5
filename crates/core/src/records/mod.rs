//! Rows written as JSON objects: from the bytes of records to typed columns, exactly or not at all.
//!
//! A record is the text of one object: a line of an NDJSON file, or an element of a JSON array. Every record is checked
//! to be JSON by its grammar; the values of the wanted members are converted by [`exact`](crate::exact) from the very
//! text that the file has, so that no number passes through a float.

mod column;
mod decode;
mod record;
mod split;
#[cfg(test)]
mod tests;
mod unseen;

pub use decode::Decoder;
pub use split::{BYTE_ORDER_MARK, Each, LONGEST, Lines, Splitter};
pub use unseen::{Absent, Unseen};

use std::fmt;

use arrow_schema::DataType;

use crate::exact::TextRules;

/// Most characters of a bad value that a message shows.
const SHOWN: usize = 100;

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The file is not written as its format says.
    Layout,
    /// Bytes are not UTF-8.
    Encoding,
    /// A wanted member is there more than once.
    Repeated,
    /// A value does not fit its column.
    Value,
}

/// The first record that is not what its file or its table's schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// What kind of fault it is.
    pub fault: Fault,
    /// The line, counted from 0 where the splitter began.
    pub line: u64,
    /// The character in the line, counted from 1; 1 where it is not known.
    pub character: usize,
    /// The column, with the path to a nested value: `address.zip`, `items[].price`.
    pub column: Option<String>,
    /// The value as written, shortened if it is long.
    pub value: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl BadRecord {
    /// Something wrong with how records are written, or with what is between them.
    pub fn layout(line: u64, why: impl Into<String>) -> Self {
        Self { fault: Fault::Layout, line, character: 1, column: None, value: None, why: why.into() }
    }

    fn value(line: u64, column: &str, value: &str, why: impl Into<String>) -> Self {
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        let column = Some(column.to_owned());
        Self { fault: Fault::Value, column, value: Some(shown), ..Self::layout(line, why) }
    }
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "column `{column}`: ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "`{value}` ")?;
        }
        f.write_str(&self.why)
    }
}

/// Whether values of a type can be read.
///
/// # Errors
/// Why not.
pub fn reads(data_type: &DataType, rules: &TextRules) -> Result<(), String> {
    column::Column::new(String::new(), data_type, rules).map(|_| ())
}
