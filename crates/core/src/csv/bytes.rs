//! The bytes of a dialect that end a run of text.

use super::dialect::Dialect;

/// Which bytes end a run of text.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) comment: Option<u8>,
    pub(super) outside_quotes: Ends<3>,
    pub(super) inside_quotes: Ends<4>,
}

impl Bytes {
    pub(super) fn new(dialect: &Dialect) -> Self {
        let escape = dialect.distinct_escape();
        // A byte that there is not is one of the others.
        let quote = dialect.quote.unwrap_or(b'\n');
        Self {
            delimiter: dialect.delimiter,
            quote: dialect.quote,
            escape,
            comment: dialect.comment,
            outside_quotes: Ends::new([dialect.delimiter, b'\n', b'\r']),
            inside_quotes: Ends::new([quote, escape.unwrap_or(quote), b'\n', b'\r']),
        }
    }
}

/// Bytes that end a run, each repeated in a word. Fields are short: eight bytes at once find their ends faster than a
/// call of memchr.
#[derive(Debug)]
pub(super) struct Ends<const N: usize>([u64; N]);

const LOW_BITS: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);

impl<const N: usize> Ends<N> {
    fn new(bytes: [u8; N]) -> Self {
        Self(bytes.map(|byte| u64::from_ne_bytes([byte; 8])))
    }

    /// Where the run ends.
    #[inline]
    pub(super) fn find(&self, bytes: &[u8]) -> Option<usize> {
        let (words, rest) = bytes.as_chunks::<8>();
        for (index, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let found = self.0.iter().fold(0, |found, end| found | zero_bytes(word ^ end));
            if found != 0 {
                return Some(index * 8 + found.trailing_zeros() as usize / 8);
            }
        }
        let is_end = |byte: &u8| self.0.iter().any(|end| end.to_le_bytes()[0] == *byte);
        rest.iter().position(is_end).map(|index| words.len() * 8 + index)
    }
}

/// The high bit of each byte that is zero, and perhaps of some behind the first of them: `haszero` of Sean Eron Anderson's
/// "Bit Twiddling Hacks".
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}
