//! Executors that are killed, stopped, told to end, or all gone.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::processes::Cluster;
use super::status::Status;
use super::work::{Shared, Target, Work, names, until_met};
use crate::program::{Outcome, Process, ensure};

/// The longest that a run may go on once all executors are gone: their time-out, and the time until it is noticed.
const ALL_GONE: Duration = Duration::from_secs(60);

/// A moment of a run, as the cluster's status and the folder that it writes to show it.
type Moment = fn(&Status, written: usize, all: usize) -> bool;

pub(super) fn trials(shared: &Shared) -> Vec<Trial> {
    let killed = |name: &str, moment: Moment| {
        let name = format!("an executor killed while {name} costs no document");
        shared.trial(&name, &[2, 2, 1], move |cluster, work| killed(cluster, work, moment))
    };
    let trial = |name, vcores, check: fn(&mut Cluster, &Work) -> Outcome| shared.trial(name, vcores, check);
    vec![
        killed("it reads", |status, _, _| status.writing().is_some_and(|plan| plan.stages_done == 0 && plan.rows > 0)),
        killed("its results are being read", |status, written, _| {
            status.writing().is_some_and(|plan| plan.stages_done == 1) && written == 0
        }),
        killed("it writes", |_, written, all| written > 0 && written < all),
        killed("the last documents have been written", |status, written, all| {
            status.writing().is_some_and(|plan| plan.stages_done + 1 >= plan.stages || written == all)
        }),
        trial("an executor that wakes up after its work was published changes nothing", &[2, 2], wakes_up_late),
        trial("an executor that wakes up while others do its work again changes nothing", &[2, 2], wakes_up_early),
        trial(
            "an executor goes on after a task of its own was given up for another executor's sake",
            &[1, 1],
            given_up,
        ),
        trial("a run outlives all of its executors if others come", &[2, 2], all_replaced),
        trial("a run whose executors are all gone ends", &[2, 2], all_gone),
        trial("an executor told to end finishes its tasks and leaves nothing", &[2, 2], told_to_end),
    ]
}

/// Kills the first executor at a moment of a run.
fn killed(cluster: &mut Cluster, work: &Work, moment: Moment) -> Outcome {
    let mut victim = 0;
    let (target, run) = until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let met = cluster.catch(&mut run, |status| Ok(moment(status, target.written(), work.ids()).then_some(())))?;
        if met.is_none() {
            run.wait()?.expect(0)?;
            return Ok(None);
        }
        cluster.kill_executor(victim)?;
        if run.poll()?.is_none() {
            return Ok(Some((target, run)));
        }
        // It was over already: another executor takes the place of the one that was killed.
        victim = cluster.start_executor(2, &[])?;
        cluster.wait_for_executors(3)?;
        Ok(None)
    })?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    cluster.wait_for_executors(2)?;
    work.publish(cluster)
}

/// Stops the first executor at a moment of a run, before all documents are written.
fn asleep(cluster: &mut Cluster, work: &Work, vcores: u32, moment: Moment) -> Outcome<(usize, Target, Process)> {
    let mut sleeper = 0;
    until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let met = cluster.catch(&mut run, |status| Ok(moment(status, target.written(), work.ids()).then_some(())))?;
        cluster.executor(sleeper)?.signal("STOP")?;
        if met.is_some() && target.written() < work.ids() && run.poll()?.is_none() {
            return Ok(Some((sleeper, target, run)));
        }
        cluster.executor(sleeper)?.signal("CONT")?;
        run.wait()?.expect(0)?;
        sleeper = replace(cluster, sleeper, vcores)?;
        Ok(None)
    })
}

fn wakes_up_late(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (sleeper, target, run) = asleep(cluster, work, 2, |_, written, all| written > 0 && written < all)?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    cluster.executor(sleeper)?.signal("CONT")?;
    // Long enough for what it was doing to be done, or given up.
    std::thread::sleep(Duration::from_secs(3));
    work.expect(&target)?;
    work.publish(cluster)
}

fn wakes_up_early(cluster: &mut Cluster, work: &Work) -> Outcome {
    let mut sleeper = 0;
    let (target, run) = until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let reads =
            cluster.catch(&mut run, |status| Ok(status.writing().filter(|plan| plan.stages_done == 0).map(|_| ())))?;
        cluster.executor(sleeper)?.signal("STOP")?;
        if reads.is_some() {
            cluster.wait_for_executors(1)?;
        }
        let met = reads.is_some() && run.poll()?.is_none();
        cluster.executor(sleeper)?.signal("CONT")?;
        if met {
            return Ok(Some((target, run)));
        }
        run.wait()?.expect(0)?;
        sleeper = replace(cluster, sleeper, 2)?;
        Ok(None)
    })?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    work.publish(cluster)
}

/// The only vcore that is left works on what the lost executor has given it.
fn given_up(cluster: &mut Cluster, work: &Work) -> Outcome {
    let reads_results: Moment =
        |status, _, _| status.writing().is_some_and(|plan| plan.stages_done == 1 && plan.tasks_running > 0);
    let (_, target, run) = asleep(cluster, work, 1, reads_results)?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    work.publish(cluster)
}

/// Another executor in place of one that may or may not be there any more.
fn replace(cluster: &mut Cluster, number: usize, vcores: u32) -> Outcome<usize> {
    if cluster.alive()?.contains(&number) {
        cluster.kill_executor(number)?;
    }
    let other = cluster.start_executor(vcores, &[])?;
    cluster.wait_for_executors(2)?;
    Ok(other)
}

/// Kills all executors while they read.
fn kill_all(cluster: &mut Cluster, work: &Work, count: usize) -> Outcome<(Target, Process)> {
    until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let reads = cluster.catch(&mut run, |status| Ok(status.writing().map(|plan| plan.tasks_done)))?;
        for number in cluster.alive()? {
            cluster.kill_executor(number)?;
        }
        if reads.is_some() && run.poll()?.is_none() {
            return Ok(Some((target, run)));
        }
        for _ in 0..count {
            cluster.start_executor(2, &[])?;
        }
        cluster.wait_for_executors(count)?;
        Ok(None)
    })
}

fn all_replaced(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, run) = kill_all(cluster, work, 2)?;
    for _ in 0..2 {
        cluster.start_executor(2, &[])?;
    }
    let start = Instant::now();
    let ended = run.wait()?;
    ensure!(start.elapsed() < ALL_GONE, "the run took {:?} to end: {ended}", start.elapsed());
    match ended.code {
        Some(0) => work.expect(&target)?,
        Some(6) => target.expect_nothing(&ended)?,
        _ => return Err(format!("success or exit code 6 was expected, but {ended}").into()),
    }
    cluster.wait_for_executors(2)?;
    work.publish(cluster)
}

fn all_gone(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, run) = kill_all(cluster, work, 2)?;
    let start = Instant::now();
    let ended = run.wait()?.expect(6)?;
    ensure!(start.elapsed() < ALL_GONE, "the run took {:?} to end: {ended}", start.elapsed());
    ensure!(ended.stderr.to_lowercase().contains("executor"), "the cause is not named: {ended}");
    ensure!(ended.stderr.contains("help: "), "there is no advice: {ended}");
    target.expect_nothing(&ended)?;
    cluster.start_executor(2, &[])?;
    cluster.wait_for_executors(1)?;
    work.publish(cluster)
}

fn told_to_end(cluster: &mut Cluster, work: &Work) -> Outcome {
    let mut victim = 0;
    let (target, run) = until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let works = cluster.catch(&mut run, |status| {
            Ok(status.writing().filter(|plan| plan.tasks_done > 0 && plan.tasks_done < plan.tasks).map(|_| ()))
        })?;
        cluster.executor(victim)?.signal("TERM")?;
        if works.is_some() && run.poll()?.is_none() {
            return Ok(Some((target, run)));
        }
        run.wait()?.expect(0)?;
        cluster.wait_for_end(victim)?;
        victim = cluster.start_executor(2, &[])?;
        cluster.wait_for_executors(2)?;
        Ok(None)
    })?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    let code = cluster.wait_for_end(victim)?;
    ensure!(code == Some(0), "exit code 0 was expected of an executor told to end, not {code:?}");
    let left = names(cluster.work_dir(victim))?;
    ensure!(left.is_empty(), "an executor that has ended has left {left:?}");
    cluster.wait_for_executors(1)?;
    work.publish(cluster)
}
