//! `keyfold check`.

use std::process::ExitCode;

use keyfold_core::Result;

use super::prepare::prepare;
use crate::arguments::JobArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn check(arguments: &JobArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let explained = prepare(arguments, settings).await?.explain().await?;
    let text = || {
        let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let parts = [
            count(explained.tables.len(), "table"),
            count(explained.checks.len(), "check"),
            count(explained.totals.len(), "control total"),
        ];
        format!("{} is ready to run: {}\n", arguments.job.display(), parts.join(", "))
    };
    terminal.result(text, &serde_json::json!({ "ready": true }))?;
    Ok(ExitCode::SUCCESS)
}
