//! The files of a table: one file, all files below a folder, or those that a pattern matches; on a disk or in a store.

use std::path::Path as DiskPath;
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::common::ScalarValue;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use keyfold_core::job::{At, Table};
use keyfold_core::layout::SNAPSHOTS;
use keyfold_core::location::Location;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use walkdir::WalkDir;

use super::select::{Selection, lake_table};
use crate::error::{running, unread};
use crate::storage::stores;

/// One file of a table.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its store.
    pub(crate) store: ObjectStoreUrl,
    /// What its store says of it.
    pub(crate) meta: ObjectMeta,
    /// The values of the table's partition columns.
    pub(crate) partition: Vec<ScalarValue>,
}

impl File {
    /// The file as a user names it: a path, or a URL.
    pub(crate) fn name(&self) -> String {
        match self.store.as_str() {
            "file:///" => format!("/{}", self.meta.location),
            store => format!("{store}{}", self.meta.location),
        }
    }

    /// Where it is.
    pub(crate) fn location(&self) -> Result<Location> {
        Location::parse(&self.name(), DiskPath::new("/")).map_err(Error::internal)
    }

    /// The name without its folders.
    pub(crate) fn file_name(&self) -> &str {
        self.meta.location.filename().unwrap_or_default()
    }
}

/// What was found of a table.
pub(super) struct Found {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The files that have bytes, or the first one if none has, in the order of their names, each with its folders below
    /// the table's place.
    pub(super) files: Vec<(File, Vec<String>)>,
}

/// Finds the table's files. None at all is a problem.
pub(super) async fn find(context: &SessionContext, table: &Table) -> Result<Found> {
    let wrong = |kind, problem: Problem| Error::new(kind, problem.at(table.path.place.clone()));
    let usage = |message: String| wrong(ErrorKind::Usage, Problem::new(format!("`tables.{}`: {message}", table.name)));
    let pattern = &table.path.value;
    let literal = pattern.literal.local().filter(|path| pattern.pattern.is_some() && path.exists());
    let (root, glob) = match literal {
        Some(_) => (&pattern.literal, None),
        None => (&pattern.root, pattern.pattern.as_deref()),
    };
    let selection = Selection::new(glob).map_err(usage)?;
    let (url, prefix) = stores::url_and_path(root)?;
    let url = ObjectStoreUrl::parse(&url[..url::Position::BeforePath]).map_err(running)?;
    let store = context.runtime_env().object_store(&url).map_err(running)?;
    let mut listed = match root {
        Location::Local(path) => on_disk(path, &selection),
        Location::Store(_) => in_store(&store, &prefix, &selection).await,
    }
    .map_err(|Unlisted { kind, problem }| wrong(kind, *problem))?;
    if listed.is_empty() {
        return Err(usage(format!("there is no file at {pattern}")));
    }
    listed.sort_by(|(a, _), (b, _)| a.location.cmp(&b.location));
    // Where all are empty, the format says whether that is a table without rows.
    if listed.iter().any(|(meta, _)| meta.size > 0) {
        listed.retain(|(meta, _)| meta.size > 0);
    } else {
        listed.truncate(1);
    }
    let files =
        listed.into_iter().map(|(meta, folders)| (File { store: url.clone(), meta, partition: Vec::new() }, folders));
    Ok(Found { store, files: files.collect() })
}

/// A job that read its own documents as rows would read others in every run.
pub(super) fn refuse_output(table: &Table, output: &At<Location>) -> Result<()> {
    let pattern = &table.path.value;
    let (root, output_place) = (real(&pattern.root), real(&output.value));
    if !output_place.is_within(&root) {
        return Ok(());
    }
    let below = output_place.components_below(&root);
    let taken = Selection::new(pattern.pattern.as_deref()).is_ok_and(|selection| selection.could_take_below(&below));
    let is_file = pattern.root.local().is_some_and(DiskPath::is_file);
    if !taken || is_file {
        return Ok(());
    }
    Err(own_output(table, output))
}

/// The same for files that links lead to.
pub(super) fn refuse_own_documents(table: &Table, files: &[(File, Vec<String>)], output: &At<Location>) -> Result<()> {
    let Location::Local(place) = real(&output.value) else { return Ok(()) };
    let own = |file: &File| {
        let path = DiskPath::new(&file.name()).canonicalize();
        path.is_ok_and(|path| path.starts_with(place.join(SNAPSHOTS)))
    };
    // Without a link only what lies below the output itself is its own, and a job may read what another has published.
    if files.iter().any(|(file, _)| own(file)) { Err(own_output(table, output)) } else { Ok(()) }
}

fn own_output(table: &Table, output: &At<Location>) -> Error {
    let pattern = &table.path.value;
    let message = format!("`output.url` lies where `tables.{}` reads its files, at {pattern}", table.name);
    let help = "write to another folder, or narrow the table's path, such as with a pattern: data/*.csv";
    Error::new(ErrorKind::Usage, Problem::new(message).at(output.place.clone()).help(help))
}

/// The place with its links followed, as far as it exists.
fn real(location: &Location) -> Location {
    let Location::Local(path) = location else { return location.clone() };
    let existing = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    existing.map_or_else(
        || location.clone(),
        |(above, real)| Location::Local(real.join(path.strip_prefix(above).unwrap_or(DiskPath::new("")))),
    )
}

/// A file, and its folders below the table's place.
type Listed = (ObjectMeta, Vec<String>);

/// Why files could not be listed.
struct Unlisted {
    kind: ErrorKind,
    problem: Box<Problem>,
}

impl Unlisted {
    /// What the disk or the store says of it.
    fn unreadable(what: &dyn std::fmt::Display, error: &(dyn std::error::Error + 'static)) -> Self {
        let unread = unread("", error);
        let help = unread.problems().first().and_then(|problem| problem.help.clone());
        let message = format!("{what} cannot be read: {error}");
        Self { kind: unread.kind(), problem: Problem { help, ..Problem::new(message) }.into() }
    }

    /// A table that is more than its files.
    fn lake(problem: Problem) -> Self {
        Self { kind: ErrorKind::Usage, problem: problem.into() }
    }

    fn bad_name(path: &DiskPath, why: &str) -> Self {
        let problem = Problem::new(format!("the file name {path:?} {why}"));
        let problem = problem.help("rename the file, or name others in the table's path");
        Self { kind: ErrorKind::Input, problem: problem.into() }
    }
}

fn on_disk(root: &DiskPath, selection: &Selection) -> Result<Vec<Listed>, Unlisted> {
    if root.is_file() {
        return Ok(vec![(disk_meta(root)?, Vec::new())]);
    }
    // Links are followed: the table may lie elsewhere, and what is named may be a part of it.
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    if let Some(problem) = real.ancestors().find_map(lake_table_on_disk) {
        return Err(Unlisted::lake(problem));
    }
    let mut listed = Vec::new();
    // A folder that is not there has no files; what cannot be read below one that is, is an error.
    let walk = WalkDir::new(root).follow_links(true).min_depth(1).max_depth(selection.depth()).into_iter();
    let visible = walk.filter_entry(|entry| !entry.file_name().to_str().is_some_and(super::select::hidden));
    for entry in visible {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == 0 => return Ok(Vec::new()),
            // A link that leads nowhere or back does not concern a table that would not read it.
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) if error.path().is_some_and(|path| !selection.takes(&names_below(root, path))) => continue,
            Err(error) => return Err(Unlisted::unreadable(&root.display(), &error)),
        };
        if entry.file_type().is_dir() {
            match lake_table_on_disk(entry.path()) {
                Some(problem) => return Err(Unlisted::lake(problem)),
                None => continue,
            }
        }
        if names_below(root, entry.path()).iter().any(|name| super::select::hidden(name)) {
            continue;
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let Some(components) = relative.iter().map(|part| part.to_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        else {
            // No job file can spell such a name; it does not concern a pattern that cannot match it.
            if selection.is_everything() {
                return Err(Unlisted::bad_name(relative, "is not valid UTF-8"));
            }
            continue;
        };
        if selection.takes(&components) {
            let (_, folders) = components.split_last().unwrap_or((&components[0], &[]));
            listed.push((disk_meta(entry.path())?, folders.to_vec()));
        }
    }
    Ok(listed)
}

/// The folders and the name of a path below another one.
fn names_below(root: &DiskPath, path: &DiskPath) -> Vec<String> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative.iter().map(|part| part.to_string_lossy().into_owned()).collect()
}

fn lake_table_on_disk(folder: &DiskPath) -> Option<Problem> {
    let logs = ["_delta_log", ".hoodie"].into_iter().filter(|name| folder.join(name).is_dir());
    let mut names: Vec<String> = logs.map(str::to_owned).collect();
    let metadata = std::fs::read_dir(folder.join("metadata")).into_iter().flatten();
    let files = metadata.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.extend(files.map(|name| format!("metadata/{name}")));
    lake_table(&folder.display().to_string(), names.iter().map(String::as_str))
}

fn disk_meta(path: &DiskPath) -> Result<ObjectMeta, Unlisted> {
    let unreadable = |error: &(dyn std::error::Error + 'static)| Unlisted::unreadable(&path.display(), error);
    if path.to_string_lossy().contains(|c: char| c.is_ascii_control()) {
        return Err(Unlisted::bad_name(path, "has a tab, a line break or the like in it"));
    }
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    Ok(ObjectMeta {
        location: Path::from_absolute_path(path).map_err(|error| unreadable(&error))?,
        last_modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH).into(),
        size: metadata.len(),
        e_tag: None,
        version: None,
    })
}

async fn in_store(store: &Arc<dyn ObjectStore>, prefix: &Path, selection: &Selection) -> Result<Vec<Listed>, Unlisted> {
    let unreadable = |error: object_store::Error| Unlisted::unreadable(prefix, &error);
    if selection.is_everything() {
        match store.head(prefix).await {
            Ok(meta) => return Ok(vec![(meta, Vec::new())]),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) if prefix.as_ref().is_empty() => {
                tracing::debug!("the root of a store is not an object: {error}")
            }
            Err(error) => return Err(unreadable(error)),
        }
    }
    let mut listed = Vec::new();
    let mut objects = store.list(Some(prefix));
    while let Some(meta) = objects.try_next().await.map_err(unreadable)? {
        let Some(parts) = meta.location.prefix_match(prefix) else { continue };
        let components: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        let relative = components.join("/");
        if let Some(problem) = lake_table(prefix.as_ref(), [relative.as_str()].into_iter()) {
            return Err(Unlisted::lake(problem));
        }
        if selection.takes(&components) {
            let folders = components[..components.len().saturating_sub(1)].to_vec();
            listed.push((meta, folders));
        }
    }
    Ok(listed)
}
