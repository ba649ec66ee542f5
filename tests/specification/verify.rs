//! `keyfold verify` finds whatever was done to a published snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::load::Load;
use crate::program::{Outcome, ensure, keyfold, root, run, succeed};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("verify accepts what a run published, by the job and by the output", untouched),
        Trial::test("verify adds up wide decimals, and cells that are written as text", exact),
        Trial::test("verify finds a changed byte", || {
            damaged(
                |snapshot| change(&snapshot.join("3.json")),
                "3.json: key `3`: is not the document that was published",
            )
        }),
        Trial::test("verify finds a missing document", || {
            damaged(|snapshot| Ok(fs::remove_file(snapshot.join("4.json"))?), "4.json: key `4`: is missing")
        }),
        Trial::test("verify finds a changed manifest", || {
            damaged(|snapshot| change(&part(snapshot)?), "is not the part of the manifest that was published")
        }),
        Trial::test("verify finds a missing manifest", || {
            damaged(|snapshot| Ok(fs::remove_file(part(snapshot)?)?), "is missing")
        }),
        Trial::test("verify finds a changed report", || {
            damaged(|snapshot| change(&snapshot.join("run.json")), "run.json: is not the report that was published")
        }),
    ]
}

fn untouched() -> Outcome {
    let load = Load::new(100, 5)?;
    load.publish("a")?;
    load.expect_published("a")?;
    let ended = succeed(keyfold(["verify"]).arg(load.output()))?;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    ensure!(text.starts_with("5 documents, ") && text.contains("add up to the totals of amount"), "{ended}");
    Ok(())
}

fn exact() -> Outcome {
    for (case, totals) in [("total_of_a_wide_decimal", "net"), ("numbers_as_text", "net, units")] {
        let output = TempDir::new()?;
        succeed(
            keyfold(["run", "--quiet"]).arg(root().join("tests/cases").join(case)).arg("--output").arg(output.path()),
        )?;
        let ended = succeed(keyfold(["verify"]).arg(output.path()))?;
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(text.contains(&format!("the cells add up to the totals of {totals}")), "{case}: {text}");
    }
    Ok(())
}

fn damaged(damage: impl Fn(&Path) -> Outcome, message: &str) -> Outcome {
    let load = Load::new(100, 5)?;
    load.publish("a")?;
    damage(&load.output().join("current"))?;
    let ended = run(keyfold(["verify"]).arg(load.output()))?.expect(5)?;
    ensure!(ended.stderr.contains(message), "`{message}` was expected, but {ended}");
    Ok(())
}

/// Another byte in the middle of a file; its length stays.
fn change(path: &Path) -> Outcome {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(fs::write(path, bytes)?)
}

fn part(snapshot: &Path) -> Outcome<PathBuf> {
    let entry = fs::read_dir(snapshot.join("manifest"))?.next().ok_or("there is no manifest")?;
    Ok(entry?.path())
}
