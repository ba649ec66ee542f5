//! `keyfold explain`.

use std::fmt::Write;
use std::process::ExitCode;

use bytesize::ByteSize;
use keyfold_core::Result;
use keyfold_engine::Explained;

use super::prepare::prepare;
use crate::arguments::JobArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn explain(arguments: &JobArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let explained = prepare(arguments, settings).await?.explain().await?;
    terminal.result(|| text(&explained), &explained)?;
    Ok(ExitCode::SUCCESS)
}

fn text(explained: &Explained) -> String {
    let mut text = String::from("tables\n");
    for table in &explained.tables {
        let files = if table.files == 1 { "1 file".to_owned() } else { format!("{} files", table.files) };
        _ = writeln!(text, "  {}: {files} of {}, {}, {}", table.name, table.format, ByteSize(table.bytes), table.path);
    }
    let mut list = |title: &str, lines: &mut dyn Iterator<Item = String>| {
        let lines: String = lines.map(|line| format!("  {line}\n")).collect();
        if !lines.is_empty() {
            _ = write!(text, "{title}\n{lines}");
        }
    };
    list("parameters", &mut explained.params.iter().map(|(name, value)| format!("{name} = {value}")));
    list("checks, before anything is folded", &mut explained.checks.iter().cloned());
    list("control totals, before anything is published", &mut explained.totals.iter().cloned());
    list("query, from the last step to the first", &mut explained.logical.lines().map(str::to_owned));
    list("what runs, from the last step to the first", &mut explained.physical.lines().map(str::to_owned));
    text
}
