//! Programs from outside that look at files of the repository.

use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Completion;

use crate::program::{Outcome, skip_or_fail};

/// Set by `test.sh`: a folder of programs, and of a Python that reads YAML.
const TOOLS: &str = "KEYFOLD_TEST_TOOLS";

/// The folder.
pub(crate) struct Tools(PathBuf);

impl Tools {
    pub(crate) fn folder(&self) -> &PathBuf {
        &self.0
    }

    /// One of the programs.
    pub(crate) fn command(&self, name: &str) -> Command {
        Command::new(self.0.join(name))
    }
}

pub(crate) fn with_tools(check: impl FnOnce(&Tools) -> Outcome) -> Outcome<Completion> {
    match std::env::var_os(TOOLS).map(PathBuf::from) {
        Some(folder) => check(&Tools(folder)).map(|()| Completion::Completed),
        None => skip_or_fail(&format!("the tools are not set up: {TOOLS} names no folder; ./test.sh sets it")),
    }
}
