//! `keyfold init`: a job folder from data files, checked before it is written.

mod document;
mod folder;
mod job;
mod query;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use indicatif::HumanCount;
use keyfold_core::job::{Files, Job, Overrides};
use keyfold_core::location::Location;
use keyfold_core::source::Source;
use keyfold_core::{Error, ErrorKind, Result};
use keyfold_engine::Prepared;
use keyfold_engine::infer::{self, Star, Wishes};
use serde_json::json;

use crate::arguments::InitArguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// Where the key's or pivot's missing values go.
const UNKNOWN: &str = "UNKNOWN";

pub(crate) async fn init(arguments: &InitArguments, settings: &Settings, terminal: &Terminal) -> Result<ExitCode> {
    let current = std::env::current_dir()
        .map_err(|error| Error::new(ErrorKind::Usage, format!("the current directory cannot be read: {error}")))?;
    let folder = folder::resolved(&current.join(&arguments.job));
    folder::refuse_existing(&arguments.job, &folder)?;
    let locations = arguments.files.iter().map(|file| located(&file.to_string_lossy(), &current));
    let locations: Vec<_> = locations.collect::<Result<_>>()?;
    let wishes = Wishes { key: arguments.key.clone(), pivot: arguments.pivot.clone() };
    let star = infer::infer(&locations, &wishes, &settings.resources, settings.stores()).await?;
    let texts = Texts::of(&star, &folder)?;
    texts.check(&arguments.job, &folder, settings).await?;
    folder::write(
        &folder,
        &[("query.sql", &texts.query), ("document.json", &texts.document), ("job.toml", &texts.job)],
    )?;
    star.warnings().try_for_each(|warning| terminal.warning(warning))?;
    terminal.result(|| summary(&star, &arguments.job), &described(&star, &arguments.job))?;
    Ok(ExitCode::SUCCESS)
}

/// A file's path without links and detours, so that a path from the job folder to it can be given.
fn located(file: &str, current: &Path) -> Result<Location> {
    let location = Location::parse(file, current).map_err(|message| Error::new(ErrorKind::Usage, message))?;
    let real = location.local().and_then(|path| path.canonicalize().ok());
    Ok(real.map_or(location, Location::Local))
}

/// The files of a new job folder.
struct Texts {
    job: String,
    query: String,
    document: String,
}

impl Texts {
    fn of(star: &Star, folder: &Path) -> Result<Self> {
        let paths: Vec<_> = star.tables.iter().map(|table| folder::path_from(folder, &table.location)).collect();
        Ok(Self {
            job: job::text(star, &paths),
            query: query::text(star),
            document: document::text(star).map_err(Error::internal)?,
        })
    }

    /// Plans the job as `keyfold check` does, so that no folder is left that would not run.
    async fn check(&self, shown: &Path, folder: &Path, settings: &Settings) -> Result<()> {
        let source =
            |name: &str, text: &String| Source { name: shown.join(name).display().to_string(), text: text.clone() };
        let files = Files {
            job: source("job.toml", &self.job),
            query: Ok(source("query.sql", &self.query)),
            template: Ok(source("document.json", &self.document)),
            checks: Ok(Vec::new()),
        };
        let job = Job::parse(folder, files, &Overrides::default())?;
        let prepared = Prepared::prepare(job, &[], &settings.resources, settings.stores(), settings.local()).await?;
        prepared.check_unique().await
    }
}

fn summary(star: &Star, shown: &Path) -> String {
    let mut text = format!("Made the job {}:\n", shown.display());
    let width = star.tables.iter().map(|table| table.name.chars().count()).max().unwrap_or(0);
    for (index, table) in star.tables.iter().enumerate() {
        let join = star.joins.iter().find(|join| join.table == index);
        let role =
            join.map_or_else(|| "facts".to_owned(), |join| format!("joined by {} = {}", join.fact, join.dimension));
        text += &format!(
            "  {:<width$}  {} rows, {} columns, {role}\n",
            table.name,
            HumanCount(table.rows),
            table.columns.len()
        );
        let left_out: Vec<_> =
            table.left_out.iter().map(|name| if name.is_empty() { "one without a name" } else { name }).collect();
        if !left_out.is_empty() {
            text += &format!("  {:<width$}  left out: {}\n", "", left_out.join(", "));
        }
    }
    text += &format!("One document per {}", star.key.name);
    if let Some((pivot, _)) = &star.pivot {
        text += &format!(", one cell per {}", pivot.name);
    }
    let measures: Vec<_> = star.measures.iter().map(|measure| measure.name.as_str()).collect();
    let folder = quoted(&shown.display().to_string());
    text + &format!(
        ", with {}.\n\nNext:\n  keyfold show {folder}    look at the first documents\n  keyfold run {folder}     publish them all\n",
        measures.join(", ")
    )
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    if path.chars().all(|c| c.is_alphanumeric() || "/._-+=:,@~".contains(c)) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

fn described(star: &Star, shown: &Path) -> serde_json::Value {
    let table = |table: &infer::Table| json!({ "name": table.name, "rows": table.rows, "columns": table.columns.len(), "left_out": table.left_out });
    let warnings: Vec<_> = star.warnings().map(ToString::to_string).collect();
    json!({
        "job": shown,
        "tables": star.tables.iter().map(table).collect::<Vec<_>>(),
        "key": star.key.name,
        "pivot": star.pivot.as_ref().map(|(pivot, _)| &pivot.name),
        "values": star.measures.iter().map(|measure| &measure.name).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}
