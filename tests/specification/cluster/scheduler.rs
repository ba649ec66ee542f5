//! Schedulers that are not there, die, come back, or are told to end.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::processes::{CONNECT, Cluster};
use super::work::{Shared, Target, Work, until_met};
use crate::program::{Ended, Outcome, Process, ensure, keyfold, run};

/// What a client may need beyond the time that it was to wait.
const SLACK: Duration = Duration::from_secs(20);

pub(super) fn trials(shared: &Shared) -> Vec<Trial> {
    let trial = |name, vcores, check: fn(&mut Cluster, &Work) -> Outcome| shared.trial(name, vcores, check);
    vec![
        trial("a run whose scheduler dies ends", &[2], dies),
        trial("a scheduler started again has lost its runs and finds its executors again", &[2, 1], comes_back),
        trial("a scheduler told to end finishes its runs and takes no new ones", &[2], told_to_end),
        trial("a cluster without executors ends a run", &[], no_executor),
        trial("a run waits for the first executor", &[], first_executor),
        Trial::test("cluster: an address where no scheduler is ends a run", no_scheduler),
    ]
}

/// A run that has begun to read or write.
fn underway(cluster: &Cluster, work: &Work) -> Outcome<(Target, Process)> {
    until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let works = cluster.catch(&mut run, |status| Ok(status.writing().map(|_| ())))?;
        Ok(works.map(|()| (target, run)))
    })
}

fn expect_soon(run: Process, code: i32) -> Outcome<Ended> {
    let start = Instant::now();
    let ended = run.wait()?.expect(code)?;
    ensure!(start.elapsed() < CONNECT + SLACK, "the run took {:?} to end: {ended}", start.elapsed());
    Ok(ended)
}

fn dies(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, mut run) = underway(cluster, work)?;
    cluster.kill_scheduler()?;
    ensure!(run.poll()?.is_none(), "the run ended before the scheduler did:\n{}", run.log());
    let ended = expect_soon(run, 6)?;
    ensure!(ended.stderr.contains("scheduler"), "the cause is not named: {ended}");
    target.expect_nothing(&ended)
}

fn comes_back(cluster: &mut Cluster, work: &Work) -> Outcome {
    let before = cluster.status()?.instance;
    let (target, mut run) = underway(cluster, work)?;
    cluster.kill_scheduler()?;
    ensure!(run.poll()?.is_none(), "the run ended before the scheduler did:\n{}", run.log());
    cluster.start_scheduler()?;
    ensure!(cluster.status()?.instance != before, "the scheduler is still the old one");
    let ended = expect_soon(run, 6)?;
    ensure!(ended.stderr.contains("was restarted and has lost the run"), "the cause is not named: {ended}");
    target.expect_nothing(&ended)?;
    cluster.wait_for_executors(2)?;
    work.publish(cluster)
}

fn told_to_end(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, mut first) = underway(cluster, work)?;
    cluster.scheduler()?.signal("TERM")?;
    cluster.wait_for("a scheduler that stops", |cluster| Ok(cluster.status()?.stopping))?;
    ensure!(first.poll()?.is_none(), "the run ended before the scheduler was told to end:\n{}", first.log());
    let late = Target::new()?;
    let ended = run(&mut work.on(cluster, &late))?.expect(6)?;
    ensure!(ended.stderr.contains("stopping"), "the cause is not named: {ended}");
    late.expect_nothing(&ended)?;
    first.wait()?.expect(0)?;
    work.expect(&target)?;
    let code = cluster.wait_for_scheduler_end()?;
    ensure!(code == Some(0), "exit code 0 was expected of a scheduler told to end, not {code:?}");
    Ok(())
}

fn no_executor(cluster: &mut Cluster, work: &Work) -> Outcome {
    let target = Target::new()?;
    let ended = expect_soon(work.start(cluster, &target)?, 6)?;
    ensure!(ended.stderr.contains("no executor has registered"), "the cause is not named: {ended}");
    ensure!(ended.stderr.contains("help: "), "there is no advice: {ended}");
    target.expect_nothing(&ended)
}

fn first_executor(cluster: &mut Cluster, work: &Work) -> Outcome {
    let target = Target::new()?;
    let mut run = work.start(cluster, &target)?;
    run.wait_for_step("plan")?;
    ensure!(cluster.status()?.executors.is_empty(), "there is an executor already");
    cluster.start_executor(3, &[])?;
    run.wait()?.expect(0)?;
    work.expect(&target)
}

fn no_scheduler() -> Outcome {
    let work = crate::load::Load::new(100, 5)?;
    let port = super::ports::next()?;
    let address = format!("df://127.0.0.1:{port}");
    let mut command = work.command("a");
    let ended = expect_soon(Process::start(command.args(["--cluster", &address, "--connect-seconds", "2"]))?, 6)?;
    ensure!(ended.stderr.contains(&format!("no scheduler answers at {address}")), "the cause is not named: {ended}");
    ensure!(!work.output().join("current.json").exists(), "a run that failed has published: {ended}");
    run(keyfold(["status", "--cluster", &address]).args(["--connect-seconds", "1"]))?.expect(6)?;
    Ok(())
}
