//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Write a star schema: sales (the facts) with calendar, product and store (the dimensions, always CSV).
///
/// The same rows and seed give the same sales in every format and in any number of files.
#[derive(Debug, Clone, Parser)]
#[command(name = "keyfold-datagen", version)]
pub(crate) struct Args {
    /// Number of sales; from about two million on, every key occurs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,

    /// Format of the sales
    #[arg(long, value_enum)]
    pub(crate) format: Format,

    /// Where the random draws start
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,

    /// Number of sales files: 1 gives sales.EXT, more give sales/part-00000.EXT and so on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) files: u64,
}

/// The format of the sales files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Apache Parquet, Snappy-compressed, about a million rows in a row group
    Parquet,
    /// Comma-separated values with a header
    Csv,
}

impl Format {
    /// The ending of a file in this format, without the dot.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}
