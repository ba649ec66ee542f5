//! How CSV is written: the bytes that mean something.

use serde::{Deserialize, Serialize};

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dialect {
    /// Between two fields.
    pub delimiter: u8,
    /// Around a field that holds a delimiter, a quote or a line break.
    pub quote: Option<u8>,
    /// Before a byte of a quoted field that would mean something. Two quotes are one quote all the same.
    pub escape: Option<u8>,
    /// At the start of a line that is not a record.
    pub comment: Option<u8>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { delimiter: b',', quote: Some(b'"'), escape: None, comment: None }
    }
}

impl Dialect {
    /// Whether each byte means one thing.
    ///
    /// # Errors
    /// What contradicts what.
    pub fn check(&self) -> Result<(), String> {
        let bytes = [
            ("delimiter", Some(self.delimiter)),
            ("quote", self.quote),
            ("escape", self.escape),
            ("comment", self.comment),
        ];
        for (index, (name, byte)) in bytes.iter().enumerate() {
            let Some(byte) = byte else { continue };
            if !byte.is_ascii() || matches!(byte, b'\n' | b'\r') {
                return Err(format!("{name} must be an ASCII character that does not end lines"));
            }
            // A quote that escapes quotes is what doubled quotes are.
            let same = |other: &&(&str, Option<u8>)| other.1 == Some(*byte) && (other.0, *name) != ("quote", "escape");
            if let Some((other, _)) = bytes[..index].iter().find(same) {
                return Err(format!("{other} and {name} are both `{}`", char::from(*byte)));
            }
        }
        Ok(())
    }

    /// The escape, if it is another byte than the quote.
    pub(super) fn distinct_escape(&self) -> Option<u8> {
        self.escape.filter(|escape| self.quote.is_some_and(|quote| quote != *escape))
    }
}

/// The bytes of a file's start without the byte order mark of UTF-8, if there is one.
pub fn without_byte_order_mark(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start)
}
