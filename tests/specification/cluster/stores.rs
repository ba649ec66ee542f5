//! Tables and documents in an object store, which executors reach themselves.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Trial;

use super::processes::{self, Cluster, Setup};
use crate::outage::{Job, PARQUET};
use crate::program::{Outcome, Process, ensure, succeed};
use crate::proxy::{self, Proxy};
use crate::seaweed::{BUCKET, SECRET, Server};
use crate::store::{Remote, reach, with_weed};

const ROWS: usize = 60_000;
const IDS: usize = 300;
/// How long the store is away.
const AWAY: Duration = Duration::from_secs(10);

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("cluster: a store that is away for ten seconds costs at most the run", || {
            with_weed(away)
        }),
        Trial::ignorable_test("cluster: a task that a store fails at while it reads Parquet is done again", || {
            with_weed(again)
        }),
        Trial::ignorable_test("cluster: tables and documents in a store give the same bytes, faults or not", || {
            with_weed(same)
        }),
    ]
}

/// A cluster whose processes reach a store through a port.
fn setup(port: u16) -> Setup {
    let mut command = Command::new("none");
    reach(&mut command, port);
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    let mut environment: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
    environment.push(("KEYFOLD__LOG_LEVEL".into(), "info".into()));
    Setup { environment, allow: vec![format!("s3://{BUCKET}/")], ..Setup::default() }
}

fn same(weed: &PathBuf) -> Outcome {
    let server = Server::start(weed)?;
    let remote = Remote::new(&server, "cluster", ROWS, IDS)?;
    let proxy = Proxy::start(server.s3_port(), proxy::one_in_five_refused)?;
    for port in [server.s3_port(), proxy.port] {
        processes::with_setup(setup(port), &[2, 1], |cluster| {
            let mut command = remote.command(port, "a");
            cluster.address(&mut command);
            Process::start(&mut command)?.wait()?.expect(0)?;
            no_secrets(cluster)?;
            remote.expect_same_as_local(&server, "a")
        })?;
    }
    ensure!(proxy.faults() >= 5, "only {} requests were answered with 503", proxy.faults());
    Ok(())
}

/// Logs hold the plans, and the status is what others are shown.
fn no_secrets(cluster: &Cluster) -> Outcome {
    let status = succeed(&mut cluster.client(&["--json", "status"]))?.stdout;
    let logs = [cluster.scheduler()?.log(), cluster.executor(0)?.log(), cluster.executor(1)?.log()];
    ensure!(logs[0].contains("DataSourceExec"), "the scheduler's log does not show plans:\n{}", logs[0]);
    for text in logs.iter().map(String::as_str).chain([&*String::from_utf8_lossy(&status)]) {
        ensure!(!text.contains(SECRET), "a secret is shown:\n{text}");
    }
    Ok(())
}

fn away(weed: &PathBuf) -> Outcome {
    let server = Server::start(weed)?;
    let remote = Remote::new(&server, "away", ROWS, IDS)?;
    processes::with_setup(setup(server.s3_port()), &[2, 1], |cluster| {
        let command = |version: &str| {
            let mut command = remote.command(server.s3_port(), version);
            cluster.address(&mut command);
            // Longer than the store is away, and than what it needs to wake up.
            command.env("KEYFOLD__STALL_SECONDS", "90");
            command
        };
        Process::start(&mut command("before"))?.wait()?.expect(0)?;
        let before = remote.pointer(&server)?;
        let mut run = Process::start(&mut command("after"))?;
        run.wait_for_step("fold and write")?;
        server.kill()?;
        ensure!(run.poll()?.is_none(), "the run ended before the store did:\n{}", run.log());
        std::thread::sleep(AWAY);
        server.resume(weed)?;
        let ended = run.wait()?;
        match ended.code {
            Some(0) => remote.expect_same_as_local(&server, "after"),
            Some(6 | 7) => {
                ensure!(remote.pointer(&server)? == before, "a run that failed has published: {ended}");
                remote.expect_same_as_local(&server, "before")?;
                Process::start(&mut command("again"))?.wait()?.expect(0)?;
                remote.expect_same_as_local(&server, "again")
            }
            _ => Err(format!("success, or exit code 6 or 7, was expected, but {ended}").into()),
        }
    })
}

/// Executors reach the store through a door that fails reads now and then; the client does not.
fn again(weed: &PathBuf) -> Outcome {
    let server = Server::start(weed)?;
    let job = Job::new(&server, PARQUET)?;
    let proxy = job.door(&server, |read| read % 3 == 1)?;
    let mut setup = setup(proxy.port);
    setup.environment.push(("KEYFOLD__STORE_RETRY_SECONDS".into(), "0".into()));
    processes::with_setup(setup, &[1], |cluster| {
        let mut command = job.command(server.s3_port(), "0");
        cluster.address(&mut command);
        reach(&mut command, server.s3_port());
        Process::start(&mut command)?.wait()?.expect(0)?;
        ensure!(proxy.faults() > 0, "no read of an executor failed");
        Ok(())
    })
}
