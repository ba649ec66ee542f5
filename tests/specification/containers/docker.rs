//! The command line of Docker.

use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::program::{Ended, Outcome, run, succeed};

/// `docker` with arguments.
pub(super) fn docker<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments);
    command
}

/// Whether there is an engine.
pub(super) fn is_there() -> bool {
    run(&mut docker(["info"])).is_ok_and(|ended| ended.code == Some(0))
}

/// Runs `docker` to its end, which must be a good one; gives what it has printed.
pub(super) fn done<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Outcome<String> {
    printed(&succeed(&mut docker(arguments))?)
}

pub(super) fn printed(ended: &Ended) -> Outcome<String> {
    Ok(String::from_utf8(ended.stdout.clone())?.trim().to_owned())
}

/// What Docker knows of a container.
pub(super) fn inspect(container: &str) -> Outcome<Value> {
    let found: Value = serde_json::from_str(&done(["inspect", container])?)?;
    Ok(found[0].clone())
}

/// The program of Compose: Docker's plugin, or the program of its own that came before it.
pub(super) fn compose() -> Command {
    static PLUGIN: LazyLock<bool> =
        LazyLock::new(|| run(&mut docker(["compose", "version"])).is_ok_and(|ended| ended.code == Some(0)));
    if *PLUGIN { docker(["compose"]) } else { Command::new("docker-compose") }
}
