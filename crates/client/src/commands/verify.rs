//! `keyfold verify`.

use std::path::Path;
use std::process::ExitCode;

use bytesize::ByteSize;
use indicatif::HumanCount;
use keyfold_core::job::{Job, Overrides};
use keyfold_core::location::Location;
use keyfold_core::{Error, ErrorKind, Result};
use keyfold_engine::verify;

use crate::arguments::VerifyArguments;
use crate::settings::Settings;
use crate::summary::nearby;
use crate::terminal::Terminal;

pub(crate) async fn verify(arguments: &VerifyArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let output = output(&arguments.target)?;
    let verified = verify::verify(&settings.stores(), &output).await?;
    let text = || {
        let totals = if verified.totals.is_empty() {
            String::new()
        } else {
            format!("; the cells add up to the totals of {}", verified.totals.join(", "))
        };
        format!(
            "{} documents, {}, are what run {} published in {}{totals}\n",
            HumanCount(verified.documents),
            ByteSize(verified.bytes),
            verified.pointer.run,
            nearby(&output)
        )
    };
    terminal.result(text, &verified)?;
    Ok(ExitCode::SUCCESS)
}

/// The output that a job folder or an output names.
fn output(target: &str) -> Result<Location> {
    if Path::new(target).join("job.toml").is_file() {
        return Ok(Job::read(Path::new(target), &Overrides::default())?.output.url.value);
    }
    let current = std::env::current_dir()
        .map_err(|error| Error::new(ErrorKind::Usage, format!("the current directory cannot be read: {error}")))?;
    Location::parse(target, &current).map_err(|message| Error::new(ErrorKind::Usage, message))
}
