//! Which types have a place in a document.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::timezone::Tz;
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields};

/// What has no place in a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Unwritable {
    /// A type that JSON has no text for.
    Type(DataType),
    /// A type that cannot be the key of a map.
    MapKey(DataType),
    /// A member that a struct has twice.
    Repeated(String),
    /// A time zone that is not known.
    Zone(String),
}

/// The first part of a type that cannot be written; nothing if all of it can.
pub fn unwritable(data_type: &DataType) -> Option<Unwritable> {
    match data_type {
        scalar if is_scalar(scalar) => zone(scalar),
        DataType::Null => None,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::RunEndEncoded(_, item) => unwritable(item.data_type()),
        DataType::Dictionary(_, value) => unwritable(value),
        DataType::Struct(fields) => {
            let mut names = HashSet::new();
            let repeated = fields.iter().find(|field| !names.insert(field.name()));
            let repeated = repeated.map(|field| Unwritable::Repeated(field.name().clone()));
            repeated.or_else(|| fields.iter().find_map(|field| unwritable(field.data_type())))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => map(fields),
            other => Some(Unwritable::Type(other.clone())),
        },
        other => Some(Unwritable::Type(other.clone())),
    }
}

fn map(fields: &Fields) -> Option<Unwritable> {
    let key = plain_type(fields[0].data_type());
    if is_scalar(&key) {
        zone(&key).or_else(|| unwritable(fields[1].data_type()))
    } else {
        Some(Unwritable::MapKey(key))
    }
}

/// Whether every value of a type has one text of its own.
fn is_scalar(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Interval(_) => false,
        other => other.is_numeric() || other.is_temporal(),
    }
}

fn zone(data_type: &DataType) -> Option<Unwritable> {
    match data_type {
        DataType::Timestamp(_, Some(zone)) if zone.parse::<Tz>().is_err() => Some(Unwritable::Zone(zone.to_string())),
        _ => None,
    }
}

/// The array without dictionaries and runs, which may hold NULL where their own null buffer does not show it.
pub fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let plain = plain_type(array.data_type());
    if plain == *array.data_type() { Ok(array.clone()) } else { cast(array, &plain) }
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::RunEndEncoded(_, value) => plain_type(value.data_type()),
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::ListView(item) => DataType::ListView(plain_field(item)),
        DataType::LargeListView(item) => DataType::LargeListView(plain_field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item), *size),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::clone(field).with_data_type(plain_type(field.data_type())))
}
