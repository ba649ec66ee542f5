//! What must not hurt: a killed run, a full disk, a target that cannot be written.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};

use crate::load::{self, Load};
use crate::mount::{self, Mount};
use crate::program::{Outcome, Process, ensure, run, succeed};

const KILLS: usize = 50;
/// Runs that may end before they are killed, all in all.
const MOST_RUNS: usize = 400;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("a run killed at any moment leaves whole documents of one version to every reader", killed),
        Trial::ignorable_test("a full disk ends a run and what was published stays", full_disk),
        Trial::ignorable_test("a target that cannot be written ends a run and what was published stays", read_only),
        Trial::test("an output that is a file is refused by name", output_is_a_file),
    ]
}

fn killed() -> Outcome {
    let load = Load::new(40_000, 40)?;
    let start = Instant::now();
    load.publish("v0")?;
    let usual = start.elapsed();
    let stop = AtomicBool::new(false);
    let (runs, read) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_all_the_time(&load, &stop));
        let runs = kill_all_the_time(&load, usual);
        stop.store(true, Ordering::Relaxed);
        let read = reader.join().unwrap_or_else(|_| Err("the reader ended early".into()));
        Ok::<_, libtest_mimic::Failed>((runs?, read?))
    })?;
    ensure!(read > 0, "nothing was read while {runs} runs were killed");
    succeed(load.command("last").args(["--set", "output.keep=2"]))?;
    load.expect_published("last")?;
    ensure!(load.snapshots()?.len() == 2, "killed runs left something: {:?}", load.snapshots()?);
    let mut left: Vec<_> =
        fs::read_dir(load.output())?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
    left.sort();
    ensure!(left == [".lock", "current", "current.json", "snapshots"], "killed runs left something: {left:?}");
    Ok(())
}

/// Starts runs and kills each at a moment that nobody knows, until enough of them have died of it.
fn kill_all_the_time(load: &Load, usual: Duration) -> Outcome<usize> {
    let mut killed = 0;
    for number in 1..=MOST_RUNS {
        // Every snapshot is kept, so that a reader who was put to sleep still finds the one that it opened.
        let process = Process::start(load.command(&format!("v{number}")).args(["--set", "output.keep=1000"]))?;
        let chance = RandomState::new().hash_one(number) as f64 / u64::MAX as f64;
        std::thread::sleep(usual.mul_f64(chance));
        let ended = process.kill()?;
        match (ended.signal, ended.code) {
            (Some(9), _) => killed += 1,
            (_, Some(0)) => {}
            _ => return Err(format!("a run that was not killed must succeed, but {ended}").into()),
        }
        if killed == KILLS {
            return Ok(number);
        }
    }
    Err(format!("only {killed} of {MOST_RUNS} runs were still alive when they were killed").into())
}

/// Reads through `current` until it is told to stop; gives the number of snapshots read as a whole.
fn read_all_the_time(load: &Load, stop: &AtomicBool) -> Outcome<usize> {
    let mut snapshots = 0;
    while !stop.load(Ordering::Relaxed) {
        for id in 0..load.ids {
            load::version(&load.output().join(format!("current/{id}.json")))?;
        }
        let opened = fs::read_link(load.output().join("current"))?;
        load::version_of(&load.output().join(opened), load.ids)?;
        snapshots += 1;
    }
    Ok(snapshots)
}

/// Publishes to a small disk what fits, then what does not.
fn full_disk() -> Outcome<Completion> {
    if let Some(reason) = mount::refused()? {
        return Ok(Completion::ignored_with(reason));
    }
    let load = Load::new(2_000, 20)?;
    let _disk = Mount::new(&load.output(), "1m")?;
    load.publish("first")?;
    let large = Load::new(2_000, 2_000)?;
    let ended = run(large.command("second").arg("--output").arg(load.output()))?.expect(7)?;
    ensure!(ended.stderr.contains("No space left on device"), "the cause is not named: {ended}");
    load.expect_published("first")?;
    load.publish("third")?;
    load.expect_published("third")?;
    Ok(Completion::Completed)
}

fn read_only() -> Outcome<Completion> {
    if let Some(reason) = mount::refused()? {
        return Ok(Completion::ignored_with(reason));
    }
    let load = Load::new(100, 5)?;
    let disk = Mount::new(&load.output(), "1m")?;
    load.publish("first")?;
    disk.make_read_only()?;
    let ended = run(&mut load.command("second"))?.expect(7)?;
    ensure!(ended.stderr.contains("Read-only file system"), "the cause is not named: {ended}");
    ensure!(ended.stderr.contains(&*load.output().to_string_lossy()), "the target is not named: {ended}");
    load.expect_published("first")?;
    Ok(Completion::Completed)
}

fn output_is_a_file() -> Outcome {
    let load = Load::new(100, 5)?;
    let file = load.job().join("file");
    fs::write(&file, "")?;
    let ended = run(load.command("a").arg("--output").arg(&file))?.expect(7)?;
    ensure!(ended.stderr.contains(&*Path::new(&file).to_string_lossy()), "the target is not named: {ended}");
    Ok(())
}
