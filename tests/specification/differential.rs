//! Generated files, jobs and queries: keyfold and DuckDB give the same documents.

use std::process::Command;

use libtest_mimic::{Completion, Trial};

use crate::program::{Outcome, ensure, last_lines, path, root};
use crate::tools::with_tools;

/// How many cases are tried, from a seed that nobody has tried before. Without it the same few are tried each time, so
/// that a change is judged by what it changes.
const CASES: &str = "KEYFOLD_TEST_CASES";
const FEW: [&str; 4] = ["--cases", "300", "--seed", "799654780"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::ignorable_test("generated jobs give the documents that DuckDB gives", generated_jobs)]
}

/// Not bounded in time as other processes are: a long form runs for hours.
fn generated_jobs() -> Outcome<Completion> {
    with_tools(|tools| {
        let mut program: Command = tools.command("python");
        program.arg(root().join("tests/differential")).arg(path()).args(["--workers", "1"]);
        match std::env::var(CASES) {
            Ok(cases) => program.args(["--cases", &cases]),
            Err(_) => program.args(FEW),
        };
        let ended = program.output()?;
        let said = String::from_utf8_lossy(&ended.stdout);
        let failed = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "{}\n{}", said.trim_end(), last_lines(&failed));
        Ok(())
    })
}
