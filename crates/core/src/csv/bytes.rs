//! The bytes of a dialect that end a run of text.

use super::dialect::Dialect;

/// Which bytes end a run of text.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) comment: Option<u8>,
    pub(super) outside_quotes: [bool; 256],
    pub(super) inside_quotes: [bool; 256],
}

impl Bytes {
    pub(super) fn new(dialect: &Dialect) -> Self {
        let table = |bytes: [Option<u8>; 4]| {
            let mut table = [false; 256];
            bytes.into_iter().flatten().for_each(|byte| table[usize::from(byte)] = true);
            table
        };
        let escape = dialect.distinct_escape();
        Self {
            delimiter: dialect.delimiter,
            quote: dialect.quote,
            escape,
            comment: dialect.comment,
            outside_quotes: table([Some(dialect.delimiter), Some(b'\n'), Some(b'\r'), None]),
            inside_quotes: table([dialect.quote, escape, Some(b'\n'), Some(b'\r')]),
        }
    }
}

#[inline]
pub(super) fn find(bytes: &[u8], table: &[bool; 256]) -> Option<usize> {
    bytes.iter().position(|byte| table[usize::from(*byte)])
}
