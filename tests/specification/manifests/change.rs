//! What an analyst's change does to what Kubernetes is given.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::project::without_hash;
use super::rendering::{LOCAL, PRODUCTION, Rendering, text};
use crate::files::copy;
use crate::program::{Outcome, ensure, root};
use crate::tools::Tools;

/// The manifests and the jobs, to be changed.
fn repository() -> Outcome<TempDir> {
    let folder = TempDir::new()?;
    for name in ["deploy", "sql"] {
        copy(&root().join(name), &folder.path().join(name))?;
    }
    Ok(folder)
}

/// Renders before and after a change of a copy. The ConfigMap of this name must have changed, its name must tell so,
/// and nothing else may have. Gives its data before and after.
fn changed(tools: &Tools, overlay: &str, name: &str, change: impl FnOnce(&TempDir) -> Outcome) -> Outcome<[Value; 2]> {
    let folder = repository()?;
    let before = Rendering::below(tools, folder.path(), overlay)?;
    change(&folder)?;
    let after = Rendering::below(tools, folder.path(), overlay)?;
    let map = |rendering: &Rendering| {
        let mut maps = rendering.objects.iter().filter(|object| object["kind"] == "ConfigMap");
        let found = maps.find(|map| without_hash(text(&map["metadata"]["name"])) == name).cloned();
        found.ok_or_else(|| format!("{overlay} has no ConfigMap {name}"))
    };
    let (old, new) = (map(&before)?, map(&after)?);
    let (old_name, new_name) = (text(&old["metadata"]["name"]), text(&new["metadata"]["name"]));
    ensure!(old_name != new_name, "{old_name} holds something else and has the same name");
    let quoted = |name: &str| format!("\"{name}\"");
    let renamed = serde_json::to_string(&before.objects)?.replace(&quoted(old_name), &quoted(new_name));
    let mut expected: Vec<Value> = serde_json::from_str(&renamed)?;
    for object in expected.iter_mut().filter(|object| object["metadata"]["name"] == new_name) {
        *object = new.clone();
    }
    let sorted = |objects: &[Value]| {
        let mut texts: Vec<_> = objects.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    ensure!(sorted(&expected) == sorted(&after.objects), "{overlay}: more has changed than {name} and its name");
    let uses = after.objects.iter().filter(|object| object.to_string().contains(&quoted(new_name))).count();
    ensure!(uses == 2, "{overlay}: {uses} objects, and not two, name {new_name}: the map and the run");
    Ok([old["data"].clone(), new["data"].clone()])
}

pub(super) fn of_sql(tools: &Tools) -> Outcome {
    for overlay in [LOCAL, PRODUCTION] {
        let [old, new] = changed(tools, overlay, "weekly-sales", |folder| {
            let path = folder.path().join("sql/weekly_sales/query.sql");
            let query = fs::read_to_string(&path)?;
            Ok(fs::write(&path, query.replace("upper(trim(channel))", "lower(trim(channel))"))?)
        })?;
        let names =
            |data: &Value| data.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        ensure!(names(&old) == names(&new), "other files: {:?}, {:?}", names(&old), names(&new));
        for name in names(&old) {
            let (old, new) = (text(&old[&name]), text(&new[&name]));
            let lines = old.lines().zip(new.lines()).filter(|(old, new)| old != new).count();
            ensure!(old.lines().count() == new.lines().count(), "{name} has more lines or fewer");
            ensure!(lines == usize::from(name == "query.sql"), "{lines} lines of {name} have changed");
        }
    }
    Ok(())
}

pub(super) fn of_checks(tools: &Tools) -> Outcome {
    let [old, new] = changed(tools, LOCAL, "weekly-sales-checks", |folder| {
        let job = folder.path().join("sql/weekly_sales");
        fs::write(job.join("checks/another.sql"), "SELECT 1 WHERE false\n")?;
        let path = job.join("kustomization.yaml");
        let listed = fs::read_to_string(&path)?;
        let last = "      - checks/no_negative_units.sql\n";
        Ok(fs::write(&path, listed.replace(last, &format!("{last}      - checks/another.sql\n")))?)
    })?;
    ensure!(
        old["another.sql"].is_null() && new["another.sql"] == "SELECT 1 WHERE false\n",
        "the check is not there: {new}"
    );
    Ok(())
}
