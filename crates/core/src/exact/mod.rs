//! Text to typed Arrow arrays, exactly: a text is a value of the type to the last digit, or it is an error.
//!
//! | type | texts |
//! | --- | --- |
//! | integers | `5`, `+5`, `-0`, `5.0`, `1E2`: whatever is a whole number within the type's range |
//! | decimals | the same, with as many digits after the point as the scale, further ones only if they are zeros |
//! | floats | the nearest float; `NaN`, `inf` and `infinity`; no number that would become infinite or zero |
//! | booleans | `true`/`false`, `t`/`f`, `yes`/`no`, `y`/`n`, `on`/`off`, `1`/`0`, in any case |
//! | dates | `2018-01-31`, also with a midnight behind it; `+12018-01-31` beyond the year 9999 |
//! | times | `23:30`, `23:30:59`, `23:30:59.123` |
//! | timestamps | a date, or a date and a time with ` ` or `T` between; an offset behind it only where the type has a zone, or if it is zero |
//! | texts | everything |
//!
//! [`TextRules`] say where a column is written in another way.

mod names;
mod numbers;
mod parser;
mod rules;
mod stamps;
mod strftime;
#[cfg(test)]
mod tests;
mod times;
mod uuid;

pub use names::sql_name;
pub use parser::{BadText, Parser};
pub use rules::{Epoch, TextRules};
pub use uuid::uuid_texts;

/// How many seconds a timestamp in ISO 8601 is ahead of UTC, where it says so; nothing if the text is not one.
pub fn timestamp_offset(text: &str) -> Option<Option<i64>> {
    times::Stamp::read(text).map(|stamp| stamp.offset)
}

/// The decimal in units of 10^-scale; nothing if the text is not exactly a decimal of this precision and scale.
///
/// The precision is 38 at most.
pub fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    numbers::Notation::PLAIN.units(text, precision, scale)
}

/// The same for up to 76 digits.
pub fn wide_decimal(text: &str, precision: u8, scale: i8) -> Option<arrow_buffer::i256> {
    numbers::Notation::PLAIN.wide_units(text, precision, scale)
}
