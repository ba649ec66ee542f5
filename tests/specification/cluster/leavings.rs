//! What runs leave in the folders of executors: nothing.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::processes::Cluster;
use super::work::{Shared, Target, Work, names, until_met};
use crate::program::{Outcome, Process, ensure};

pub(super) fn trials(shared: &Shared) -> Vec<Trial> {
    let trial = |name, check: fn(&mut Cluster, &Work) -> Outcome| shared.trial(name, &[2, 1], check);
    vec![
        trial("intermediate results are gone soon after the end of their run", gone_after_runs),
        trial("what a killed executor has left is gone once it is started again", gone_after_restart),
    ]
}

/// Files below a folder, but for the marks of their owners.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(|entry| below(entry.path())).filter(|path| !path.ends_with("owner")).collect()
}

/// Waits until no executor that is there holds anything of any run.
pub(super) fn expect_none(cluster: &mut Cluster) -> Outcome {
    let folders: Vec<_> = cluster.alive()?.into_iter().map(|number| cluster.work_dir(number).to_owned()).collect();
    cluster.wait_for_rest()?;
    let left = || folders.iter().flat_map(|folder| files(folder)).collect::<Vec<_>>();
    let gone = cluster.wait_for("the end of all intermediate results", |_| Ok(left().is_empty()));
    gone.map_err(|failed| format!("{}: {:?}", failed.message().unwrap_or_default(), left()).into())
}

/// A run that has intermediate results by now.
fn with_results(cluster: &mut Cluster, work: &Work) -> Outcome<(Target, Process)> {
    let folders = [cluster.work_dir(0).to_owned(), cluster.work_dir(1).to_owned()];
    until_met(|| {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        let met = cluster.catch(&mut run, |status| {
            let there = folders.iter().all(|folder| !files(folder).is_empty());
            Ok(status.writing().filter(|plan| plan.stages_done > 0 && there).map(|_| ()))
        })?;
        Ok(met.map(|()| (target, run)))
    })
}

fn gone_after_runs(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, run) = with_results(cluster, work)?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    expect_none(cluster)?;
    let (_, interrupted) = with_results(cluster, work)?;
    interrupted.signal("TERM")?;
    interrupted.wait()?.expect(143)?;
    expect_none(cluster)
}

fn gone_after_restart(cluster: &mut Cluster, work: &Work) -> Outcome {
    let (target, run) = with_results(cluster, work)?;
    cluster.kill_executor(0)?;
    ensure!(!files(cluster.work_dir(0)).is_empty(), "the executor that was killed has left nothing");
    let before = names(cluster.work_dir(0))?;
    cluster.start_executor_again(0, &[])?;
    run.wait()?.expect(0)?;
    work.expect(&target)?;
    cluster.wait_for_executors(2)?;
    let after = names(cluster.work_dir(0))?;
    ensure!(before.iter().all(|name| !after.contains(name)), "{before:?} is still among {after:?}");
    expect_none(cluster)
}
