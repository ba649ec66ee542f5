//! Jobs without end while executors are killed, stopped and started, as chance would have it.

use std::time::Duration;

use libtest_mimic::Trial;

use super::leavings;
use super::processes::{self, Cluster};
use super::work::{Target, Work};
use crate::program::{Outcome, Process, ensure};

/// The size of each job.
const ROWS: usize = 80_000;
const IDS: usize = 3_000;
/// How many jobs, where the default is too few.
const JOBS: &str = "KEYFOLD_SOAK";
const DEFAULT_JOBS: usize = 16;
/// Another course of the same length.
const SEED: &str = "KEYFOLD_SOAK_SEED";
const EXECUTORS: usize = 3;
const VCORES: u32 = 2;
/// Jobs before memory is looked at first.
const WARM_UP: usize = 4;
/// Memory may grow so many times over, and by so much beside.
const GROWTH: u64 = 2;
const SLACK: u64 = 300 << 20;

pub(super) fn trials() -> Vec<Trial> {
    let name = "cluster: whatever happens to executors, a job gives its documents or fails, and nothing is left";
    vec![Trial::test(name, move || {
        let work = Work::new(ROWS, IDS)?;
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let (jobs, seed) = (number(JOBS).unwrap_or(DEFAULT_JOBS), number(SEED).unwrap_or(1));
        processes::with(&[VCORES; EXECUTORS], |cluster| {
            let soaked = soak(cluster, &work, jobs, &mut Chance(seed as u64));
            soaked.map_err(|failed| format!("{SEED}={seed}: {}", failed.message().unwrap_or_default()).into())
        })
    })]
}

/// Numbers that are the same for the same seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn soak(cluster: &mut Cluster, work: &Work, jobs: usize, chance: &mut Chance) -> Outcome {
    let (mut right, mut failed, mut faults) = (0, 0, 0);
    let mut warm = [0; 2];
    for job in 0..jobs {
        let target = Target::new()?;
        let mut run = work.start(cluster, &target)?;
        // The first jobs have a quiet time, so that there is something to compare with.
        if job >= WARM_UP {
            faults += disturb(cluster, &mut run, chance)?;
        }
        let ended = run.wait()?;
        match ended.code {
            Some(0) => {
                work.expect(&target)?;
                right += 1;
            }
            Some(6 | 7) => {
                target.expect_nothing(&ended)?;
                failed += 1;
            }
            _ => return Err(format!("job {job}: success, or exit code 6 or 7, was expected, but {ended}").into()),
        }
        complete(cluster)?;
        if job + 1 == WARM_UP {
            warm = memory(cluster)?;
        }
    }
    ensure!(faults > 0, "nothing happened in {jobs} jobs");
    ensure!(right > failed, "only {right} of {jobs} jobs gave their documents");
    leavings::expect_none(cluster)?;
    let last = memory(cluster)?;
    for (who, warm, last) in [("the scheduler", warm[0], last[0]), ("an executor", warm[1], last[1])] {
        ensure!(last < warm * GROWTH + SLACK, "{who} has grown from {warm} to {last} bytes in {jobs} jobs");
    }
    work.publish(cluster)
}

/// Something happens to some executor, or nothing, at some moment of a run.
fn disturb(cluster: &mut Cluster, run: &mut Process, chance: &mut Chance) -> Outcome<usize> {
    let mut faults = 0;
    for _ in 0..=chance.below(2) {
        std::thread::sleep(Duration::from_millis(chance.below(3000)));
        let alive = cluster.alive()?;
        let (Some(&victim), None) = (alive.get(chance.below(EXECUTORS as u64) as usize), run.poll()?) else { break };
        match chance.below(4) {
            0 => cluster.kill_executor(victim)?,
            1 => {
                cluster.kill_executor(victim)?;
                cluster.start_executor_again(victim, &[])?;
            }
            2 => {
                cluster.executor(victim)?.signal("STOP")?;
                std::thread::sleep(Duration::from_millis(chance.below(7000)));
                cluster.executor(victim)?.signal("CONT")?;
            }
            _ => {
                cluster.executor(victim)?.signal("TERM")?;
                cluster.start_executor(VCORES, &[])?;
            }
        }
        faults += 1;
    }
    Ok(faults)
}

/// Starts executors in place of those that have gone.
fn complete(cluster: &mut Cluster) -> Outcome {
    for _ in cluster.alive()?.len()..EXECUTORS {
        cluster.start_executor(VCORES, &[])?;
    }
    cluster.wait_for_at_least(EXECUTORS)
}

/// Resident bytes of the scheduler, and of the largest executor.
fn memory(cluster: &mut Cluster) -> Outcome<[u64; 2]> {
    let mut largest = 0;
    for number in cluster.alive()? {
        largest = largest.max(resident(cluster.executor(number)?)?);
    }
    Ok([resident(cluster.scheduler()?)?, largest])
}

fn resident(process: &Process) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes << 10)
}
