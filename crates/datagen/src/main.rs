//! Writes a star schema of sales, days, products and stores, of any size and the same for the same seed.

mod args;
mod calendar;
mod csv;
mod error;
mod files;
mod parquet;
mod products;
mod sales;
mod star;
mod stores;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::error::DatagenError;
use crate::star::Star;

fn main() -> ExitCode {
    let outcome = run(&Args::parse());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the last resort: when it is gone too, the exit code still says so.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), DatagenError> {
    let star = Star::new();
    files::write_dimensions(&star, &args.output)?;
    files::write_sales(&star, args)?;
    let _ = writeln!(
        std::io::stderr(),
        "{} sales, {} days, {} products and {} stores in {}",
        args.rows,
        star.days.len(),
        star.products.len(),
        star.stores.len(),
        args.output.display()
    );
    Ok(())
}
