//! CSV read one byte after the other, as its definition has it: slow, and right at a glance.

use keyfold_core::csv::Dialect;

#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it begins.
    pub line: u64,
    pub count: usize,
    pub fields: Vec<Field>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    pub text: Vec<u8>,
    pub quoted: bool,
    /// Where it begins.
    pub line: u64,
}

/// Why a text is not CSV.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    UnterminatedQuote { opened: u64 },
    TextAfterQuote { opened: u64, line: u64 },
}

/// The records up to the end or to the first problem. Lines count from 1.
pub fn read(text: &[u8], dialect: &Dialect) -> (Vec<Record>, Option<Problem>) {
    let mut reader = Reader { text, at: 0, line: 1, dialect };
    let mut records = Vec::new();
    while reader.begins_record() {
        match reader.record() {
            Ok(record) => records.push(record),
            Err(problem) => return (records, Some(problem)),
        }
    }
    (records, None)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    dialect: &'a Dialect,
}

impl Reader<'_> {
    /// Passes over empty lines and comments; whether anything follows.
    fn begins_record(&mut self) -> bool {
        while let Some(byte) = self.peek() {
            if Some(byte) == self.dialect.comment {
                while !self.at_end_of_line() {
                    self.next();
                }
            } else if !self.at_end_of_line() {
                return true;
            }
            self.next();
        }
        false
    }

    fn record(&mut self) -> Result<Record, Problem> {
        let (line, mut fields) = (self.line, Vec::new());
        loop {
            fields.push(self.field()?);
            if self.at_end_of_line() {
                return Ok(Record { line, count: fields.len(), fields });
            }
            self.next();
        }
    }

    /// Up to the delimiter or the end of the line.
    fn field(&mut self) -> Result<Field, Problem> {
        let line = self.line;
        let quoted = self.peek().is_some() && self.peek() == self.dialect.quote;
        let mut text = Vec::new();
        if quoted {
            text = self.quoted()?;
        }
        while !self.at_end_of_line() && self.peek() != Some(self.dialect.delimiter) {
            if quoted {
                return Err(Problem::TextAfterQuote { opened: line, line: self.line });
            }
            text.extend(self.next());
        }
        Ok(Field { text, quoted, line })
    }

    /// From the opening quote to behind the closing one.
    fn quoted(&mut self) -> Result<Vec<u8>, Problem> {
        let unterminated = Problem::UnterminatedQuote { opened: self.line };
        let mut text = Vec::new();
        self.next();
        loop {
            let byte = self.next();
            if byte.is_none() {
                return Err(unterminated);
            }
            if byte == self.dialect.quote && self.peek() != byte {
                return Ok(text);
            }
            // The first of two quotes, or an escape, says that the next byte is text.
            let literal = byte == self.dialect.quote || byte == self.dialect.escape;
            match if literal { self.next() } else { byte } {
                Some(byte) => text.push(byte),
                None => return Err(unterminated),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        // A carriage return and a line feed are one end of a line, which the line feed counts.
        self.line += u64::from(byte == b'\n' || byte == b'\r' && self.peek() != Some(b'\n'));
        Some(byte)
    }

    fn at_end_of_line(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n' | b'\r'))
    }
}
