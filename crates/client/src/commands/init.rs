//! `keyfold init`.

use std::process::ExitCode;

use keyfold_core::{Error, Result};

use crate::arguments::InitArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn init(_: &InitArguments, _: &Settings, _: &Terminal) -> Result<ExitCode> {
    Err(Error::internal("init"))
}
