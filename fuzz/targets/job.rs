//! A job file of any text, with `--set` flags of any text behind a line of `---`: a job or a list of problems.
#![no_main]

use std::path::Path;

use keyfold_core::job::{Files, Job, Overrides};
use keyfold_core::source::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (job, flags) = text.split_once("\n---\n").unwrap_or((text, ""));
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let files = Files {
        job: source("job.toml", job),
        query: Ok(source("query.sql", "SELECT 1")),
        template: Ok(source("document.json", "{}")),
        checks: Ok(Vec::new()),
    };
    let set = flags.lines().map(str::to_owned).collect();
    match Job::parse(Path::new("/jobs/fuzz"), files, &Overrides { set, ..Overrides::default() }) {
        Ok(job) => {
            assert!(!job.tables.is_empty());
            for place in job.tables.iter().map(|table| &table.path.place).chain([&job.key.place, &job.output.url.place])
            {
                assert!(
                    place.file.starts_with("--set ")
                        || place.position.is_some_and(|(line, _)| line <= text.lines().count())
                );
            }
        }
        Err(error) => {
            assert!(!error.problems().is_empty(), "a failure names what is wrong");
            assert!(!error.to_string().is_empty());
        }
    }
});
