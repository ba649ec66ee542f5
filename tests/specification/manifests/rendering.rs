//! What kustomize makes of a folder of `deploy/`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::program::{Outcome, ensure, root, succeed};
use crate::tools::Tools;

pub(super) const LOCAL: &str = "deploy/overlays/local";
pub(super) const PRODUCTION: &str = "deploy/overlays/production";
/// Everything that can be rendered.
const FOLDERS: [&str; 4] = ["deploy/base", LOCAL, PRODUCTION, "deploy/overlays/autoscaled"];
/// The secret that those overlays expect which have no store of their own.
pub(super) const SECRET: &str = "stores";

/// Documents of YAML as one array of JSON, with what secrets hold as text.
const TO_JSON: &str = "
import base64, json, sys, yaml
documents = list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')))
for document in documents:
    if document['kind'] == 'Secret':
        document['stringData'] = {name: base64.b64decode(data).decode() for name, data in document['data'].items()}
json.dump(documents, sys.stdout)
";

/// A folder, rendered.
pub(super) struct Rendering {
    pub(super) folder: String,
    pub(super) yaml: Vec<u8>,
    pub(super) objects: Vec<Value>,
}

/// Everything that can be rendered.
pub(super) fn all(tools: &Tools) -> Outcome<Vec<Rendering>> {
    FOLDERS.into_iter().map(|folder| Rendering::new(tools, folder)).collect()
}

impl Rendering {
    pub(super) fn new(tools: &Tools, folder: &str) -> Outcome<Self> {
        Self::below(tools, root(), folder)
    }

    /// A folder of a copy of the repository.
    pub(super) fn below(tools: &Tools, repository: &Path, folder: &str) -> Outcome<Self> {
        let mut kubectl = tools.command("kubectl");
        let ended = succeed(kubectl.arg("kustomize").arg(folder).current_dir(repository))?;
        ensure!(ended.stderr.is_empty(), "kustomize warns of {folder}: {ended}");
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), &ended.stdout)?;
        let mut python: Command = tools.command("python");
        let json = succeed(python.args(["-c", TO_JSON]).arg(file.path()))?.stdout;
        Ok(Self { folder: folder.to_owned(), yaml: ended.stdout, objects: serde_json::from_slice(&json)? })
    }

    /// An object that must be there.
    pub(super) fn find(&self, kind: &str, name: &str) -> Outcome<&Value> {
        let found = find(&self.objects, kind, name);
        found.ok_or_else(|| format!("{} has no {kind} {name}", self.folder).into())
    }

    /// The secret that must be in the cluster before.
    pub(super) fn secret_from_outside(&self) -> Option<&'static str> {
        (self.folder != LOCAL).then_some(SECRET)
    }
}

pub(super) fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

/// The objects of a kind.
pub(super) fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

/// `Kind name`.
pub(super) fn title(object: &Value) -> String {
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The elements of a list that may be absent.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The pods that an object makes.
pub(super) struct PodTemplate<'a> {
    pub(super) owner: &'a Value,
    pub(super) labels: &'a Value,
    pub(super) spec: &'a Value,
}

impl<'a> PodTemplate<'a> {
    pub(super) fn of(owner: &'a Value) -> Option<Self> {
        let template = match text(&owner["kind"]) {
            "CronJob" => &owner["spec"]["jobTemplate"]["spec"]["template"],
            _ => &owner["spec"]["template"],
        };
        template.is_object().then(|| Self { owner, labels: &template["metadata"]["labels"], spec: &template["spec"] })
    }

    pub(super) fn title(&self) -> String {
        title(self.owner)
    }

    /// Whether it runs until it is told to end.
    pub(super) fn is_server(&self) -> bool {
        matches!(text(&self.owner["kind"]), "Deployment" | "StatefulSet")
    }

    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let spec = self.spec;
        ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(move |name| list(&spec[name]))
    }

    /// Number and name of every port on which its containers listen.
    pub(super) fn ports(&self) -> impl Iterator<Item = (u64, &'a str)> {
        let ports = self.containers().flat_map(|container| list(&container["ports"]));
        ports.map(|port| (port["containerPort"].as_u64().unwrap_or_default(), text(&port["name"])))
    }

    pub(super) fn has_port(&self, port: &Value) -> bool {
        self.ports().any(|(number, name)| *port == number || *port == name)
    }
}

/// All pods.
pub(super) fn pods(objects: &[Value]) -> impl Iterator<Item = PodTemplate<'_>> {
    objects.iter().filter_map(PodTemplate::of)
}

/// Whether a label selector takes these labels.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let equal = selector["matchLabels"].as_object().into_iter().flatten().all(|(name, value)| labels[name] == *value);
    let among = list(&selector["matchExpressions"]).all(|expression| {
        expression["operator"] == "In"
            && list(&expression["values"]).any(|value| labels[text(&expression["key"])] == *value)
    });
    equal && among
}
