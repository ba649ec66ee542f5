//! Arrow values as JSON text: numbers exact, dates and times as ISO 8601, lists, structs and maps nested, NULL as null.
//!
//! `types` says which types have a place in a document, `faults` finds values that have none, and `encode` writes the
//! rest. A column goes through them in this order, so writing cannot fail.

mod embedded;
mod encode;
mod faults;
mod types;

use std::sync::LazyLock;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow_schema::{ArrowError, DataType, FieldRef};

use crate::text::Texts;

pub use embedded::compact;
pub use faults::{Fault, first_fault, first_not_json};
pub use types::{Unwritable, plain, unwritable};

/// How all values are encoded: members of structs that are NULL are written, not left out.
static OPTIONS: LazyLock<EncoderOptions> = LazyLock::new(|| {
    EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(std::sync::Arc::new(encode::Factory))
});

/// One column without faults, ready to be encoded row by row.
pub struct Encoder<'a> {
    form: Form<'a>,
    array: &'a ArrayRef,
}

enum Form<'a> {
    Value(NullableEncoder<'a>),
    Text(Texts<'a>),
    Embedded,
}

impl<'a> Encoder<'a> {
    /// Writes values as what they are.
    pub fn value(field: &'a FieldRef, array: &'a ArrayRef) -> Result<Self, ArrowError> {
        Ok(Self { form: Form::Value(make_encoder(field, array.as_ref(), &OPTIONS)?), array })
    }

    /// Writes values as JSON strings of their texts.
    pub fn text(field: &'a FieldRef, array: &'a ArrayRef) -> Result<Self, ArrowError> {
        if array.data_type().is_string() {
            Self::value(field, array)
        } else {
            Ok(Self { form: Form::Text(Texts::new(array)?), array })
        }
    }

    /// Writes texts that are JSON, on one line.
    pub fn embedded(array: &'a ArrayRef) -> Self {
        Self { form: Form::Embedded, array }
    }

    /// Whether the row's value is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row) || *self.array.data_type() == DataType::Null
    }

    /// Appends the row's value, or `null` for a NULL.
    pub fn append(&mut self, row: usize, null: &[u8], out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(null);
        }
        match &mut self.form {
            Form::Value(encoder) => encoder.encode(row, out),
            Form::Text(texts) => {
                out.push(b'"');
                texts.append(row, out);
                out.push(b'"');
            }
            Form::Embedded => out.extend_from_slice(compact(string(self.array, row)).as_bytes()),
        }
    }
}

/// The text of a row of a text column.
fn string(array: &ArrayRef, row: usize) -> &str {
    match array.data_type() {
        DataType::LargeUtf8 => array.as_string::<i64>().value(row),
        DataType::Utf8View => array.as_string_view().value(row),
        _ => array.as_string::<i32>().value(row),
    }
}

/// JSON text of a string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
