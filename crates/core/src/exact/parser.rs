//! The reader of one column's texts.

use std::fmt;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, GenericStringBuilder, PrimitiveBuilder, StringViewBuilder};
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, OffsetSizeTrait};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};

use super::TextRules;
use super::names::sql_name;
use super::numbers::Notation;
use super::stamps::{Calendar, Timestamps};
use super::times::{SECONDS_OF_DAY, Time};

/// Reads the texts of one column.
#[derive(Debug, Clone)]
pub struct Parser {
    data_type: DataType,
    /// The same, but for dictionaries, which are made of an array of their values.
    value_type: DataType,
    null: Vec<String>,
    reader: Reader,
}

#[derive(Debug, Clone)]
enum Reader {
    Text,
    Boolean,
    Number(Notation),
    Date(Calendar),
    Time(TimeUnit),
    Timestamp(Timestamps),
}

/// A text that is not a value of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadText {
    /// Which text it was, from 0.
    pub row: usize,
    /// The text; only the beginning of a long one.
    pub text: String,
    /// What is wrong with it, to be said behind it: "is not exactly of type INT".
    pub why: String,
}

/// Characters of a text in a message.
const SHOWN: usize = 200;

impl BadText {
    fn new(row: usize, text: &str, why: String) -> Self {
        let text = match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        Self { row, text, why }
    }
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.text, self.why)
    }
}

impl Parser {
    /// A reader for a column of this type whose values are written by these rules.
    ///
    /// # Errors
    /// Why there are no such texts: the type has none, or the rules contradict it or each other.
    pub fn new(data_type: &DataType, rules: &TextRules) -> Result<Self, String> {
        let value_type = match data_type {
            DataType::Dictionary(_, values) => values.as_ref(),
            plain => plain,
        };
        let reader = match value_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Reader::Text,
            DataType::Boolean => Reader::Boolean,
            DataType::Float32 | DataType::Float64 => Reader::Number(Notation::new(rules)?),
            integer if integer.is_integer() => Reader::Number(Notation::new(rules)?),
            decimal if decimal.is_decimal() => Reader::Number(Notation::new(rules)?),
            DataType::Date32 | DataType::Date64 => Reader::Date(Calendar::of_dates(rules)?),
            DataType::Time32(unit @ (TimeUnit::Second | TimeUnit::Millisecond))
            | DataType::Time64(unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond)) => Reader::Time(*unit),
            DataType::Timestamp(unit, zone) => Reader::Timestamp(Timestamps::new(rules, *unit, zone.as_deref())?),
            _ => return Err(format!("the type {} cannot be read from text", sql_name(data_type))),
        };
        Ok(Self { data_type: data_type.clone(), value_type: value_type.clone(), null: rules.null.clone(), reader })
    }

    /// The texts as an array of the column's type, NULL where there is none or where the text means NULL.
    ///
    /// # Errors
    /// The first text that is not a value of the type.
    pub fn array<'a>(&self, texts: impl Iterator<Item = Option<&'a str>>) -> Result<ArrayRef, BadText> {
        let means_value = |text: &&str| !self.null.iter().any(|null| null == text);
        let values = self.values(texts.map(|text| text.filter(means_value)))?;
        if self.data_type == self.value_type { Ok(values) } else { self.dictionary(&values) }
    }

    fn values<'a>(&self, texts: impl Iterator<Item = Option<&'a str>>) -> Result<ArrayRef, BadText> {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        match &self.reader {
            Reader::Text => match self.value_type {
                DataType::Utf8 => self.text::<i32>(texts),
                DataType::LargeUtf8 => self.text::<i64>(texts),
                _ => self.views(texts),
            },
            Reader::Boolean => self.booleans(texts),
            Reader::Number(notation) => self.numbers(*notation, texts),
            Reader::Date(calendar) => match self.value_type {
                DataType::Date32 => self.primitive::<Date32Type>(texts, |text| calendar.date(text)?.try_into().ok()),
                _ => {
                    self.primitive::<Date64Type>(texts, |text| calendar.date(text)?.checked_mul(SECONDS_OF_DAY * 1000))
                }
            },
            Reader::Time(unit) => {
                let narrow = |text: &str| Time::read(text)?.units(*unit)?.try_into().ok();
                let wide = |text: &str| Time::read(text)?.units(*unit);
                match unit {
                    Second => self.primitive::<Time32SecondType>(texts, narrow),
                    Millisecond => self.primitive::<Time32MillisecondType>(texts, narrow),
                    Microsecond => self.primitive::<Time64MicrosecondType>(texts, wide),
                    Nanosecond => self.primitive::<Time64NanosecondType>(texts, wide),
                }
            }
            Reader::Timestamp(timestamps) => {
                let read = |text: &str| timestamps.timestamp(text);
                match timestamps.unit() {
                    Second => self.primitive::<TimestampSecondType>(texts, read),
                    Millisecond => self.primitive::<TimestampMillisecondType>(texts, read),
                    Microsecond => self.primitive::<TimestampMicrosecondType>(texts, read),
                    Nanosecond => self.primitive::<TimestampNanosecondType>(texts, read),
                }
            }
        }
    }

    fn numbers<'a>(
        &self,
        notation: Notation,
        texts: impl Iterator<Item = Option<&'a str>>,
    ) -> Result<ArrayRef, BadText> {
        let units = |text: &str, precision, scale| notation.units(text, precision, scale);
        match self.value_type {
            DataType::Int8 => self.primitive::<Int8Type>(texts, |text| notation.integer(text)),
            DataType::Int16 => self.primitive::<Int16Type>(texts, |text| notation.integer(text)),
            DataType::Int32 => self.primitive::<Int32Type>(texts, |text| notation.integer(text)),
            DataType::Int64 => self.primitive::<Int64Type>(texts, |text| notation.integer(text)),
            DataType::UInt8 => self.primitive::<UInt8Type>(texts, |text| notation.integer(text)),
            DataType::UInt16 => self.primitive::<UInt16Type>(texts, |text| notation.integer(text)),
            DataType::UInt32 => self.primitive::<UInt32Type>(texts, |text| notation.integer(text)),
            DataType::UInt64 => self.primitive::<UInt64Type>(texts, |text| notation.integer(text)),
            DataType::Float32 => self.primitive::<Float32Type>(texts, |text| notation.float(text)),
            DataType::Float64 => self.primitive::<Float64Type>(texts, |text| notation.float(text)),
            DataType::Decimal32(precision, scale) => {
                self.primitive::<Decimal32Type>(texts, |text| units(text, precision, scale)?.try_into().ok())
            }
            DataType::Decimal64(precision, scale) => {
                self.primitive::<Decimal64Type>(texts, |text| units(text, precision, scale)?.try_into().ok())
            }
            DataType::Decimal256(precision, scale) => {
                self.primitive::<Decimal256Type>(texts, |text| notation.wide_units(text, precision, scale))
            }
            DataType::Decimal128(precision, scale) => {
                self.primitive::<Decimal128Type>(texts, |text| units(text, precision, scale))
            }
            _ => Err(BadText::new(0, "", "has no number type".into())),
        }
    }

    fn primitive<'a, T: ArrowPrimitiveType>(
        &self,
        texts: impl Iterator<Item = Option<&'a str>>,
        read: impl Fn(&str) -> Option<T::Native>,
    ) -> Result<ArrayRef, BadText> {
        let capacity = texts.size_hint().0;
        let mut values = PrimitiveBuilder::<T>::with_capacity(capacity).with_data_type(self.value_type.clone());
        for (row, text) in texts.enumerate() {
            match text {
                Some(text) => values.append_value(read(text).ok_or_else(|| self.bad(row, text))?),
                None => values.append_null(),
            }
        }
        Ok(Arc::new(values.finish()))
    }

    fn booleans<'a>(&self, texts: impl Iterator<Item = Option<&'a str>>) -> Result<ArrayRef, BadText> {
        let mut values = BooleanBuilder::with_capacity(texts.size_hint().0);
        for (row, text) in texts.enumerate() {
            match text {
                Some(text) => values.append_value(boolean(text).ok_or_else(|| self.bad(row, text))?),
                None => values.append_null(),
            }
        }
        Ok(Arc::new(values.finish()))
    }

    fn text<'a, O: OffsetSizeTrait>(&self, texts: impl Iterator<Item = Option<&'a str>>) -> Result<ArrayRef, BadText> {
        let mut values = GenericStringBuilder::<O>::with_capacity(texts.size_hint().0, 0);
        let mut bytes = 0usize;
        for (row, text) in texts.enumerate() {
            bytes += text.map_or(0, str::len);
            if O::from_usize(bytes).is_none() {
                return Err(too_long(row, text.unwrap_or_default()));
            }
            values.append_option(text);
        }
        Ok(Arc::new(values.finish()))
    }

    fn views<'a>(&self, texts: impl Iterator<Item = Option<&'a str>>) -> Result<ArrayRef, BadText> {
        let mut values = StringViewBuilder::with_capacity(texts.size_hint().0);
        for (row, text) in texts.enumerate() {
            match text {
                Some(text) => values.try_append_value(text).map_err(|_| too_long(row, text))?,
                None => values.append_null(),
            }
        }
        Ok(Arc::new(values.finish()))
    }

    fn dictionary(&self, values: &ArrayRef) -> Result<ArrayRef, BadText> {
        let encoded = |rows: usize| cast(&values.slice(0, rows), &self.data_type);
        encoded(values.len()).map_err(|error| {
            let (mut fitting, mut failing) = (0, values.len());
            while failing - fitting > 1 {
                let middle = fitting + (failing - fitting) / 2;
                if encoded(middle).is_ok() { fitting = middle } else { failing = middle }
            }
            BadText::new(fitting, "", format!("cannot be put into a dictionary: {error}"))
        })
    }

    fn bad(&self, row: usize, text: &str) -> BadText {
        let hint = match &self.reader {
            Reader::Date(calendar) => calendar.why_no_date(text),
            Reader::Timestamp(timestamps) => timestamps.why_no_timestamp(text),
            Reader::Text | Reader::Boolean | Reader::Number(_) | Reader::Time(_) => None,
        };
        let hint = hint.map_or_else(String::new, |hint| format!(": {hint}"));
        BadText::new(row, text, format!("is not exactly of type {}{hint}", sql_name(&self.value_type)))
    }
}

fn too_long(row: usize, text: &str) -> BadText {
    BadText::new(row, text, "is too long, or there is too much text around it".into())
}

fn boolean(text: &str) -> Option<bool> {
    const WORDS: [(&str, &str); 6] =
        [("true", "false"), ("1", "0"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off")];
    let word = |(yes, no): &(&str, &str)| match text {
        text if text.eq_ignore_ascii_case(yes) => Some(true),
        text if text.eq_ignore_ascii_case(no) => Some(false),
        _ => None,
    };
    WORDS.iter().find_map(word)
}
