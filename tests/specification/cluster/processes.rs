//! A scheduler and its executors as processes of one trial.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::ports;
use super::status::Status;
use super::turns::Turn;
use crate::http;
use crate::program::{Ended, Outcome, Process, comes, ensure, keyfold, last_lines, root, succeed};

/// How long an executor may be silent.
pub(super) const EXECUTOR_TIMEOUT: &str = "4";
/// How long a client waits for a scheduler that does not answer, and an executor too.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// How long a run may make no progress.
const STALL_SECONDS: &str = "20";
/// Far longer than a cluster needs to settle; one that hangs ends here.
pub(super) const SETTLED: Duration = Duration::from_secs(60);

/// A cluster; its processes are gone when this value is.
pub(super) struct Cluster {
    folder: TempDir,
    setup: Setup,
    port: u16,
    health: u16,
    scheduler: Option<Process>,
    executors: Vec<Executor>,
    /// What the processes that are gone have logged.
    history: Vec<Ended>,
}

/// What all processes of a cluster are started with.
#[derive(Clone, Default)]
pub(super) struct Setup {
    pub(super) environment: Vec<(String, String)>,
    /// Beside the folders for temporary files and cases.
    pub(super) allow: Vec<String>,
    pub(super) executor_arguments: Vec<String>,
    pub(super) scheduler_arguments: Vec<String>,
    /// Without the folders for temporary files and cases.
    pub(super) narrow: bool,
}

struct Executor {
    process: Option<Process>,
    vcores: u32,
    work_dir: PathBuf,
    task_port: u16,
}

/// Does something with a cluster whose executors have so many vcores each. A failure is reported with all logs.
pub(super) fn with<T>(vcores: &[u32], check: impl FnOnce(&mut Cluster) -> Outcome<T>) -> Outcome<T> {
    with_setup(Setup::default(), vcores, check)
}

pub(super) fn with_setup<T>(
    setup: Setup,
    vcores: &[u32],
    check: impl FnOnce(&mut Cluster) -> Outcome<T>,
) -> Outcome<T> {
    let _turn = Turn::take();
    let mut cluster = Cluster::new(setup)?;
    let outcome = cluster.begin(vcores).and_then(|()| check(&mut cluster));
    outcome.map_err(|failed| format!("{}\n{}", failed.message().unwrap_or_default(), cluster.logs()).into())
}

impl Cluster {
    fn new(setup: Setup) -> Outcome<Self> {
        let (port, health) = (ports::next()?, ports::next()?);
        let folder = TempDir::new()?;
        Ok(Self { folder, setup, port, health, scheduler: None, executors: Vec::new(), history: Vec::new() })
    }

    fn begin(&mut self, vcores: &[u32]) -> Outcome {
        self.start_scheduler()?;
        for &vcores in vcores {
            self.start_executor(vcores, &[])?;
        }
        self.wait_for_executors(vcores.len())?;
        if !vcores.is_empty() {
            self.wait_for("readiness", |cluster| Ok(http::request(cluster.health, "GET", "/readyz", b"")?.0 == 200))?;
        }
        Ok(())
    }

    /// Starts the scheduler, again if it is gone, and waits until it answers.
    pub(super) fn start_scheduler(&mut self) -> Outcome {
        let mut command = keyfold(["scheduler", "--executor-timeout-seconds", EXECUTOR_TIMEOUT]);
        command.args(["--port", &self.port.to_string(), "--health-port", &self.health.to_string()]);
        command.args(&self.setup.scheduler_arguments).envs(self.setup.environment.iter().cloned());
        self.scheduler = Some(Process::start(&mut command)?);
        self.wait_for("a scheduler", |cluster| {
            Ok(http::request(cluster.health, "GET", "/healthz", b"").is_ok_and(|(status, _)| status == 200))
        })
    }

    /// The folder that the next new executor will have.
    pub(super) fn next_work_dir(&self) -> PathBuf {
        self.folder.path().join(format!("executor-{}", self.executors.len()))
    }

    /// Starts an executor; gives its number.
    pub(super) fn start_executor(&mut self, vcores: u32, arguments: &[&str]) -> Outcome<usize> {
        let work_dir = self.next_work_dir();
        self.executors.push(Executor { process: None, vcores, work_dir, task_port: 0 });
        let number = self.executors.len() - 1;
        self.start_executor_again(number, arguments)?;
        Ok(number)
    }

    /// Starts an executor that is gone, in the folder that it had.
    pub(super) fn start_executor_again(&mut self, number: usize, arguments: &[&str]) -> Outcome {
        let mut command = self.client(&["executor", "--heartbeat-seconds", "1"]);
        let Executor { process, vcores, work_dir, task_port } = &mut self.executors[number];
        command.arg("--vcores").arg(vcores.to_string()).arg("--work-dir").arg(work_dir);
        *task_port = ports::next()?;
        command.arg("--task-port").arg(task_port.to_string());
        for option in ["--port", "--health-port"] {
            command.arg(option).arg(ports::next()?.to_string());
        }
        if !self.setup.narrow {
            command.arg("--allow").arg(std::env::temp_dir()).arg("--allow").arg(root().join("tests/cases"));
        }
        for allow in &self.setup.allow {
            command.arg("--allow").arg(allow);
        }
        command.args(&self.setup.executor_arguments).args(arguments);
        *process = Some(Process::start(&mut command)?);
        Ok(())
    }

    /// `keyfold` with arguments, as a client of this cluster.
    pub(super) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = keyfold::<&str>([]);
        self.address(&mut command);
        command.args(arguments);
        command
    }

    /// The port on which the scheduler reports its health.
    pub(super) fn health_port(&self) -> u16 {
        self.health
    }

    pub(super) fn address_of_scheduler(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where the executors take tasks.
    pub(super) fn task_ports(&self) -> impl Iterator<Item = String> {
        self.executors.iter().map(|executor| format!("127.0.0.1:{}", executor.task_port))
    }

    /// Makes a command one for this cluster.
    pub(super) fn address(&self, command: &mut Command) {
        command.arg("--cluster").arg(format!("df://127.0.0.1:{}", self.port));
        command.arg("--connect-seconds").arg(CONNECT.as_secs().to_string());
        command.env("KEYFOLD__STALL_SECONDS", STALL_SECONDS);
        command.envs(self.setup.environment.iter().cloned());
    }

    pub(super) fn status(&self) -> Outcome<Status> {
        Status::parse(&succeed(&mut self.client(&["--json", "status"]))?.stdout)
    }

    /// Waits for what must come soon.
    pub(super) fn wait_for(&self, what: &str, mut holds: impl FnMut(&Self) -> Outcome<bool>) -> Outcome {
        ensure!(comes(SETTLED, || holds(self))?, "{what} did not come within {SETTLED:?}: {:?}", self.status());
        Ok(())
    }

    pub(super) fn wait_for_executors(&mut self, count: usize) -> Outcome {
        self.wait_for(&format!("a cluster of {count} executors"), |cluster| {
            Ok(cluster.status()?.executors.len() == count)
        })
    }

    /// The same where executors that have just gone may still be counted.
    pub(super) fn wait_for_at_least(&mut self, count: usize) -> Outcome {
        self.wait_for(&format!("a cluster of {count} executors or more"), |cluster| {
            Ok(cluster.status()?.executors.len() >= count)
        })
    }

    /// Waits until nothing is queued or running.
    pub(super) fn wait_for_rest(&self) -> Outcome {
        self.wait_for("the end of all plans", |cluster| Ok(cluster.status()?.underway().next().is_none()))
    }

    /// Waits until a status of a cluster shows something of a run; nothing if the run ended before.
    pub(super) fn catch<T>(
        &self,
        run: &mut Process,
        mut look: impl FnMut(&Status) -> Outcome<Option<T>>,
    ) -> Outcome<Option<T>> {
        run.catch(SETTLED, || look(&self.status()?))
    }

    /// The process of an executor.
    pub(super) fn executor(&self, number: usize) -> Outcome<&Process> {
        self.executors[number].process.as_ref().ok_or_else(|| format!("executor {number} is gone").into())
    }

    /// The numbers of the executors whose processes are there.
    pub(super) fn alive(&mut self) -> Outcome<Vec<usize>> {
        let mut alive = Vec::new();
        for number in 0..self.executors.len() {
            let Some(process) = &mut self.executors[number].process else { continue };
            match process.poll()? {
                None => alive.push(number),
                Some(ended) => {
                    self.history.push(ended);
                    self.executors[number].process = None;
                }
            }
        }
        Ok(alive)
    }

    /// The folder of an executor.
    pub(super) fn work_dir(&self, number: usize) -> &Path {
        &self.executors[number].work_dir
    }

    pub(super) fn scheduler(&self) -> Outcome<&Process> {
        self.scheduler.as_ref().ok_or_else(|| "the scheduler is gone".into())
    }

    /// Ends an executor as `kill -9` does.
    pub(super) fn kill_executor(&mut self, number: usize) -> Outcome {
        let process = self.executors[number].process.take().ok_or("the executor is gone")?;
        let ended = process.kill()?;
        let killed = ended.signal == Some(9);
        self.history.push(ended);
        ensure!(killed, "executor {number} had ended before it was killed");
        Ok(())
    }

    /// Waits until an executor has ended by itself.
    pub(super) fn wait_for_end(&mut self, number: usize) -> Outcome<Option<i32>> {
        let ended = self.executors[number].process.take().ok_or("the executor is gone")?.wait()?;
        let code = ended.code;
        self.history.push(ended);
        Ok(code)
    }

    /// Ends the scheduler as `kill -9` does.
    pub(super) fn kill_scheduler(&mut self) -> Outcome {
        self.history.push(self.scheduler.take().ok_or("the scheduler is gone")?.kill()?);
        Ok(())
    }

    /// Waits until the scheduler has ended by itself.
    pub(super) fn wait_for_scheduler_end(&mut self) -> Outcome<Option<i32>> {
        let ended = self.scheduler.take().ok_or("the scheduler is gone")?.wait()?;
        let code = ended.code;
        self.history.push(ended);
        Ok(code)
    }

    /// The last lines of every process that is or was.
    fn logs(&self) -> String {
        let mut text = String::new();
        for ended in &self.history {
            _ = writeln!(text, "=== gone: {ended}");
        }
        if let Some(scheduler) = &self.scheduler {
            _ = writeln!(text, "=== scheduler\n{}", last_lines(&scheduler.log()));
        }
        for (number, executor) in self.executors.iter().enumerate() {
            if let Some(process) = &executor.process {
                _ = writeln!(text, "=== executor {number}\n{}", last_lines(&process.log()));
            }
        }
        text
    }
}
