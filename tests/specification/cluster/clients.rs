//! Clients that die, are interrupted, or leave their run to itself.

use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use super::processes::Cluster;
use super::work::{Shared, Target, Work, until_met};
use crate::program::{Outcome, Process, ensure, run, succeed};

/// The longest that plans may go on after their run was told to end.
const CANCELLED: Duration = Duration::from_secs(30);

pub(super) fn trials(shared: &Shared) -> Vec<Trial> {
    let trial = |name, check: fn(&mut Cluster, &Work) -> Outcome| shared.trial(name, &[2, 1], check);
    vec![
        trial("a client killed while its documents are written publishes nothing", killed_while_writing),
        trial("a client killed while it publishes leaves all or nothing", killed_while_publishing),
        trial("a run that gets SIGINT ends its plans and publishes nothing", |cluster, work| {
            interrupted(cluster, work, "INT", 130)
        }),
        trial("a run that gets SIGTERM ends its plans and publishes nothing", |cluster, work| {
            interrupted(cluster, work, "TERM", 143)
        }),
        trial("a detached run goes on, and its status can be asked for", detached),
        trial("a run that is cancelled ends its plans and publishes nothing", cancelled),
    ]
}

/// A run into a folder at the moment that its first documents have been written.
fn writing(cluster: &Cluster, work: &Work) -> Outcome<(Target, Process)> {
    until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let met = cluster.catch(&mut run, |_| Ok((target.written() > 0).then_some(())))?;
        Ok(met.map(|()| (target, run)))
    })
}

fn killed_while_writing(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, run) = writing(cluster, work)?;
    let ended = run.kill()?;
    ensure!(ended.signal == Some(9), "the client had ended before it was killed: {ended}");
    ensure!(!target.is_published(), "a client that was killed has published");
    // Nobody is left to cancel its plan, which ends by itself and is nobody's.
    cluster.wait_for_rest()?;
    ensure!(!target.is_published(), "a plan without a client has published");
    succeed(&mut work.on(cluster, &target))?;
    work.expect(&target)
}

fn killed_while_publishing(cluster: &mut Cluster, work: &Work) -> Outcome {
    let target = Target::new()?;
    let mut run = work.start(cluster, &target)?;
    run.wait_for_step("publish")?;
    let ended = run.kill()?;
    ensure!(matches!((ended.signal, ended.code), (Some(9), _) | (_, Some(0))), "the client was not killed: {ended}");
    if target.is_published() {
        work.expect(&target)?;
    }
    let mut again = work.on(cluster, &target);
    succeed(again.args(["--set", "output.keep=1"]))?;
    work.expect(&target)
}

fn interrupted(cluster: &mut Cluster, work: &Work, signal: &str, code: i32) -> Outcome {
    let (target, run) = until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let met = cluster.catch(&mut run, |status| Ok(status.writing().map(|_| ())))?;
        Ok(met.map(|()| (target, run)))
    })?;
    run.signal(signal)?;
    let ended = run.wait()?.expect(code)?;
    ensure!(ended.stderr.contains(&format!("SIG{signal}: the run ends here")), "the signal is not named: {ended}");
    expect_rest(cluster)?;
    ensure!(!target.is_published(), "a run that was interrupted has published: {ended}");
    succeed(&mut work.on(cluster, &target))?;
    work.expect(&target)
}

/// Nothing is under way on the cluster soon.
fn expect_rest(cluster: &Cluster) -> Outcome {
    let start = Instant::now();
    cluster.wait_for_rest()?;
    ensure!(start.elapsed() < CANCELLED, "plans went on for {:?} after the end of their run", start.elapsed());
    Ok(())
}

/// `run --detach`, with a state folder of its own.
fn detach(cluster: &Cluster, work: &Work, target: &Target, state: &TempDir) -> Outcome<String> {
    let mut command: Command = work.on(cluster, target);
    command.args(["--detach", "--json"]).env("XDG_STATE_HOME", state.path());
    let answer: Value = serde_json::from_slice(&succeed(&mut command)?.stdout)?;
    let name = answer["run"].as_str().ok_or_else(|| format!("no run is named: {answer}"))?;
    let log = answer["log"].as_str().ok_or_else(|| format!("no log is named: {answer}"))?;
    ensure!(log.starts_with(&*state.path().to_string_lossy()), "the log is not in the state folder: {log}");
    ensure!(log.contains(name), "the log is not named after the run: {log}");
    Ok(name.to_owned())
}

fn detached(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, state) = (Target::new()?, TempDir::new()?);
    let name = detach(cluster, work, &target, &state)?;
    let status = succeed(&mut cluster.client(&["status", &name]))?;
    ensure!(String::from_utf8_lossy(&status.stdout).contains(&name), "the run is not shown: {status}");
    cluster.wait_for("a published snapshot", |_| Ok(target.path().join("current.json").exists()))?;
    // Old snapshots are removed after that, and then the run ends.
    cluster.wait_for_rest()?;
    work.expect(&target)?;
    let unknown = run(&mut cluster.client(&["status", "no-such-run"]))?.expect(2)?;
    ensure!(unknown.stderr.contains("no-such-run"), "the run is not named: {unknown}");
    Ok(())
}

fn cancelled(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, state) = (Target::new()?, TempDir::new()?);
    let name = detach(cluster, work, &target, &state)?;
    cluster.wait_for("a plan that writes", |cluster| Ok(cluster.status()?.writing().is_some()))?;
    succeed(&mut cluster.client(&["cancel", &name]))?;
    expect_rest(cluster)?;
    // The run's own process hears of it, and removes what it has begun.
    cluster.wait_for("the end of the run", |_| {
        Ok(super::work::names(&target.path().join("snapshots")).is_ok_and(|names| names.is_empty()))
    })?;
    ensure!(!target.is_published(), "a run that was cancelled has published");
    // It says why after that.
    let log = state.path().join(format!("keyfold/runs/{name}.log"));
    cluster.wait_for("an error in the run's log", |_| Ok(std::fs::read_to_string(&log)?.contains("error: ")))?;
    let log = std::fs::read_to_string(log)?;
    ensure!(log.contains("cancel"), "the log does not say what happened:\n{log}");
    let again = run(&mut cluster.client(&["cancel", &name]))?.expect(2)?;
    ensure!(again.stderr.contains("is not under way"), "the reason is not given: {again}");
    succeed(&mut work.on(cluster, &target))?;
    work.expect(&target)
}
