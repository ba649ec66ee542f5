//! The commands in the README do what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::files::copy;
use crate::program::{Outcome, ensure, path, root, run};

/// Every `sh` block between these two lines is run.
const BEGIN: &str = "<!-- tested -->";
const END: &str = "<!-- /tested -->";
/// As `BEGIN`, for what needs a Docker engine.
pub(crate) const BEGIN_WITH_DOCKER: &str = "<!-- tested with Docker -->";
/// Neither.
pub(crate) const UNMARKED: &str = "";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("the commands in the README work", || commands("README.md")),
        Trial::test("the commands in sql/README.md work", || commands("sql/README.md")),
    ]
}

fn commands(document: &str) -> Outcome {
    run_blocks(document, &["sql"], &path().parent().map(Path::to_owned).unwrap_or_default())
}

/// Runs the tested blocks of a document in a copy of some folders, with a folder of programs.
pub(crate) fn run_blocks(document: &str, folders: &[&str], programs: &Path) -> Outcome {
    let text = fs::read_to_string(root().join(document))?;
    let blocks = blocks(&text, BEGIN);
    ensure!(!blocks.is_empty(), "{document} has no ```sh block between {BEGIN} and {END}");
    let place = TempDir::new()?;
    for folder in folders {
        copy(&root().join(folder), &place.path().join(folder))?;
    }
    let others = std::env::var_os("PATH").unwrap_or_default();
    let search = std::env::join_paths([programs.to_owned()].into_iter().chain(std::env::split_paths(&others)))?;
    let script = format!("set -euo pipefail\n{}", blocks.join("\n"));
    run(Command::new("bash").arg("-c").arg(script).current_dir(place.path()).env("PATH", search))?.expect(0)?;
    Ok(())
}

/// The `sh` blocks of a document below the mark `begin`, or below none.
pub(crate) fn blocks(text: &str, begin: &str) -> Vec<String> {
    let (mut blocks, mut mark, mut open): (Vec<String>, &str, Option<bool>) = (Vec::new(), UNMARKED, None);
    for line in text.lines() {
        match (open, line.trim()) {
            (Some(_), "```") => open = None,
            (Some(wanted), _) => {
                if wanted && let Some(block) = blocks.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (None, END) => mark = UNMARKED,
            (None, line) if line == BEGIN || line == BEGIN_WITH_DOCKER => mark = line,
            (None, fence) if fence.starts_with("```") => {
                let wanted = mark == begin && fence == "```sh";
                if wanted {
                    blocks.push(String::new());
                }
                open = Some(wanted);
            }
            _ => {}
        }
    }
    blocks
}
