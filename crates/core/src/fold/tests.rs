//! What the fold does with rows, case by case; `properties` and `templates` check it against models.

mod failures;
mod properties;
mod templates;

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;

use super::*;
use crate::grid::OffGrid;
use crate::report::Dropped;
use crate::source::Source;
use crate::sum::Sum;
use crate::template::Template;

/// A finished document.
#[derive(Debug, Clone, PartialEq)]
struct Folded {
    key: String,
    path: String,
    text: String,
    rows: u64,
    dropped: Option<Dropped>,
    sums: Vec<(Sum, Sum)>,
}

/// Folds batches as every caller must: a fold that stops early is emptied and given the rest.
fn fold(spec: &FoldSpec, batches: &[RecordBatch]) -> Result<Vec<Folded>> {
    let mut fold = Fold::new(spec, &batches[0].schema())?;
    let mut found = Vec::new();
    for batch in batches {
        let mut rest = batch.clone();
        while rest.num_rows() > 0 {
            let folded = fold.push(&rest)?;
            rest = rest.slice(folded, rest.num_rows() - folded);
            if fold.is_full() {
                take(&mut fold, &mut found)?;
            }
        }
    }
    fold.finish()?;
    take(&mut fold, &mut found)?;
    assert!(fold.take()?.is_none());
    Ok(found)
}

fn take(fold: &mut Fold, found: &mut Vec<Folded>) -> Result<()> {
    let Some(batch) = fold.take()? else { return Ok(()) };
    let documents = DocumentBatch(&batch);
    found.extend((0..documents.len()).map(|row| Folded {
        key: documents.key(row).to_owned(),
        path: documents.path(row).to_owned(),
        text: String::from_utf8(documents.document(row).to_vec()).unwrap(),
        rows: documents.rows(row),
        dropped: documents.dropped(row),
        sums: documents.sums(row),
    }));
    Ok(())
}

fn template(text: &str) -> Node {
    Template::parse(&Source { name: "document.json".into(), text: text.into() }).unwrap().root
}

fn grid(name: &str, column: &str, label: &str, values: impl IntoIterator<Item = impl ToString>) -> Grid {
    Grid {
        name: name.into(),
        column: column.into(),
        label: label.parse().unwrap(),
        values: values.into_iter().map(|value| value.to_string()).collect(),
        off_grid: OffGrid::Fail,
    }
}

/// Weeks 1 to 3 of net sales.
fn weekly() -> FoldSpec {
    FoldSpec {
        key: "id".into(),
        template: template(r#"{"id": "$id", "year": "$year", "net": {"$pivot": "week", "$value": "net", "$fill": 0}}"#),
        pretty: false,
        grids: vec![grid("week", "week", "W{}", 1..=3)],
        naming: Naming::Own("{id}.json".parse().unwrap()),
        totals: vec!["net".into()],
    }
}

fn weekly_off_grid(off_grid: OffGrid) -> FoldSpec {
    let mut spec = weekly();
    spec.grids[0].off_grid = off_grid;
    spec
}

#[derive(Clone, Copy)]
struct Row {
    id: Option<&'static str>,
    year: Option<&'static str>,
    week: Option<i32>,
    kind: Option<&'static str>,
    net: Option<&'static str>,
    ratio: f64,
}

fn row(id: &'static str, week: i32, net: &'static str) -> Row {
    Row { id: Some(id), year: Some("2018"), week: Some(week), kind: None, net: Some(net), ratio: 0.5 }
}

fn batch(rows: &[Row]) -> RecordBatch {
    let text =
        |of: fn(&Row) -> Option<&'static str>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let net = text(|row| row.net);
    RecordBatch::try_from_iter_with_nullable([
        ("id", text(|row| row.id), true),
        ("year", text(|row| row.year), true),
        ("week", Arc::new(rows.iter().map(|row| row.week).collect::<Int32Array>()) as ArrayRef, true),
        ("kind", text(|row| row.kind), true),
        ("net", cast(&net, &DataType::Decimal128(38, 2)).unwrap(), true),
        ("ratio", Arc::new(rows.iter().map(|row| Some(row.ratio)).collect::<Float64Array>()) as ArrayRef, true),
    ])
    .unwrap()
}

fn hundredths(units: i64) -> Sum {
    Sum::Exact { units: units.into(), scale: 2 }
}

fn texts(documents: &[Folded]) -> Vec<&str> {
    documents.iter().map(|document| document.text.as_str()).collect()
}

#[test]
fn a_document_reads_like_its_template_and_tells_its_key_name_rows_and_totals() {
    let rows = [row("RY18/A", 3, "12009.60"), row("RY18/A", 1, "-0.05"), row("RY18/B", 2, "7")];
    let documents = fold(&weekly(), &[batch(&rows)]).unwrap();
    let first = Folded {
        key: "RY18/A".into(),
        path: "RY18%2FA.json".into(),
        text: "{\"id\":\"RY18/A\",\"year\":\"2018\",\"net\":{\"W1\":-0.05,\"W2\":0,\"W3\":12009.60}}\n".into(),
        rows: 2,
        dropped: None,
        sums: vec![(hundredths(1_200_955), hundredths(0))],
    };
    assert_eq!(documents[0], first);
    assert_eq!(documents[1].text, "{\"id\":\"RY18/B\",\"year\":\"2018\",\"net\":{\"W1\":0,\"W2\":7.00,\"W3\":0}}\n");
}

#[test]
fn a_pretty_document_is_indented_by_two_and_an_empty_object_stays_on_its_line() {
    let mut spec = weekly();
    spec.pretty = true;
    spec.template = template(
        r#"{"net": {"$pivot": "week", "$value": "net"}, "more": [{"net": {"$pivot": "week", "$value": "ratio"}}, {}, []]}"#,
    );
    spec.grids[0].off_grid = OffGrid::Drop;
    let documents = fold(&spec, &[batch(&[row("a", 2, "1"), row("b", 9, "1")])]).unwrap();
    let expected = r#"{
  "net": {
    "W2": 1.00
  },
  "more": [
    {
      "net": {
        "W2": 0.5
      }
    },
    {},
    []
  ]
}
"#;
    assert_eq!(documents[0].text, expected);
    assert!(documents[1].text.starts_with("{\n  \"net\": {},\n"), "{}", documents[1].text);
    spec.grids[0].off_grid = OffGrid::Extend;
    let documents = fold(&spec, &[batch(&[row("a", 2, "1"), row("a", 53, "7")])]).unwrap();
    let extended = "{\n  \"net\": {\n    \"W2\": 1.00,\n    \"W53\": 7.00\n  },\n";
    assert!(documents[0].text.starts_with(extended), "{}", documents[0].text);
}

#[test]
fn a_null_stays_null_even_where_a_missing_cell_is_filled_unless_the_template_says_otherwise() {
    let rows = [Row { net: None, ..row("a", 1, "") }];
    assert!(fold(&weekly(), &[batch(&rows)]).unwrap()[0].text.contains("{\"W1\":null,\"W2\":0,\"W3\":0}"));
    let mut spec = weekly();
    spec.template = template(r#"{"net": {"$pivot": "week", "$value": "net", "$null": "unknown"}}"#);
    assert_eq!(texts(&fold(&spec, &[batch(&rows)]).unwrap()), ["{\"net\":{\"W1\":\"unknown\"}}\n"]);
}

#[test]
fn a_row_outside_the_grid_can_extend_its_own_document_in_the_order_of_numbers() {
    let rows = [row("a", 53, "1"), row("a", 100, "2"), row("a", -1, "3"), row("b", 1, "4")];
    let documents = fold(&weekly_off_grid(OffGrid::Extend), &[batch(&rows)]).unwrap();
    assert!(documents[0].text.contains("{\"W1\":0,\"W2\":0,\"W3\":0,\"W-1\":3.00,\"W53\":1.00,\"W100\":2.00}"));
    assert!(documents[1].text.contains("{\"W1\":4.00,\"W2\":0,\"W3\":0}"));
}

#[test]
fn a_row_outside_the_grid_can_be_dropped_and_is_counted_and_summed_apart() {
    let rows = [row("a", 53, "1.25"), row("a", 54, "2"), row("a", 53, "4"), row("a", 1, "8"), row("b", 1, "1")];
    let documents = fold(&weekly_off_grid(OffGrid::Drop), &[batch(&rows)]).unwrap();
    assert_eq!(documents[0].rows, 4);
    let counts = [("53".to_owned(), 2), ("54".to_owned(), 1)].into();
    assert_eq!(documents[0].dropped, Some([("week".to_owned(), counts)].into()));
    assert_eq!(documents[0].sums, [(hundredths(800), hundredths(725))]);
    assert_eq!((documents[1].rows, &documents[1].dropped), (1, &None));
}

#[test]
fn a_cell_of_an_earlier_document_is_not_a_conflict() {
    let rows = [row("a", 1, "1"), row("b", 1, "2"), row("c", 2, "3")];
    let documents = fold(&weekly(), &[batch(&rows)]).unwrap();
    assert!(documents[2].text.contains("{\"W1\":0,\"W2\":3.00,\"W3\":0}"), "{}", documents[2].text);
}

fn two_grids() -> FoldSpec {
    let mut spec = weekly();
    spec.template = template(
        r#"{"weeks": {"$pivot": "week", "$value": "net"}, "kinds": {"$pivot": "kind", "$value": "net", "$fill": null}}"#,
    );
    spec.grids.push(grid("kind", "kind", "{}", ["NEW", "OLD"]));
    spec
}

#[test]
fn each_row_goes_to_the_grid_whose_pivot_column_is_not_null() {
    let kind = |kind| Row { week: None, kind: Some(kind), ..row("a", 0, "7") };
    let documents = fold(&two_grids(), &[batch(&[row("a", 1, "1"), kind("OLD"), row("a", 2, "2")])]).unwrap();
    assert_eq!(texts(&documents), ["{\"weeks\":{\"W1\":1.00,\"W2\":2.00},\"kinds\":{\"NEW\":null,\"OLD\":7.00}}\n"]);
    assert_eq!(documents[0].sums[0].0, hundredths(1000));
}

fn no_pivots() -> FoldSpec {
    FoldSpec { template: template(r#"{"net": "$net"}"#), grids: Vec::new(), totals: Vec::new(), ..weekly() }
}

#[test]
fn a_document_without_pivots_takes_one_row_per_key() {
    let spec = no_pivots();
    let documents = fold(&spec, &[batch(&[row("a", 1, "1"), row("b", 1, "2")])]).unwrap();
    assert_eq!(texts(&documents), ["{\"net\":1.00}\n", "{\"net\":2.00}\n"]);
}

#[test]
fn a_document_goes_into_the_shard_that_its_row_numbers() {
    let naming = Naming::Shard { column: "week".into(), compression: Compression::Gzip };
    let spec = FoldSpec { naming, ..weekly() };
    let documents = fold(&spec, &[batch(&[row("a", 1, "1"), row("b", 3, "2")])]).unwrap();
    let paths: Vec<&str> = documents.iter().map(|document| document.path.as_str()).collect();
    assert_eq!(paths, ["part-00001.ndjson.gz", "part-00003.ndjson.gz"]);
}

#[test]
fn a_full_fold_stops_between_two_keys_and_goes_on_with_the_rest_of_the_batch() {
    let year: &'static str = "y".repeat(Fold::FULL / 2).leak();
    let names = ["a", "b", "c", "d", "e"];
    let rows: Vec<Row> =
        names.iter().flat_map(|name| [1, 2].map(|week| Row { year: Some(year), ..row(name, week, "1") })).collect();
    let mut full = Fold::new(&weekly(), &batch(&rows).schema()).unwrap();
    assert_eq!(full.push(&batch(&rows)).unwrap(), 4);
    assert!(full.is_full());
    assert_eq!(full.push(&batch(&rows[4..])).unwrap(), 0, "a full fold takes nothing");
    let documents = fold(&weekly(), &[batch(&rows)]).unwrap();
    assert_eq!(documents.iter().map(|document| document.key.as_str()).collect::<Vec<_>>(), names);
    assert!(documents.iter().all(|document| document.rows == 2));
}

#[test]
fn the_columns_of_a_fold_are_named_once_each() {
    let spec = FoldSpec { naming: Naming::Own("{year}/{id}.json".parse().unwrap()), ..two_grids() };
    assert_eq!(spec.columns(), ["id", "year", "week", "kind", "net"]);
}
