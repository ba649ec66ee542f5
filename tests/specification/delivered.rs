//! What is published somewhere, as its manifest says.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::Outcome;

/// What the manifest says of every document: path, length and SHA-256, as text. `get` reads a file of the output.
pub(crate) fn manifest(get: impl Fn(&str) -> Outcome<Vec<u8>>) -> Outcome<BTreeSet<String>> {
    let pointer: Value = serde_json::from_slice(&get("current.json")?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let report: Value = serde_json::from_slice(&get(&text(&pointer["report"]))?)?;
    let mut lines = BTreeSet::new();
    for part in report["manifest"].as_array().ok_or("a report without a manifest")? {
        let part = get(&format!("{}/{}", text(&pointer["snapshot"]), text(&part["path"])))?;
        lines.extend(String::from_utf8(part)?.lines().map(str::to_owned));
    }
    Ok(lines)
}
