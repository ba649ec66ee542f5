//! `keyfold show`.

use std::process::ExitCode;

use keyfold_core::Result;

use super::prepare::prepare;
use crate::arguments::ShowArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn show(arguments: &ShowArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let prepared = prepare(&arguments.job, settings).await?;
    let documents = if arguments.keys.is_empty() {
        prepared.first_documents(arguments.limit).await?
    } else {
        prepared.documents(&arguments.keys).await?
    };
    for (_, document) in documents {
        terminal.data(&document)?;
    }
    Ok(ExitCode::SUCCESS)
}
