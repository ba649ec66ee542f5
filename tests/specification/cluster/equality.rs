//! A cluster gives the bytes, the errors and the exit codes that a run without one gives.

use std::sync::{Mutex, PoisonError};

use libtest_mimic::Trial;

use super::processes::{self, Cluster};
use super::work::{Target, Work};
use crate::cases;
use crate::program::{Outcome, ensure};

/// Clusters of different sizes: vcores of each executor.
const CLUSTERS: [&[u32]; 3] = [&[1], &[2, 1, 5], &[16]];
const CASES_AT_ONCE: usize = 3;
const JOBS_AT_ONCE: usize = 20;
/// The size of each of these jobs.
const ROWS: usize = 20_000;
const IDS: usize = 300;

pub(super) fn trials() -> Vec<Trial> {
    let mut trials: Vec<_> = CLUSTERS
        .into_iter()
        .map(|vcores| {
            let name = format!("cluster: all cases give the same on executors with {vcores:?} vcores");
            Trial::test(name, move || processes::with(vcores, |cluster| all_cases(cluster)))
        })
        .collect();
    trials.push(Trial::test(format!("cluster: {JOBS_AT_ONCE} runs at once all give the same"), many_at_once));
    trials
}

fn many_at_once() -> Outcome {
    let work = Work::new(ROWS, IDS)?;
    processes::with(&[2, 2], |cluster| {
        let targets = (0..JOBS_AT_ONCE).map(|_| Target::new()).collect::<Outcome<Vec<_>>>()?;
        let runs = targets.iter().map(|target| work.start(cluster, target)).collect::<Outcome<Vec<_>>>()?;
        cluster.wait_for("runs at the same time", |cluster| Ok(cluster.status()?.underway().count() > 1))?;
        runs.into_iter().try_for_each(|run| run.wait()?.expect(0).map(|_| ()))?;
        targets.iter().try_for_each(|target| work.expect(target))
    })
}

/// Cases whose error names one of several rows of a key. Which of them comes first is nobody's promise: rows are sorted by
/// key only, and between tasks they go where the network lets them pass first.
const ANY_ORDER: [(&str, &str, &str); 4] = [
    ("bad_name_changes_within_a_key", "1 and 2", "2 and 1"),
    ("bad_nan", "`W1`", "`W2`"),
    ("bad_two_rows_for_a_cell", "10.10 and 0.20, `units` is 1 and 2", "0.20 and 10.10, `units` is 2 and 1"),
    ("bad_two_values_of_an_attribute", "\"1\" and \"2\"", "\"2\" and \"1\""),
];

fn all_cases(cluster: &Cluster) -> Outcome {
    let names = Mutex::new(cases::names());
    let wrong = Mutex::new(Vec::new());
    let next = || names.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work = || {
        while let Some(name) = next() {
            if let Err(failed) = case(cluster, &name) {
                let message = failed.message().unwrap_or_default().to_owned();
                wrong.lock().unwrap_or_else(PoisonError::into_inner).push(message);
            }
        }
    };
    // Clients spend their time waiting.
    std::thread::scope(|scope| (0..CASES_AT_ONCE).for_each(|_| _ = scope.spawn(work)));
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n----------\n"));
    Ok(())
}

fn case(cluster: &Cluster, name: &str) -> Outcome {
    let Some((expected, mut found)) = cases::runs_elsewhere(name, |command| cluster.address(command))? else {
        return Ok(());
    };
    if let (Some((_, one, other)), Some(error)) =
        (ANY_ORDER.iter().find(|(case, ..)| *case == name), found.get_mut(cases::ERROR))
    {
        *error = String::from_utf8_lossy(error).replace(other, one).into_bytes();
    }
    cases::compare(name, "on a cluster", &expected, &found)
}
