//! `keyfold health`, as a container's health check uses it.

use libtest_mimic::Trial;

use super::processes::{self, Cluster};
use crate::program::{Ended, Outcome, ensure, keyfold, run};

pub(super) fn trials() -> Vec<Trial> {
    let name = "cluster: `keyfold health` says whether a process is alive, and whether it can work";
    vec![Trial::test(name, || processes::with(&[], health))]
}

fn health(cluster: &mut Cluster) -> Outcome {
    let port = cluster.health_port().to_string();
    let ask = |arguments: &[&str]| run(keyfold(["health", "--health-port", &port]).args(arguments));
    printed(&ask(&[])?.expect(0)?, "alive")?;
    let waiting = ask(&["--ready"])?.expect(6)?;
    ensure!(waiting.stderr.contains("not ready"), "what is missing is not named: {waiting}");
    cluster.start_executor(1, &[])?;
    cluster.wait_for_executors(1)?;
    printed(&ask(&["--ready"])?.expect(0)?, "ready")?;
    // Whoever listens on all addresses is asked on one of them.
    printed(&run(keyfold(["health", "--health-port", &port]).env("KEYFOLD__BIND", "0.0.0.0"))?.expect(0)?, "alive")?;
    cluster.kill_scheduler()?;
    let gone = ask(&[])?.expect(6)?;
    ensure!(gone.stderr.contains("refused") && gone.stderr.contains("health_port"), "the cause is not given: {gone}");
    Ok(())
}

fn printed(ended: &Ended, text: &str) -> Outcome {
    ensure!(ended.stdout.trim_ascii() == text.as_bytes(), "`{text}` was expected, but {ended}");
    Ok(())
}
