//! Pods as processes of this machine: what Kubernetes would give to their containers becomes files and variables.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::rendering::{PodTemplate, Rendering, list, text};
use crate::program::{Outcome, ensure, keyfold};

/// What the image sets.
const IMAGE: [(&str, &str); 1] = [("KEYFOLD__SCRATCH", "/scratch")];
/// The folder that `..data` leads to has the time of its making for a name.
const VERSION: &str = "..2026_01_02_03_04_05.678901234";

/// A machine for the pods of a rendering.
pub(super) struct Node<'a> {
    rendering: &'a Rendering,
    folder: TempDir,
    /// Names of services, and what is reached under them here.
    pub(super) hosts: Vec<(String, String)>,
    /// Secrets that come from outside, by their name.
    pub(super) secrets: BTreeMap<String, Value>,
    /// Variables that only this machine needs.
    pub(super) environment: Vec<(String, String)>,
}

impl<'a> Node<'a> {
    pub(super) fn new(rendering: &'a Rendering) -> Outcome<Self> {
        let folder = TempDir::new()?;
        Ok(Self { rendering, folder, hosts: Vec::new(), secrets: BTreeMap::new(), environment: Vec::new() })
    }

    pub(super) fn pod(&self, kind: &str, name: &str) -> Outcome<PodTemplate<'a>> {
        let owner = self.rendering.find(kind, name)?;
        PodTemplate::of(owner).ok_or_else(|| format!("{kind} {name} makes no pods").into())
    }

    /// The container's process, to be started: `program` gives the command for its arguments.
    pub(super) fn command(
        &self,
        pod: &PodTemplate<'_>,
        name: &str,
        address: Ipv4Addr,
        program: impl FnOnce(Vec<String>) -> Command,
    ) -> Outcome<Command> {
        let container = pod.containers().next().ok_or("a pod without a container")?;
        let places = self.mount(pod, container, name)?;
        let here = |text: &str| self.translate(&places, text);
        let mut command = program(list(&container["args"]).map(|argument| here(text(argument))).collect());
        command.envs(IMAGE.iter().map(|(name, value)| (*name, here(value))));
        for from in list(&container["envFrom"]) {
            let map = self.rendering.find("ConfigMap", text(&from["configMapRef"]["name"]))?;
            let data = map["data"].as_object().into_iter().flatten();
            command.envs(data.map(|(name, value)| (name.as_str(), here(text(value)))));
        }
        for variable in list(&container["env"]) {
            let value = match variable["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
                Some("status.podIP") => address.to_string(),
                Some(other) => return Err(format!("{other} is not known here").into()),
                None => here(text(&variable["value"])),
            };
            command.env(text(&variable["name"]), value);
        }
        command.envs(self.environment.iter().cloned()).current_dir(self.folder.path());
        Ok(command)
    }

    /// The same for keyfold's image.
    pub(super) fn keyfold(&self, pod: &PodTemplate<'_>, name: &str, address: Ipv4Addr) -> Outcome<Command> {
        self.command(pod, name, address, keyfold)
    }

    /// Makes the volumes of a container, and says where they are.
    fn mount(&self, pod: &PodTemplate<'_>, container: &Value, name: &str) -> Outcome<BTreeMap<String, PathBuf>> {
        // In the order of their names a folder comes before those in it.
        let mounts: BTreeMap<_, _> = list(&container["volumeMounts"])
            .map(|mount| (text(&mount["mountPath"]).to_owned(), &mount["name"]))
            .collect();
        let mut places = BTreeMap::new();
        for (path, volume) in mounts {
            let volume = list(&pod.spec["volumes"]).find(|candidate| candidate["name"] == *volume);
            let source = volume.unwrap_or(&Value::Null);
            // All see a ConfigMap under the same path, as they would in pods.
            let owner = if source["configMap"].is_null() { name } else { "all" };
            let place = self.folder.path().join(owner).join(path.trim_start_matches('/'));
            fs::create_dir_all(&place)?;
            match (source["configMap"]["name"].as_str(), source["secret"]["secretName"].as_str()) {
                (Some(map), _) => project(&self.rendering.find("ConfigMap", map)?["data"], &place)?,
                (None, Some(secret)) => match self.secrets.get(secret) {
                    Some(data) => project(data, &place)?,
                    None => project(&self.rendering.find("Secret", secret)?["stringData"], &place)?,
                },
                (None, None) => {}
            }
            places.insert(path, place);
        }
        Ok(places)
    }

    /// Paths and names as they are on this machine.
    fn translate(&self, places: &BTreeMap<String, PathBuf>, text: &str) -> String {
        let mark = |number: usize| format!("\u{1}{number}\u{1}");
        let mut text = text.to_owned();
        // The longest first, and in two steps, since a place holds the path that it stands for.
        for (number, path) in places.keys().enumerate().rev() {
            text = text.replace(path, &mark(number));
        }
        for (number, place) in places.values().enumerate() {
            text = text.replace(&mark(number), &place.display().to_string());
        }
        self.hosts.iter().fold(text, |text, (name, host)| text.replace(name, host))
    }
}

/// Files as they are in a volume of a ConfigMap or a Secret: links to links, so that all change at once.
fn project(data: &Value, place: &Path) -> Outcome {
    if place.join("..data").is_symlink() {
        return Ok(());
    }
    let files = data.as_object().ok_or("a volume without data")?;
    ensure!(!files.is_empty(), "nothing is in the volume at {}", place.display());
    fs::create_dir(place.join(VERSION))?;
    symlink(VERSION, place.join("..data"))?;
    for (name, content) in files {
        fs::write(place.join(VERSION).join(name), text(content))?;
        symlink(Path::new("..data").join(name), place.join(name))?;
    }
    Ok(())
}

/// An address of this machine that no other pod has, so that ports are those of the manifests.
pub(super) fn address() -> Ipv4Addr {
    static GIVEN: AtomicU8 = AtomicU8::new(2);
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    // Not the addresses that everything else on this machine listens on.
    Ipv4Addr::new(127, high | 0x80, low, GIVEN.fetch_add(1, Ordering::Relaxed))
}
