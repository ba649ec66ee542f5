//! Publishing: one winner, old snapshots removed in time, never one that somebody needs.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::load::{BUSY, Load};
use crate::program::{Outcome, Process, ensure, keyfold, run, succeed};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("of two runs at once on one output one wins and the other publishes nothing", || two_at_once(true)),
        Trial::test("of two first runs at once one wins and the other publishes nothing", || two_at_once(false)),
        Trial::test("keep = 2 leaves the current snapshot and the one before", keep_two),
        Trial::test("a run that fails its check leaves what was published and removes its own snapshot", failing_check),
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
