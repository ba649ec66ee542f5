//! The guide's commands: run where they need no cluster, else right but for the cluster.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::rendering::{LOCAL, PRODUCTION, PodTemplate, Rendering, SECRET, pods, selects, text};
use crate::files::copy;
use crate::program::{Outcome, ensure, root, run};
use crate::readme::{UNMARKED, blocks, run_blocks};
use crate::tools::Tools;

const GUIDE: &str = "deploy/README.md";
/// A cluster that is not there: nobody listens on this port.
const NOWHERE: &str = r#"{"apiVersion":"v1","kind":"Config","current-context":"none",
    "contexts":[{"name":"none","context":{"cluster":"none","user":"none"}}],
    "users":[{"name":"none","user":{"token":"none"}}],
    "clusters":[{"name":"none","cluster":{"server":"https://127.0.0.1:1"}}]}"#;

pub(super) fn tested(tools: &Tools) -> Outcome {
    run_blocks(GUIDE, &["deploy", "sql"], tools.folder())
}

pub(super) fn on_a_cluster(tools: &Tools) -> Outcome {
    let guide = fs::read_to_string(root().join(GUIDE))?;
    let mut objects = Rendering::new(tools, LOCAL)?.objects;
    objects.extend(Rendering::new(tools, PRODUCTION)?.objects);
    let folder = TempDir::new()?;
    copy(&root().join("deploy"), &folder.path().join("deploy"))?;
    copy(&root().join("sql"), &folder.path().join("sql"))?;
    fs::write(folder.path().join("keyfold.toml"), "[stores]\n")?;
    fs::write(folder.path().join("config"), NOWHERE)?;
    let mut commands = 0;
    for line in blocks(&guide, UNMARKED).iter().flat_map(|block| block.lines()) {
        // Comments, and a folder's content, are not commands.
        let words: Vec<_> = line.split(" #").next().unwrap_or_default().split_whitespace().collect();
        ensure!(words.iter().all(|word| is_right(&objects, word)), "`{line}` names what is not there");
        let secrets = words.iter().skip_while(|word| **word != "generic").skip(1).take(1);
        ensure!(secrets.clone().all(|name| *name == SECRET), "`{line}` makes a secret that nobody reads");
        if let ["kubectl", arguments @ ..] = &words[..] {
            refused_by_nobody(tools, &folder, arguments)?;
            commands += 1;
        }
    }
    ensure!(commands > 5, "the guide has {commands} commands for a cluster");
    Ok(())
}

/// A word that names an object, an image or a selector names one of ours.
fn is_right(objects: &[Value], word: &str) -> bool {
    let named = |kind: &str, name: &str| {
        let mut same = objects.iter().filter(|object| object["metadata"]["name"] == name);
        same.any(|object| text(&object["kind"]).eq_ignore_ascii_case(kind))
    };
    let kinds = ["job", "cronjob", "deployment", "statefulset", "service", "namespace"];
    match (word.split_once('/'), word.split_once(':'), word.split_once('=')) {
        // A Job that the guide has made of the CronJob.
        (Some(("job", "weekly-sales-now")), ..) => true,
        (Some((kind, name)), ..) if kinds.contains(&kind) => named(kind, name),
        (_, Some(("keyfold", tag)), _) => tag == env!("CARGO_PKG_VERSION"),
        (_, _, Some((label, value))) if label.starts_with("app.kubernetes.io/") => {
            let selector = serde_json::json!({ "matchLabels": { label: value } });
            pods(objects).any(|pod| selects(&selector, pod.labels))
        }
        (_, _, Some(("--from", source))) => {
            source.split_once('/').is_some_and(|(kind, name)| kind == "cronjob" && named("CronJob", name))
        }
        _ => match word.parse::<u64>() {
            Ok(port) => objects.iter().filter_map(PodTemplate::of).any(|pod| pod.ports().any(|(own, _)| own == port)),
            Err(_) => true,
        },
    }
}

/// kubectl understands the command, and only the cluster is missing.
fn refused_by_nobody(tools: &Tools, folder: &TempDir, arguments: &[&str]) -> Outcome {
    let mut kubectl: Command = tools.command("kubectl");
    let in_front = arguments.iter().filter(|argument| **argument != "&");
    kubectl.args(["--request-timeout", "5s"]).args(in_front).current_dir(folder.path());
    kubectl.env("KUBECONFIG", folder.path().join("config")).env("HOME", folder.path());
    let ended = run(&mut kubectl)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("refused"), "only the cluster should be missing: {ended}");
    Ok(())
}
