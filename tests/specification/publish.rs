//! Publishing: one winner, old snapshots removed in time, never one that somebody needs.

use std::fs;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::load::{BUSY, Load, version_of};
use crate::program::{Outcome, Process, ensure, keyfold, run, succeed};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("of two runs at once on one output one wins and the other publishes nothing", || two_at_once(true)),
        Trial::test("of two first runs at once one wins and the other publishes nothing", || two_at_once(false)),
        Trial::test("keep = 2 leaves the current snapshot and the one before", keep_two),
        Trial::test("a run that fails its check leaves what was published and removes its own snapshot", failing_check),
        Trial::test("a run without documents publishes nothing unless the job allows it", empty),
        Trial::test("a run that would remove more documents than it may publishes nothing and names them", removed),
        Trial::test("a run that would lose more than it may publishes nothing until it is accepted", shrunk),
        Trial::test("what is published is compared with, or nothing is published", incomparable),
        Trial::test("rows outside the grid that a job drops are counted and named in the report", dropped),
    ]
}

/// The slower run is stopped in the middle of its work, so that the other one surely overtakes it.
fn two_at_once(published_before: bool) -> Outcome {
    let load = Load::new(BUSY, 50)?;
    if published_before {
        load.publish("before")?;
    }
    let before = if published_before { load.snapshots()? } else { Default::default() };
    let mut slow = Process::start(&mut load.command("slow"))?;
    slow.wait_for_step("fold and write")?;
    slow.signal("STOP")?;
    let loser = load.snapshots()?.difference(&before).next().cloned().ok_or("the stopped run has no snapshot")?;
    ensure!(slow.poll()?.is_none(), "the slow run ended before the other one began:\n{}", slow.log());

    succeed(load.command("fast").args(["--set", "output.keep=1"]))?;
    ensure!(load.snapshots()?.contains(&loser), "the snapshot of a living run was removed");
    load.expect_published("fast")?;

    slow.signal("CONT")?;
    let ended = slow.wait()?.expect(7)?;
    let winner = load.current()?;
    ensure!(ended.stderr.contains(&format!("the run {winner} published to")), "the winner is not named: {ended}");
    ensure!(ended.stderr.contains("help: run again"), "there is no advice: {ended}");
    ensure!(load.snapshots()?.contains(&loser), "the message says that the documents stay: {ended}");
    load.expect_published("fast")?;

    succeed(load.command("next").args(["--set", "output.keep=1"]))?;
    load.expect_published("next")?;
    ensure!(load.snapshots()?.len() == 1, "the next run left the loser's snapshot: {:?}", load.snapshots()?);
    Ok(())
}

fn keep_two() -> Outcome {
    let load = Load::new(100, 5)?;
    let mut published = Vec::new();
    for version in ["a", "b", "c", "d"] {
        succeed(load.command(version).args(["--set", "output.keep=2"]))?;
        load.expect_published(version)?;
        published.push(load.current()?);
        let kept = published.iter().rev().take(2).cloned().collect();
        ensure!(load.snapshots()? == kept, "{kept:?} were expected, not {:?}", load.snapshots()?);
    }
    Ok(())
}

fn failing_check() -> Outcome {
    let load = Load::new(100, 5)?;
    load.publish("good")?;
    fs::create_dir(load.job().join("checks"))?;
    fs::write(load.job().join("checks/none.sql"), "SELECT id FROM events WHERE id = 3")?;
    run(&mut load.command("bad"))?.expect(5)?;
    load.expect_published("good")?;
    ensure!(load.snapshots()?.len() == 1, "the failed run left something: {:?}", load.snapshots()?);
    Ok(())
}

/// `keyfold run` of a version, with the rows of the first ids only.
fn fewer(load: &Load, version: &str, ids: usize) -> Outcome<Command> {
    let all = fs::read_to_string(load.job().join("events.csv"))?;
    let of_first = |row: &&str| row.split(',').next().and_then(|id| id.parse::<usize>().ok()).is_none_or(|id| id < ids);
    let rows: Vec<_> = all.lines().filter(of_first).collect();
    fs::write(load.job().join("fewer.csv"), rows.join("\n"))?;
    let mut command = load.command(version);
    command.arg("--set").arg(format!("tables.events.path={}", load.job().join("fewer.csv").display()));
    Ok(command)
}

/// The run ends with exit code 5, says all this, and leaves the version `before` and nothing else.
fn refused(load: &Load, command: &mut Command, before: &str, messages: &[&str]) -> Outcome {
    let ended = run(command)?.expect(5)?;
    for message in messages {
        ensure!(ended.stderr.contains(message), "`{message}` was expected: {ended}");
    }
    load.expect_published(before)?;
    ensure!(load.snapshots()?.len() == 1, "the refused run left something: {:?}", load.snapshots()?);
    Ok(())
}

fn empty() -> Outcome {
    let load = Load::new(100, 5)?;
    let message = "query.sql: there are no documents, because the query gave no rows; nothing was published";
    let first = run(&mut fewer(&load, "a", 0)?)?.expect(5)?;
    ensure!(first.stderr.contains(message), "the first run is refused, too: {first}");
    ensure!(!load.output().join("current.json").exists(), "the first run has published: {first}");
    load.publish("a")?;
    refused(&load, &mut fewer(&load, "b", 0)?, "a", &[message, "--set output.allow_empty=true"])?;
    refused(&load, fewer(&load, "b", 0)?.arg("--accept-change"), "a", &[message])?;
    succeed(fewer(&load, "c", 0)?.args(["--set", "output.allow_empty=true"]))?;
    let pointer: Value = serde_json::from_slice(&fs::read(load.output().join("current.json"))?)?;
    ensure!(pointer["documents"] == 0, "no document was expected: {pointer}");
    Ok(())
}

fn removed() -> Outcome {
    let load = Load::new(400, 20)?;
    // Nothing is published that could be removed.
    succeed(load.command("a").args(["--set", "output.max_removed=0"]))?;
    let messages =
        ["3 of 20 published documents would be removed", "output.max_removed=0.1", ": 17, 18, 19", "--accept-change"];
    refused(&load, fewer(&load, "b", 17)?.args(["--set", "output.max_removed=0.1"]), "a", &messages)?;
    succeed(fewer(&load, "c", 17)?.args(["--set", "output.max_removed=0.15", "--set", "output.layout=ndjson"]))?;
    // Documents of other keys do not make up for it; those of the ndjson layout have their keys in the manifest, too.
    let mut other = load.command("d");
    other.args(["--set", "output.max_removed=0.5"]).arg("--query").arg(load.job().join("other.sql"));
    fs::write(
        load.job().join("other.sql"),
        "SELECT id + 10 AS id, $version AS version, cell, amount FROM events WHERE cell = 0",
    )?;
    let ended = run(other.args(["--set", "totals.0.sql=SELECT sum(amount) FROM events WHERE cell = 0"]))?;
    let ended = ended.expect(5)?;
    ensure!(ended.stderr.contains("10 of 17 published documents would be removed"), "ten are gone: {ended}");
    succeed(fewer(&load, "e", 1)?.args(["--set", "output.max_removed=0", "--accept-change"]))?;
    ensure!(version_of(&load.output().join("current"), 1)? == "e", "the accepted run is published");
    Ok(())
}

fn shrunk() -> Outcome {
    let load = Load::new(400, 20)?;
    load.publish("a")?;
    let limit = ["--set", "output.max_shrink=0.1"];
    let messages = [
        "the number of documents would shrink from 20 to 17",
        "the bytes of all documents would shrink from",
        "the control total of `amount` would shrink from",
        "by more than the share of 0.1 that `output.max_shrink` allows",
    ];
    refused(&load, fewer(&load, "b", 17)?.args(limit), "a", &messages)?;
    succeed(fewer(&load, "c", 17)?.args(limit).arg("--accept-change"))?;
    ensure!(version_of(&load.output().join("current"), 17)? == "c", "the accepted run is published");
    succeed(fewer(&load, "d", 17)?.args(limit))?;
    succeed(load.command("e").args(limit))?;
    load.expect_published("e")
}

/// A limit that cannot be looked at is not one that was kept.
fn incomparable() -> Outcome {
    let load = Load::new(100, 5)?;
    load.publish("a")?;
    let limit = ["--set", "output.max_removed=0.5"];
    let manifest = load.output().join("current/manifest");
    let part = fs::read_dir(&manifest)?.next().ok_or("the manifest has no part")??.path();
    fs::remove_file(&part)?;
    let ended = run(load.command("b").args(limit))?.expect(5)?;
    let name = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ensure!(ended.stderr.contains(&format!("{name}: is missing")), "the part is not named: {ended}");
    ensure!(load.published()? == "a", "the run has published: {ended}");
    succeed(load.command("c").args(limit).arg("--accept-change"))?;
    load.expect_published("c")
}

fn dropped() -> Outcome {
    let load = Load::new(100, 5)?;
    let mut program = keyfold(["--json", "run"]);
    program.arg(load.job()).args([
        "--param",
        "version=a",
        "--set",
        "pivot.cell.range=[0, 17]",
        "--set",
        "pivot.cell.off_grid=drop",
    ]);
    let ended = succeed(&mut program)?;
    let report: Value = serde_json::from_slice(&ended.stdout)?;
    let dropped = &report["dropped"]["cell"];
    ensure!(*dropped == serde_json::json!({ "18": 5, "19": 5 }), "the dropped rows are {dropped}: {ended}");
    let total = &report["totals"][0];
    let number = |name: &str| total[name].as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
    ensure!(
        (number("delivered") + number("dropped") - number("source")).abs() < 1e-6,
        "the total does not add up: {total}"
    );
    ensure!(number("dropped") > 0.0, "nothing was dropped: {total}");
    Ok(())
}
