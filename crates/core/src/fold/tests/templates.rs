//! Random templates: what is written is what the template shows, with its slots filled in.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A template and what it must become.
#[derive(Debug, Clone)]
enum Shape {
    /// JSON text as written.
    Constant(&'static str),
    Text(String),
    Column(usize),
    /// A column as text.
    Texted(usize),
    Pivot {
        value: usize,
        texted: bool,
        fill: Option<&'static str>,
        null: Option<&'static str>,
    },
    Object(BTreeMap<String, Shape>),
    Array(Vec<Shape>),
}

/// One value per key each; the JSON text of the one row.
const COLUMNS: [(&str, &str); 3] = [("id", "\"k\""), ("year", "null"), ("ratio", "0.5")];
/// The same as text.
const TEXTS: [&str; 3] = ["\"k\"", "null", "\"0.5\""];
/// Columns of cells, each with its text in W1, W2 and W3; the first has no row in W2, the second a NULL in W3.
const VALUES: [(&str, [Cell; 3]); 2] = [
    ("net", [Cell::Text("1.50"), Cell::Missing, Cell::Null]),
    ("kind", [Cell::Text("\"\\\"é\""), Cell::Missing, Cell::Text("\"\"")]),
];
const CONSTANTS: [&str; 8] =
    ["null", "true", "0", "-0.0", "1.50", "1e2", "123456789012345678901234567890", "\"\\u00e9\\n\""];

#[derive(Clone, Copy)]
enum Cell {
    Text(&'static str),
    Null,
    Missing,
}

fn shape() -> impl Strategy<Value = Shape> {
    let name = || "[$a-z~/\"é\u{1} ]{0,3}";
    let constant = || proptest::option::of(proptest::sample::select(CONSTANTS.to_vec()));
    let leaf =
        prop_oneof![
            proptest::sample::select(CONSTANTS.to_vec()).prop_map(Shape::Constant),
            "[$a-z\"\\\\é\u{1} ]{0,6}".prop_map(Shape::Text),
            (0..COLUMNS.len()).prop_map(Shape::Column),
            (0..COLUMNS.len()).prop_map(Shape::Texted),
            (0..VALUES.len(), any::<bool>(), constant(), constant())
                .prop_map(|(value, texted, fill, null)| Shape::Pivot { value, texted, fill, null }),
        ];
    let node = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::btree_map(name(), inner.clone(), 0..4).prop_map(Shape::Object),
            proptest::collection::vec(inner, 0..4).prop_map(Shape::Array),
        ]
    });
    proptest::collection::btree_map(name(), node, 0..4).prop_map(Shape::Object)
}

/// A leading dollar sign is doubled.
fn escaped(text: &str) -> String {
    json(&format!("{}{text}", if text.starts_with('$') { "$" } else { "" }))
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

impl Shape {
    /// As an analyst writes it, with white space between all tokens.
    fn written(&self, space: &str) -> String {
        let all = |open: &str, parts: Vec<String>, close: &str| {
            format!("{open}{space}{}{space}{close}", parts.join(&format!("{space},{space}")))
        };
        let member = |name: String, text: String| format!("{name}{space}:{space}{text}");
        match self {
            Self::Constant(text) => (*text).to_owned(),
            Self::Text(text) => escaped(text),
            Self::Column(column) => format!("\"${}\"", COLUMNS[*column].0),
            Self::Texted(column) => all("{", vec![member(json("$text"), json(COLUMNS[*column].0))], "}"),
            Self::Pivot { value, texted, fill, null } => {
                let name = json(VALUES[*value].0);
                let value = if *texted { all("{", vec![member(json("$text"), name)], "}") } else { name };
                let mut members = vec![("$value", value), ("$pivot", json("week"))];
                members.extend(fill.map(|fill| ("$fill", fill.to_owned())));
                members.extend(null.map(|null| ("$null", null.to_owned())));
                all("{", members.into_iter().map(|(name, text)| member(json(name), text)).collect(), "}")
            }
            Self::Object(members) => {
                all("{", members.iter().map(|(name, shape)| member(escaped(name), shape.written(space))).collect(), "}")
            }
            Self::Array(items) => all("[", items.iter().map(|item| item.written(space)).collect(), "]"),
        }
    }

    /// As it must become, without white space.
    fn filled_in(&self) -> String {
        match self {
            Self::Constant(text) => (*text).to_owned(),
            Self::Text(text) => json(text),
            Self::Column(column) => COLUMNS[*column].1.to_owned(),
            Self::Texted(column) => TEXTS[*column].to_owned(),
            Self::Pivot { value, texted, fill, null } => {
                let cells = VALUES[*value].1.into_iter().zip(1..).filter_map(|(cell, week)| {
                    let text = match cell {
                        // Text in quotes is text already.
                        Cell::Text(text) if *texted && !text.starts_with('"') => json(text),
                        Cell::Text(text) => text.to_owned(),
                        Cell::Null => null.unwrap_or("null").to_owned(),
                        Cell::Missing => (*fill)?.to_owned(),
                    };
                    Some(format!("\"W{week}\":{text}"))
                });
                format!("{{{}}}", cells.collect::<Vec<_>>().join(","))
            }
            Self::Object(members) => {
                let members = members.iter().map(|(name, shape)| format!("{}:{}", json(name), shape.filled_in()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Self::Array(items) => {
                format!("[{}]", items.iter().map(Self::filled_in).collect::<Vec<_>>().join(","))
            }
        }
    }
}

fn rows() -> RecordBatch {
    let first = Row { year: None, kind: Some("\"é"), ..row("k", 1, "1.5") };
    batch(&[first, Row { week: Some(3), kind: Some(""), net: None, ..first }])
}

proptest! {
    #[test]
    fn a_document_is_its_template_with_the_slots_filled_in(shape in shape(), space in "[ \n\t\r]{0,2}", pretty: bool) {
        // Every shape has a pivot beside it, since the grid belongs to the rows.
        let root = Shape::Array(vec![shape, Shape::Pivot { value: 0, texted: false, fill: None, null: None }]);
        let root = Shape::Object([("root".to_owned(), root)].into());
        let spec = FoldSpec { template: template(&root.written(&space)), pretty, totals: Vec::new(), ..weekly() };
        let documents = fold(&spec, &[rows()]).unwrap();
        prop_assert_eq!(documents.len(), 1);
        let (found, expected) = (&documents[0].text, root.filled_in());
        if pretty {
            let [found, expected] = [found, &expected].map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
            prop_assert_eq!(found, expected);
        } else {
            prop_assert_eq!(found, &format!("{expected}\n"));
        }
    }
}
