use keyfold_core::job::{Compression, Encoding, TextLayout};
use keyfold_engine::infer::{Axis, Column, Grid, Join, Kind, Measure, Table};

use super::*;

fn table(name: &str, columns: &[(&str, Kind)]) -> Table {
    let column = |(name, kind): &(&str, Kind)| Column { name: (*name).into(), kind: *kind, nulls: 0, distinct: 0 };
    Table {
        name: name.into(),
        location: Location::Local(format!("/data/{name}.csv").into()),
        format: "csv",
        typed: false,
        untyped_text: true,
        compression: None,
        layout: TextLayout { delimiter: Some(b'\t'), ..TextLayout::default() },
        columns: columns.iter().map(column).collect(),
        left_out: Vec::new(),
        warnings: Vec::new(),
        rows: 1,
    }
}

fn axis(table: usize, column: &str, kind: Kind, may_miss: bool) -> Axis {
    Axis { table, column: column.into(), name: column.replace(' ', "_"), kind, may_miss }
}

fn star(pivot: Option<(Axis, Grid)>) -> Star {
    let measure = |column: Option<&str>, name: &str, label: &str| Measure {
        column: column.map(str::to_owned),
        name: name.into(),
        label: label.into(),
        sql_type: "BIGINT".into(),
    };
    Star {
        tables: vec![
            table("order", &[("store Id", Kind::Int), ("units", Kind::Int), ("week", Kind::Int)]),
            table("store", &[("storeid", Kind::Int), ("country", Kind::Text)]),
        ],
        joins: vec![Join { table: 1, fact: "store Id".into(), dimension: "storeid".into() }],
        key: axis(1, "country", Kind::Text, true),
        pivot,
        measures: vec![measure(Some("units"), "totalUnits", "Units"), measure(None, "rows", "Rows")],
    }
}

#[test]
fn names_are_quoted_where_sql_or_toml_need_it() {
    let star = star(None);
    let query = query::text(&star);
    assert!(query.contains("FROM \"order\"\nLEFT JOIN store ON store.storeid = \"order\".\"store Id\"\n"), "{query}");
    assert!(query.contains("CAST(sum(\"order\".units) AS BIGINT) AS totalUnits"), "{query}");
    assert!(query.contains("CAST(coalesce(store.country, 'UNKNOWN') AS VARCHAR) AS country"), "{query}");
    assert!(query.ends_with("GROUP BY coalesce(store.country, 'UNKNOWN')\n"), "{query}");
    let job = job::text(&star, &["a \"b\".csv".into(), "c.csv".into()]);
    assert!(job.contains("path = \"a \\\"b\\\".csv\"\ndelimiter = \"\\t\"\n"), "{job}");
    assert!(job.contains("schema = { \"store Id\" = \"INT\", units = \"INT\", week = \"INT\" }"), "{job}");
    assert!(!job.contains("[[totals]]") && !job.contains("[pivot"), "{job}");
}

#[test]
fn compression_and_encoding_are_written_where_the_name_does_not_say_them() {
    let mut star = star(None);
    star.tables[0].compression = Some(Compression::Gzip);
    star.tables[0].layout.encoding = Encoding::Utf16;
    star.tables[0].columns[0].kind = Kind::Zoned;
    let job = job::text(&star, &["o.csv".into(), "s.csv".into()]);
    let expected = "path = \"o.csv\"\ncompression = \"gzip\"\nencoding = \"utf-16\"\ndelimiter = \"\\t\"\n";
    assert!(job.contains(expected), "{job}");
    assert!(job.contains("\"store Id\" = \"TIMESTAMP WITH TIME ZONE\""), "{job}");
}

#[test]
fn a_pivot_brings_a_grid_and_control_totals() {
    let star = star(Some((axis(0, "week", Kind::Int, false), Grid::Range(1, 52))));
    let (job, query, document) =
        (job::text(&star, &["o".into(), "s".into()]), query::text(&star), document::text(&star).unwrap());
    assert!(
        job.contains("[pivot.week]\ncolumn = \"week\"\nlabel = \"{}\"\nrange = [1, 52]\noff_grid = \"extend\"\n"),
        "{job}"
    );
    assert!(job.contains("[[totals]]\nvalue = \"rows\"\nsql = \"SELECT count(*) FROM \\\"order\\\"\"\n"), "{job}");
    assert!(query.contains("CAST(\"order\".week AS INT) AS week"), "{query}");
    let row = r#"{ "rowId": "Units", "dataRow": { "$pivot": "week", "$value": "totalUnits", "$fill": 0 } },"#;
    assert!(document.contains(row), "{document}");
}

#[test]
fn a_pivot_that_rows_miss_is_text_with_a_cell_for_them() {
    let star = star(Some((axis(0, "week", Kind::Int, true), Grid::Values)));
    let (job, query) = (job::text(&star, &["o".into(), "s".into()]), query::text(&star));
    assert!(query.contains("CAST(coalesce(CAST(\"order\".week AS VARCHAR), 'UNKNOWN') AS VARCHAR) AS week"), "{query}");
    assert!(
        job.contains("from = \"SELECT DISTINCT week FROM \\\"order\\\" WHERE week IS NOT NULL ORDER BY week\""),
        "{job}"
    );
}

#[test]
fn a_wide_schema_has_a_line_for_each_column() {
    let mut star = star(None);
    star.tables[1].columns =
        (0..20).map(|n| Column { name: format!("column_{n}"), kind: Kind::Text, nulls: 0, distinct: 0 }).collect();
    let job = job::text(&star, &["o".into(), "s".into()]);
    assert!(
        job.contains("unique = [\"storeid\"]\n")
            && job.contains("[tables.store.schema]\ncolumn_0 = \"VARCHAR\"\ncolumn_1"),
        "{job}"
    );
}

#[test]
fn paths_are_relative_unless_only_the_root_is_common() {
    for (folder, location, expected) in [
        ("/home/me/jobs/x", "/home/me/data/a.csv", "../../data/a.csv"),
        ("/home/me/x", "/home/me/x/data/a.csv", "data/a.csv"),
        ("/tmp/x", "/data/a.csv", "/data/a.csv"),
        ("/tmp/x", "s3://bucket/a.csv", "s3://bucket/a.csv"),
    ] {
        let location = Location::parse(location, Path::new("/")).expect("a location");
        assert_eq!(folder::path_from(Path::new(folder), &location), expected);
    }
}
