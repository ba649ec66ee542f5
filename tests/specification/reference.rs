//! The README's reference of job.toml names the fields that the program knows, all of them and no others.

use std::collections::BTreeMap;
use std::fs;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::program::{Outcome, ensure, keyfold, root, run};

/// A name that is near no field, so that the program lists those it knows.
const UNKNOWN: &str = "zzzzqqqqzzzz";

const JOB: &str = r#"
version = 1
key = "k"
UNKNOWN = 1
[tables.T]
path = "t.csv"
UNKNOWN = 1
[pivot.G]
column = "c"
range = [1, 2]
UNKNOWN = 1
[[totals]]
value = "v"
sql = "SELECT 1"
UNKNOWN = 1
[output]
url = "out"
name = "{k}.json"
UNKNOWN = 1
"#;

/// Fields by their table, such as `tables.T`; those of the file itself have no table.
type Fields = BTreeMap<String, Vec<String>>;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("the README's reference names every field of job.toml and no other", reference)]
}

fn reference() -> Outcome {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let section = readme.split("### job.toml").nth(1).and_then(|rest| rest.split("\n## ").next());
    let written = written(section.ok_or("README.md has no section about job.toml")?);
    let mut known = known()?;
    // Tables of the file: the README names what stands in them.
    known.entry(String::new()).or_default().retain(|field| field == "version" || field == "key");
    ensure!(written == known, "the README names {written:#?}, and the program knows {known:#?}");
    Ok(())
}

/// The fields in the first column of the table. A name without a dot belongs where the one before it does.
fn written(section: &str) -> Fields {
    let mut fields = Fields::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let mut table = String::new();
        for name in row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2) {
            let field = match name.rsplit_once('.') {
                Some((prefix, field)) => {
                    table = prefix.to_owned();
                    field
                }
                None => name,
            };
            fields.entry(table.clone()).or_default().push(field.to_owned());
        }
    }
    // A parameter is named by its job, so its table has no fields of the reference.
    fields.remove("params");
    fields.values_mut().for_each(|names| names.sort());
    fields
}

/// The fields that the program lists where one is unknown.
fn known() -> Outcome<Fields> {
    let folder = TempDir::new()?;
    for (name, text) in
        [("job.toml", &*JOB.replace("UNKNOWN", UNKNOWN)), ("query.sql", "SELECT 1"), ("document.json", "{}")]
    {
        fs::write(folder.path().join(name), text)?;
    }
    let ended = run(&mut keyfold(["check".as_ref(), folder.path().as_os_str()]))?.expect(2)?;
    let (mut fields, mut table) = (Fields::new(), String::new());
    for line in ended.stderr.lines() {
        if let Some((_, name)) = line.split_once("unknown field `") {
            table =
                name.split(UNKNOWN).next().unwrap_or_default().trim_end_matches('.').replace("totals.0", "totals[]");
        }
        if let Some((_, names)) = line.split_once("known are ") {
            fields.insert(table.clone(), names.split('`').skip(1).step_by(2).map(str::to_owned).collect());
        }
    }
    Ok(fields)
}
