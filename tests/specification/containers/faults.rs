//! Containers that are killed, stopped, cut off, restarted or too small while they work.

use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;

use super::compose::{Compose, with_nothing_up};
use super::docker::{done, inspect};
use super::work::{JOB, Work};
use crate::cluster::status::Status;
use crate::cluster::work::until_met;
use crate::program::{Outcome, Process, ensure, run, succeed};

/// Enough for an executor at rest, and too little for rows with long texts.
const LITTLE: &str = "192m";
const LONG: usize = 20_000;
const PLENTY: &str = "2g";
/// What containers may take to stop: the time for work under way, and some to spare.
const GRACE: Duration = Duration::from_secs(100);

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn(&Compose, &Work) -> Outcome| {
        super::trial(name, move || {
            let work = Work::new()?;
            with_nothing_up(|compose| {
                work.place(compose)?;
                compose.up(&[])?;
                check(compose, &work)
            })
        })
    };
    vec![
        trial("an executor that crashes costs no document, and is started again", crashes),
        trial("an executor that is paused and goes on changes nothing", paused),
        trial("an executor cut off from the network costs no document, and comes back with it", cut_off),
        trial("an executor beyond its memory limit is started again, and the others go on", too_small),
        trial("a restarted scheduler ends its run, and has its executors again", scheduler_restarts),
        trial("what is stopped in the middle of a run ends by itself and publishes all or nothing", stopped),
        trial("a run whose container is stopped publishes nothing, and ends as one that was terminated", run_stopped),
        trial("two executors become four", scaled),
    ]
}

/// The plan that writes documents has begun to read, or to write.
fn at_work(status: &Status) -> bool {
    status.writing().is_some_and(|plan| plan.rows > 0)
}

/// A run in the middle of its work, and something that has happened to it there.
fn disturbed(compose: &Compose, mut fault: impl FnMut() -> Outcome) -> Outcome<Process> {
    until_met(|| {
        let mut run = compose.start(JOB)?;
        if compose.catch(&mut run, at_work)?.is_none() {
            run.wait()?.expect(0)?;
            return Ok(None);
        }
        fault()?;
        Ok(Some(run))
    })
}

fn crashes(compose: &Compose, work: &Work) -> Outcome {
    let victim = compose.executor()?;
    let process = compose.state(&victim)?["Pid"].to_string();
    let run = disturbed(compose, || succeed(Command::new("kill").args(["-9", &process])).map(|_| ()))?;
    run.wait()?.expect(0)?;
    work.expect(compose)?;
    compose.wait_for_executors(2)?;
    let restarts = inspect(&victim)?["RestartCount"].as_u64();
    ensure!(restarts == Some(1), "the executor was started again {restarts:?} times, not once");
    work.publish(compose)
}

fn paused(compose: &Compose, work: &Work) -> Outcome {
    let victim = compose.executor()?;
    let run = disturbed(compose, || done(["pause", &victim]).map(|_| ()))?;
    // The others must do its work again.
    compose.wait_for_executors(1)?;
    run.wait()?.expect(0)?;
    work.expect(compose)?;
    done(["unpause", &victim])?;
    compose.wait_for_executors(2)?;
    work.expect(compose)?;
    work.publish(compose)
}

fn cut_off(compose: &Compose, work: &Work) -> Outcome {
    let victim = compose.executor()?;
    let networks = inspect(&victim)?["NetworkSettings"]["Networks"].clone();
    let network = networks.as_object().and_then(|networks| networks.keys().next().cloned()).ok_or("no network")?;
    let run = disturbed(compose, || done(["network", "disconnect", &network, &victim]).map(|_| ()))?;
    run.wait()?.expect(0)?;
    work.expect(compose)?;
    compose.wait_for_executors(1)?;
    done(["network", "connect", &network, &victim])?;
    compose.wait_for_executors(2)?;
    work.publish(compose)
}

fn too_small(compose: &Compose, work: &Work) -> Outcome {
    let victim = compose.executor()?;
    let limit = |size: &str| done(["update", "--memory", size, "--memory-swap", size, &victim]).map(|_| ());
    let start = now()?;
    limit(LITTLE)?;
    let version = format!("version={}", "v".repeat(LONG));
    let ended =
        run(&mut compose.submit(JOB, &["run", "/jobs/load", "--output", "s3://keyfold/load", "--param", &version]))?;
    match ended.code {
        Some(0) => work.expect_as_many(compose)?,
        Some(6) => work.expect_nothing(compose, &ended)?,
        _ => return Err(format!("success or exit code 6 was expected, but {ended}").into()),
    }
    let container = format!("container={victim}");
    let events =
        done(["events", "--since", &start, "--until", &now()?, "--filter", "event=oom", "--filter", &container])?;
    ensure!(!events.is_empty(), "the executor did not use up its memory: {ended}");
    let restarts = inspect(&victim)?["RestartCount"].as_u64().unwrap_or(0);
    ensure!(restarts > 0, "the executor was not started again: {ended}");
    limit(PLENTY)?;
    compose.wait_for_executors(2)?;
    work.publish(compose)
}

/// The time as Docker's events want it.
fn now() -> Outcome<String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(format!("{}.{:09}", since.as_secs(), since.subsec_nanos()))
}

fn scheduler_restarts(compose: &Compose, work: &Work) -> Outcome {
    let before = compose.status()?.instance;
    let scheduler = compose.containers("scheduler")?.into_iter().next().ok_or("no scheduler is running")?;
    let run = disturbed(compose, || done(["kill", &scheduler]).and_then(|_| done(["start", &scheduler])).map(|_| ()))?;
    let ended = run.wait()?.expect(6)?;
    work.expect_nothing(compose, &ended)?;
    compose.wait_for_executors(2)?;
    ensure!(compose.status()?.instance != before, "the scheduler is the one that was there before");
    work.publish(compose)
}

fn stopped(compose: &Compose, work: &Work) -> Outcome {
    let containers = [compose.containers("executor")?, compose.containers("scheduler")?].concat();
    let start = Instant::now();
    let run = disturbed(compose, || succeed(&mut compose.command(&["stop", "executor", "scheduler"])).map(|_| ()))?;
    ensure!(start.elapsed() < GRACE, "the containers took {:?} to stop", start.elapsed());
    for container in &containers {
        let state = compose.state(container)?;
        ensure!(state["Running"] == false && state["ExitCode"] == 0, "a container was not stopped well: {state}");
    }
    let ended = run.wait()?;
    match ended.code {
        Some(0) => work.expect(compose)?,
        Some(6) => work.expect_nothing(compose, &ended)?,
        _ => return Err(format!("success or exit code 6 was expected, but {ended}").into()),
    }
    compose.up(&[])?;
    work.publish(compose)
}

fn run_stopped(compose: &Compose, work: &Work) -> Outcome {
    let run = disturbed(compose, || done(["stop", &compose.submitted()?]).map(|_| ()))?;
    let ended = run.wait()?.expect(143)?;
    work.expect_nothing(compose, &ended)?;
    compose.wait_for("the end of its plans", || Ok(compose.status()?.underway().next().is_none()))?;
    work.publish(compose)
}

fn scaled(compose: &Compose, work: &Work) -> Outcome {
    work.publish(compose)?;
    compose.up(&["--scale", "executor=4"])?;
    let vcores = compose.status()?.executors;
    ensure!(vcores == [1; 4], "four executors of one vcore were expected, not {vcores:?}");
    let ended = succeed(&mut compose.submit(JOB, &["--json", "run", "/jobs/load", "--output", "s3://keyfold/load"]))?;
    let report: Value = serde_json::from_slice(&ended.stdout)?;
    let parts = report["manifest"].as_array().map_or(0, Vec::len);
    ensure!(parts == 4, "a part of the manifest by each of four tasks was expected, not {parts}");
    work.expect(compose)
}
