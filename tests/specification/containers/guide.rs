//! What README.md and docker/README.md tell their readers to type does what they say.

use std::fs;
use std::process::Command;

use libtest_mimic::Trial;

use super::compose::with_nothing_up;
use super::docker::compose;
use super::work::published;
use crate::program::{Outcome, ensure, path, root, run};
use crate::readme::{BEGIN_WITH_DOCKER, blocks};

/// Where only the Compose before Docker's plugin is installed.
const HYPHEN: &str =
    r#"docker() { if [[ $1 == compose ]]; then shift; docker-compose "$@"; else command docker "$@"; fi; }"#;

pub(super) fn trials() -> Vec<Trial> {
    let guide = |name: &'static str| super::trial(&format!("the commands in {name} work"), move || commands(name));
    vec![guide("README.md"), guide("docker/README.md")]
}

fn commands(name: &str) -> Outcome {
    let text = fs::read_to_string(root().join(name))?;
    let blocks = blocks(&text, BEGIN_WITH_DOCKER);
    ensure!(!blocks.is_empty(), "{name} has no ```sh block after {BEGIN_WITH_DOCKER}");
    with_nothing_up(|project| {
        let hyphen = if compose().get_program() == "docker" { "" } else { HYPHEN };
        // The ports of the guide may be taken on this machine.
        let script = blocks.join("\n").replace(":8333", &format!(":{}", project.store_port()));
        let script = script.replace(":50050", &format!(":{}", project.scheduler_port()));
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("{hyphen}\nset -euxo pipefail\n{script}"));
        project.place(&mut command);
        let programs = path().parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        command.env("PATH", format!("{programs}:{}", std::env::var("PATH")?));
        run(&mut command)?.expect(0)?;
        let documents = published(project, "weekly_sales")?.ok_or("nothing is published")?;
        ensure!(documents.len() == 13, "13 documents were expected, not {}", documents.len());
        Ok(())
    })
}
