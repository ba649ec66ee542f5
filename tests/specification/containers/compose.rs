//! The shipped compose cluster, as a project of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::docker::{compose, docker, done, inspect, printed};
use super::image;
use crate::cluster::ports;
use crate::cluster::status::Status;
use crate::cluster::turns::Turn;
use crate::files::copy;
use crate::program::{Outcome, Process, comes, ensure, keyfold, root, run, succeed};

/// Far longer than containers need to settle.
const SETTLED: Duration = Duration::from_secs(120);

/// Faults are to be noticed sooner than users want it.
const SOONER: &str = "\
services:
  scheduler:
    environment: { KEYFOLD__EXECUTOR_TIMEOUT_SECONDS: 5 }
  executor:
    environment: { KEYFOLD__HEARTBEAT_SECONDS: 1, KEYFOLD__MEMORY_LIMIT: 1GiB }
  submit:
    environment: { KEYFOLD__STALL_SECONDS: 40 }
";

/// Copies of docker/ and sql/, from which the project is started; its containers and volumes go with this value.
pub(super) struct Compose {
    folder: TempDir,
    project: String,
    environment: BTreeMap<&'static str, String>,
    scheduler: u16,
    store: u16,
}

/// Does something with a project that is up.
pub(super) fn with(check: impl FnOnce(&Compose) -> Outcome) -> Outcome {
    with_nothing_up(|compose| {
        compose.up(&[])?;
        check(compose)
    })
}

/// Does something with a project. A failure is reported with the containers' logs.
pub(super) fn with_nothing_up(check: impl FnOnce(&Compose) -> Outcome) -> Outcome {
    let _turn = Turn::take();
    image::make()?;
    let compose = Compose::new()?;
    check(&compose).map_err(|failed| format!("{}\n{}", failed.message().unwrap_or_default(), compose.logs()).into())
}

impl Compose {
    fn new() -> Outcome<Self> {
        let folder = TempDir::new()?;
        for name in ["docker", "sql"] {
            copy(&root().join(name), &folder.path().join(name))?;
        }
        fs::write(folder.path().join("docker/sooner.yaml"), SOONER)?;
        let (scheduler, store) = (ports::next()?, ports::next()?);
        let project = format!("keyfold-test-{}-{scheduler}", std::process::id());
        let environment = BTreeMap::from([
            ("COMPOSE_PROJECT_NAME", project.clone()),
            ("KEYFOLD_TAG", image::TAG.into()),
            ("SCHEDULER_PORT", scheduler.to_string()),
            ("STORE_PORT", store.to_string()),
        ]);
        // Those of the checkout, if there are any, are its user's.
        _ = fs::remove_dir_all(folder.path().join("docker/secrets"));
        Ok(Self { folder, project, environment, scheduler, store })
    }

    /// Makes a command one that is started in the project's folder, with the project's variables.
    pub(super) fn place(&self, command: &mut Command) {
        command.current_dir(self.folder.path()).envs(&self.environment);
    }

    pub(super) fn scheduler_port(&self) -> u16 {
        self.scheduler
    }

    pub(super) fn store_port(&self) -> u16 {
        self.store
    }

    /// The folder that is mounted as /jobs.
    pub(super) fn jobs(&self) -> PathBuf {
        self.folder.path().join("sql")
    }

    /// A file that docker/secrets.sh has made.
    pub(super) fn secret(&self, name: &str) -> PathBuf {
        self.folder.path().join("docker/secrets").join(name)
    }

    /// `docker compose` with arguments, on this project.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = compose();
        command.args(["--file", "docker/compose.yaml", "--file", "docker/sooner.yaml"]).args(arguments);
        self.place(&mut command);
        command
    }

    /// Starts what is not running, and waits until the scheduler has all executors.
    pub(super) fn up(&self, arguments: &[&str]) -> Outcome {
        succeed(&mut Command::new(self.folder.path().join("docker/secrets.sh")))?;
        succeed(self.command(&["up", "--detach"]).args(arguments))?;
        let count = self.containers("executor")?.len();
        self.wait_for_executors(count)
    }

    /// `submit`, as users start it; arguments take the place of the job of JOB.
    pub(super) fn submit(&self, job: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(&["run", "--rm", "-T", "submit"]);
        command.args(arguments).env("JOB", job);
        command
    }

    /// A run of a job in the middle of its work.
    pub(super) fn start(&self, job: &str) -> Outcome<Process> {
        Process::start(&mut self.submit(job, &[]))
    }

    /// The containers of a service that are running, the first one first.
    pub(super) fn containers(&self, service: &str) -> Outcome<Vec<String>> {
        self.running(service, "False")
    }

    /// The container of a run that is under way.
    pub(super) fn submitted(&self) -> Outcome<String> {
        Ok(self.running("submit", "True")?.into_iter().next().ok_or("no run is under way")?)
    }

    fn running(&self, service: &str, one_off: &str) -> Outcome<Vec<String>> {
        let label = |name: &str, value: &str| format!("label=com.docker.compose.{name}={value}");
        let number = "{{.ID}} {{.Label \"com.docker.compose.container-number\"}}";
        let filters = [label("project", &self.project), label("service", service), label("oneoff", one_off)];
        let mut command = docker(["ps", "--no-trunc", "--format", number]);
        for filter in &filters {
            command.args(["--filter", filter]);
        }
        let text = printed(&succeed(&mut command)?)?;
        // That of a run has no number.
        let mut found: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
        found.sort_by_key(|(_, number)| number.parse::<u32>().unwrap_or_default());
        Ok(found.into_iter().map(|(id, _)| id.to_owned()).collect())
    }

    /// The first executor's container.
    pub(super) fn executor(&self) -> Outcome<String> {
        Ok(self.containers("executor")?.into_iter().next().ok_or("no executor is running")?)
    }

    /// All containers of the project, those that have ended too.
    pub(super) fn all(&self) -> Outcome<Vec<String>> {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        let found = done(["ps", "--all", "--no-trunc", "--quiet", "--filter", &filter])?;
        Ok(found.lines().map(str::to_owned).collect())
    }

    /// What Docker knows of the state of a container.
    pub(super) fn state(&self, container: &str) -> Outcome<Value> {
        Ok(inspect(container)?["State"].clone())
    }

    pub(super) fn status(&self) -> Outcome<Status> {
        let cluster = format!("df://127.0.0.1:{}", self.scheduler);
        Status::parse(&succeed(&mut keyfold(["--json", "status", "--cluster", &cluster]))?.stdout)
    }

    pub(super) fn wait_for_executors(&self, count: usize) -> Outcome {
        self.wait_for(&format!("a cluster of {count} executors"), || {
            Ok(self.status().is_ok_and(|status| status.executors.len() == count))
        })
    }

    /// Waits for what must come soon.
    pub(super) fn wait_for(&self, what: &str, holds: impl FnMut() -> Outcome<bool>) -> Outcome {
        ensure!(comes(SETTLED, holds)?, "{what} did not come within {SETTLED:?}: {:?}", self.status());
        Ok(())
    }

    /// Waits until a run is in the middle of its work; nothing if it ended before.
    pub(super) fn catch(&self, run: &mut Process, moment: fn(&Status) -> bool) -> Outcome<Option<()>> {
        run.catch(SETTLED, || Ok(self.status().is_ok_and(|status| moment(&status)).then_some(())))
    }

    /// Makes a command of this machine one that reaches the project's store.
    pub(super) fn reach(&self, command: &mut Command) {
        command.env("KEYFOLD_CONFIG", self.secret("keyfold.toml"));
        command.env("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.store));
        command.env("AWS_ALLOW_HTTP", "true").env("AWS_REGION", "us-east-1");
    }

    /// An object of the project's bucket, fetched as the guide says; nothing if it is not there.
    pub(super) fn object(&self, path: &str) -> Outcome<Option<Vec<u8>>> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--write-out", "%{stderr}%{http_code}", "--config"]);
        command.arg(self.secret("curl")).arg(format!("http://127.0.0.1:{}/keyfold/{path}", self.store));
        let ended = succeed(&mut command)?;
        match ended.stderr.as_str() {
            "200" => Ok(Some(ended.stdout)),
            "404" => Ok(None),
            _ => Err(format!("200 or 404 was expected for {path}, but {ended}").into()),
        }
    }

    /// What all containers have printed.
    pub(super) fn logs(&self) -> String {
        let ended = run(&mut self.command(&["logs", "--no-color", "--tail", "40"]));
        ended.map(|ended| String::from_utf8_lossy(&ended.stdout).into_owned()).unwrap_or_default()
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        for container in self.all().unwrap_or_default() {
            _ = run(&mut docker(["rm", "--force", "--volumes", &container]));
        }
        _ = run(&mut self.command(&["down", "--volumes", "--remove-orphans", "--timeout", "1"]));
    }
}
