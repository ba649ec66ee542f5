//! `document.json`.

use keyfold_engine::infer::Star;
use serde_json::{Value, json};

/// The template, laid out as a person would: one line for each part.
pub(super) fn text(star: &Star) -> serde_json::Result<String> {
    let key = member(&star.key.name, &json!(format!("${}", star.key.name)))?;
    let Some((pivot, _)) = &star.pivot else {
        let values = star.measures.iter().map(|measure| member(&measure.name, &json!(format!("${}", measure.name))));
        let members = std::iter::once(Ok(key)).chain(values).collect::<Result<Vec<_>, _>>()?;
        return Ok(format!("{{\n  {}\n}}\n", members.join(",\n  ")));
    };
    let row = |measure: &keyfold_engine::infer::Measure| -> serde_json::Result<String> {
        let (label, grid, value) = (quoted(&measure.label)?, quoted(&pivot.name)?, quoted(&measure.name)?);
        Ok(format!(r#"{{ "rowId": {label}, "dataRow": {{ "$pivot": {grid}, "$value": {value}, "$fill": 0 }} }}"#))
    };
    let rows = star.measures.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{{\n  {key},\n  \"dataRows\": [\n    {}\n  ]\n}}\n", rows.join(",\n    ")))
}

fn member(name: &str, value: &Value) -> serde_json::Result<String> {
    Ok(format!("{}: {}", quoted(name)?, value))
}

fn quoted(text: &str) -> serde_json::Result<String> {
    serde_json::to_string(text)
}
