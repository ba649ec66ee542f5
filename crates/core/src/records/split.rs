//! From bytes to the records that they hold.

use super::BadRecord;

/// Most bytes of one record. What goes on for longer is surely not written as its format says, and would fill memory.
pub const LONGEST: usize = 1 << 30;

/// How a file in UTF-8 may begin.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What is done with each record: its bytes, and the line on which it begins, counted from 0.
pub type Each<'a> = dyn FnMut(&[u8], u64) -> Result<(), BadRecord> + 'a;

/// Cuts the bytes of a file into records.
pub trait Splitter: Send {
    /// Takes the bytes that follow, and gives every record that they complete.
    ///
    /// # Errors
    /// What is between records is wrong, or `each` has failed.
    fn feed(&mut self, bytes: &[u8], each: &mut Each<'_>) -> Result<(), BadRecord>;

    /// Gives the record that the end of the file completes, if there is one.
    ///
    /// # Errors
    /// The file must not end here, or `each` has failed.
    fn finish(&mut self, each: &mut Each<'_>) -> Result<(), BadRecord>;
}

/// One record on each line. Lines without anything are counted and passed over; the last one may have no line break.
#[derive(Debug)]
pub struct Lines {
    line: u64,
    /// Whether this is a file's start, of which nothing was given yet.
    at_start: bool,
    /// The beginning of a line that the next bytes go on with.
    begun: Vec<u8>,
}

impl Lines {
    /// The lines of a file, or of a part of it that does not begin where the file does.
    pub fn new(from_start: bool) -> Self {
        Self { line: 0, at_start: from_start, begun: Vec::new() }
    }

    fn give(&mut self, line: &[u8], each: &mut Each<'_>) -> Result<(), BadRecord> {
        self.refuse_list(line)?;
        let line = self.without_mark(line);
        if first_of(line).is_some() {
            self.at_start = false;
            each(line.strip_suffix(b"\r").unwrap_or(line), self.line)?;
        }
        self.line += 1;
        Ok(())
    }

    fn without_mark<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let mark: &[u8] = if self.at_start && self.line == 0 { BYTE_ORDER_MARK } else { b"" };
        line.strip_prefix(mark).unwrap_or(line)
    }

    /// Refuses a file that is one list: it may have no line break at all, and would be waited for to its end.
    fn refuse_list(&self, line: &[u8]) -> Result<(), BadRecord> {
        match first_of(self.without_mark(line)) {
            Some(b'[') if self.at_start => Err(BadRecord::layout(self.line, "there is a list where an object must be")),
            _ => Ok(()),
        }
    }
}

/// The first byte that is not white space.
fn first_of(line: &[u8]) -> Option<u8> {
    line.iter().copied().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
}

impl Splitter for Lines {
    fn feed(&mut self, mut bytes: &[u8], each: &mut Each<'_>) -> Result<(), BadRecord> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.begun.is_empty() {
                self.give(line, each)?;
            } else {
                let mut begun = std::mem::take(&mut self.begun);
                begun.extend_from_slice(line);
                self.give(&begun, each)?;
            }
            bytes = rest;
        }
        if self.begun.len() + bytes.len() > LONGEST {
            return Err(BadRecord::layout(self.line, "the line is too long for one object"));
        }
        self.begun.extend_from_slice(bytes);
        self.refuse_list(&self.begun)
    }

    fn finish(&mut self, each: &mut Each<'_>) -> Result<(), BadRecord> {
        let begun = std::mem::take(&mut self.begun);
        self.give(&begun, each)
    }
}
