//! A run with little memory spills to its scratch folder and gives the same documents.

use std::fs;
use std::path::Path;

use libtest_mimic::{Completion, Trial};
use tempfile::TempDir;

use crate::cases::{compare, documents};
use crate::load::Load;
use crate::mount::{self, Mount};
use crate::program::{Ended, Outcome, ensure, run};

/// Rows that are wide, so that few of them do not fit.
const WIDE: &str =
    "SELECT id, repeat(CAST(id AS VARCHAR), 40) AS version, cell, CAST(sum(amount) AS DECIMAL(18,2)) AS amount
FROM events GROUP BY id, cell\n";
const PLENTY: &str = "1GiB";
const LITTLE: &str = "32MiB";
const NEXT_TO_NOTHING: &str = "200KiB";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test(
            "a run with less memory than its rows need spills and gives the same documents",
            spilling,
        ),
        Trial::test("a run with far too little memory says so", too_little),
    ]
}

fn wide() -> Outcome<Load> {
    let load = Load::new(100_000, 5_000)?;
    fs::write(load.job().join("wide.sql"), WIDE)?;
    Ok(load)
}

fn attempt(load: &Load, memory: &str, scratch: &Path) -> Outcome<Ended> {
    let mut command = load.command("any");
    command.args(["--quiet", "--threads", "1", "--memory-limit", memory, "--set", "output.layout=ndjson"]);
    run(command.arg("--query").arg(load.job().join("wide.sql")).arg("--scratch").arg(scratch))
}

/// A scratch folder that holds next to nothing shows which of the runs needed it.
fn spilling() -> Outcome<Completion> {
    if let Some(reason) = mount::refused()? {
        return Ok(Completion::ignored_with(reason));
    }
    let load = wide()?;
    let (small, large) = (TempDir::new()?, TempDir::new()?);
    let _disk = Mount::new(small.path(), "64k")?;
    attempt(&load, PLENTY, small.path())?.expect(0)?;
    let expected = documents(&load.output().join("current"))?;
    let ended = attempt(&load, LITTLE, small.path())?.expect(6)?;
    ensure!(ended.stderr.contains("No space left on device"), "the cause is not named: {ended}");
    ensure!(ended.stderr.contains("help: ") && ended.stderr.contains("scratch"), "there is no advice: {ended}");
    attempt(&load, LITTLE, large.path())?.expect(0)?;
    compare("little memory", "1 thread", &expected, &documents(&load.output().join("current"))?)?;
    ensure!(fs::read_dir(large.path())?.next().is_none(), "the scratch folder was not cleaned up");
    Ok(Completion::Completed)
}

fn too_little() -> Outcome {
    let load = wide()?;
    let scratch = TempDir::new()?;
    let ended = attempt(&load, NEXT_TO_NOTHING, scratch.path())?.expect(6)?;
    ensure!(ended.stderr.contains("help: raise memory_limit"), "there is no advice: {ended}");
    ensure!(!load.output().join("current").exists(), "a run that failed has published: {ended}");
    Ok(())
}
