//! Encoders for what Arrow's own do not write, or not as JSON: decimals that count tens, dates in milliseconds, maps
//! whose keys are not text.

use arrow_array::cast::AsArray;
use arrow_array::{Array, MapArray};
use arrow_json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use arrow_schema::{ArrowError, DataType, FieldRef};

use crate::text::{Texts, counts_tens};

#[derive(Debug)]
pub(super) struct Factory;

impl EncoderFactory for Factory {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Map(_, _) => Box::new(Map::new(field, array.as_map(), options)?),
            DataType::Date64 => Box::new(Quoted(Texts::new(array)?)),
            decimal if counts_tens(decimal) => Box::new(Bare(Texts::new(array)?)),
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

/// The value's text.
struct Bare<'a>(Texts<'a>);

impl Encoder for Bare<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        self.0.append(row, out);
    }
}

/// The value's text, which needs no escapes, in quotes.
struct Quoted<'a>(Texts<'a>);

impl Encoder for Quoted<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        out.push(b'"');
        self.0.append(row, out);
        out.push(b'"');
    }
}

struct Map<'a> {
    map: &'a MapArray,
    keys: Box<dyn Encoder + 'a>,
    values: NullableEncoder<'a>,
}

impl<'a> Map<'a> {
    fn new(field: &'a FieldRef, map: &'a MapArray, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let keys: Box<dyn Encoder + 'a> = if map.keys().data_type().is_string() {
            Box::new(make_encoder(field, map.keys(), options)?)
        } else {
            Box::new(Quoted(Texts::new(map.keys())?))
        };
        Ok(Self { map, keys, values: make_encoder(field, map.values(), options)? })
    }
}

impl Encoder for Map<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let offsets = self.map.value_offsets();
        let entries = offsets[row] as usize..offsets[row + 1] as usize;
        out.push(b'{');
        for entry in entries.clone() {
            if entry > entries.start {
                out.push(b',');
            }
            self.keys.encode(entry, out);
            out.push(b':');
            if self.values.is_null(entry) {
                out.extend_from_slice(b"null");
            } else {
                self.values.encode(entry, out);
            }
        }
        out.push(b'}');
    }
}
