//! Whatever a file says of its values, queries over it give what they give over the same rows without any statistics.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt32Array,
};
use datafusion::arrow::compute::concat_batches;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::reader::FileReader;
use datafusion::parquet::file::serialized_reader::SerializedFileReader;
use datafusion::parquet::file::statistics::{Statistics, ValueStatistics};
use datafusion::parquet::file::writer::SerializedFileWriter;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use keyfold_core::job::Missing;

use super::table::{register, rows, session};

/// Files that are tried, each with every query.
const FILES: u64 = 12;

const QUERIES: [&str; 22] = [
    "SELECT id, n, u, t, f, b, d, m FROM {t} AS r ORDER BY id",
    "SELECT count(*), count(n), count(t), count(f), count(d), count(m) FROM {t} AS r",
    "SELECT min(n), max(n), min(t), max(t), min(d), max(d), min(m), max(m), min(u), max(u) FROM {t} AS r",
    "SELECT min(f), max(f), sum(CASE WHEN isnan(f) THEN 1 ELSE 0 END) FROM {t} AS r",
    "SELECT left(t, 3) AS k, length(t), count(*), sum(n) FROM {t} AS r GROUP BY t ORDER BY t",
    "SELECT n, count(*) FROM {t} AS r GROUP BY n ORDER BY n",
    "SELECT b, count(*), sum(m) FROM {t} AS r GROUP BY b ORDER BY b",
    "SELECT id FROM {t} AS r WHERE n = {n} ORDER BY id",
    "SELECT id FROM {t} AS r WHERE n <> {n} ORDER BY id",
    "SELECT id FROM {t} AS r WHERE n IS NULL OR u > {n} ORDER BY id",
    "SELECT id FROM {t} AS r WHERE n IS NOT NULL AND t IS NULL ORDER BY id",
    "SELECT id FROM {t} AS r WHERE t = '{t1}' ORDER BY id",
    "SELECT id FROM {t} AS r WHERE t >= '{t1}' AND t < '{t2}' ORDER BY id",
    "SELECT id FROM {t} AS r WHERE t LIKE '{t1}%' OR t NOT LIKE '%{t2}' ORDER BY id",
    "SELECT id FROM {t} AS r WHERE f > {n} OR f = 'NaN' ORDER BY id",
    "SELECT id FROM {t} AS r WHERE NOT (f <= {n}) ORDER BY id",
    "SELECT id FROM {t} AS r WHERE d > DATE '1970-01-02' AND m <= {n} ORDER BY id",
    "SELECT id FROM {t} AS r WHERE b IS NOT TRUE AND m IN (1, {n}) ORDER BY id",
    "SELECT id FROM {t} AS r ORDER BY n DESC NULLS LAST, id LIMIT 2",
    "SELECT id FROM {t} AS r ORDER BY t NULLS FIRST, id LIMIT 3",
    "SELECT max(id) FROM {t} AS r WHERE f IS NULL OR NOT b",
    "SELECT a.id, b.id AS other FROM {t} AS a JOIN {t} AS b ON a.n = b.u WHERE b.t = '{t1}' ORDER BY a.id, b.id",
];

#[tokio::test]
async fn no_statistics_change_what_a_query_gives() {
    for seed in 0..FILES {
        let random = &mut StdRng::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let groups: Vec<_> = (0..random.random_range(1..5)).map(|group| group_of_rows(random, group)).collect();
        let (some, none) = (folder.path().join("some.parquet"), folder.path().join("none.parquet"));
        write(&some, &groups, Some(random));
        write(&none, &[concat_batches(&groups[0].schema(), &groups).unwrap()], None);

        let context = session(random.random_range(1..4));
        register(&context, "some", &[&some], &[], Missing::Fail).await.unwrap();
        register(&context, "none", &[&none], &[], Missing::Fail).await.unwrap();
        for query in QUERIES {
            let query = query.replace("{n}", &random.random_range(-1..4).to_string());
            let query = query.replace("{t1}", text(random).as_str()).replace("{t2}", text(random).as_str());
            let found = rows(&context, &query.replace("{t}", "some")).await.unwrap();
            let expected = rows(&context, &query.replace("{t}", "none")).await.unwrap();
            assert_eq!(found, expected, "seed {seed}: {query}");
        }
    }
}

fn text(random: &mut StdRng) -> String {
    match random.random_range(0..6) {
        0 => "k".repeat(random.random_range(1..6000)),
        1 => format!("{}z", "k".repeat(70)),
        2 => "é\u{10ffff}".into(),
        _ => ["", "a", "b", "kk"].choose(random).unwrap().to_string(),
    }
}

/// Some rows whose columns are constant, NULL, or mixed.
fn group_of_rows(random: &mut StdRng, group: usize) -> RecordBatch {
    let rows = random.random_range(1..6);
    fn values<T: Clone>(random: &mut StdRng, rows: usize, value: impl Fn(&mut StdRng) -> T) -> Vec<Option<T>> {
        match random.random_range(0..5) {
            0 => vec![None; rows],
            1 | 2 => vec![Some(value(random)); rows],
            _ => (0..rows).map(|_| random.random_bool(0.8).then(|| value(random))).collect(),
        }
    }
    let ids: Int64Array = (0..rows).map(|row| Some((group * 10 + row) as i64)).collect();
    let floats = |random: &mut StdRng| *[0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, -2.0].choose(random).unwrap();
    let decimals = values(random, rows, |random| i128::from(random.random_range(-1..4)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(ids)),
        ("n", Arc::new(Int64Array::from(values(random, rows, |random| random.random_range(-1..4))))),
        ("u", Arc::new(UInt32Array::from(values(random, rows, |random| *[0, 1, 2, u32::MAX].choose(random).unwrap())))),
        ("t", Arc::new(StringArray::from(values(random, rows, text)))),
        ("f", Arc::new(Float64Array::from(values(random, rows, floats)))),
        ("b", Arc::new(BooleanArray::from(values(random, rows, |random| random.random_bool(0.5))))),
        ("d", Arc::new(Date32Array::from(values(random, rows, |random| random.random_range(0..4))))),
        ("m", Arc::new(Decimal128Array::from(decimals).with_precision_and_scale(30, 0).unwrap())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// Writes each batch as a row group, with some statistics of some columns, or with none.
fn write(path: &Path, groups: &[RecordBatch], mut random: Option<&mut StdRng>) {
    let mut parts = groups.iter().map(|group| {
        let mut properties = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None);
        if let Some(random) = &mut random {
            properties = properties.set_statistics_enabled(EnabledStatistics::Page);
            properties = properties.set_statistics_truncate_length(random.random_bool(0.5).then_some(3));
            properties = properties.set_bloom_filter_enabled(random.random_bool(0.3));
        }
        let mut writer = ArrowWriter::try_new(Vec::new(), group.schema(), Some(properties.build())).unwrap();
        writer.write(group).unwrap();
        Bytes::from(writer.into_inner().unwrap())
    });
    let parts: Vec<_> = parts.by_ref().collect();
    let first = SerializedFileReader::new(parts[0].clone()).unwrap();
    let schema = first.metadata().file_metadata().schema_descr().root_schema_ptr();
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(WriterProperties::default())).unwrap();
    for part in &parts {
        let reader = SerializedFileReader::new(part.clone()).unwrap();
        let group = reader.metadata().row_group(0);
        let mut written = writer.next_row_group().unwrap();
        for column in group.columns() {
            let metadata = match &mut random {
                Some(random) => with_some_statistics(random, column.clone()),
                None => column.clone(),
            };
            let closed = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata,
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            written.append_column(part, closed).unwrap();
        }
        written.close().unwrap();
    }
    writer.close().unwrap();
}

/// The same column with all, some or none of its statistics.
fn with_some_statistics(random: &mut StdRng, column: ColumnChunkMetaData) -> ColumnChunkMetaData {
    let Some(statistics) = column.statistics().cloned() else { return column };
    macro_rules! some {
        ($random:expr, $statistics:expr, $kind:ident) => {{
            let kept = $statistics;
            let mut keep = || $random.random_bool(0.8);
            let (min, max) = (kept.min_opt().cloned().filter(|_| keep()), kept.max_opt().cloned().filter(|_| keep()));
            let nulls = kept.null_count_opt().filter(|_| keep());
            Statistics::$kind(ValueStatistics::new(min, max, None, nulls, false))
        }};
    }
    let builder = column.into_builder();
    if random.random_bool(0.3) {
        return builder.clear_statistics().build().unwrap();
    }
    let statistics = match statistics {
        Statistics::Boolean(kept) => some!(random, kept, Boolean),
        Statistics::Int32(kept) => some!(random, kept, Int32),
        Statistics::Int64(kept) => some!(random, kept, Int64),
        Statistics::Int96(kept) => some!(random, kept, Int96),
        Statistics::Float(kept) => some!(random, kept, Float),
        Statistics::Double(kept) => some!(random, kept, Double),
        Statistics::ByteArray(kept) => some!(random, kept, ByteArray),
        Statistics::FixedLenByteArray(kept) => some!(random, kept, FixedLenByteArray),
    };
    builder.set_statistics(statistics).build().unwrap()
}
