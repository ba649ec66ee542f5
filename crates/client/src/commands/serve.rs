//! `keyfold scheduler` and `keyfold executor`.

use std::process::ExitCode;

use keyfold_core::Result;

use crate::settings::Settings;
use crate::signals::Signals;

pub(crate) async fn scheduler(settings: &Settings) -> Result<ExitCode> {
    keyfold_scheduler::run(settings.cluster.scheduler()?, Signals::catch()?.stop()).await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn executor(settings: &Settings) -> Result<ExitCode> {
    keyfold_executor::run(settings.executor()?, Signals::catch()?.stop()).await?;
    Ok(ExitCode::SUCCESS)
}
