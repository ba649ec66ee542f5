//! Cases as folders: a job, its input, and what must come of it.
//!
//! `tests/cases/NAME/` is a job folder with
//! - `arguments`: the command and its arguments beyond the job folder, one per line; `run` where absent;
//! - `expected/`: the published documents and nothing else; or `stdout.txt`; or `error.txt`, whose first line is the
//!   exit code, with the case's absolute path written as `[case]`.
//!
//! `KEYFOLD_TESTS_UPDATE=1` writes what comes instead of comparing it. Read it before you keep it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::program::{Outcome, ensure, keyfold, root, run};

const THREADS: [&str; 3] = ["1", "2", "16"];
pub(crate) const ERROR: &str = "error.txt";
const STDOUT: &str = "stdout.txt";
/// Keeps `expected/` in the repository where no document is expected.
const NONE: &str = ".gitkeep";

/// Names and bytes of files.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn trials() -> Vec<Trial> {
    names().into_iter().map(|name| Trial::test(format!("case {name}"), move || case(&name))).collect()
}

/// The names of all cases.
pub(crate) fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("tests/cases is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("tests/cases can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What is expected of a case that runs a job, and what it gives wherever `place` makes it run; nothing for other cases.
pub(crate) fn runs_elsewhere(name: &str, place: impl FnOnce(&mut Command)) -> Outcome<Option<(Files, Files)>> {
    let lines = fs::read_to_string(folder().join(name).join("arguments")).unwrap_or_default();
    if lines.lines().next().is_some_and(|first| first != "run" && !first.starts_with('-')) {
        return Ok(None);
    }
    Ok(Some((files(&folder().join(name).join("expected"))?, outcome(name, place)?)))
}

fn folder() -> PathBuf {
    root().join("tests/cases")
}

fn case(name: &str) -> Outcome {
    let expected = folder().join(name).join("expected");
    let update = std::env::var_os("KEYFOLD_TESTS_UPDATE").is_some();
    let mut wanted = if update { None } else { Some(files(&expected)?) };
    for threads in THREADS {
        let found = outcome(name, |program| _ = program.args(["--threads", threads]))?;
        match &wanted {
            Some(wanted) => compare(name, &format!("{threads} threads"), wanted, &found)?,
            None => {
                write(&expected, &found)?;
                wanted = Some(found);
            }
        }
    }
    Ok(())
}

/// What the case gives: documents, standard output or an error.
fn outcome(name: &str, place: impl FnOnce(&mut Command)) -> Outcome<Files> {
    let output = TempDir::new()?;
    let case = folder().join(name);
    let lines = fs::read_to_string(case.join("arguments")).unwrap_or_default();
    let mut arguments: Vec<&str> = lines.lines().collect();
    let command = match arguments.first() {
        Some(first) if !first.starts_with('-') => arguments.remove(0),
        _ => "run",
    };
    let mut program = keyfold(["--quiet", command, name]);
    place(&mut program);
    program.args(arguments).current_dir(folder());
    if command == "run" {
        program.arg("--output").arg(output.path());
    }
    let ended = run(&mut program)?;
    let clean = |text: &str| {
        let text = text.replace(&*case.to_string_lossy(), "[case]");
        text.replace(&*output.path().to_string_lossy(), "[output]")
    };
    let Some(code) = ended.code else { return Err(ended.to_string().into()) };
    if code != 0 {
        ensure!(!output.path().join("current.json").exists(), "a run that failed has published: {ended}");
        return Ok(Files::from([(ERROR.into(), format!("exit code {code}\n{}", clean(&ended.stderr)).into_bytes())]));
    }
    ensure!(ended.stderr.is_empty(), "nothing is wrong, but standard error is not empty: {ended}");
    if command != "run" {
        return Ok(Files::from([(STDOUT.into(), clean(&String::from_utf8_lossy(&ended.stdout)).into_bytes())]));
    }
    documents(&output.path().join("current"))
}

/// The documents of a snapshot, without keyfold's own files.
pub(crate) fn documents(snapshot: &Path) -> Outcome<Files> {
    let mut files = files(snapshot)?;
    files.retain(|name, _| {
        !name.starts_with("manifest/") && !["run.json", "current.json", ".alive"].contains(&name.as_str())
    });
    Ok(files)
}

fn files(folder: &Path) -> Outcome<Files> {
    let mut found = Files::new();
    collect(folder, "", &mut found).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    found.remove(NONE);
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Files) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

pub(crate) fn compare(name: &str, how: &str, wanted: &Files, found: &Files) -> Outcome {
    for (file, bytes) in found {
        let Some(wanted) = wanted.get(file) else {
            return Err(format!("{name}, {how}: {file} was not expected:\n{}", String::from_utf8_lossy(bytes)).into());
        };
        let (wanted, text) = (String::from_utf8_lossy(wanted), String::from_utf8_lossy(bytes));
        ensure!(wanted == text, "{name}, {how}: {file} differs\n--- expected\n{wanted}\n--- found\n{text}");
    }
    let missing: Vec<_> = wanted.keys().filter(|file| !found.contains_key(*file)).collect();
    ensure!(missing.is_empty(), "{name}, {how}: expected, but not there: {missing:?}");
    Ok(())
}

fn write(expected: &Path, found: &Files) -> Outcome {
    if expected.exists() {
        fs::remove_dir_all(expected)?;
    }
    fs::create_dir_all(expected)?;
    if found.is_empty() {
        fs::write(expected.join(NONE), "")?;
    }
    for (name, bytes) in found {
        let path = expected.join(name);
        fs::create_dir_all(path.parent().unwrap_or(expected))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}
