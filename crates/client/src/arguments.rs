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
    /// Settings file [default: keyfold.toml in the current directory, if there is one].
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
    /// Where to run: a scheduler's address, df://HOST:PORT; this process where absent.
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub(crate) cluster: Option<String>,
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
    /// Re-read published documents and hold them against manifest and control totals.
    Verify(VerifyArguments),
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
