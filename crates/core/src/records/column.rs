//! The values of one column of a batch: first as the text that JSON has of them, then converted all at once.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, ListArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};

use super::record::{Kind, Record, Unread, items, members, without_place};
use super::{BadRecord, Fault};
use crate::exact::{Parser, TextRules, sql_name};

/// A column of a batch, or a part of a nested one.
pub(super) struct Column {
    /// Its name, for a nested one with the path to it.
    path: String,
    values: Values,
}

enum Values {
    Plain(Box<Plain>),
    Struct { fields: Fields, columns: Vec<Column>, valid: Vec<bool> },
    List { item: FieldRef, length: Option<i32>, items: Box<Column>, ends: Vec<usize>, valid: Vec<bool> },
}

impl Column {
    /// An empty column.
    ///
    /// # Errors
    /// If values of the type cannot be read from text.
    pub(super) fn new(path: String, data_type: &DataType, rules: &TextRules) -> Result<Self, String> {
        let list = |item: &FieldRef, length: Option<i32>| -> Result<Values, String> {
            let items = Box::new(Self::new(format!("{path}[]"), item.data_type(), rules)?);
            Ok(Values::List { item: item.clone(), length, items, ends: Vec::new(), valid: Vec::new() })
        };
        let values = match data_type {
            DataType::Struct(fields) => {
                let column = |field: &FieldRef| Self::new(format!("{path}.{}", field.name()), field.data_type(), rules);
                let columns = fields.iter().map(column).collect::<Result<_, _>>()?;
                Values::Struct { fields: fields.clone(), columns, valid: Vec::new() }
            }
            DataType::List(item) => list(item, None)?,
            DataType::FixedSizeList(item, length) => list(item, Some(*length))?,
            plain => Values::Plain(Box::new(Plain::new(plain, rules)?)),
        };
        Ok(Self { path, values })
    }

    /// How many values it has.
    pub(super) fn len(&self) -> usize {
        match &self.values {
            Values::Plain(plain) => plain.lines.len(),
            Values::Struct { valid, .. } | Values::List { valid, .. } => valid.len(),
        }
    }

    /// Appends a NULL.
    pub(super) fn append_null(&mut self) {
        match &mut self.values {
            Values::Plain(plain) => plain.push(None, 0),
            Values::Struct { columns, valid, .. } => {
                columns.iter_mut().for_each(Self::append_null);
                valid.push(false);
            }
            Values::List { length, items, ends, valid, .. } => {
                (0..length.unwrap_or(0)).for_each(|_| items.append_null());
                ends.push(items.len());
                valid.push(false);
            }
        }
    }

    /// Appends a value of a record.
    pub(super) fn append(&mut self, value: &str, record: &Record<'_>) -> Result<(), BadRecord> {
        let kind = Kind::of(value);
        let line = record.line(value);
        match (&mut self.values, kind) {
            (_, Kind::Null) => self.append_null(),
            (Values::Plain(plain), _) => {
                let text =
                    plain.takes.text(value, kind).map_err(|why| BadRecord::value(line, &self.path, value, why))?;
                plain.push(Some(&text), line);
            }
            (Values::Struct { columns, fields, valid }, Kind::Object) => {
                let rows = valid.len();
                let read = members(&mut serde_json::Deserializer::from_str(value), |name, value| {
                    let Some((index, _)) = fields.find(name) else { return Ok(()) };
                    if columns[index].len() > rows {
                        return Err(columns[index].twice(record.line(value)));
                    }
                    columns[index].append(value, record)
                });
                read.map_err(|unread| unread.at(line, &self.path, value))?;
                columns.iter_mut().filter(|column| column.len() == rows).for_each(Self::append_null);
                valid.push(true);
            }
            (Values::List { length, items: column, ends, valid, .. }, Kind::List) => {
                let before = column.len();
                let read = items(&mut serde_json::Deserializer::from_str(value), |item| column.append(item, record));
                read.map_err(|unread| unread.at(line, &self.path, value))?;
                let found = column.len() - before;
                if let Some(length) = length.filter(|length| usize::try_from(*length) != Ok(found)) {
                    let why = format!("has {found} items, and its type says {length}");
                    return Err(BadRecord::value(line, &self.path, value, why));
                }
                ends.push(column.len());
                valid.push(true);
            }
            (Values::Struct { .. }, _) => {
                return Err(BadRecord::value(
                    line,
                    &self.path,
                    value,
                    format!("is {kind}, where an object is declared"),
                ));
            }
            (Values::List { .. }, _) => {
                return Err(BadRecord::value(line, &self.path, value, format!("is {kind}, where a list is declared")));
            }
        }
        Ok(())
    }

    /// The error that an object has this member twice.
    pub(super) fn twice(&self, line: u64) -> BadRecord {
        let column = Some(self.path.clone());
        BadRecord { fault: Fault::Repeated, column, ..BadRecord::layout(line, "the object has this member twice") }
    }

    /// Converts the plain values, to be taken by `finish`; gives the first that cannot be converted.
    pub(super) fn convert(&mut self) -> Option<BadRecord> {
        match &mut self.values {
            Values::Plain(plain) => plain.convert(&self.path).err(),
            Values::Struct { columns, .. } => convert(columns),
            Values::List { items, .. } => items.convert(),
        }
    }

    /// Takes all values, which have been converted.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match &mut self.values {
            Values::Plain(plain) => {
                plain.array.take().ok_or_else(|| ArrowError::ComputeError("values are not converted".into()))?
            }
            Values::Struct { fields, columns, valid } => {
                let nulls = NullBuffer::from(std::mem::take(valid));
                let rows = nulls.len();
                let arrays = columns.iter_mut().map(Self::finish).collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new_with_length(fields.clone(), arrays, Some(nulls), rows)?)
            }
            Values::List { item, length, items, ends, valid } => {
                let nulls = Some(NullBuffer::from(std::mem::take(valid)));
                let (ends, items) = (std::mem::take(ends), items.finish()?);
                match length {
                    Some(length) => Arc::new(FixedSizeListArray::try_new(item.clone(), *length, items, nulls)?),
                    None => Arc::new(ListArray::try_new(item.clone(), offsets(&ends)?, items, nulls)?),
                }
            }
        })
    }
}

/// Converts the plain values of all columns; gives the first in the file that cannot be converted.
pub(super) fn convert(columns: &mut [Column]) -> Option<BadRecord> {
    columns.iter_mut().filter_map(Column::convert).min_by_key(|bad| bad.line)
}

fn offsets(ends: &[usize]) -> Result<OffsetBuffer<i32>, ArrowError> {
    let offsets: Result<Vec<_>, _> = std::iter::once(0).chain(ends.iter().copied()).map(i32::try_from).collect();
    let too_many = |_| ArrowError::OffsetOverflowError(ends.last().copied().unwrap_or_default());
    Ok(OffsetBuffer::new(offsets.map_err(too_many)?.into()))
}

/// Values that are not nested, as text.
struct Plain {
    parser: Parser,
    takes: Takes,
    text: String,
    /// Where each value ends in `text`; nothing for a NULL.
    ends: Vec<Option<usize>>,
    /// The line of each value.
    lines: Vec<u64>,
    /// The values converted.
    array: Option<ArrayRef>,
}

impl Plain {
    fn new(data_type: &DataType, rules: &TextRules) -> Result<Self, String> {
        let parser = Parser::new(data_type, rules)?;
        let takes = Takes::new(data_type, rules);
        Ok(Self { parser, takes, text: String::new(), ends: Vec::new(), lines: Vec::new(), array: None })
    }

    fn push(&mut self, value: Option<&str>, line: u64) {
        self.ends.push(value.map(|value| {
            self.text.push_str(value);
            self.text.len()
        }));
        self.lines.push(line);
    }

    fn convert(&mut self, path: &str) -> Result<(), BadRecord> {
        let mut start = 0;
        let values = self.ends.iter().map(|end| end.map(|end| &self.text[std::mem::replace(&mut start, end)..end]));
        let line = |row: usize| self.lines.get(row).copied().unwrap_or_default();
        let array = self.parser.array(values);
        self.array = Some(array.map_err(|bad| BadRecord::value(line(bad.row), path, &bad.text, bad.why))?);
        self.text.clear();
        self.ends.clear();
        self.lines.clear();
        Ok(())
    }
}

/// Which kinds of JSON values a column takes. Its parser knows only text, and would read true as a VARCHAR, or a
/// number as a date.
struct Takes {
    sql_name: String,
    booleans: bool,
    numbers: bool,
    /// Objects and lists, as they are written.
    nested: bool,
    /// The decimal point of numbers in text, which numbers of JSON are brought to.
    decimal: char,
}

impl Takes {
    fn new(data_type: &DataType, rules: &TextRules) -> Self {
        let text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let numbers = match data_type {
            DataType::Date32 | DataType::Date64 => rules.epoch.is_some() || rules.date_format.is_some(),
            DataType::Timestamp(_, _) => rules.epoch.is_some() || rules.timestamp_format.is_some(),
            other => text || other.is_numeric(),
        };
        let booleans = text || *data_type == DataType::Boolean;
        // Text keeps the numbers that it is given as they are written.
        let decimal = if data_type.is_numeric() { rules.decimal } else { '.' };
        Self { sql_name: sql_name(data_type), booleans, numbers, nested: text, decimal }
    }

    /// The text that the parser is given for a value, or why it is not taken.
    fn text<'a>(&self, value: &'a str, kind: Kind) -> Result<Cow<'a, str>, String> {
        match kind {
            Kind::Text => unescaped(value),
            Kind::Number if self.numbers && self.decimal != '.' => {
                Ok(Cow::Owned(value.replace('.', self.decimal.encode_utf8(&mut [0; 4]))))
            }
            Kind::Number if self.numbers => Ok(Cow::Borrowed(value)),
            Kind::Boolean if self.booleans => Ok(Cow::Borrowed(value)),
            Kind::Object | Kind::List if self.nested => Ok(Cow::Borrowed(value)),
            _ => Err(format!("is {kind}, not exactly of type {}", self.sql_name)),
        }
    }
}

fn unescaped(value: &str) -> Result<Cow<'_, str>, String> {
    let inside = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inside));
    }
    serde_json::from_str(value).map(Cow::Owned).map_err(|error| format!("is not text: {}", without_place(&error)))
}

impl Unread {
    fn at(self, line: u64, path: &str, value: &str) -> BadRecord {
        match self {
            Self::Bad(bad) => bad,
            Self::Syntax(error) => {
                BadRecord::value(line, path, value, format!("is not JSON: {}", without_place(&error)))
            }
        }
    }
}
