//! `keyfold status`.

use std::fmt::Write;
use std::process::ExitCode;

use bytesize::ByteSize;
use indicatif::HumanCount;
use keyfold_cluster::wire::{JobState, StatusReply, Work};
use keyfold_core::{Error, ErrorKind, Problem, Result};

use crate::arguments::StatusArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) async fn status(arguments: &StatusArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let run = arguments.run.as_deref();
    let status = settings.cluster.connect().await?.status(run).await?;
    if let Some(run) = run.filter(|_| status.jobs.is_empty()) {
        let problem = Problem::new(format!("the cluster does not know the run `{run}`"));
        let help = "runs are forgotten some minutes after their end, and when the scheduler is restarted; what was published stands in current.json of the output";
        return Err(Error::new(ErrorKind::Usage, problem.help(help)));
    }
    terminal.result(|| text(&status), &status)?;
    Ok(ExitCode::SUCCESS)
}

fn text(status: &StatusReply) -> String {
    let mut text = String::new();
    let stopping = if status.stopping { "; the scheduler is stopping and takes no new runs" } else { "" };
    _ = writeln!(text, "executors: {}{stopping}", status.executors.len());
    for executor in &status.executors {
        _ = writeln!(text, "  {}  {} vcores", executor.address, executor.vcores);
    }
    let mut runs: Vec<&str> = Vec::new();
    for job in &status.jobs {
        if !runs.contains(&job.run.as_str()) {
            runs.push(&job.run);
        }
    }
    _ = writeln!(text, "runs: {}", runs.len());
    for run in runs {
        // A run's plans come one after the other, and its last one shows where it is.
        if let Some(job) = status.jobs.iter().rev().find(|job| job.run == run) {
            _ = writeln!(text, "  {run}  {}", line(job));
        }
    }
    text
}

fn line(job: &JobState) -> String {
    let Work { stages_done, stages, tasks_done, tasks, counted, .. } = job.work;
    let work = format!("{stages_done} of {stages} stages, {tasks_done} of {tasks} tasks");
    let counted = format!(
        "{} rows read, {} documents, {}",
        HumanCount(counted.rows),
        HumanCount(counted.documents),
        ByteSize(counted.bytes)
    );
    match job.state.as_str() {
        "running" => format!("{}  running: {work}; {counted}", job.job),
        state => format!("{}  its last plan is {state}", job.job),
    }
}
