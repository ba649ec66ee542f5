//! Manifests that are broken on purpose: a rule that cannot fail holds nothing.

use serde_json::{Value, json};

use super::rendering::{Rendering, title};
use super::{connections, project, references, rules};
use crate::program::{Outcome, ensure};
use crate::tools::Tools;

/// What is done to an object.
enum Break {
    Remove(&'static str),
    Set(&'static str, Value),
    /// The object itself is not there.
    Lose,
}
use Break::{Lose, Remove, Set};

/// Which object, what is done to it, and a word of the rule that must find it.
fn breaks() -> Vec<(&'static str, Break, &'static str)> {
    let mut breaks = of_pods();
    breaks.extend(of_references());
    breaks.extend(of_the_network());
    breaks
}

fn of_pods() -> Vec<(&'static str, Break, &'static str)> {
    const EXECUTOR: &str = "StatefulSet executor";
    const SCHEDULER: &str = "Deployment scheduler";
    const JOB: &str = "Job weekly-sales";
    vec![
        ("Namespace keyfold", Remove("/metadata/labels"), "restricted profile"),
        (EXECUTOR, Remove("/spec/template/spec/containers/0/resources/limits/memory"), "no limits of memory"),
        (JOB, Remove("/spec/template/spec/containers/0/resources/requests"), "no requests of cpu"),
        (SCHEDULER, Remove("/spec/template/spec/containers/0/readinessProbe"), "no readinessProbe"),
        (SCHEDULER, Remove("/spec/template/spec/containers/0/startupProbe"), "no startupProbe"),
        (
            EXECUTOR,
            Set("/spec/template/spec/containers/0/livenessProbe/httpGet/port", json!("nobody")),
            "livenessProbe",
        ),
        (
            EXECUTOR,
            Set("/spec/template/spec/containers/0/livenessProbe/httpGet/path", json!("/readyz")),
            "is killed for",
        ),
        (JOB, Set("/spec/template/spec/containers/0/image", json!("keyfold:latest")), "fixed tag"),
        (JOB, Set("/spec/template/spec/containers/0/image", json!("registry:5000/keyfold")), "fixed tag"),
        (JOB, Set("/spec/template/spec/containers/0/image", json!("keyfold:0.0.9")), "version used here"),
        (
            "Deployment store",
            Set("/spec/template/spec/containers/0/image", json!("a/seaweedfs:4.1")),
            "version used here",
        ),
        (EXECUTOR, Set("/spec/template/spec/containers/0/securityContext/privileged", json!(true)), "is privileged"),
        (EXECUTOR, Remove("/spec/template/spec/containers/0/securityContext/capabilities"), "keeps capabilities"),
        (
            EXECUTOR,
            Set("/spec/template/spec/containers/0/securityContext/capabilities/add", json!(["SYS_ADMIN"])),
            "adds",
        ),
        (
            SCHEDULER,
            Remove("/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem"),
            "may write to its root",
        ),
        (SCHEDULER, Set("/spec/template/spec/containers/0/securityContext/runAsUser", json!(0)), "runs as root"),
        (
            SCHEDULER,
            Remove("/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation"),
            "gain privileges",
        ),
        (SCHEDULER, Set("/spec/template/spec/containers/0/ports/0/hostPort", json!(1)), "port of its node"),
        (JOB, Set("/spec/template/spec/securityContext/runAsNonRoot", json!(false)), "may run as root"),
        (JOB, Set("/spec/template/spec/securityContext/runAsUser", json!(0)), "other than root"),
        (JOB, Remove("/spec/template/spec/securityContext/seccompProfile"), "seccomp"),
        (JOB, Remove("/spec/template/spec/automountServiceAccountToken"), "token"),
        (EXECUTOR, Set("/spec/template/spec/hostNetwork", json!(true)), "hostNetwork"),
        (
            EXECUTOR,
            Set("/spec/template/spec/volumes/0", json!({"name": "scratch", "hostPath": {"path": "/"}})),
            "hostPath",
        ),
        (EXECUTOR, Set("/spec/template/spec/volumes/0/emptyDir", json!({})), "emptyDir without"),
        (EXECUTOR, Remove("/spec/template/spec/terminationGracePeriodSeconds"), "killed before"),
        (JOB, Set("/spec/template/spec/containers/0/env/0/name", json!("AWS_SECRET_ACCESS_KEY")), "its environment"),
        (
            JOB,
            Set("/spec/template/spec/containers/0/envFrom/0", json!({"secretRef": {"name": "stores"}})),
            "its environment",
        ),
        (JOB, Set("/spec/template/spec/containers/0/args/0", json!("--set=aws_secret=x")), "its arguments"),
        (JOB, Set("/spec/podFailurePolicy/rules/0/onExitCodes/values/0", json!(6)), "exit codes"),
        (JOB, Remove("/spec/podFailurePolicy"), "exit codes"),
    ]
}

fn of_references() -> Vec<(&'static str, Break, &'static str)> {
    const EXECUTOR: &str = "StatefulSet executor";
    const LABEL: &str = "/spec/selector/matchLabels/app.kubernetes.io~1component";
    vec![
        ("ServiceAccount keyfold", Lose, "no ServiceAccount"),
        ("ConfigMap settings", Lose, "no ConfigMap settings"),
        ("ConfigMap weekly-sales-checks", Lose, "no ConfigMap weekly-sales-checks"),
        ("Secret stores", Lose, "no Secret stores"),
        ("Service executor", Lose, "no Service executor"),
        ("Service scheduler", Set("/spec/selector/app.kubernetes.io~1component", json!("schedule")), "selects no pod"),
        ("Service scheduler", Set("/spec/ports/0/targetPort", json!("nobody")), "has no port"),
        ("Service scheduler", Remove("/spec/publishNotReadyAddresses"), "hides pods"),
        ("PodDisruptionBudget executor", Set(LABEL, json!("nobody")), "selects no pod"),
        (EXECUTOR, Set(LABEL, json!("scheduler")), "its own pods"),
        (EXECUTOR, Remove("/spec/template/spec/topologySpreadConstraints/0/labelSelector"), "its own pods"),
        (EXECUTOR, Remove("/spec/template/spec/volumes/0"), "no volume scratch"),
        (EXECUTOR, Remove("/spec/template/spec/containers/0/volumeMounts/0"), "mounted nowhere"),
        ("Job weekly-sales", Set("/metadata/namespace", json!("default")), "in no namespace"),
        ("ConfigMap weekly-sales", Set("/data/query.sql", json!("SELECT 1")), "ConfigMap"),
        ("ConfigMap weekly-sales-checks", Remove("/data/no_negative_units.sql"), "ConfigMap"),
        ("HorizontalPodAutoscaler executor", Set("/spec/scaleTargetRef/name", json!("nobody")), "there is no"),
        (EXECUTOR, Set("/spec/replicas", json!(4)), "a number of its own"),
    ]
}

fn of_the_network() -> Vec<(&'static str, Break, &'static str)> {
    const OPEN: &str = "is open";
    const CLOSED: &str = "is closed";
    const TO: &str = "/spec/egress/0/to/0/podSelector/matchLabels/app.kubernetes.io~1component";
    vec![
        ("NetworkPolicy nobody", Lose, OPEN),
        ("NetworkPolicy nobody", Set("/spec/ingress", json!([{}])), OPEN),
        ("NetworkPolicy nobody", Set("/spec/policyTypes", json!(["Egress"])), OPEN),
        ("NetworkPolicy names", Lose, "outside"),
        ("NetworkPolicy names", Remove("/spec/egress/0/to"), "anybody"),
        ("NetworkPolicy scheduler", Remove("/spec/egress/0/ports/1"), CLOSED),
        ("NetworkPolicy scheduler", Set("/spec/ingress/0/from", json!([{ "podSelector": {} }])), "selects no pod"),
        ("NetworkPolicy executor", Set("/spec/ingress/0/ports/0/port", json!(50054)), "has no port"),
        ("NetworkPolicy executor", Remove("/spec/ingress/0/from"), OPEN),
        ("NetworkPolicy store", Set("/spec/ingress/0/from/0", json!({ "namespaceSelector": {} })), OPEN),
        ("NetworkPolicy run", Set(TO, json!("executor")), CLOSED),
        ("NetworkPolicy run", Set(TO, json!("nobody")), "selects no pod"),
        ("NetworkPolicy store", Lose, CLOSED),
        ("NetworkPolicy to-store", Set("/spec/egress/0/to/0", json!({"ipBlock": {"cidr": "0.0.0.0/0"}})), "outside"),
    ]
}

pub(super) fn all_found(tools: &Tools) -> Outcome {
    let local = Rendering::new(tools, super::rendering::LOCAL)?;
    let autoscaled = Rendering::new(tools, "deploy/overlays/autoscaled")?;
    let mut missed = Vec::new();
    for (number, (object, how, word)) in breaks().into_iter().enumerate() {
        // Only there is an autoscaler.
        let scaling = object.starts_with("Horizontal") || matches!(how, Set("/spec/replicas", _));
        let whole = if scaling { &autoscaled } else { &local };
        ensure!(problems(whole).is_empty(), "{}: {:?}", whole.folder, problems(whole));
        let broken = broken(whole, object, how).ok_or_else(|| format!("break {number}: {object} has no such place"))?;
        let problems = problems(&broken);
        if !problems.iter().any(|problem| problem.contains(word)) {
            missed.push(format!("break {number} of {object}: `{word}` was expected in {problems:?}"));
        }
    }
    ensure!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(())
}

fn problems(rendering: &Rendering) -> Vec<String> {
    let objects = &rendering.objects;
    let mut problems = rules::violations(objects);
    problems.extend(references::broken(objects, rendering.secret_from_outside()));
    problems.extend(connections::differences(objects));
    problems.extend(project::differences(rendering));
    problems
}

fn broken(whole: &Rendering, name: &str, how: Break) -> Option<Rendering> {
    let mut objects = whole.objects.clone();
    let is_it = |object: &Value| project::without_hash(&title(object)) == name;
    let position = objects.iter().position(is_it)?;
    match how {
        Lose => _ = objects.remove(position),
        Remove(pointer) => {
            let (parent, last) = pointer.rsplit_once('/')?;
            match objects[position].pointer_mut(parent)? {
                Value::Object(members) => _ = members.remove(last)?,
                Value::Array(elements) => _ = elements.remove(last.parse().ok()?),
                _ => return None,
            }
        }
        Set(pointer, value) => {
            let (parent, last) = pointer.rsplit_once('/')?;
            match objects[position].pointer_mut(parent)? {
                Value::Object(members) => _ = members.insert(last.replace("~1", "/"), value),
                Value::Array(elements) => *elements.get_mut(last.parse::<usize>().ok()?)? = value,
                _ => return None,
            }
        }
    }
    Some(Rendering { folder: whole.folder.clone(), yaml: Vec::new(), objects })
}
