use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema};
use proptest::prelude::any;

use super::*;
use crate::exact::{Epoch, TextRules};

fn decoder(columns: &[(&str, DataType)], rules: TextRules) -> Decoder {
    let fields: Vec<_> = columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect();
    let rules = vec![rules; columns.len()];
    Decoder::new(Arc::new(Schema::new(fields)), &rules, 1000).unwrap()
}

fn read(columns: &[(&str, DataType)], text: impl AsRef<[u8]>) -> Result<RecordBatch, BadRecord> {
    let mut decoder = decoder(columns, TextRules::default());
    feed(&mut decoder, text.as_ref())?;
    Ok(decoder.finish()?.unwrap())
}

fn feed(decoder: &mut Decoder, text: &[u8]) -> Result<(), BadRecord> {
    let (mut lines, mut each) = (Lines::new(true), |record: &[u8], line| decoder.record(record, line));
    let fed = lines.feed(text, &mut each).and_then(|()| lines.finish(&mut each));
    fed.map_err(|bad| decoder.earliest(bad))
}

fn column(data_type: DataType, text: &str) -> Result<ArrayRef, String> {
    let batch = read(&[("a", data_type)], text).map_err(|bad| bad.to_string())?;
    Ok(batch.column(0).clone())
}

fn value(data_type: DataType, value: &str) -> Result<ArrayRef, String> {
    column(data_type, &format!("{{\"a\":{value}}}"))
}

fn whole() -> [(&'static str, DataType); 1] {
    [("a", DataType::Int32)]
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

fn address() -> DataType {
    DataType::Struct(Fields::from(vec![
        Field::new("zip", DataType::Int32, true),
        Field::new("lines", list(DataType::Utf8), true),
    ]))
}

#[test]
fn each_line_is_a_row_and_lines_without_anything_are_counted() {
    let array = column(DataType::Int32, "{\"a\":1}\r\n\n \t\r\n{\"b\":[{}],\"a\":2}\n{}\n{\"a\":null}").unwrap();
    assert_eq!(array.as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(1), Some(2), None, None]);
    let bad = read(&whole(), "\n\r\n\n{\"a\":true}").unwrap_err();
    assert_eq!((bad.line, bad.column.as_deref(), bad.value.as_deref()), (3, Some("a"), Some("true")));
}

#[test]
fn what_is_not_one_object_on_each_line_is_an_error_at_its_place() {
    for (text, line, character, why) in [
        ("{\"a\":1}\n{\"a\":1} {\"a\":2}\n", 1, 9, "more follows after the object"),
        ("{\"a\":1},\n", 0, 8, "more follows after the object"),
        ("{\n\"a\":1\n}\n", 0, 1, "the object does not end on its line"),
        ("{\"a\":1\n", 0, 6, "the object does not end on its line"),
        ("[\n{\"a\":1}\n]\n", 0, 1, "there is a list where an object must be"),
        ("[1]\n", 0, 1, "there is a list where an object must be"),
        ("5", 0, 1, "there is a number where an object must be"),
        ("null\n", 0, 1, "there is null where an object must be"),
        ("{\"a\":1,}\n", 0, 8, "is not JSON: trailing comma"),
        ("{\"a\":1,,\"b\":1}\n", 0, 8, "is not JSON: key must be a string"),
        ("{\"a\":1 \"b\":1}\n", 0, 8, "is not JSON: expected `,` or `}`"),
        ("{\"ü\":NaN}\n", 0, 6, "is not JSON: expected value"),
        ("{\"b\":-Infinity}\n", 0, 7, "is not JSON: invalid number"),
        ("{\"b\":01}\n", 0, 7, "is not JSON: invalid number"),
        ("{\"b\":1.}\n", 0, 8, "is not JSON: invalid number"),
        ("{\"b\":+1}\n", 0, 6, "is not JSON: expected value"),
        ("{\"b\":.5}\n", 0, 6, "is not JSON: expected value"),
        ("{\"b\":\"\\x\"}\n", 0, 8, "is not JSON: invalid escape"),
        ("{\"b\":\"\t\"}\n", 0, 6, "is not JSON: control character (\\u0000-\\u001F) found while parsing a string"),
        ("{'b':1}\n", 0, 2, "is not JSON: key must be a string"),
        ("{b:1}\n", 0, 2, "is not JSON: key must be a string"),
        ("{\"b\":1} // one\n", 0, 9, "more follows after the object"),
        ("{\"\\ud800\":1}\n", 0, 9, "is not JSON: unexpected end of hex escape"),
    ] {
        let bad = read(&whole(), text).unwrap_err();
        assert_eq!((bad.line, bad.character, bad.to_string().as_str()), (line, character, why), "{text}");
    }
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let bad = read(&whole(), b"{\"a\":1}\n{\"b\":\"\xfc\"}\n").unwrap_err();
    assert_eq!((bad.line, bad.character, bad.why.as_str()), (1, 7, "is not UTF-8"));
}

#[test]
fn a_byte_order_mark_is_taken_at_the_start_of_a_file_only() {
    let text = b"\xef\xbb\xbf{\"a\":1}\n";
    assert_eq!(read(&whole(), text).unwrap().num_rows(), 1);
    assert!(read(&whole(), [text.as_slice(), text].concat()).is_err());
    assert!(
        Lines::new(false)
            .feed(text, &mut |record, _| record.starts_with(b"{").then_some(()).ok_or(BadRecord::layout(0, "")))
            .is_err()
    );
}

#[test]
fn a_file_that_begins_with_a_list_is_refused_before_its_line_ends() {
    let refused = Err(BadRecord::layout(1, "there is a list where an object must be"));
    let feed = |from_start: bool, text: &[u8]| Lines::new(from_start).feed(text, &mut |_, _| Ok(()));
    assert_eq!(feed(true, b"\xef\xbb\xbf\n [{\"a\""), refused);
    assert_eq!(feed(true, b"\n[\n{}"), refused);
    assert_eq!(feed(false, b"\n[\n{}"), Ok(()));
    assert_eq!(feed(true, b"{}\n["), Ok(()));
}

#[test]
fn depth_does_not_matter() {
    let depth = 200_000;
    let deep = format!("{{\"b\":{}1{},\"a\":7}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(column(DataType::Int32, &deep).unwrap().as_primitive::<Int32Type>().value(0), 7);
    let open = format!("{{\"b\":{}", "{\"x\":".repeat(depth));
    assert!(column(DataType::Int32, &open).unwrap_err().contains("does not end"));
}

#[test]
fn numbers_keep_the_digits_that_the_file_has() {
    let decimal = value(DataType::Decimal128(20, 2), "9007199254740993.07").unwrap();
    assert_eq!(decimal.as_primitive::<Decimal128Type>().value(0), 900_719_925_474_099_307);
    assert_eq!(
        value(DataType::Int64, "9007199254740993").unwrap().as_primitive::<Int64Type>().value(0),
        9007199254740993
    );
    assert_eq!(value(DataType::Int64, "\"5\"").unwrap().as_primitive::<Int64Type>().value(0), 5);
    assert_eq!(value(DataType::Int32, "5.7").unwrap_err(), "column `a`: `5.7` is not exactly of type INT");
}

#[test]
fn only_fitting_kinds_of_values_are_taken() {
    for (data_type, written, why) in [
        (DataType::Int32, "true", "is a boolean, not exactly of type INT"),
        (DataType::Int32, "{\"x\":1}", "is an object, not exactly of type INT"),
        (DataType::Boolean, "1", "is a number, not exactly of type BOOLEAN"),
        (DataType::Date32, "20180131", "is a number, not exactly of type DATE"),
        (DataType::Date32, "[]", "is a list, not exactly of type DATE"),
        (address(), "[1]", "is a list, where an object is declared"),
        (list(DataType::Int32), "{}", "is an object, where a list is declared"),
    ] {
        assert_eq!(value(data_type, written).unwrap_err(), format!("column `a`: `{written}` {why}"));
    }
    let long = format!("[{}]", "1,".repeat(1000) + "1");
    assert!(value(DataType::Int32, &long).unwrap_err().len() < 200);
}

#[test]
fn text_is_unescaped_and_anything_else_is_text_as_written() {
    for (written, text) in [
        ("\"\"", ""),
        ("\"a\\n\\u00fc\\ud83d\\ude00\\\\\\\"\"", "a\nü😀\\\""),
        ("1.50", "1.50"),
        ("false", "false"),
        ("{\"x\": [1.0, \"\\n\"]}", "{\"x\": [1.0, \"\\n\"]}"),
    ] {
        assert_eq!(value(DataType::Utf8, written).unwrap().as_string::<i32>().value(0), text);
    }
    assert_eq!(
        value(DataType::Utf8, "\"\\ud800\"").unwrap_err(),
        "column `a`: `\"\\ud800\"` is not text: unexpected end of hex escape"
    );
}

#[test]
fn numbers_are_moments_where_the_rules_say_of_what() {
    let rules = TextRules { date_format: Some("%Y%m%d".into()), ..TextRules::default() };
    assert!(feed(&mut decoder(&[("a", DataType::Date32)], rules), b"{\"a\":20180131}").is_ok());
    let rules = TextRules { epoch: Some(Epoch::Seconds), ..TextRules::default() };
    assert!(feed(&mut decoder(&[("a", DataType::Date32)], rules), b"{\"a\":1517356800}").is_ok());
}

#[test]
fn numbers_have_a_point_whatever_text_has() {
    let rules = TextRules { decimal: ',', ..TextRules::default() };
    let mut decoder = decoder(&[("a", DataType::Decimal128(10, 3))], rules);
    feed(&mut decoder, b"{\"a\":\"1,5\"}\n{\"a\":1.500}\n").unwrap();
    let batch = decoder.finish().unwrap().unwrap();
    assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().values().to_vec(), [1500, 1500]);
}

#[test]
fn a_wanted_member_comes_once_and_by_its_exact_name() {
    let text = "{\"b\":1,\"b\":2,\"A\":5,\"\\u0061\":1}";
    assert_eq!(column(DataType::Int32, text).unwrap().as_primitive::<Int32Type>().value(0), 1);
    let twice = column(DataType::Int32, "{\"a\":1,\"\\u0061\":null}").unwrap_err();
    assert_eq!(twice, "column `a`: the object has this member twice");
    let within = value(address(), "{\"zip\":1,\"zip\":1}").unwrap_err();
    assert_eq!(within, "column `a.zip`: the object has this member twice");
}

#[test]
fn nested_values_are_as_exact_as_plain_ones() {
    let text = "{\"a\":{\"lines\":[\"x\",null,\"z\"],\"zip\":\"7\"}}\n{\"a\":null}\n{}\n{\"a\":{\"more\":{}}}\n{\"a\":{\"lines\":[]}}";
    let array = column(address(), text).unwrap();
    let array = array.as_struct();
    assert_eq!(array.nulls().unwrap().iter().collect::<Vec<_>>(), [true, false, false, true, true]);
    assert_eq!(array.column(0).as_primitive::<Int32Type>().iter().flatten().collect::<Vec<_>>(), [7]);
    let lines = array.column(1).as_list::<i32>();
    assert_eq!(lines.offsets().to_vec(), [0, 3, 3, 3, 3, 3]);
    assert_eq!(lines.iter().map(|list| list.is_some()).collect::<Vec<_>>(), [true, false, false, false, true]);
    assert_eq!(
        value(list(address()), "[{\"zip\":1},{\"zip\":1.5}]").unwrap_err(),
        "column `a[].zip`: `1.5` is not exactly of type INT"
    );
    let pair = DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Int32, true)), 2);
    let array = column(pair.clone(), "{\"a\":[1,2]}\n{}\n{\"a\":[3,null]}").unwrap();
    assert_eq!(array.as_fixed_size_list().values().as_primitive::<Int32Type>().null_count(), 3);
    assert_eq!(value(pair, "[1]").unwrap_err(), "column `a`: `[1]` has 1 items, and its type says 2");
}

#[test]
fn the_first_bad_line_is_the_one_that_is_reported() {
    let columns = [("a", DataType::Int32), ("b", DataType::Int32)];
    let bad = read(&columns, "{\"a\":1}\n{\"b\":\"x\"}\n{\"a\":\"y\"}\n{nonsense").unwrap_err();
    assert_eq!((bad.line, bad.column.as_deref()), (1, Some("b")));
    let bad = read(&columns, "{\"a\":1}\n{nonsense\n{\"a\":\"y\"}\n").unwrap_err();
    assert_eq!((bad.line, bad.column), (1, None));
}

#[test]
fn a_value_of_a_record_of_several_lines_is_on_its_own_line() {
    let columns = [("a", DataType::Int32), ("b", list(DataType::Date32))];
    let mut decoder = decoder(&columns, TextRules::default());
    decoder.record(b"{\n \"a\": 1,\n \"b\": [\n  \"2018-01-31\",\n  \"x\"\n ]\n}", 10).unwrap();
    let bad = decoder.finish().unwrap_err();
    assert_eq!((bad.line, bad.column.as_deref(), bad.value.as_deref()), (14, Some("b[]"), Some("x")));
    let bad =
        super::tests::decoder(&columns, TextRules::default()).record(b"{\n \"a\": 1,\n \"b\" 2}", 20).unwrap_err();
    assert_eq!((bad.line, bad.character), (22, 6));
}

#[test]
fn rows_are_counted_even_if_no_column_is_wanted() {
    assert_eq!(read(&[], "{\"a\":1}\n\n{}\n").unwrap().num_rows(), 2);
    assert_eq!(read(&[], "{\"a\":1}\nx\n").unwrap_err().line, 1);
}

#[test]
fn a_batch_is_full_with_the_wanted_rows_and_the_next_one_begins_empty() {
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Date32, true)]));
    let mut decoder = Decoder::new(schema, &[], 2).unwrap();
    decoder.record(b"{\"a\":\"1970-01-02\"}", 1).unwrap();
    assert!(!decoder.is_full());
    decoder.record(b"{\"a\":\"1970-01-03\"}", 2).unwrap();
    assert!(decoder.is_full());
    let first = decoder.finish().unwrap().unwrap();
    assert_eq!(first.column(0).as_primitive::<Date32Type>().values().to_vec(), [1, 2]);
    assert!(!decoder.is_full());
    assert!(decoder.finish().unwrap().is_none());
}

#[test]
fn lines_are_the_same_in_whatever_pieces_they_come() {
    let text = b"\xef\xbb\xbf{\"a\":1}\r\n\n \r\n{\"b\":\"\xc3\xbc\"}\n\n{}";
    let split = |size: usize| {
        let (mut lines, mut found) = (Lines::new(true), Vec::new());
        let mut each = |record: &[u8], line| {
            found.push((record.to_vec(), line));
            Ok(())
        };
        text.chunks(size).try_for_each(|piece| lines.feed(piece, &mut each)).unwrap();
        lines.finish(&mut each).unwrap();
        found
    };
    let whole = split(text.len());
    assert_eq!(whole.iter().map(|(_, line)| *line).collect::<Vec<_>>(), [0, 3, 5]);
    for size in 1..text.len() {
        assert_eq!(split(size), whole);
    }
}

#[test]
fn members_that_no_record_has_are_missing_unless_there_is_no_record() {
    let wanted = ["net", "netSales"].map(|name| Field::new(name, DataType::Int32, true));
    let mut unseen = Unseen::new(&Fields::from(wanted.to_vec()));
    assert_eq!(unseen.absent(), []);
    unseen.look(b"{\"net\":null,\"Net\":{\"netSales\":1}}").unwrap();
    assert_eq!(unseen.absent(), [Absent { path: "netSales", name: "netSales", others: vec!["Net"] }]);
    unseen.look(b"{\"net\":1}").unwrap();
    assert_eq!(unseen.others().collect::<Vec<_>>(), ["Net"]);
    assert!(!unseen.is_done());
    unseen.look(b"{\"netSales\":1}").unwrap();
    assert!(unseen.is_done());
}

#[test]
fn members_within_objects_are_missing_unless_there_is_no_object() {
    let wanted = [Field::new("at", address(), true), Field::new("all", list(list(address())), true)];
    let mut unseen = Unseen::new(&Fields::from(wanted.to_vec()));
    let paths = |unseen: &Unseen| unseen.absent().iter().map(|absent| absent.path.to_owned()).collect::<Vec<_>>();
    unseen.look(b"{\"at\":null,\"all\":[[],null,[null]]}").unwrap();
    assert_eq!(paths(&unseen), Vec::<String>::new());
    assert!(!unseen.is_done());
    unseen.look(b"{\"at\":{\"lines\":[]},\"all\":[[{\"zip\":1},{\"Lines\":[]}]]}").unwrap();
    assert_eq!(paths(&unseen), ["at.zip", "all[][].lines"]);
    assert_eq!(unseen.absent()[1].others, ["Lines"]);
    unseen.look(b"{\"at\":{\"zip\":1},\"all\":[[{}],[{\"lines\":null}]]}").unwrap();
    assert!(unseen.is_done());
}

proptest::proptest! {
    /// What one program writes as JSON is read as the very same values, however the bytes arrive.
    #[test]
    fn values_come_back_as_they_were_written(
        rows in proptest::collection::vec((any::<Option<i64>>(), any::<Option<String>>(), any::<Vec<i128>>()), 0..8),
        size in 1_usize..100,
    ) {
        let decimals = |row: &[i128]| row.iter().map(|number| format!("{number}e-2")).collect::<Vec<_>>().join(" , ");
        let mut text = String::new();
        for (number, words, units) in &rows {
            let units: Vec<i128> = units.iter().map(|units| units % 10_i128.pow(38)).collect();
            let (number, words) = (serde_json::json!(number), serde_json::json!(words));
            text += &format!("{{\"b\":{words}, \"a\" :{number},\"c\":[{}]}}\r\n", decimals(&units));
        }
        let columns = [("a", DataType::Int64), ("b", DataType::Utf8), ("c", list(DataType::Decimal128(38, 2)))];
        let mut decoder = decoder(&columns, TextRules::default());
        let (mut lines, mut each) = (Lines::new(true), |record: &[u8], line| decoder.record(record, line));
        for piece in text.as_bytes().chunks(size) {
            lines.feed(piece, &mut each).unwrap();
        }
        lines.finish(&mut each).unwrap();
        let Some(batch) = decoder.finish().unwrap() else {
            assert!(rows.is_empty());
            return Ok(());
        };
        let numbers = batch.column(0).as_primitive::<Int64Type>();
        let words = batch.column(1).as_string::<i32>();
        let units = batch.column(2).as_list::<i32>();
        assert_eq!(batch.num_rows(), rows.len());
        for (row, (number, text, wanted)) in rows.iter().enumerate() {
            assert_eq!(numbers.is_valid(row).then(|| numbers.value(row)), *number);
            assert_eq!(words.is_valid(row).then(|| words.value(row)), text.as_deref());
            let wanted: Vec<i128> = wanted.iter().map(|units| units % 10_i128.pow(38)).collect();
            assert_eq!(units.value(row).as_primitive::<Decimal128Type>().values().to_vec(), wanted);
        }
    }
}
