//! How the values of a column are written.

use serde::{Deserialize, Serialize};

/// How the values of one column are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextRules {
    /// Texts that mean NULL.
    pub null: Vec<String>,
    /// Between the integer part of a number and its fraction: `.` or `,`.
    pub decimal: char,
    /// Between groups of three digits in the integer part of a number.
    pub thousands: Option<char>,
    /// How dates are written, by the letters of `strftime`; as ISO 8601 where absent.
    pub date_format: Option<String>,
    /// The same for timestamps.
    pub timestamp_format: Option<String>,
    /// What numbers in date and timestamp columns count; they are errors where absent.
    pub epoch: Option<Epoch>,
}

impl Default for TextRules {
    fn default() -> Self {
        Self { null: Vec::new(), decimal: '.', thousands: None, date_format: None, timestamp_format: None, epoch: None }
    }
}

/// What a number in a date or timestamp column counts since 1970-01-01, midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Epoch {
    /// Days.
    Days,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// Billionths of a second.
    Nanoseconds,
}
