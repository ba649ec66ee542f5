//! What the README tells its readers to type does what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::program::{Outcome, ensure, path, root, run};

/// Every `sh` block between these two lines is run.
const BEGIN: &str = "<!-- tested -->";
const END: &str = "<!-- /tested -->";

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("what the README tells to type works", commands)]
}

fn commands() -> Outcome {
    let text = fs::read_to_string(root().join("README.md"))?;
    let blocks = blocks(&text);
    ensure!(!blocks.is_empty(), "README.md has no ```sh block between {BEGIN} and {END}");
    let folder = TempDir::new()?;
    copy(&root().join("sql"), &folder.path().join("sql"))?;
    let program = path();
    let programs = std::env::join_paths(
        program
            .parent()
            .map(Path::to_owned)
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let script = format!("set -euo pipefail\n{}", blocks.join("\n"));
    run(Command::new("bash").arg("-c").arg(script).current_dir(folder.path()).env("PATH", programs))?.expect(0)?;
    Ok(())
}

fn blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut marked, mut open): (Vec<String>, bool, Option<bool>) = (Vec::new(), false, None);
    for line in text.lines() {
        match (open, line.trim()) {
            (Some(_), "```") => open = None,
            (Some(tested), _) => {
                if tested && let Some(block) = blocks.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (None, BEGIN) => marked = true,
            (None, END) => marked = false,
            (None, fence) if fence.starts_with("```") => {
                let tested = marked && fence == "```sh";
                if tested {
                    blocks.push(String::new());
                }
                open = Some(tested);
            }
            _ => {}
        }
    }
    blocks
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => _ = fs::copy(entry.path(), target)?,
        }
    }
    Ok(())
}
