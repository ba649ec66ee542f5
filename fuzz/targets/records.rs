//! The size of pieces in the first byte, then an NDJSON file of any bytes: the same rows or the same error in whatever
//! pieces it comes, a row for each object, and whole numbers as another reader has them.
#![no_main]

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, Field, Schema};
use keyfold_core::exact::TextRules;
use keyfold_core::records::{BadRecord, Decoder, Lines, Splitter};
use libfuzzer_sys::fuzz_target;

fn read(text: &[u8], size: usize) -> Result<Option<RecordBatch>, BadRecord> {
    let list = DataType::List(Arc::new(Field::new("item", DataType::Decimal128(20, 2), true)));
    let object = DataType::Struct(vec![Field::new("d", DataType::Date32, true), Field::new("l", list, true)].into());
    let columns = [("a", DataType::Int64), ("b", DataType::Utf8), ("c", object), ("f", DataType::Float64)];
    let fields: Vec<_> = columns.map(|(name, data_type)| Field::new(name, data_type, true)).into();
    let rules = vec![TextRules::default(); fields.len()];
    let mut decoder = Decoder::new(Arc::new(Schema::new(fields)), &rules, usize::MAX).expect("all types are read");
    let (mut lines, mut each) = (Lines::new(true), |record: &[u8], line| decoder.record(record, line));
    let fed =
        text.chunks(size).try_for_each(|bytes| lines.feed(bytes, &mut each)).and_then(|()| lines.finish(&mut each));
    match fed {
        Ok(()) => decoder.finish(),
        Err(bad) => Err(decoder.earliest(bad)),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((size, text)) = input.split_first() else { return };
    let whole = read(text, text.len().max(1));
    assert_eq!(read(text, usize::from(*size).max(1)), whole);
    let Ok(Some(batch)) = whole else { return };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let records = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let numbers = batch.column(0).as_primitive::<Int64Type>();
    assert_eq!(records.clone().count(), batch.num_rows());
    for (row, record) in records.enumerate() {
        // The other reader refuses numbers beyond its floats and half surrogates, which nobody asked for here.
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(record) else { continue };
        assert!(value.is_object());
        if let Some(number) = value["a"].as_i64() {
            assert_eq!(numbers.value(row), number);
        }
    }
});
