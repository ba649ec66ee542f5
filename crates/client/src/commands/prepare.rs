//! What all commands about a job do first: read it and plan it.

use keyfold_core::Result;
use keyfold_core::job::{Job, Overrides};
use keyfold_engine::Prepared;

use crate::arguments::JobArguments;
use crate::settings::Settings;

/// The job as its files and the flags say it.
pub(crate) fn read(arguments: &JobArguments, output: Option<&String>) -> Result<Job> {
    let overrides = Overrides { set: arguments.set.clone(), query: arguments.query.clone(), output: output.cloned() };
    Job::read(&arguments.job, &overrides)
}

/// The job, planned.
pub(crate) async fn prepare(arguments: &JobArguments, settings: &Settings) -> Result<Prepared> {
    let job = read(arguments, None)?;
    Prepared::prepare(job, &arguments.params, &settings.resources, settings.stores(), settings.local()).await
}
