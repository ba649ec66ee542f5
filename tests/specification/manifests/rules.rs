//! What every pod must keep to: the restricted profile of Pod Security, and rules of our own.

use serde_json::Value;

use super::rendering::{PodTemplate, list, of_kind, pods, text};

/// Kinds of volumes that the restricted profile allows.
const VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
/// What names of credentials hold, which belong into files.
const SECRETS: [&str; 5] = ["SECRET", "TOKEN", "PASSWORD", "ACCESS_KEY", "CREDENTIAL"];
/// How long a server of keyfold may take to stop.
const STOP_SECONDS: u64 = 60;

/// Everything that breaks a rule.
pub(super) fn violations(objects: &[Value]) -> Vec<String> {
    let mut found = Found(Vec::new());
    for namespace in of_kind(objects, "Namespace") {
        let enforced = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
        found.unless(enforced == "restricted", "Namespace", "does not enforce the restricted profile");
    }
    for pod in pods(objects) {
        self::pod(&pod, &mut found);
        for container in pod.containers() {
            let place = format!("{}, container {}", pod.title(), text(&container["name"]));
            rights(container, &place, &mut found);
            upkeep(container, &place, &mut found);
            credentials(container, &place, &mut found);
            if pod.is_server() {
                probes(&pod, container, &place, &mut found);
            }
        }
    }
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn unless(&mut self, holds: bool, place: &str, message: &str) {
        if !holds {
            self.0.push(format!("{place} {message}"));
        }
    }
}

fn pod(pod: &PodTemplate<'_>, found: &mut Found) {
    let (place, spec) = (pod.title(), pod.spec);
    let security = &spec["securityContext"];
    let mut must = |holds, message: &str| found.unless(holds, &place, message);
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        must(spec[name].is_null() || spec[name] == false, &format!("has {name}"));
    }
    must(security["runAsNonRoot"] == true, "may run as root");
    must(security["runAsUser"].as_u64().is_some_and(|user| user != 0), "does not name a user other than root");
    must(security["seccompProfile"]["type"] == "RuntimeDefault", "has no seccomp profile");
    must(security["sysctls"].is_null(), "sets kernel parameters");
    must(spec["automountServiceAccountToken"] == false, "has a token of the API");
    must(!text(&spec["serviceAccountName"]).is_empty(), "has no service account of its own");
    for volume in list(&spec["volumes"]) {
        let kinds = volume.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| *name != "name");
        for kind in kinds {
            must(VOLUMES.contains(&kind.as_str()), &format!("has a volume of the kind {kind}"));
        }
        must(
            volume["emptyDir"].is_null() || !volume["emptyDir"]["sizeLimit"].is_null(),
            "has an emptyDir without a limit",
        );
    }
    if pod.is_server() && text(&spec["containers"][0]["image"]).contains("keyfold:") {
        let grace = spec["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        must(grace > STOP_SECONDS, "is killed before it has stopped");
    }
}

/// What a container may do to its node.
fn rights(container: &Value, place: &str, found: &mut Found) {
    let security = &container["securityContext"];
    let mut must = |holds, message: &str| found.unless(holds, place, message);
    must(security["allowPrivilegeEscalation"] == false, "may gain privileges");
    must(security["readOnlyRootFilesystem"] == true, "may write to its root file system");
    must(security["privileged"].is_null() || security["privileged"] == false, "is privileged");
    let capabilities = &security["capabilities"];
    must(list(&capabilities["drop"]).any(|name| name == "ALL"), "keeps capabilities");
    must(list(&capabilities["add"]).next().is_none(), "adds capabilities");
    must(security["runAsNonRoot"].is_null() || security["runAsNonRoot"] == true, "may run as root");
    must(security["runAsUser"].is_null() || security["runAsUser"].as_u64() > Some(0), "runs as root");
    must(security["procMount"].is_null(), "sees more of /proc");
    let seccomp = &security["seccompProfile"]["type"];
    must(seccomp.is_null() || seccomp == "RuntimeDefault", "has another seccomp profile");
    must(list(&container["ports"]).all(|port| port["hostPort"].is_null()), "takes a port of its node");
}

/// What it takes, and which program it is.
fn upkeep(container: &Value, place: &str, found: &mut Found) {
    for part in ["requests", "limits"] {
        for resource in ["cpu", "memory"] {
            let given = !container["resources"][part][resource].is_null();
            found.unless(given, place, &format!("has no {part} of {resource}"));
        }
    }
    let image = text(&container["image"]);
    // A colon before the last slash is that of a registry's port.
    let tag = image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag);
    found.unless(tag.is_some_and(|tag| !tag.is_empty() && tag != "latest"), place, "has an image without a fixed tag");
}

/// Credentials are in files, which are shown nowhere.
fn credentials(container: &Value, place: &str, found: &mut Found) {
    let mut must = |holds, message: &str| found.unless(holds, place, message);
    must(list(&container["envFrom"]).all(|from| from["secretRef"].is_null()), "has a secret in its environment");
    for variable in list(&container["env"]) {
        let name = text(&variable["name"]).to_uppercase();
        let open =
            SECRETS.iter().any(|secret| name.contains(secret)) || !variable["valueFrom"]["secretKeyRef"].is_null();
        must(!open, "has a secret in its environment");
    }
    let words = list(&container["args"]).chain(list(&container["command"])).map(|word| text(word).to_uppercase());
    must(
        !words.into_iter().any(|word| SECRETS.iter().any(|secret| word.contains(secret))),
        "has a secret in its arguments",
    );
}

fn probes(pod: &PodTemplate<'_>, container: &Value, place: &str, found: &mut Found) {
    for name in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let get = &container[name]["httpGet"];
        found.unless(
            !get["path"].is_null() && pod.has_port(&get["port"]),
            place,
            &format!("has no {name} on its ports"),
        );
    }
    // What a readiness waits for may be away for long, and killing who waits brings it back no sooner.
    found.unless(container["livenessProbe"]["httpGet"]["path"] == "/healthz", place, "is killed for not being ready");
}
