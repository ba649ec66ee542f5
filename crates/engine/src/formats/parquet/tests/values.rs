//! Types of files and tables.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int8Array, Int32Array, Int64Array, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use datafusion::arrow::datatypes::DataType::*;
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, TimeUnit};
use tempfile::TempDir;

use keyfold_core::job::Missing;

use super::table::{register, rows, session, write};

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
        let path = self.folder.path().join(name);
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        write(&path, &RecordBatch::try_from_iter_with_nullable(columns).unwrap());
        path
    }

    /// What comes of the paths in a message.
    fn relative(&self, message: impl ToString) -> String {
        message.to_string().replace(&self.folder.path().display().to_string(), "[folder]")
    }
}

/// The values of a column that is declared with a type, or why there are none.
async fn read(array: ArrayRef, data_type: DataType) -> Result<Vec<String>, String> {
    let files = Files::new();
    let file = files.file("a.parquet", vec![("v", array)]);
    let context = session(1);
    let declared = [Arc::new(Field::new("v", data_type, true))];
    register(&context, "t", &[&file], &declared, Missing::Fail).await.map_err(|error| files.relative(error))?;
    let rows = rows(&context, "SELECT v FROM t").await.map_err(|error| files.relative(error))?;
    let cells = rows.lines().skip(3).filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    Ok(cells.map(|cell| cell.trim().to_owned()).collect())
}

#[tokio::test]
async fn a_value_is_read_as_another_type_exactly_or_not_at_all() {
    use TimeUnit::*;
    let decimal = |values: Vec<i128>, precision, scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap())
    };
    let int64 = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let float64 = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let cases: Vec<(ArrayRef, DataType, Result<&str, &str>)> = vec![
        (int64(vec![1, -2147483648]), Int32, Ok("1 -2147483648")),
        (int64(vec![1, 2, 2147483648]), Int32, Err("2147483648")),
        (int64(vec![9007199254740992]), Float64, Ok("9007199254740992.0")),
        (int64(vec![9007199254740993]), Float64, Err("9007199254740993")),
        (int64(vec![i64::MAX]), Float64, Err("9223372036854775807")),
        (int64(vec![12]), Decimal128(5, 2), Ok("12.00")),
        (int64(vec![1000]), Decimal128(5, 2), Err("1000")),
        (Arc::new(UInt64Array::from(vec![u64::MAX])), Int64, Err("18446744073709551615")),
        (Arc::new(UInt64Array::from(vec![u64::MAX])), Decimal128(20, 0), Ok("18446744073709551615")),
        (Arc::new(Int8Array::from(vec![-1])), UInt32, Err("-1")),
        (decimal(vec![12_300], 18, 4), Decimal128(12, 2), Ok("1.23")),
        (decimal(vec![12_345], 18, 4), Decimal128(12, 2), Err("1.2345")),
        (decimal(vec![1_234_500], 18, 2), Decimal128(4, 0), Err("12345.00")),
        (decimal(vec![1_200], 18, 2), Int32, Ok("12")),
        (decimal(vec![1_201], 18, 2), Int32, Err("12.01")),
        (float64(vec![3.0, -0.0]), Int64, Ok("3 0")),
        (float64(vec![3.5]), Int64, Err("3.5")),
        (float64(vec![f64::NAN]), Int64, Err("NaN")),
        (float64(vec![1e300]), Int32, Err("1e300")),
        (float64(vec![19.99, -0.1]), Decimal128(12, 2), Ok("19.99 -0.10")),
        (float64(vec![0.1 + 0.2]), Decimal128(12, 2), Err("0.30000000000000004")),
        (float64(vec![1e13]), Decimal128(12, 2), Err("10000000000000.0")),
        (float64(vec![0.5]), Float32, Ok("0.5")),
        (float64(vec![0.1]), Float32, Err("0.1")),
        (float64(vec![f64::NAN, f64::INFINITY]), Float32, Ok("NaN inf")),
        (Arc::new(Float32Array::from(vec![0.1])), Float64, Ok("0.10000000149011612")),
        (
            Arc::new(TimestampNanosecondArray::from(vec![1_000])),
            Timestamp(Microsecond, None),
            Ok("1970-01-01T00:00:00.000001"),
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![1_001])),
            Timestamp(Microsecond, None),
            Err("1970-01-01T00:00:00.000001001"),
        ),
        (
            Arc::new(TimestampSecondArray::from(vec![253402300799])),
            Timestamp(Nanosecond, None),
            Err("9999-12-31T23:59:59"),
        ),
        (Arc::new(TimestampMillisecondArray::from(vec![86_400_000])), Date32, Ok("1970-01-02")),
        (Arc::new(TimestampMillisecondArray::from(vec![86_400_001])), Date32, Err("1970-01-02T00:00:00.001")),
        (Arc::new(Date32Array::from(vec![1])), Timestamp(Nanosecond, None), Ok("1970-01-02T00:00:00")),
        (Arc::new(Date32Array::from(vec![2932896])), Timestamp(Nanosecond, None), Err("9999-12-31")),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC")),
            Timestamp(Nanosecond, Some("+00:00".into())),
            Ok("1970-01-01T00:00:00.000001Z"),
        ),
        (Arc::new(FixedSizeBinaryArray::try_from(vec![b"ab"]).unwrap()), Utf8View, Ok("ab")),
        (
            Arc::new(FixedSizeBinaryArray::try_from(vec![&[1; 16]]).unwrap()),
            Utf8View,
            Ok("01010101-0101-0101-0101-010101010101"),
        ),
        (Arc::new(FixedSizeBinaryArray::try_from(vec![b"a\xff"]).unwrap()), Utf8View, Err("61ff")),
        (Arc::new(BinaryArray::from(vec![&b"a"[..], "é".as_bytes()])), Utf8View, Ok("a é")),
        (Arc::new(["a", "b"].into_iter().collect::<DictionaryArray<Int32Type>>()), Utf8View, Ok("a b")),
        (Arc::new(NullArray::new(1)), Int64, Ok("")),
    ];
    for (array, data_type, expected) in cases {
        let case = format!("{} as {data_type}", array.data_type());
        match (read(array, data_type).await, expected) {
            (Ok(values), Ok(expected)) => assert_eq!(values.join(" "), expected, "{case}"),
            (Err(message), Err(value)) => {
                let stated = format!("[folder]/a.parquet: column `v`: `{value}` is not exactly of type ");
                assert!(message.starts_with(&stated), "{case}: {message}");
            }
            (found, _) => panic!("{case}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_type_that_cannot_be_read_exactly_is_refused_before_anything_is_read() {
    for (array, data_type) in [
        (Arc::new(StringArray::from(vec!["1"])) as ArrayRef, Int32),
        (Arc::new(Int64Array::from(vec![1])), Utf8View),
        (Arc::new(BinaryArray::from(vec![&b"1"[..]])), Int64),
        (Arc::new(Float64Array::from(vec![0.5])), Decimal128(16, 2)),
        (Arc::new(Decimal128Array::from(vec![1])), Float64),
        (Arc::new(TimestampMicrosecondArray::from(vec![1])), Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
    ] {
        let message = read(array, data_type).await.unwrap_err();
        assert!(message.starts_with("[folder]/a.parquet: the column `v` is "), "{message}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_text_are_named_with_their_row() {
    let message = read(Arc::new(BinaryArray::from(vec![&b"a"[..], b"b", b"\xc3"])), Utf8View).await.unwrap_err();
    let stated =
        "[folder]/a.parquet: column `v`: the bytes c3 are not UTF-8 text (row group 2 of 2, row 3 of the file)";
    assert!(message.starts_with(stated), "{message}");
}

#[tokio::test]
async fn a_bad_value_is_named_with_its_row_group_and_row() {
    let values = Int64Array::from(vec![1, 2, 3, 4, 5_000_000_000]);
    let message = read(Arc::new(values), Int32).await.unwrap_err();
    assert_eq!(
        message,
        "[folder]/a.parquet: column `v`: `5000000000` is not exactly of type INT (row group 3 of 3, row 5 of the file)\n  \
         help: correct the value, or declare another type in tables.t.schema"
    );
}

/// The type of a column that two files have with different types, without a schema.
async fn joined(a: ArrayRef, b: ArrayRef) -> Result<(DataType, String), String> {
    let files = Files::new();
    let paths = [files.file("a.parquet", vec![("v", a)]), files.file("b.parquet", vec![("v", b)])];
    let context = session(2);
    let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
    let schema = register(&context, "t", &paths, &[], Missing::Fail).await.map_err(|error| files.relative(error))?;
    let rows = rows(&context, "SELECT v FROM t ORDER BY v").await.map_err(|error| files.relative(error))?;
    let cells: Vec<_> = rows.lines().skip(3).filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')).collect();
    Ok((schema.field(0).data_type().clone(), cells.iter().map(|cell| cell.trim()).collect::<Vec<_>>().join(" ")))
}

#[tokio::test]
async fn types_that_differ_between_files_are_widened_without_loss() {
    let cases: Vec<(ArrayRef, ArrayRef, DataType, &str)> = vec![
        (
            Arc::new(Int32Array::from(vec![1])),
            Arc::new(Int64Array::from(vec![i64::MAX])),
            Int64,
            "1 9223372036854775807",
        ),
        (
            Arc::new(Int64Array::from(vec![-1])),
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            Decimal128(20, 0),
            "-1 18446744073709551615",
        ),
        (Arc::new(Int32Array::from(vec![1])), Arc::new(Float64Array::from(vec![1.5])), Float64, "1.0 1.5"),
        (
            Arc::new(Decimal128Array::from(vec![150]).with_precision_and_scale(4, 2).unwrap()),
            Arc::new(Int32Array::from(vec![1_000_000])),
            Decimal128(12, 2),
            "1.50 1000000.00",
        ),
        (
            Arc::new(["a"].into_iter().collect::<DictionaryArray<Int32Type>>()),
            Arc::new(StringArray::from(vec!["b"])),
            Utf8View,
            "a b",
        ),
        (
            Arc::new(TimestampMillisecondArray::from(vec![1])),
            Arc::new(TimestampMicrosecondArray::from(vec![1])),
            Timestamp(TimeUnit::Microsecond, None),
            "1970-01-01T00:00:00.000001 1970-01-01T00:00:00.001",
        ),
        (Arc::new(NullArray::new(1)), Arc::new(StringArray::from(vec!["b"])), Utf8View, "b "),
    ];
    for (a, b, data_type, values) in cases {
        let case = format!("{} and {}", a.data_type(), b.data_type());
        assert_eq!(joined(a, b).await, Ok((data_type, values.to_owned())), "{case}");
    }
    let message =
        joined(Arc::new(Int64Array::from(vec![1])), Arc::new(StringArray::from(vec!["b"]))).await.unwrap_err();
    assert!(
        message.starts_with("[folder]/b.parquet: the column `v` is VARCHAR, and BIGINT in a file before it"),
        "{message}"
    );
}

#[tokio::test]
async fn a_column_that_a_file_lacks_is_an_error_or_null_as_the_job_says() {
    let files = Files::new();
    let one = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    let a = files.file("a.parquet", vec![("k", one(1)), ("net", one(2))]);
    let b = files.file("b.parquet", vec![("k", one(3)), ("netSales", one(4))]);
    let paths = [a.as_path(), b.as_path()];
    let context = session(1);
    let message = files.relative(register(&context, "t", &paths, &[], Missing::Fail).await.unwrap_err());
    assert!(
        message.contains("[folder]/b.parquet: has no column `net`, which other files of the table have"),
        "{message}"
    );
    assert!(message.contains("[folder]/a.parquet: has no column `netSales`"), "{message}");

    register(&context, "t", &paths, &[], Missing::Null).await.unwrap();
    let found = rows(&context, "SELECT k, net FROM t WHERE net IS NULL").await.unwrap();
    assert!(found.contains("| 3 |     |"), "{found}");
}

#[tokio::test]
async fn a_name_that_stands_twice_is_an_error_unless_the_declared_columns_do_without_it() {
    let files = Files::new();
    let one = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    let file = files.file("a.parquet", vec![("v", one(1)), ("k", one(2)), ("v", one(3))]);
    let context = session(1);
    let message = files.relative(register(&context, "t", &[&file], &[], Missing::Fail).await.unwrap_err());
    assert!(message.starts_with("[folder]/a.parquet: has 2 columns of the name `v`"), "{message}");

    let declared = [Arc::new(Field::new("k", Int64, true))];
    register(&context, "t", &[&file], &declared, Missing::Fail).await.unwrap();
    assert!(rows(&context, "SELECT k FROM t WHERE k > 1").await.unwrap().contains("| 2 |"));

    let declared = [Arc::new(Field::new("v", Int64, true))];
    let message = files.relative(register(&context, "u", &[&file], &declared, Missing::Fail).await.unwrap_err());
    assert!(message.starts_with("[folder]/a.parquet: has 2 columns of the name `v`"), "{message}");
}
