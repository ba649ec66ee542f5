//! `keyfold cancel`.

use std::process::ExitCode;

use keyfold_core::{Error, ErrorKind, Problem, Result};
use serde_json::json;

use crate::arguments::CancelArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn cancel(arguments: &CancelArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let run = &arguments.run;
    let cluster = settings.cluster.connect().await?;
    let cancelled = cluster.cancel_run(run).await?;
    if cancelled == 0 {
        let problem = Problem::new(format!("the run `{run}` is not under way on this cluster"));
        return Err(Error::new(ErrorKind::Usage, problem.help("`keyfold status` shows the runs that are")));
    }
    terminal.result(|| format!("{run} is cancelled; nothing of it is published\n"), &json!({ "cancelled": run }))?;
    Ok(ExitCode::SUCCESS)
}
