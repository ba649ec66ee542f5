//! The new folder: where it is, what lies where from there, and all of it or nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use keyfold_core::location::Location;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

const FILES: [&str; 3] = ["job.toml", "query.sql", "document.json"];

/// The folder without links and detours, as far as it exists.
pub(super) fn resolved(folder: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut existing = folder;
    loop {
        if let Ok(start) = existing.canonicalize() {
            return rest.iter().rev().fold(start, |path, name| path.join(name));
        }
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                existing = parent;
            }
            _ => return folder.to_owned(),
        }
    }
}

/// Nothing that somebody wrote is overwritten.
pub(super) fn refuse_existing(shown: &Path, folder: &Path) -> Result<()> {
    match FILES.iter().find(|name| folder.join(name).symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(name) => {
            let problem = Problem::new("is there already, and is not overwritten")
                .at(Place::whole(shown.join(name).display().to_string()));
            Err(Error::new(ErrorKind::Usage, problem.help("name another folder, or move this job away")))
        }
    }
}

/// The path of a file as seen from a folder. Where nothing but the root is common to both, moving one of them
/// breaks a relative path as well as an absolute one, and the absolute one is easier to read.
pub(super) fn path_from(folder: &Path, location: &Location) -> String {
    let Some(path) = location.local() else { return location.to_string() };
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), path.components().collect());
    let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    if !from[..common].iter().any(|component| matches!(component, Component::Normal(_))) {
        return location.to_string();
    }
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().map(|component| component.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// Makes the folder with its files; `job.toml`, without which it is not a job, last. What was made is removed on an error.
pub(super) fn write(folder: &Path, files: &[(&str, &String)]) -> Result<()> {
    let mut made = Made::default();
    let written = make(folder, files, &mut made);
    written.map_err(|(path, error)| {
        made.remove();
        let problem = Problem::new(format!("cannot be made: {error}")).at(Place::whole(path.display().to_string()));
        Error::new(ErrorKind::Usage, problem.help("name a folder that can be written to"))
    })
}

/// What exists because of this run.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// Folders that others have filled meanwhile stay.
    fn remove(&self) {
        self.files.iter().for_each(|file| drop(fs::remove_file(file)));
        self.folders.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

fn make(folder: &Path, files: &[(&str, &String)], made: &mut Made) -> Result<(), (PathBuf, io::Error)> {
    let missing: Vec<_> = folder.ancestors().take_while(|ancestor| !ancestor.exists()).map(Path::to_owned).collect();
    for ancestor in missing.into_iter().rev() {
        match fs::create_dir(&ancestor) {
            Ok(()) => made.folders.push(ancestor),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err((ancestor, error)),
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        let fail = |error| (path.clone(), error);
        let mut file = File::create_new(&path).map_err(fail)?;
        made.files.push(path.clone());
        file.write_all(text.as_bytes()).map_err(fail)?;
    }
    Ok(())
}
