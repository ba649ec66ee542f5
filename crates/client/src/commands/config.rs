//! `keyfold config`.

use std::process::ExitCode;

use keyfold_core::Result;
use serde_json::json;

use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) fn config(settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let width = |column: fn(&(String, String, String)) -> &String| {
        settings.origins.iter().map(|row| column(row).len()).max().unwrap_or(0)
    };
    let (names, values) = (width(|row| &row.0), width(|row| &row.1));
    let rows =
        settings.origins.iter().map(|(name, value, origin)| format!("{name:<names$}  {value:<values$}  {origin}\n"));
    let value: Vec<_> = settings
        .origins
        .iter()
        .map(|(name, value, origin)| json!({ "name": name, "value": value, "origin": origin }))
        .collect();
    terminal.result(|| rows.collect(), &value)?;
    Ok(ExitCode::SUCCESS)
}
