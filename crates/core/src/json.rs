//! Arrow values as JSON text: numbers exact, dates and times as ISO 8601, lists and structs nested, NULL as null.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef};
use arrow_json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow_schema::{ArrowError, DataType, FieldRef};

/// How all values are encoded: members of structs that are NULL are written, not left out.
pub fn options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true)
}

/// One column, ready to be encoded row by row.
pub struct Encoder<'a> {
    encoder: NullableEncoder<'a>,
    logical_nulls: Option<arrow_buffer::NullBuffer>,
}

impl<'a> Encoder<'a> {
    /// An encoder for a column of a batch.
    pub fn new(field: &'a FieldRef, array: &'a ArrayRef, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        // A dictionary or run may hold NULL among its values, which its own null buffer does not show.
        Ok(Self { encoder: make_encoder(field, array.as_ref(), options)?, logical_nulls: array.logical_nulls() })
    }

    /// Whether the row's value is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        self.logical_nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the row's value, or `null` for a NULL.
    pub fn append(&mut self, row: usize, null: &[u8], out: &mut Vec<u8>) {
        match self.is_null(row) {
            true => out.extend_from_slice(null),
            false => self.encoder.encode(row, out),
        }
    }
}

/// The first row that holds a NaN or an infinity, which JSON cannot say. Rows that are NULL hold nothing.
pub fn first_not_finite(array: &ArrayRef) -> Option<usize> {
    if !holds_floats(array.data_type()) {
        return None;
    }
    (0..array.len()).find(|row| array.is_valid(*row) && !is_finite(array, *row))
}

fn holds_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => true,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => holds_floats(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| holds_floats(field.data_type())),
        DataType::Dictionary(_, value) => holds_floats(value),
        DataType::RunEndEncoded(_, value) => holds_floats(value.data_type()),
        _ => false,
    }
}

fn is_finite(array: &ArrayRef, row: usize) -> bool {
    let all = |items: ArrayRef| (0..items.len()).all(|item| items.is_null(item) || is_finite(&items, item));
    match array.data_type() {
        DataType::Float16 => array.as_primitive::<Float16Type>().value(row).is_finite(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).is_finite(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).is_finite(),
        DataType::List(_) => all(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => all(array.as_list::<i64>().value(row)),
        DataType::ListView(_) => all(array.as_list_view::<i32>().value(row)),
        DataType::LargeListView(_) => all(array.as_list_view::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => all(array.as_fixed_size_list().value(row)),
        DataType::Map(_, _) => all(std::sync::Arc::new(array.as_map().value(row))),
        DataType::Struct(_) => {
            array.as_struct().columns().iter().all(|column| column.is_null(row) || is_finite(column, row))
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys().get(row).copied().unwrap_or_default();
            dictionary.values().is_null(key) || is_finite(dictionary.values(), key)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray, StructArray,
    };
    use arrow_schema::Field;

    use super::*;

    fn json(array: ArrayRef, row: usize) -> String {
        let field: FieldRef = Arc::new(Field::new("x", array.data_type().clone(), true));
        let (options, mut out) = (options(), Vec::new());
        Encoder::new(&field, &array, &options).unwrap().append(row, b"null", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_exact() {
        let decimals = Decimal128Array::from(vec![1_200_960, -5, 99_999_999_999_999_999_999_999_999_999_999_999_999]);
        let decimals: ArrayRef = Arc::new(decimals.with_precision_and_scale(38, 2).unwrap());
        assert_eq!(json(decimals.clone(), 0), "12009.60");
        assert_eq!(json(decimals.clone(), 1), "-0.05");
        assert_eq!(json(decimals, 2), "999999999999999999999999999999999999.99");
        assert_eq!(json(Arc::new(Int64Array::from(vec![i64::MIN])), 0), "-9223372036854775808");
        assert_eq!(json(Arc::new(Float64Array::from(vec![0.1 + 0.2])), 0), "0.30000000000000004");
    }

    #[test]
    fn other_values_are_what_a_reader_expects() {
        assert_eq!(json(Arc::new(Date32Array::from(vec![17_532])), 0), "\"2018-01-01\"");
        assert_eq!(json(Arc::new(BooleanArray::from(vec![None, Some(true)])), 0), "null");
        assert_eq!(json(Arc::new(StringArray::from(vec!["a\"\u{1}é"])), 0), "\"a\\\"\\u0001é\"");
        let list = ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>([Some(vec![Some(1), None])]);
        let fields = vec![(Arc::new(Field::new("l", list.data_type().clone(), true)), Arc::new(list) as ArrayRef)];
        assert_eq!(json(Arc::new(StructArray::from(fields)), 0), "{\"l\":[1,null]}");
    }

    #[test]
    fn what_json_cannot_say_is_found_wherever_it_hides() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::NAN)]));
        assert_eq!(first_not_finite(&floats), Some(2));
        let list = ListArray::from_iter_primitive::<Float64Type, _, _>([
            Some(vec![Some(1.0)]),
            Some(vec![Some(f64::INFINITY)]),
        ]);
        assert_eq!(first_not_finite(&(Arc::new(list) as ArrayRef)), Some(1));
    }
}
