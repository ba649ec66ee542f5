//! Executors without room: on the disk, in memory; and input that cannot be read.

use std::fs;

use libtest_mimic::{Completion, Trial};

use super::processes::{self, Cluster, Setup};
use super::work::{Shared, Target, Work};
use crate::load::{BUSY, Load};
use crate::mount::{self, Mount};
use crate::program::{Ended, Outcome, ensure, run};

const FULL: &str = "No space left on device";
/// Less than the intermediate results of one task.
const SMALL_DISK: &str = "128k";
/// Less than what a task sorts.
const LITTLE_MEMORY: &str = "6MiB";

pub(super) fn trials(shared: &Shared) -> Vec<Trial> {
    let (alone, beside, memory) = (shared.clone(), shared.clone(), shared.clone());
    vec![
        Trial::ignorable_test("cluster: a full disk of the only executor ends a run", move || {
            let work = alone.get()?;
            full_disk(&[], |cluster| only_full(cluster, &work))
        }),
        Trial::ignorable_test("cluster: a full disk of one executor ends a run or costs nothing", move || {
            let work = beside.get()?;
            full_disk(&[2], |cluster| one_full(cluster, &work))
        }),
        Trial::test("cluster: executors with little memory spill, or say what to raise", move || {
            let work = memory.get()?;
            let setup =
                Setup { executor_arguments: vec!["--memory-limit".into(), LITTLE_MEMORY.into()], ..Setup::default() };
            processes::with_setup(setup, &[2], |cluster| little_memory(cluster, &work))
        }),
        Trial::test("cluster: a bad row in the middle of the input is reported as without a cluster", poisoned),
    ]
}

/// A cluster with one executor more, whose disk is small.
fn full_disk(others: &[u32], check: impl FnOnce(&mut Cluster) -> Outcome) -> Outcome<Completion> {
    if let Some(reason) = mount::refused()? {
        return Ok(Completion::ignored_with(reason));
    }
    processes::with(others, |cluster| {
        let _disk = Mount::new(&cluster.next_work_dir(), SMALL_DISK)?;
        cluster.start_executor(2, &[])?;
        cluster.wait_for_executors(others.len() + 1)?;
        let outcome = check(cluster);
        // Before its disk goes.
        cluster.kill_executor(others.len())?;
        outcome
    })?;
    Ok(Completion::Completed)
}

fn expect_full(ended: &Ended, target: &Target) -> Outcome {
    ensure!(matches!(ended.code, Some(6 | 7)), "exit code 6 or 7 was expected, but {ended}");
    let (_, message) = ended.stderr.rsplit_once("\nerror: ").ok_or_else(|| format!("no error is reported: {ended}"))?;
    ensure!(message.contains(FULL) && message.contains("executor"), "disk and executor are not named: {ended}");
    target.expect_nothing(ended)
}

fn only_full(cluster: &mut Cluster, work: &Work) -> Outcome {
    let target = Target::new()?;
    expect_full(&run(&mut work.on(cluster, &target))?, &target)?;
    ensure!(cluster.executor(0)?.log().contains(FULL), "the executor's log does not tell of its disk");
    Ok(())
}

fn one_full(cluster: &mut Cluster, work: &Work) -> Outcome {
    let target = Target::new()?;
    let ended = run(&mut work.on(cluster, &target))?;
    ensure!(cluster.executor(1)?.log().contains(FULL), "the disk was not full: {ended}");
    match ended.code {
        Some(0) => work.expect(&target),
        _ => expect_full(&ended, &target),
    }
}

fn little_memory(cluster: &mut Cluster, work: &Work) -> Outcome {
    let target = Target::new()?;
    let ended = run(&mut work.on(cluster, &target))?;
    match ended.code {
        Some(0) => work.expect(&target),
        Some(6) => {
            ensure!(ended.stderr.contains("help: raise memory_limit"), "there is no advice: {ended}");
            target.expect_nothing(&ended)
        }
        _ => Err(format!("success or exit code 6 was expected, but {ended}").into()),
    }
}

fn poisoned() -> Outcome {
    let load = Load::new(BUSY, 50)?;
    let path = load.job().join("events.csv");
    let text = fs::read_to_string(&path)?;
    let line = text.lines().nth(BUSY / 2).ok_or("the input is too short")?;
    fs::write(&path, text.replacen(&format!("\n{line}\n"), "\n1,one,2.00\n", 1))?;
    let message = |ended: Ended| -> Outcome<String> {
        let ended = ended.expect(3)?;
        ensure!(!load.output().join("current.json").exists(), "a run that failed has published: {ended}");
        Ok(ended.stderr.rsplit_once("\nerror: ").map(|(_, message)| message.to_owned()).unwrap_or_default())
    };
    let local = message(run(&mut load.command("a"))?)?;
    ensure!(local.contains("events.csv:") && local.contains("one"), "the place is not named: {local}");
    processes::with(&[2, 1], |cluster| {
        let mut command = load.command("a");
        cluster.address(&mut command);
        let remote = message(run(&mut command)?)?;
        ensure!(remote == local, "on a cluster it is reported otherwise:\n{remote}\n{local}");
        cluster.wait_for_rest()
    })
}
