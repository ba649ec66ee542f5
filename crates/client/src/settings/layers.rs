//! The layers of settings, merged, and read value by value with the place that each one comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use keyfold_engine::storage::stores::is_option;

use crate::arguments::Arguments;
use crate::memory;

/// The names of all settings; below `stores.` any option of object_store may stand.
const NAMES: [&str; 23] = [
    "advertise",
    "allow",
    "bind",
    "cluster",
    "connect_seconds",
    "executor_timeout_seconds",
    "health_port",
    "heartbeat_seconds",
    "log_format",
    "log_level",
    "memory_limit",
    "port",
    "scratch",
    "stall_seconds",
    "stop_seconds",
    "store_retry_seconds",
    "task_port",
    "threads",
    "tls_authority",
    "tls_certificate",
    "tls_key",
    "vcores",
    "work_dir",
];
const STORES: &str = "stores";
const FILE: &str = "keyfold.toml";
/// Names another file than that, as `--config` does. One underscore: it is not a setting.
const FILE_VARIABLE: &str = "KEYFOLD_CONFIG";

fn merge(arguments: &Arguments) -> Result<Config> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (file, required) = match arguments.config.clone().or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from))
    {
        Some(file) => (file, true),
        None => (PathBuf::from(FILE), false),
    };
    let defaults = [
        ("threads", threads.to_string()),
        ("memory_limit", ByteSize::b(memory::available() / 2).to_string()),
        ("log_format", "auto".into()),
        ("store_retry_seconds", "180".into()),
        ("bind", "127.0.0.1".into()),
        ("connect_seconds", "30".into()),
        ("stall_seconds", "300".into()),
        ("executor_timeout_seconds", "30".into()),
        ("heartbeat_seconds", "5".into()),
        ("stop_seconds", "60".into()),
    ];
    let build = || {
        let mut builder = Config::builder()
            .add_source(File::from(file.clone()).format(FileFormat::Toml).required(required))
            .add_source(Environment::with_prefix("KEYFOLD").prefix_separator("__").separator("__"));
        for (name, value) in &defaults {
            builder = builder.set_default(name, value.as_str())?;
        }
        for (name, value) in arguments.settings() {
            let flag = format!("--{}", name.replace('_', "-"));
            builder = builder.set_override(name, Value::new(Some(&flag), ValueKind::String(value)))?;
        }
        builder.build()
    };
    build().map_err(|error: config::ConfigError| {
        let problem =
            Problem::new(format!("the settings cannot be read: {error}")).at(Place::whole(file.display().to_string()));
        Error::new(ErrorKind::Usage, problem)
    })
}

fn flatten(prefix: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    match value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                flatten(&name, value, into);
            }
        }
        _ => {
            into.insert(prefix.to_owned(), value);
        }
    }
}

/// Reads settings and collects what is wrong with them.
pub(super) struct Reader {
    values: BTreeMap<String, Value>,
    problems: Vec<Problem>,
}

impl Reader {
    /// All layers, of which unknown names are a problem.
    pub(super) fn new(arguments: &Arguments) -> Result<Self> {
        let mut values = BTreeMap::new();
        flatten("", merge(arguments)?.cache, &mut values);
        let mut reader = Self { values, problems: Vec::new() };
        reader.refuse_unknown();
        Ok(reader)
    }

    /// The settings, if nothing was wrong with them.
    pub(super) fn finish<T>(self, settings: T) -> Result<T> {
        if self.problems.is_empty() { Ok(settings) } else { Err(Error::all(ErrorKind::Usage, self.problems)) }
    }

    /// A setting as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(ToString::to_string)
    }

    fn origin(&self, name: &str) -> String {
        self.values.get(name).and_then(|value| value.origin()).map_or_else(
            || "default".into(),
            |origin| match origin {
                "the environment" => format!("KEYFOLD__{}", name.to_uppercase().replace('.', "__")),
                other => other.to_owned(),
            },
        )
    }

    /// A setting that is something else than text.
    pub(super) fn parse<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let problem = Problem::new(format!("the setting `{name}` is `{text}`, and must be {expected}"));
            self.problems.push(problem.at(Place::whole(self.origin(name))));
        }
        parsed
    }

    /// A size such as 4GiB, in bytes; 0 if it is none.
    pub(super) fn size(&mut self, name: &str) -> usize {
        let parse = |text: &str| ByteSize::from_str(text).ok().map(|size| size.as_u64() as usize);
        self.parse(name, parse, "a size such as 4GiB").unwrap_or(0)
    }

    /// A number of seconds.
    pub(super) fn seconds(&mut self, name: &str) -> Duration {
        Duration::from_secs(self.parse(name, |text| text.parse().ok(), "a number of seconds").unwrap_or(0))
    }

    /// A number of seconds that is not too large.
    pub(super) fn seconds_up_to(&mut self, name: &str, most: u64) -> Duration {
        let parse = |text: &str| text.parse().ok().filter(|seconds| *seconds <= most);
        Duration::from_secs(self.parse(name, parse, &format!("a number of seconds up to {most}")).unwrap_or(0))
    }

    /// A list: of a file's array, or separated by commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        match self.values.get(name).map(|value| &value.kind) {
            None => Vec::new(),
            Some(ValueKind::Array(values)) => values.iter().map(ToString::to_string).collect(),
            Some(_) => self.text(name).unwrap_or_default().split(',').map(|one| one.trim().to_owned()).collect(),
        }
    }

    /// What is wrong with a setting that another module reads.
    pub(super) fn check<T>(&mut self, name: &str, result: Result<T>) -> Option<T> {
        let place = Place::whole(self.origin(name));
        let located = |problem: &Problem| problem.clone().at(problem.place.clone().unwrap_or(place.clone()));
        result.map_err(|error| self.problems.extend(error.problems().iter().map(located))).ok()
    }

    /// A path. One in a file is relative to the file.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.text(name)?);
        let file = PathBuf::from(self.origin(name));
        if file.extension().is_some_and(|extension| extension == "toml") {
            Some(file.parent().unwrap_or(Path::new("")).join(path))
        } else {
            Some(path)
        }
    }

    /// The options of stores.
    pub(super) fn stores(&self) -> BTreeMap<String, String> {
        let options = self.values.iter().filter_map(|(name, value)| Some((name.strip_prefix("stores.")?, value)));
        options.map(|(name, value)| (name.to_owned(), value.to_string())).collect()
    }

    fn refuse_unknown(&mut self) {
        let unknown = self.values.keys().filter(|name| !NAMES.contains(&name.as_str()) && !name.starts_with("stores."));
        for name in unknown.cloned().collect::<Vec<_>>() {
            let help = did_you_mean(&name, NAMES.into_iter().chain([STORES]));
            let problem = Problem::new(format!("there is no setting `{name}`")).at(Place::whole(self.origin(&name)));
            self.problems.push(problem.help(help));
        }
        for name in self.stores().into_keys().filter(|name| !is_option(name)) {
            let problem = Problem::new(format!("no store has an option `{name}`"));
            let place = Place::whole(self.origin(&format!("{STORES}.{name}")));
            self.problems
                .push(problem.at(place).help("see the configuration keys of object_store, such as aws_endpoint"));
        }
    }

    /// Every setting as text and where it comes from.
    pub(super) fn origins(&self) -> Vec<(String, String, String)> {
        let unset = NAMES.into_iter().filter(|name| !self.values.contains_key(*name));
        let unset = unset.map(|name| (name.to_owned(), "(not set)".to_owned(), "default".to_owned()));
        let set = self.values.iter().map(|(name, value)| (name.clone(), shown(name, value), self.origin(name)));
        let mut all: Vec<_> = set.chain(unset).collect();
        all.sort();
        all
    }
}

/// A setting's value, unless its name says that it is a secret.
fn shown(name: &str, value: &Value) -> String {
    let name = name.to_lowercase();
    if ["secret", "token", "password", "key", "credential", "sas"].iter().any(|word| name.contains(word)) {
        "(hidden)".into()
    } else {
        value.to_string()
    }
}
