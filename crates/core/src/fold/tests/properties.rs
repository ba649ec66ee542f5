//! The fold against a model that builds each document's text straight from the rows of its key.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{Decimal128Array, Int64Array};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Pivot values of the two grids, off-grid ones behind the others.
const WEEKS: [&str; 9] = ["-2", "-1", "0", "1", "2", "53", "-100", "7", "1000000"];
const KINDS: [&str; 8] = ["NEW", "É \"x\"", "10", "09", "9", "9.0", "", "z\u{1}"];
const ON_GRID: [usize; 2] = [5, 3];
const GRIDS: [&str; 2] = ["week", "kind"];

/// A cell's net sales in cents and its units.
type Values = (Option<i64>, Option<i64>);

/// Everything of one key.
#[derive(Debug, Clone)]
struct Document {
    year: Option<i64>,
    note: Option<String>,
    /// By grid and index of the pivot value, in the order in which the rows come.
    cells: Vec<(usize, usize, Values)>,
}

#[derive(Debug, Clone)]
struct Case {
    documents: BTreeMap<String, Document>,
    off_grid: [OffGrid; 2],
    fill: Option<&'static str>,
    null: Option<&'static str>,
    key_type: DataType,
    week_type: DataType,
    note_type: DataType,
    cuts: Vec<Index>,
}

fn documents() -> impl Strategy<Value = BTreeMap<String, Document>> {
    let values = (
        proptest::option::weighted(0.8, -99_999..99_999i64),
        proptest::option::weighted(0.8, any::<i32>().prop_map(i64::from)),
    );
    let cell =
        (0..2usize, any::<Index>()).prop_map(|(grid, value)| (grid, value.index([WEEKS.len(), KINDS.len()][grid])));
    let cells = proptest::collection::btree_map(cell, values, 1..20);
    let cells = cells
        .prop_map(|cells| cells.into_iter().map(|((grid, value), values)| (grid, value, values)).collect::<Vec<_>>());
    let document = (proptest::option::of(2000..2005i64), proptest::option::of(".{0,5}"), cells.prop_shuffle())
        .prop_map(|(year, note, cells)| Document { year, note, cells });
    proptest::collection::btree_map(".{0,8}", document, 1..12)
}

fn case() -> impl Strategy<Value = Case> {
    let texts = || {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        proptest::sample::select(vec![DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary])
    };
    let weeks = proptest::sample::select(vec![DataType::Int32, DataType::Int64, DataType::Utf8]);
    let off_grid = || proptest::sample::select(vec![OffGrid::Fail, OffGrid::Extend, OffGrid::Drop]);
    let json = || proptest::option::of(proptest::sample::select(vec!["0", "null", "0.00", "\"none\"", "[{\"a\":1}]"]));
    let cuts = proptest::collection::vec(any::<Index>(), 0..6);
    (documents(), [off_grid(), off_grid()], json(), json(), texts(), weeks, texts(), cuts).prop_map(
        |(mut documents, off_grid, fill, null, key_type, week_type, note_type, cuts)| {
            for document in documents.values_mut() {
                document.cells.retain(|(grid, value, _)| off_grid[*grid] != OffGrid::Fail || *value < ON_GRID[*grid]);
            }
            documents.retain(|_, document| !document.cells.is_empty());
            Case { documents, off_grid, fill, null, key_type, week_type, note_type, cuts }
        },
    )
}

impl Case {
    fn spec(&self, pretty: bool) -> FoldSpec {
        let member =
            |name: &str, value: Option<&str>| value.map_or_else(String::new, |text| format!(r#", "{name}": {text}"#));
        let pivot = |grid: &str, value: &str| {
            let (fill, null) = (member("$fill", self.fill), member("$null", self.null));
            format!(r#"{{"$pivot": "{grid}", "$value": "{value}"{fill}{null}}}"#)
        };
        let text = format!(
            r#"{{"key": "$id", "year": "$year", "rate": 1.50, "net": {}, "more": [{{"units": {}}}, "$note", {}]}}"#,
            pivot("week", "net"),
            pivot("week", "units"),
            pivot("kind", "net")
        );
        let mut grids = vec![
            grid("week", "week", "W{}", &WEEKS[..ON_GRID[0]]),
            grid("kind", "kind", "{} / é\"", &KINDS[..ON_GRID[1]]),
        ];
        for (grid, off_grid) in grids.iter_mut().zip(self.off_grid) {
            grid.off_grid = off_grid;
        }
        FoldSpec {
            key: "id".into(),
            template: template(&text),
            pretty,
            grids,
            naming: Naming::Own("{id}.json".parse().unwrap()),
            totals: vec!["net".into(), "units".into()],
        }
    }

    fn batch(&self) -> RecordBatch {
        let rows: Vec<_> = self
            .documents
            .iter()
            .flat_map(|(key, document)| document.cells.iter().map(move |cell| (key, document, cell)))
            .collect();
        let text = |texts: Vec<Option<&str>>, as_type: &DataType| {
            let array: ArrayRef = Arc::new(StringArray::from(texts));
            cast(&array, as_type).unwrap()
        };
        let pivot = |grid: usize, names: &[&'static str]| {
            rows.iter().map(|(_, _, cell)| (cell.0 == grid).then(|| names[cell.1])).collect()
        };
        let net: Decimal128Array = rows.iter().map(|(_, _, cell)| cell.2.0.map(i128::from)).collect();
        let units: Int64Array = rows.iter().map(|(_, _, cell)| cell.2.1).collect();
        let years: Int64Array = rows.iter().map(|(_, document, _)| document.year).collect();
        let notes = rows.iter().map(|(_, document, _)| document.note.as_deref()).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("id", text(rows.iter().map(|(key, _, _)| Some(key.as_str())).collect(), &self.key_type), true),
            ("year", Arc::new(years) as ArrayRef, true),
            ("note", text(notes, &self.note_type), true),
            ("week", text(pivot(0, &WEEKS), &self.week_type), true),
            ("kind", text(pivot(1, &KINDS), &DataType::Utf8), true),
            ("net", Arc::new(net.with_precision_and_scale(18, 2).unwrap()) as ArrayRef, true),
            ("units", Arc::new(units) as ArrayRef, true),
        ])
        .unwrap()
    }

    /// The rows cut into batches, some of them empty.
    fn batches(&self) -> Vec<RecordBatch> {
        let whole = self.batch();
        let mut cuts: Vec<usize> = self.cuts.iter().map(|cut| cut.index(whole.num_rows() + 1)).collect();
        cuts.extend([0, whole.num_rows()]);
        cuts.sort();
        cuts.windows(2).map(|pair| whole.slice(pair[0], pair[1] - pair[0])).collect()
    }

    fn model(&self, key: &str, document: &Document) -> Folded {
        let pivot = |grid: usize, show: fn(Values) -> Option<String>| {
            let cells: BTreeMap<usize, Values> =
                document.cells.iter().filter(|cell| cell.0 == grid).map(|cell| (cell.1, cell.2)).collect();
            let mut members = Vec::new();
            for value in 0..ON_GRID[grid] {
                match (cells.get(&value), self.fill) {
                    (Some(values), _) => members.push((label(grid, value), self.shown(show(*values)))),
                    (None, Some(fill)) => members.push((label(grid, value), fill.into())),
                    (None, None) => {}
                }
            }
            let mut extra: Vec<usize> = cells.into_keys().filter(|value| *value >= ON_GRID[grid]).collect();
            extra.sort_by_key(|value| order(grid, *value));
            for value in extra.into_iter().filter(|_| self.off_grid[grid] == OffGrid::Extend) {
                let values = document.cells.iter().find(|cell| (cell.0, cell.1) == (grid, value)).unwrap().2;
                members.push((label(grid, value), self.shown(show(values))));
            }
            let members: Vec<String> = members.into_iter().map(|(name, text)| format!("{name}:{text}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let net = |values: Values| values.0.map(cents);
        let units = |values: Values| values.1.map(|units| units.to_string());
        let text = format!(
            "{{\"key\":{},\"year\":{},\"rate\":1.50,\"net\":{},\"more\":[{{\"units\":{}}},{},{}]}}\n",
            json(key),
            document.year.map_or("null".into(), |year| year.to_string()),
            pivot(0, net),
            pivot(0, units),
            document.note.as_deref().map_or("null".into(), json),
            pivot(1, net)
        );
        let (dropped, delivered): (Vec<&_>, Vec<&_>) =
            document.cells.iter().partition(|cell| cell.1 >= ON_GRID[cell.0] && self.off_grid[cell.0] == OffGrid::Drop);
        let mut counts = Dropped::new();
        for (grid, value, _) in &dropped {
            *counts.entry(GRIDS[*grid].into()).or_default().entry(names(*grid)[*value].into()).or_default() += 1;
        }
        let sums = |cells: &[&(usize, usize, Values)]| {
            let net: i64 = cells.iter().filter_map(|cell| cell.2.0).sum();
            // The document shows units by week only, so those of the other grid's rows are in no cell.
            let units: i64 = cells.iter().filter(|cell| cell.0 == 0).filter_map(|cell| cell.2.1).sum();
            [Sum::Exact { units: net.into(), scale: 2 }, Sum::Exact { units: units.into(), scale: 0 }]
        };
        let (delivered, dropped) = (sums(&delivered), sums(&dropped));
        Folded {
            key: key.into(),
            path: self.spec(false).naming_of(key),
            text,
            rows: document.cells.len() as u64,
            dropped: (!counts.is_empty()).then_some(counts),
            sums: delivered.into_iter().zip(dropped).collect(),
        }
    }

    fn shown(&self, text: Option<String>) -> String {
        text.unwrap_or_else(|| self.null.unwrap_or("null").to_owned())
    }
}

impl FoldSpec {
    fn naming_of(&self, key: &str) -> String {
        let Naming::Own(pattern) = &self.naming else { panic!("documents have names of their own") };
        pattern.name(|_| key.to_owned()).unwrap()
    }
}

fn names(grid: usize) -> &'static [&'static str] {
    [&WEEKS[..], &KINDS[..]][grid]
}

fn label(grid: usize, value: usize) -> String {
    let value = names(grid)[value];
    json(&[format!("W{value}"), format!("{value} / é\"")][grid])
}

/// Numbers first, by size; then text, which `09` is too.
fn order(grid: usize, value: usize) -> (i64, &'static str) {
    let text = names(grid)[value];
    let number = text.parse().ok().filter(|number: &i64| number.to_string() == text);
    (number.unwrap_or(i64::MAX), text)
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn cents(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

fn value(document: &Folded) -> serde_json::Value {
    serde_json::from_str(&document.text).unwrap()
}

proptest! {
    #[test]
    fn every_document_is_the_one_that_the_rows_of_its_key_say_however_they_are_cut_into_batches(case in case()) {
        prop_assume!(!case.documents.is_empty());
        let expected: Vec<Folded> = case.documents.iter().map(|(key, document)| case.model(key, document)).collect();
        let found = fold(&case.spec(false), &case.batches()).unwrap();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_pretty_document_holds_the_same_values_as_a_compact_one(case in case()) {
        prop_assume!(!case.documents.is_empty());
        let [compact, pretty] = [false, true].map(|pretty| fold(&case.spec(pretty), &case.batches()).unwrap());
        prop_assert_eq!(compact.len(), pretty.len());
        for (compact, pretty) in compact.iter().zip(&pretty) {
            prop_assert_eq!(value(compact), value(pretty));
            prop_assert_eq!(compact.text.matches('\n').count(), 1, "one line of ndjson");
        }
    }

    #[test]
    fn two_rows_for_one_cell_fail_wherever_they_stand_and_wherever_the_batches_are_cut(
        mut case in case(),
        [key, cell, place] in any::<[Index; 3]>(),
    ) {
        prop_assume!(!case.documents.is_empty());
        let key = case.documents.keys().nth(key.index(case.documents.len())).unwrap().clone();
        let cells = &mut case.documents.get_mut(&key).unwrap().cells;
        let (grid, value, values) = cells[cell.index(cells.len())];
        prop_assume!(value < ON_GRID[grid] || case.off_grid[grid] == OffGrid::Extend);
        cells.insert(place.index(cells.len() + 1), (grid, value, values));
        let error = fold(&case.spec(false), &case.batches()).unwrap_err().to_string();
        let label: String = serde_json::from_str(&label(grid, value)).unwrap();
        let message = format!("key `{key}`: two rows for cell `{label}` of `{}`: `net` is ", GRIDS[grid]);
        prop_assert!(error.starts_with(&message), "{}", error);
    }

    #[test]
    fn no_two_documents_share_a_path(case in case()) {
        prop_assume!(!case.documents.is_empty());
        let found = fold(&case.spec(false), &case.batches()).unwrap();
        let paths: BTreeSet<&str> = found.iter().map(|document| document.path.as_str()).collect();
        prop_assert_eq!(paths.len(), found.len());
    }
}
