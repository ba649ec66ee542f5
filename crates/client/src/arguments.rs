//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// SQL in, one JSON document per key out.
#[derive(Debug, Parser)]
#[command(name = "keyfold", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print results as JSON, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print errors only.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Settings file [default: the one that KEYFOLD_CONFIG of the environment names, or keyfold.toml in the current
    /// directory, if there is one].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,
    /// Threads that work at the same time [default: all cores].
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub(crate) threads: Option<u32>,
    /// Memory that sorting and aggregation may hold before they spill to the scratch folder, such as 4GiB
    /// [default: half of the machine's or container's].
    #[arg(long, global = true, value_name = "SIZE", help_heading = "Settings")]
    pub(crate) memory_limit: Option<String>,
    /// Folder to spill to [default: the system's temporary folder].
    #[arg(long, global = true, value_name = "FOLDER", help_heading = "Settings")]
    pub(crate) scratch: Option<PathBuf>,
    /// How log lines look.
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Settings")]
    pub(crate) log_format: Option<LogFormat>,
    /// The cluster to use: its scheduler's address, df://HOST:PORT [default: none; this process does the work].
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub(crate) cluster: Option<String>,
    /// How long to wait for a scheduler that does not answer, and for a first executor [default: 30].
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub(crate) connect_seconds: Option<u64>,
    /// Certificate of the authority that has signed those of all processes of the cluster (PEM); with it, the
    /// processes of a cluster show each other their certificates.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub(crate) tls_authority: Option<PathBuf>,
    /// Certificate of this process (PEM).
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key of this process (PEM).
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub(crate) tls_key: Option<PathBuf>,
}

impl Arguments {
    /// The settings that were given as flags.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let format = |format: LogFormat| Some(format.to_possible_value()?.get_name().to_owned());
        let mut settings = vec![
            ("threads", self.threads.map(|threads| threads.to_string())),
            ("memory_limit", self.memory_limit.clone()),
            ("scratch", path(&self.scratch)),
            ("log_format", self.log_format.and_then(format)),
            ("cluster", self.cluster.clone()),
            ("connect_seconds", number(self.connect_seconds)),
            ("tls_authority", path(&self.tls_authority)),
            ("tls_certificate", path(&self.tls_certificate)),
            ("tls_key", path(&self.tls_key)),
        ];
        match &self.command {
            Command::Run(run) => settings.push(("stall_seconds", number(run.stall_seconds))),
            Command::Scheduler(scheduler) => {
                settings.extend(scheduler.server.settings());
                settings.push(("executor_timeout_seconds", number(scheduler.executor_timeout_seconds)));
            }
            Command::Executor(executor) => {
                settings.extend(executor.server.settings());
                let allow = (!executor.allow.is_empty()).then(|| executor.allow.join(","));
                settings.extend([
                    ("allow", allow),
                    ("task_port", number(executor.task_port.map(u64::from))),
                    ("vcores", number(executor.vcores.map(u64::from))),
                    ("work_dir", path(&executor.work_dir)),
                    ("heartbeat_seconds", number(executor.heartbeat_seconds)),
                ]);
            }
            Command::Health(health) => settings.push(("health_port", number(health.health_port.map(u64::from)))),
            _ => {}
        }
        settings.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 internal, 2 usage or job file, 3 input data, 4 SQL, 5 check or control total,
6 cluster or storage unavailable, 7 delivery failed (6 and 7: worth a retry), 130/143 interrupted.

Every setting can also stand in keyfold.toml or in the environment, such as KEYFOLD__MEMORY_LIMIT=4GiB;
`keyfold config` shows each one and where it comes from.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a job and publish its documents.
    Run(RunArguments),
    /// Check a job without running it: files, query, template, checks.
    Check(JobArguments),
    /// Print finished documents; nothing is written.
    Show(ShowArguments),
    /// Print what would run: tables, query plan, stages.
    Explain(JobArguments),
    /// Re-read published documents and check them against manifest and control totals.
    Verify(VerifyArguments),
    /// Show the executors of a cluster and the runs on it, or one run.
    Status(StatusArguments),
    /// End a run on a cluster; nothing of it is published.
    Cancel(CancelArguments),
    /// Run the scheduler of a cluster.
    Scheduler(SchedulerArguments),
    /// Run an executor of a cluster.
    Executor(ExecutorArguments),
    /// Ask the scheduler or executor on this machine whether it is alive, as a container's health check does.
    Health(HealthArguments),
    /// Make a job folder from data files.
    Init(InitArguments),
    /// Print each setting and where it comes from; secrets are hidden.
    Config,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// A job and what the command line changes about it.
#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    /// The job folder: job.toml, query.sql, document.json, checks/.
    pub(crate) job: PathBuf,
    /// Set a field of job.toml, such as tables.sales.path=/data/sales.parquet (repeatable).
    #[arg(long, value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
    /// Set a parameter of the job, such as from=2018-01-01 (repeatable).
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// Use this file in place of query.sql.
    #[arg(long, value_name = "FILE")]
    pub(crate) query: Option<PathBuf>,
}

/// `keyfold run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) job: JobArguments,
    /// Publish here in place of output.url: a folder, or s3://bucket/prefix.
    #[arg(long, value_name = "URL")]
    pub(crate) output: Option<String>,
    /// Publish even if more documents are removed than output.max_removed allows, or more is lost than output.max_shrink
    /// does.
    #[arg(long)]
    pub(crate) accept_change: bool,
    /// Go on in the background, and print the run's id; `keyfold status` and `keyfold cancel` take it.
    #[arg(long)]
    pub(crate) detach: bool,
    /// How long a run on a cluster may make no progress before it fails [default: 300].
    #[arg(long, value_name = "N")]
    pub(crate) stall_seconds: Option<u64>,
    /// The run's id, given by the process that has detached it.
    #[arg(long, hide = true, value_name = "RUN")]
    pub(crate) run_id: Option<String>,
}

/// `keyfold status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// The run [default: all runs].
    pub(crate) run: Option<String>,
}

/// `keyfold cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArguments {
    /// The run.
    pub(crate) run: String,
}

/// What scheduler and executor have in common.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// Address to listen on [default: 127.0.0.1, which only this machine reaches].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<String>,
    /// Port to listen on [default: 50050 for a scheduler; any free one for an executor].
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Port of /healthz and /readyz [default: 50049 for a scheduler; any free one for an executor].
    #[arg(long, value_name = "PORT")]
    pub(crate) health_port: Option<u16>,
    /// Name or address under which the other processes of the cluster reach this one [default: that of --bind, or
    /// this machine's name if it is 0.0.0.0].
    #[arg(long, value_name = "HOST")]
    pub(crate) advertise: Option<String>,
    /// How long work under way may go on after SIGTERM [default: 60].
    #[arg(long, value_name = "N")]
    pub(crate) stop_seconds: Option<u64>,
}

impl ServerArguments {
    fn settings(&self) -> [(&'static str, Option<String>); 5] {
        let port = |port: Option<u16>| port.map(|port| port.to_string());
        [
            ("bind", self.bind.clone()),
            ("port", port(self.port)),
            ("health_port", port(self.health_port)),
            ("advertise", self.advertise.clone()),
            ("stop_seconds", self.stop_seconds.map(|seconds| seconds.to_string())),
        ]
    }
}

/// `keyfold scheduler`.
#[derive(Debug, Args)]
pub(crate) struct SchedulerArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    /// How long an executor may be silent before others do its tasks again, and how long a run waits for executors
    /// once all are lost [default: 30].
    #[arg(long, value_name = "N")]
    pub(crate) executor_timeout_seconds: Option<u64>,
}

/// `keyfold executor`.
#[derive(Debug, Args)]
pub(crate) struct ExecutorArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    /// Folder or URL below which this executor may read and write, and nowhere else (repeatable).
    #[arg(long, value_name = "ROOT")]
    pub(crate) allow: Vec<String>,
    /// Port on which it takes tasks [default: any free one].
    #[arg(long, value_name = "PORT")]
    pub(crate) task_port: Option<u16>,
    /// Tasks that it runs at the same time [default: --threads].
    #[arg(long, value_name = "N")]
    pub(crate) vcores: Option<u32>,
    /// Folder for intermediate results and for what does not fit into --memory-limit
    /// [default: keyfold in the scratch folder].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) work_dir: Option<PathBuf>,
    /// How often it reports to the scheduler that it is alive [default: 5].
    #[arg(long, value_name = "N")]
    pub(crate) heartbeat_seconds: Option<u64>,
}

/// `keyfold health`.
#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// Ask whether it can work: an executor is registered, a scheduler has an executor.
    #[arg(long)]
    pub(crate) ready: bool,
    /// The port on which it answers [default: 50049, a scheduler's].
    #[arg(long, value_name = "PORT")]
    pub(crate) health_port: Option<u16>,
}

/// `keyfold show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(crate) job: JobArguments,
    /// The document of this key (repeatable) [default: the first documents].
    #[arg(long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Print at most so many documents.
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "keys")]
    pub(crate) limit: usize,
}

/// `keyfold verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// A job folder, whose output is verified, or an output itself: a folder, or s3://bucket/prefix.
    pub(crate) target: String,
}

/// `keyfold init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The job folder to make.
    pub(crate) job: PathBuf,
    /// The data: CSV, Parquet or newline-delimited JSON files; the one with the facts first.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The column that gives one document per value, as COLUMN or TABLE.COLUMN
    /// [default: the first text with few values, of the dimensions before the facts].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) key: Option<String>,
    /// The column whose values become the cells of a document, as COLUMN or TABLE.COLUMN [default: none].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) pivot: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON lines elsewhere.
    Auto,
    /// Text.
    Text,
    /// JSON lines.
    Json,
}
