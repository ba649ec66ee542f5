//! Records that were read: the fields that were asked for, one behind the other in one buffer.

use super::errors::{Fault, Malformed};

/// Whole records.
#[derive(Debug, Default)]
pub struct Records {
    data: Vec<u8>,
    fields: Vec<Kept>,
    records: Vec<Record>,
    /// Fields that begin in another line than their records, with that line; in order.
    lines: Vec<(usize, u64)>,
}

/// Where a field ends in the data; it begins where the one before it ends. Small, since each column's values are looked
/// up among the fields of all.
#[derive(Debug, Clone, Copy)]
struct Kept {
    end: u32,
    /// Its place among all fields of its record, and in the lowest bit whether it is quoted.
    index_and_quoted: u32,
}

impl Kept {
    fn index(self) -> usize {
        (self.index_and_quoted >> 1) as usize
    }

    fn is_quoted(self) -> bool {
        self.index_and_quoted & 1 == 1
    }
}

#[derive(Debug, Clone, Copy)]
struct Record {
    /// Behind the record's last field among the kept ones.
    kept: u32,
    fields: u32,
    line: u64,
}

/// Bytes, or fields, after which no further record is begun: with those of the longest record they are within 32 bits.
const FULL: usize = 1 << 30;

/// A field as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// What it says, without quotes and escapes.
    pub text: &'a str,
    /// Whether it was written in quotes.
    pub quoted: bool,
}

impl Records {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no further record should be begun.
    pub(super) fn is_full(&self) -> bool {
        !self.is_empty() && self.data.len().max(self.fields.len()) >= FULL
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many fields a record has, kept or not.
    pub fn field_count(&self, record: usize) -> usize {
        self.records[record].fields as usize
    }

    /// The line in which a record begins.
    pub fn line(&self, record: usize) -> u64 {
        self.records[record].line
    }

    /// The line in which a record's field begins, by its place among the record's kept ones.
    pub fn field_line(&self, record: usize, slot: usize) -> u64 {
        let field = self.first(record) + slot;
        match self.lines.binary_search_by_key(&field, |(field, _)| *field) {
            Ok(found) => self.lines[found].1,
            Err(_) => self.line(record),
        }
    }

    /// The fields as text.
    ///
    /// # Errors
    /// The first field that is not UTF-8.
    pub fn texts(&self) -> Result<Texts<'_>, Malformed> {
        // One check of all bytes is faster than one of each field; what is left is that no field ends within a character.
        let text = std::str::from_utf8(&self.data[..self.data_end(self.records.len())]).ok();
        let kept = &self.fields[..self.first(self.records.len())];
        match text.filter(|text| kept.iter().all(|field| text.is_char_boundary(field.end as usize))) {
            Some(text) => Ok(Texts { records: self, text }),
            None => Err(self.not_utf8()),
        }
    }

    fn not_utf8(&self) -> Malformed {
        for record in 0..self.len() {
            for slot in 0..self.first(record + 1) - self.first(record) {
                let field = self.first(record) + slot;
                if std::str::from_utf8(&self.data[self.begin(field)..self.fields[field].end as usize]).is_err() {
                    let (line, field) = (self.field_line(record, slot), self.fields[field].index());
                    return Malformed { line, field, fault: Fault::NotUtf8 };
                }
            }
        }
        Malformed { line: self.records.first().map_or(1, |record| record.line), field: 0, fault: Fault::NotUtf8 }
    }

    /// The first kept field of a record, or behind the last one's.
    fn first(&self, record: usize) -> usize {
        record.checked_sub(1).map_or(0, |before| self.records[before].kept as usize)
    }

    fn begin(&self, field: usize) -> usize {
        field.checked_sub(1).map_or(0, |before| self.fields[before].end as usize)
    }

    fn data_end(&self, record: usize) -> usize {
        self.begin(self.first(record))
    }

    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
    }

    #[inline]
    pub(super) fn end_field(&mut self, index: usize, quoted: bool) {
        self.fields
            .push(Kept { end: self.data.len() as u32, index_and_quoted: (index as u32) << 1 | u32::from(quoted) });
    }

    /// The field that ends next begins in this line.
    pub(super) fn set_line(&mut self, line: u64) {
        self.lines.push((self.fields.len(), line));
    }

    #[inline]
    pub(super) fn end_record(&mut self, fields: usize, line: u64) {
        self.records.push(Record { kept: self.fields.len() as u32, fields: fields as u32, line });
    }

    /// Forgets the whole records. What was read of another one stays.
    pub(super) fn clear(&mut self) {
        let (kept, bytes) = (self.first(self.len()), self.data_end(self.len()));
        self.data.drain(..bytes);
        self.fields.drain(..kept);
        self.fields.iter_mut().for_each(|field| field.end -= bytes as u32);
        self.lines.retain_mut(|(field, _)| {
            let stays = *field >= kept;
            *field = field.saturating_sub(kept);
            stays
        });
        self.records.clear();
    }
}

/// Records whose fields are text.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    records: &'a Records,
    text: &'a str,
}

impl<'a> Texts<'a> {
    /// A field by its place among the record's kept ones; nothing if the record has fewer.
    pub fn field(&self, record: usize, slot: usize) -> Option<Field<'a>> {
        self.kept(self.records.first(record) + slot, self.records.records[record].kept as usize)
    }

    /// The field at this place of every record.
    pub fn column(self, slot: usize) -> impl ExactSizeIterator<Item = Option<Field<'a>>> {
        let mut first = 0;
        self.records.records.iter().map(move |record| {
            let behind = record.kept as usize;
            let field = self.kept(first + slot, behind);
            first = behind;
            field
        })
    }

    #[inline]
    fn kept(&self, field: usize, end: usize) -> Option<Field<'a>> {
        let kept = self.records.fields.get(field).filter(|_| field < end)?;
        let text = self.text.get(self.records.begin(field)..kept.end as usize)?;
        Some(Field { text, quoted: kept.is_quoted() })
    }
}
