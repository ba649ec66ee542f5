//! The text of a value, the same wherever it stands: in a key, a label, a document's name, a map's key, or where a
//! document asks for text. Different values of a column have different texts.

use std::io::Write;
use std::sync::{Arc, LazyLock};

use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow_schema::{ArrowError, DataType, Field, FieldRef};

use crate::json::plain;

const FORMAT: FormatOptions<'static> = FormatOptions::new().with_display_error(true);

/// The texts of a column that holds no dictionaries and has no faults (see [`crate::json::first_fault`]).
pub struct Texts<'a>(Form<'a>);

enum Form<'a> {
    /// As Arrow shows it.
    Shown(ArrayFormatter<'a>),
    /// Arrow puts zeros behind the digits, and so writes zero as `000`.
    Tens(ArrayFormatter<'a>),
    /// Arrow writes a date in milliseconds as a timestamp.
    Date(ArrayFormatter<'a>),
    /// A float, whose text is that of JSON.
    Float(NullableEncoder<'a>),
}

impl<'a> Texts<'a> {
    /// The texts of a column of scalars.
    pub fn new(array: &'a dyn Array) -> Result<Self, ArrowError> {
        static FIELD: LazyLock<FieldRef> = LazyLock::new(|| Arc::new(Field::new("float", DataType::Float64, true)));
        static OPTIONS: LazyLock<EncoderOptions> = LazyLock::new(EncoderOptions::default);
        let formatter = || ArrayFormatter::try_new(array, &FORMAT);
        Ok(Self(match array.data_type() {
            float if float.is_floating() => Form::Float(make_encoder(&FIELD, array, &OPTIONS)?),
            DataType::Date64 => Form::Date(formatter()?),
            decimal if counts_tens(decimal) => Form::Tens(formatter()?),
            _ => Form::Shown(formatter()?),
        }))
    }

    /// Appends the text of a row that is not NULL.
    pub fn append(&mut self, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        match &mut self.0 {
            Form::Float(encoder) => encoder.encode(row, out),
            Form::Shown(formatter) | Form::Tens(formatter) | Form::Date(formatter) => {
                // Writing into memory does not fail.
                let _ = write!(out, "{}", formatter.value(row));
            }
        }
        match self.0 {
            Form::Tens(_) if out[start..].iter().all(|digit| *digit == b'0') => out.truncate(start + 1),
            Form::Date(_) if out.ends_with(b"T00:00:00") => out.truncate(out.len() - "T00:00:00".len()),
            _ => {}
        }
    }
}

/// Whether a type is a decimal in units of ten, a hundred and so on.
pub(crate) fn counts_tens(data_type: &DataType) -> bool {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256};
    matches!(data_type, Decimal32(_, scale) | Decimal64(_, scale) | Decimal128(_, scale) | Decimal256(_, scale) if *scale < 0)
}

/// The texts of all rows of a column without faults; NULL stays NULL.
pub fn of(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let array = plain(array)?;
    match array.data_type() {
        special if special.is_floating() || counts_tens(special) || *special == DataType::Date64 => {}
        _ => return Ok(cast(&array, &DataType::Utf8)?.as_string::<i32>().clone()),
    }
    let mut texts = Texts::new(&array)?;
    let mut text = |row| {
        let mut text = Vec::new();
        texts.append(row, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    Ok((0..array.len()).map(|row| array.is_valid(row).then(|| text(row))).collect())
}

/// The text of one row.
pub fn at(array: &ArrayRef, row: usize) -> Result<Option<String>, ArrowError> {
    Ok(of(&array.slice(row, 1))?.iter().next().flatten().map(str::to_owned))
}
