use std::path::{Path, PathBuf};

use keyfold_core::job::Encoding;

use super::*;
use crate::storage::stores::StoreOptions;

fn resources() -> Resources {
    Resources { threads: 2, memory_limit: 1 << 30, scratch: None }
}

async fn inferred(files: &[PathBuf], key: Option<&str>, pivot: Option<&str>) -> Result<Star> {
    let locations: Vec<_> = files.iter().map(|file| Location::Local(file.clone())).collect();
    let wishes = Wishes { key: key.map(str::to_owned), pivot: pivot.map(str::to_owned) };
    infer(&locations, &wishes, &resources(), Arc::new(Stores::new(StoreOptions::default()))).await
}

/// Files of a folder of their own, in the order given.
fn files(contents: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |(name, text): &(&str, &str)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let paths = contents.iter().map(write).collect();
    (folder, paths)
}

fn kinds(table: &Table) -> Vec<(&str, Kind)> {
    table.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect()
}

fn join(table: usize, fact: &str, dimension: &str) -> Join {
    Join { table, fact: fact.into(), dimension: dimension.into() }
}

#[tokio::test]
async fn the_sample_data_is_understood() {
    // Asked at run time: two checkouts that share a target folder share this program too.
    let engine = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let data = Path::new(&engine).join("../../sql/weekly_sales/data");
    let data = data.canonicalize().unwrap();
    let paths = ["sales.csv", "product.csv", "store.csv", "calendar.csv"].map(|name| data.join(name));
    let star = inferred(&paths, Some("category"), Some("weeknumberofseason")).await.unwrap();
    assert_eq!(
        kinds(&star.tables[0]),
        [
            ("saleId", Kind::Int),
            ("netSales", Kind::Decimal(12, 2)),
            ("salesUnits", Kind::Int),
            ("storeId", Kind::Int),
            ("dateId", Kind::Int),
            ("productId", Kind::Text),
        ]
    );
    assert_eq!(
        star.joins,
        [join(1, "productId", "productid"), join(2, "storeId", "storeid"), join(3, "dateId", "datekey")]
    );
    assert_eq!((star.key.table, star.key.name.as_str(), star.key.may_miss), (1, "category", true));
    let (pivot, grid) = star.pivot.unwrap();
    assert_eq!((pivot.table, pivot.kind, pivot.may_miss, grid), (3, Kind::Int, false, Grid::Range(1, 53)));
    let measures: Vec<_> =
        star.measures.iter().map(|measure| (measure.name.as_str(), measure.sql_type.as_str())).collect();
    assert_eq!(measures, [("totalNetSales", "DECIMAL(22,2)"), ("totalSalesUnits", "BIGINT"), ("rows", "BIGINT")]);
    assert_eq!((star.tables[0].rows, star.tables[0].columns[1].nulls), (370, 6));
}

#[tokio::test]
async fn without_wishes_the_key_is_the_first_text_of_few_values() {
    let facts = "id,note,amount,region\n1,one,1.5,north\n2,two,2.5,south\n3,three,0,north\n4,four,,north\n";
    let (_folder, paths) = files(&[("facts.csv", facts)]);
    let star = inferred(&paths, None, None).await.unwrap();
    assert_eq!((star.key.column.as_str(), star.key.may_miss, star.pivot.is_none()), ("region", false, true));
    let (_folder, paths) = files(&[("facts.csv", "day,amount\n2018-01-01,1\n2018-01-02,2\n")]);
    assert_eq!(inferred(&paths, None, None).await.unwrap().key.column, "day");
}

#[tokio::test]
async fn delimiters_values_of_several_lines_and_columns_without_a_name_are_seen() {
    let text = ";code;note;empty\n0;007;\"first\nsecond\";\n1;8;x;\n";
    let (_folder, paths) = files(&[("my facts.csv", text)]);
    let star = inferred(&paths, None, None).await.unwrap();
    let table = &star.tables[0];
    assert_eq!((table.name.as_str(), table.layout.delimiter, table.left_out.len()), ("my_facts", Some(b';'), 1));
    assert_eq!(kinds(table), [("code", Kind::Text), ("note", Kind::Text), ("empty", Kind::Text)]);
}

#[tokio::test]
async fn an_id_with_leading_zeros_in_one_file_only_is_text_in_both() {
    let (_folder, paths) =
        files(&[("sales.csv", "product_id,units\n42,1\n"), ("products.csv", "id,name\n42,a\n0043,b\n")]);
    let star = inferred(&paths, None, None).await.unwrap();
    assert_eq!(star.joins, [join(1, "product_id", "id")]);
    assert_eq!((star.tables[0].columns[0].kind, star.tables[1].columns[0].kind), (Kind::Text, Kind::Text));
}

#[tokio::test]
async fn a_bare_id_identifies_what_its_table_is_about() {
    for (fact, dimension) in [("store", "id"), ("storeId", "id"), ("store_key", "ID"), ("store", "store_id")] {
        let (sales, stores) = (format!("units,{fact}\n1,1\n"), format!("{dimension},name\n1,a\n"));
        let (_folder, paths) = files(&[("sales.csv", &sales), ("stores.csv", &stores)]);
        assert_eq!(inferred(&paths, None, None).await.unwrap().joins, [join(1, fact, dimension)]);
    }
}

#[tokio::test]
async fn json_lines_keep_exact_numbers_and_leave_nested_members_out() {
    let text = "{\"id\": 1, \"price\": 1.10, \"tags\": [1], \"at\": \"2018-01-01T10:00:00Z\", \"ok\": true}\n\n{\"id\": 2, \"extra\": null, \"price\": 2}\n";
    let (_folder, paths) = files(&[("lines.ndjson", text)]);
    let star = inferred(&paths, None, None).await.unwrap();
    let expected = [
        ("id", Kind::Int),
        ("price", Kind::Decimal(12, 2)),
        ("at", Kind::Zoned),
        ("ok", Kind::Boolean),
        ("extra", Kind::Text),
    ];
    assert_eq!(kinds(&star.tables[0]), expected);
    assert_eq!(star.tables[0].left_out, ["tags"]);
}

/// A file of bytes that is understood, or not.
async fn inferred_bytes(name: &str, bytes: &[u8]) -> Result<Table> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    inferred(&[path], None, None).await.map(|star| star.tables[0].clone())
}

#[tokio::test]
async fn compression_and_encoding_are_seen_whatever_the_name_says() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\x4a\x4d\xcf\xcc\xcf\xd3\xc9\x4b\x2d\xe1\xca\xcb\x2f\x2a\xc9\xd0\x31\xe5\x2a\xce\x2f\x05\xd2\x66\x5c\x00\x2c\x8a\xb7\xed\x1b\x00\x00\x00";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let csv = utf16("\u{feff}region;net\nZürich;5\nBern;6\n");
    let unmarked = utf16("region,net\nnorth,5\nsouth,6\n");
    let lines = utf16("\u{feff}{\"region\": \"Zürich\", \"net\": 5}\n{\"region\": \"Bern\", \"net\": 6}\n");
    for (name, bytes, compression, encoding) in [
        ("sales.csv", GZIP, Some(Compression::Gzip), Encoding::Utf8),
        ("sales.csv.gz", GZIP, None, Encoding::Utf8),
        ("sales.csv", &csv, None, Encoding::Utf16),
        ("sales.csv", &unmarked, None, Encoding::Utf16),
        ("sales.ndjson", &lines, None, Encoding::Utf16),
        ("sales.json", &lines, None, Encoding::Utf16),
    ] {
        let table = inferred_bytes(name, bytes).await.unwrap();
        assert_eq!((table.compression, table.layout.encoding), (compression, encoding), "{name}");
        assert_eq!((kinds(&table), table.rows), (vec![("region", Kind::Text), ("net", Kind::Int)], 2), "{name}");
    }
}

#[tokio::test]
async fn files_that_are_no_text_are_named_for_what_they_are() {
    for (name, bytes, expected) in [
        ("sales.csv", &b"BZh91AY&SY"[..], "this is compressed with bzip2, which is not read"),
        ("sales.ndjson", b"BZh91AY&SY", "this is compressed with bzip2, which is not read"),
        ("sales.csv", b"PK\x03\x04\x14\0", "this is a ZIP archive or a spreadsheet"),
        ("sales.csv", b"\0r\0,\0n\0\n\0x\0,", "big-endian order without a byte order mark"),
    ] {
        let error = inferred_bytes(name, bytes).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_joined_or_found_is_named() {
    let sales = ("sales.csv", "storeId,units\n1,2\n1,3\n");
    for (dimension, key, expected) in [
        ("storeid,x\n1,a\n1,b\n", None, "`storeId` and `store.storeid` are alike, but `store.storeid` repeats values"),
        ("shop,x\n1,a\n", None, "none of its columns (shop, x) is named as one of `sales` (storeId, units)"),
        ("storeid,x\nA1,a\n", None, ""),
        ("storeid,x\n2.5,a\n", None, "one is INT and the other DECIMAL(12,1)"),
        ("storeid,x\n", None, "there are no rows to learn from"),
        ("storeid,name\n1,a\n", Some("nmae"), "did you mean `name`?"),
        ("storeid,units\n1,a\n", Some("units"), "--key sales.units, or --key store.units"),
    ] {
        let (_folder, paths) = files(&[sales, ("store.csv", dimension)]);
        match inferred(&paths, key, None).await {
            Err(error) => assert!(!expected.is_empty() && error.to_string().contains(expected), "{error}"),
            Ok(star) => assert!(expected.is_empty() && star.joins.len() == 1, "{dimension}"),
        }
    }
}

#[tokio::test]
async fn a_pivot_knows_its_cells_and_whether_rows_miss_it() {
    let sales = "storeId,week\n1,1\n2,2\n3,\n";
    let (_folder, paths) = files(&[("sales.csv", sales), ("store.csv", "storeid,country\n1,b\n2,a\n")]);
    let (pivot, grid) = inferred(&paths, None, Some("week")).await.unwrap().pivot.unwrap();
    assert_eq!((pivot.may_miss, grid), (true, Grid::Range(1, 2)));
    let (pivot, grid) = inferred(&paths, Some("week"), Some("country")).await.unwrap().pivot.unwrap();
    assert_eq!((pivot.may_miss, grid), (true, Grid::Values));
    let error = inferred(&paths, Some("country"), Some("country")).await.unwrap_err();
    assert!(error.to_string().contains("`country` is the key already"), "{error}");
}

#[tokio::test]
async fn a_first_line_of_values_is_refused() {
    for text in [
        "1,north,1.50\n2,north,2.00\n",
        "north,1\nsouth,2\n",
        "north,-1.5\nsouth,20\n",
        "north,2018-01-31\nsouth,2018-02-01T10:00:00\n",
        "north,31.01.2018\nsouth,01.02.2018\n",
        "north,01\nsouth,02\n",
        "north,true\nsouth,FALSE\n",
        "P-001,x\nP-017,y\n",
        "\u{feff}1;\"a\"\n2;\"b\"\n",
        "1,2,3\n4,5,6\n",
        "1,1,1.50\n2,1,2.50\n",
        "1,,1.50\n2,x,2.50\n",
    ] {
        let (_folder, paths) = files(&[("sales.csv", text)]);
        let error = inferred(&paths, None, None).await.unwrap_err();
        let first = text.trim_start_matches('\u{feff}').lines().next().unwrap();
        let told = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Input, "{text}");
        assert!(told.contains("sales.csv:1:1: the first line looks like values, not like names of columns"), "{told}");
        assert!(told.contains(first) && told.contains("header = false"), "{told}");
    }
}

#[tokio::test]
async fn names_with_digits_are_no_values() {
    for text in [
        "q1,q2\n1,2\n",
        "region,2018-01-01,2018-02-01\nnorth,1,2\n",
        "region,2018-01,2018-02\nnorth,1,2\n",
        "region,1st\nnorth,2\n",
        "region,2018\nnorth,\n",
        "region,true\nnorth,1\n",
    ] {
        let (_folder, paths) = files(&[("sales.csv", text)]);
        assert_eq!(inferred(&paths, None, None).await.unwrap().warnings().count(), 0, "{text}");
    }
}

#[tokio::test]
async fn names_that_may_be_values_are_warned_of() {
    for (text, expected) in [
        ("region,2018,2019\nnorth,5,6\n", "`2018` and `2019` may be values"),
        ("region,1,2,3,4\nnorth,5,6,7,8\n", "`1`, `2`, `3` and 1 more may be values"),
        ("north,EUR\nnorth,USD\n", "names `north` has `north` among its values as well"),
    ] {
        let (_folder, paths) = files(&[("sales.csv", text)]);
        let star = inferred(&paths, None, None).await.unwrap();
        let warnings: Vec<_> = star.warnings().map(ToString::to_string).collect();
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
    }
}

#[tokio::test]
async fn a_join_that_finds_little_is_warned_of_with_an_example_of_both() {
    for (ids, stores, expected) in [
        (
            ["1", "2", "1"],
            ["01", "02"],
            "no row of `sales` finds a row of `store` by `storeId` = `storeId`: `sales` has `1`, `store` has `01`",
        ),
        (["s1", "s2", "s2"], ["s1 ", "s2 "], "`sales` has `s1`, `store` has `s1 `"),
        (["a1", "A2", "A2"], ["A1", "A2"], "1 of 3 rows of `sales` do not find a row of `store`"),
        (["7", "8", "9"], ["1", "2"], "`sales` has `7`, `store` has `1`"),
        (["7", "8", "2"], ["1", "2"], "2 of 3 rows"),
        (["", "", ""], ["x", "y"], "`storeId` is empty in all of them"),
        (["1", "2", "3"], ["1", "2"], ""),
        (["1", "2", ""], ["1", "2"], ""),
    ] {
        let sales = format!("saleId,storeId\n{}", ids.map(|id| format!("s,{id}\n")).concat());
        let stores = format!("storeId,channel\n{}", stores.map(|id| format!("{id},Digital\n")).concat());
        let (_folder, paths) = files(&[("sales.csv", &sales), ("store.csv", &stores)]);
        let star = inferred(&paths, Some("channel"), None).await.unwrap();
        let warnings: Vec<_> = star.warnings().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), usize::from(!expected.is_empty()), "{warnings:?}");
        assert!(warnings.concat().contains(expected), "{warnings:?}");
    }
}

#[tokio::test]
async fn of_columns_that_are_alike_those_that_find_rows_are_joined() {
    let sales = "store,storeId,net\nBonn,s1,5\nBerlin,s2,6\n";
    let (_folder, paths) = files(&[("sales.csv", sales), ("stores.csv", "id,channel\ns1,x\ns2,y\n")]);
    let star = inferred(&paths, None, None).await.unwrap();
    assert_eq!(star.joins, [join(1, "storeId", "id")]);
    assert_eq!(star.warnings().count(), 0);
}

#[tokio::test]
async fn an_index_of_pandas_is_left_out() {
    let lines = "{\"__index_level_0__\": 7, \"region\": \"north\", \"net\": 5}\n";
    for (name, text) in [("sales.ndjson", lines), ("sales.csv", "Unnamed: 0,region,net\n0,north,5\n")] {
        let (_folder, paths) = files(&[(name, text)]);
        let star = inferred(&paths, None, None).await.unwrap();
        assert_eq!(kinds(&star.tables[0]), [("region", Kind::Text), ("net", Kind::Int)]);
        assert_eq!((star.tables[0].left_out.len(), star.measures.len()), (1, 2));
    }
}
