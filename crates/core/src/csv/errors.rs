//! What is wrong with a text that is not CSV.

use std::fmt;

/// A text that is not CSV, and where. Lines count from the one that the scanner was told to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The line.
    pub line: u64,
    /// The field's index in its record.
    pub field: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The input ends within the quoted field that begins in this line.
    UnterminatedQuote,
    /// Something else than a delimiter or the end of the record follows a closing quote.
    TextAfterQuote {
        /// The line in which the quoted field begins.
        opened: u64,
    },
    /// The record that begins in this line is longer than any is believed to be.
    TooLong {
        /// Bytes of the longest record.
        limit: usize,
    },
    /// The field's bytes are not UTF-8.
    NotUtf8,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnterminatedQuote => f.write_str("the quote that opens here is never closed"),
            Self::TextAfterQuote { opened } => {
                write!(f, "text follows the closing quote of a field that begins in line {opened}")
            }
            Self::TooLong { limit } => {
                write!(f, "the record that begins here is longer than {limit} bytes, as if a quote were never closed")
            }
            Self::NotUtf8 => f.write_str("the bytes are not UTF-8"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, field {}: {}", self.line, self.field + 1, self.fault)
    }
}

impl std::error::Error for Malformed {}
