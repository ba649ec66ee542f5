//! `keyfold run --detach`: the run goes on in a process of its own. It is that process which checks and publishes.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use keyfold_core::{Error, ErrorKind, Problem, Result};
use keyfold_engine::publish;
use serde_json::json;

use crate::settings::Settings;
use crate::terminal::Terminal;

/// How often is looked whether the run has begun.
const LOOK: Duration = Duration::from_millis(100);

/// Starts the run, and returns once the cluster knows it, or once it has ended.
pub(super) async fn detach(settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let cluster = settings.cluster.connect().await?;
    let run = publish::run_id();
    let log = log_file(&run)?;
    let mut child = start(&run, &log)?;
    loop {
        let ended = child.try_wait().map_err(Error::internal)?;
        let known = || async { cluster.status(Some(&run)).await.is_ok_and(|status| !status.jobs.is_empty()) };
        match ended {
            Some(status) if !status.success() => {
                let text = fs::read_to_string(&log).unwrap_or_default();
                let message = text.split_once("error: ").map_or(text.as_str(), |(_, message)| message).trim();
                terminal.problem(message)?;
                return Ok(ExitCode::from(status.code().and_then(|code| code.try_into().ok()).unwrap_or(1)));
            }
            ended if ended.is_some() || known().await => break,
            _ => tokio::time::sleep(LOOK).await,
        }
    }
    let log = log.display().to_string();
    terminal.result(|| format!("{run}\n"), &json!({ "run": run, "log": log }))?;
    tracing::info!(run, log, "the run goes on in the background");
    Ok(ExitCode::SUCCESS)
}

fn start(run: &str, log: &PathBuf) -> Result<Child> {
    let failed = |error: std::io::Error| Error::internal(format!("the run cannot be started: {error}"));
    let out = File::create(log).map_err(failed)?;
    let arguments = std::env::args_os().skip(1).filter(|argument| argument != "--detach");
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(arguments).args(["--run-id", run]);
    command.stdin(Stdio::null()).stdout(out.try_clone().map_err(failed)?).stderr(out);
    // Of its own group, so that Ctrl-C in this terminal does not reach it.
    command.process_group(0).spawn().map_err(failed)
}

/// Where the run logs what it does (the state folder of the XDG base directory specification).
fn log_file(run: &str) -> Result<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let folder = state.or_else(home).unwrap_or_else(std::env::temp_dir).join("keyfold/runs");
    fs::create_dir_all(&folder).map_err(|error| {
        let problem = Problem::new(format!("{} cannot be made for the run's log: {error}", folder.display()));
        Error::new(ErrorKind::Usage, problem.help("set XDG_STATE_HOME to a folder that can be written to"))
    })?;
    Ok(folder.join(format!("{run}.log")))
}
