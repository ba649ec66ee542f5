//! Bytes to records.

use super::bytes::Bytes;
use super::dialect::Dialect;
use super::errors::{Fault, Malformed};
use super::fields::{Fields, Mask};
use super::records::Records;

/// Reads records from bytes that come in pieces of any size.
#[derive(Debug)]
pub struct Scanner {
    bytes: Bytes,
    mask: Mask,
    batch: usize,
    longest: usize,
    records: Records,
    state: State,
    /// The byte before those that come next.
    last: u8,
    /// Where the next byte is.
    line: u64,
    record: Open,
}

/// The record that is being read.
#[derive(Debug)]
struct Open {
    line: u64,
    /// Its bytes in the pieces that were read before.
    length: usize,
    /// The index of the field that is being read.
    field: usize,
    field_line: u64,
    kept: bool,
    quoted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a record.
    Record,
    /// Before a field.
    Field,
    /// In a field without quotes.
    Plain,
    /// In a quoted field.
    Quoted,
    /// Behind the escape in a quoted field.
    Escaped,
    /// Behind a quote in a quoted field: it closes the field, or another one follows.
    Closing,
    /// In a line that is not a record.
    Comment,
}

/// A record longer than this is one whose quote is missing somewhere.
const LONGEST_RECORD: usize = 256 << 20;

impl Scanner {
    /// A scanner that takes at most `batch` records at once. The first byte is at the start of a record in line `line`.
    pub fn new(dialect: &Dialect, fields: &Fields, batch: usize, line: u64) -> Self {
        Self {
            bytes: Bytes::new(dialect),
            mask: Mask::new(fields),
            batch: batch.max(1),
            longest: LONGEST_RECORD,
            records: Records::default(),
            state: State::Record,
            last: b'\n',
            line,
            record: Open { line, length: 0, field: 0, field_line: line, kept: false, quoted: false },
        }
    }

    /// The same with another limit for the bytes of a record.
    pub fn with_longest_record(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// The records that were read since the last [`Self::clear`].
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Whether there are as many records as the scanner takes at once, or they are so long that it takes no more.
    pub fn is_full(&self) -> bool {
        self.records.len() >= self.batch || self.records.is_full()
    }

    /// Forgets the records.
    pub fn clear(&mut self) {
        self.records.clear();
    }

    /// The line of the next byte.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Reads until there are as many records as the scanner takes at once, or all bytes are read. Says how many were.
    ///
    /// # Errors
    /// What is not CSV, with its line. The records before it are there.
    pub fn read(&mut self, input: &[u8]) -> Result<usize, Malformed> {
        let (mut at, mut begin) = (0, 0);
        while at < input.len() && !self.is_full() {
            at = match self.state {
                State::Record => self.before_record(input, at),
                State::Field => self.before_field(input, at),
                State::Plain => self.plain(input, at),
                State::Quoted => self.quoted(input, at),
                State::Escaped => self.escaped(input, at),
                State::Closing => self.closing(input, at)?,
                State::Comment => self.comment(input, at),
            };
            if self.state == State::Record {
                self.check_length(at - begin)?;
                (begin, self.record.length) = (at, 0);
            }
        }
        self.last = at.checked_sub(1).map_or(self.last, |last| input[last]);
        self.check_length(at - begin)?;
        self.record.length += at - begin;
        Ok(at)
    }

    /// The end of the input.
    ///
    /// # Errors
    /// A quote that is not closed.
    pub fn finish(&mut self) -> Result<(), Malformed> {
        match self.state {
            State::Record | State::Comment => {}
            State::Field => {
                self.begin_field();
                self.end_last_field();
            }
            State::Plain | State::Closing => self.end_last_field(),
            State::Quoted | State::Escaped => {
                return Err(self.malformed(self.record.field_line, Fault::UnterminatedQuote));
            }
        }
        self.state = State::Record;
        Ok(())
    }

    fn before_record(&mut self, input: &[u8], at: usize) -> usize {
        match input[at] {
            b'\n' | b'\r' => {
                self.count_line(input, at);
                at + 1
            }
            byte => {
                (self.record.line, self.record.field) = (self.line, 0);
                if Some(byte) != self.bytes.comment {
                    return self.before_field(input, at);
                }
                self.state = State::Comment;
                at + 1
            }
        }
    }

    #[inline]
    fn before_field(&mut self, input: &[u8], at: usize) -> usize {
        self.begin_field();
        if Some(input[at]) == self.bytes.quote {
            (self.state, self.record.quoted) = (State::Quoted, true);
            return self.quoted(input, at + 1);
        }
        self.state = State::Plain;
        self.plain(input, at)
    }

    #[inline]
    fn begin_field(&mut self) {
        self.record.kept = self.mask.keeps(self.record.field);
        self.record.quoted = false;
        self.record.field_line = self.line;
        if self.line != self.record.line && self.record.kept {
            self.records.set_line(self.line);
        }
    }

    /// To the end of a field without quotes, and on through the fields behind it that have none either.
    fn plain(&mut self, input: &[u8], mut at: usize) -> usize {
        loop {
            let end = self.bytes.outside_quotes.find(&input[at..]).map_or(input.len(), |length| at + length);
            self.keep(&input[at..end]);
            let Some(byte) = input.get(end) else { return end };
            self.end_field();
            at = end + 1;
            if *byte != self.bytes.delimiter {
                self.count_line(input, end);
                self.end_record();
                return at;
            }
            match input.get(at) {
                Some(next) if Some(*next) != self.bytes.quote => self.begin_field(),
                _ => {
                    self.state = State::Field;
                    return at;
                }
            }
        }
    }

    fn quoted(&mut self, input: &[u8], mut at: usize) -> usize {
        while let Some(length) = self.bytes.inside_quotes.find(&input[at..]) {
            let end = at + length;
            let byte = input[end];
            if Some(byte) == self.bytes.quote {
                self.keep(&input[at..end]);
                self.state = State::Closing;
                return end + 1;
            }
            if Some(byte) == self.bytes.escape {
                self.keep(&input[at..end]);
                self.state = State::Escaped;
                return end + 1;
            }
            self.count_line(input, end);
            self.keep(&input[at..=end]);
            at = end + 1;
        }
        self.keep(&input[at..]);
        input.len()
    }

    fn escaped(&mut self, input: &[u8], at: usize) -> usize {
        if matches!(input[at], b'\n' | b'\r') {
            self.count_line(input, at);
        }
        self.keep(&input[at..=at]);
        self.state = State::Quoted;
        at + 1
    }

    fn closing(&mut self, input: &[u8], at: usize) -> Result<usize, Malformed> {
        match input[at] {
            byte if Some(byte) == self.bytes.quote => {
                self.keep(&[byte]);
                self.state = State::Quoted;
            }
            byte if byte == self.bytes.delimiter => {
                self.end_field();
                self.state = State::Field;
            }
            b'\n' | b'\r' => {
                self.end_field();
                self.count_line(input, at);
                self.end_record();
            }
            _ => return Err(self.malformed(self.line, Fault::TextAfterQuote { opened: self.record.field_line })),
        }
        Ok(at + 1)
    }

    fn comment(&mut self, input: &[u8], at: usize) -> usize {
        match memchr::memchr2(b'\n', b'\r', &input[at..]) {
            Some(length) => {
                self.count_line(input, at + length);
                self.state = State::Record;
                at + length + 1
            }
            None => input.len(),
        }
    }

    #[inline]
    fn keep(&mut self, bytes: &[u8]) {
        if self.record.kept {
            self.records.extend(bytes);
        }
    }

    #[inline]
    fn end_field(&mut self) {
        if self.record.kept {
            self.records.end_field(self.record.field, self.record.quoted);
        }
        self.record.field += 1;
    }

    fn end_last_field(&mut self) {
        self.end_field();
        self.end_record();
    }

    fn end_record(&mut self) {
        self.records.end_record(self.record.field, self.record.line);
        self.state = State::Record;
    }

    /// A line ends with the byte there, unless the one before it has ended it.
    fn count_line(&mut self, input: &[u8], at: usize) {
        let before = at.checked_sub(1).map_or(self.last, |before| input[before]);
        self.line += u64::from((before, input[at]) != (b'\r', b'\n'));
    }

    fn check_length(&self, more: usize) -> Result<(), Malformed> {
        if self.record.length + more <= self.longest {
            return Ok(());
        }
        Err(Malformed { line: self.record.line, field: 0, fault: Fault::TooLong { limit: self.longest } })
    }

    fn malformed(&self, line: u64, fault: Fault) -> Malformed {
        Malformed { line, field: self.record.field, fault }
    }
}
