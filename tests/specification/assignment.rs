//! The job that keyfold was made to replace, where its data is at hand.

use std::fs;
use std::path::Path;

use libtest_mimic::{Completion, Trial};
use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::program::{Outcome, ensure, keyfold, root, succeed};

const TABLES: [&str; 4] = ["sales", "calendar", "product", "store"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::ignorable_test("the original job gives exactly its three documents", original)]
}

fn original() -> Outcome<Completion> {
    let data = root().join("../shared/data/assignment");
    if !data.is_dir() {
        return Ok(Completion::ignored_with("the original job's data is not beside this checkout"));
    }
    let output = TempDir::new()?;
    let mut program = keyfold(["run"]);
    program.arg(root().join("sql/weekly_sales")).arg("--output").arg(output.path());
    for table in TABLES {
        program.arg("--set").arg(format!("tables.{table}.path={}", data.join(table).with_extension("csv").display()));
    }
    succeed(&mut program)?;
    let expected = documents(&data.join("expected"))?;
    ensure!(expected.len() == 3, "three documents were expected in {}, not {expected:?}", data.display());
    let found = documents(&output.path().join("current"))?;
    let names = |documents: &[(String, Value)]| documents.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    ensure!(names(&expected) == names(&found), "expected {:?}, found {:?}", names(&expected), names(&found));
    for ((name, expected), (_, found)) in expected.iter().zip(&found) {
        ensure!(expected == found, "{name} differs\n--- expected\n{expected:?}\n--- found\n{found:?}");
    }
    Ok(Completion::Completed)
}

fn documents(folder: &Path) -> Outcome<Vec<(String, Value)>> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !["run.json", "current.json", ".alive"].contains(&name.as_str()) {
            documents.push((name, Value::parse(&fs::read_to_string(&path)?)?));
        }
    }
    documents.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(documents)
}

/// A JSON value with its numbers as exact decimals: 8192.70 is 8192.7, and 8192.699999 is neither.
#[derive(Debug, PartialEq)]
enum Value {
    Object(Vec<(String, Value)>),
    Array(Vec<Value>),
    Number(String),
    Other(serde_json::Value),
}

impl Value {
    fn parse(text: &str) -> Outcome<Self> {
        let text = text.trim();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)?;
                let member = |(name, value): (String, Box<RawValue>)| Ok((name, Self::parse(value.get())?));
                Self::Object(members.into_iter().map(member).collect::<Outcome<_>>()?)
            }
            Some(b'[') => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
                Self::Array(items.iter().map(|item| Self::parse(item.get())).collect::<Outcome<_>>()?)
            }
            Some(b'-' | b'0'..=b'9') => {
                ensure!(!text.contains(['e', 'E']), "{text} is not written as a decimal");
                Self::Number(if text.contains('.') {
                    text.trim_end_matches('0').trim_end_matches('.').to_owned()
                } else {
                    text.to_owned()
                })
            }
            _ => Self::Other(serde_json::from_str(text)?),
        })
    }
}
