//! CSV exactly: records and fields as RFC 4180 has them, in the dialect that the user names, or an error with its line.
//!
//! - Records end with `\n`, `\r\n` or a lone `\r` outside quotes. Empty lines and comments are not records.
//! - A quote opens a quoted field at the very start of a field only; elsewhere it is text like any other (`5" pipe`).
//! - Within a quoted field two quotes are one, and whatever follows the dialect's escape is text. Line breaks are text.
//! - After the closing quote comes a delimiter, the end of the record or of the input, and nothing else.
//!
//! A [`Scanner`] reads bytes in pieces of any size. [`PieceScan`] and [`chain`] find where a large file may be cut, so
//! that its parts are read at the same time and yet give the same records.

mod bytes;
mod cuts;
mod dialect;
mod errors;
mod fields;
mod records;
mod scanner;
#[cfg(test)]
mod tests;

pub use cuts::{PieceScan, Transition, chain};
pub use dialect::{Dialect, without_byte_order_mark};
pub use errors::{Fault, Malformed};
pub use fields::Fields;
pub use records::{Field, Records, Texts};
pub use scanner::Scanner;
