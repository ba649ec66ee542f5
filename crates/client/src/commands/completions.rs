//! `keyfold completions`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use keyfold_core::Result;

use crate::arguments::Arguments;
use crate::terminal::Terminal;

pub(crate) fn completions(shell: Shell, terminal: &Terminal) -> Result<ExitCode> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "keyfold", &mut script);
    terminal.data(&script)?;
    Ok(ExitCode::SUCCESS)
}
