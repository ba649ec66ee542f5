//! `keyfold health`.

use std::process::ExitCode;

use keyfold_cluster::health::{Question, ask};
use keyfold_core::Result;
use serde_json::json;

use crate::arguments::HealthArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn health(arguments: &HealthArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let question = if arguments.ready { Question::Ready } else { Question::Alive };
    let answer = ask(settings.cluster.health()?, question).await?;
    terminal.result(|| format!("{answer}\n"), &json!({ "answer": answer }))?;
    Ok(ExitCode::SUCCESS)
}
