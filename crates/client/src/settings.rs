//! Settings: defaults, then keyfold.toml, then KEYFOLD__* of the environment, then flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use clap::ValueEnum;
use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use keyfold_engine::session::Resources;
use keyfold_engine::stores::{StoreOptions, Stores, is_option};

use crate::arguments::{Arguments, LogFormat};
use crate::memory;

/// The settings of this process.
pub(crate) struct Settings {
    pub(crate) resources: Resources,
    stores: Arc<Stores>,
    pub(crate) log_format: LogFormat,
    /// A filter of log lines, such as `info` or `keyfold=debug`.
    pub(crate) log_level: Option<String>,
    /// Every setting as text and where it comes from.
    pub(crate) origins: Vec<(String, String, String)>,
}

/// The names of all settings; below `stores.` any option of object_store may stand.
const NAMES: [&str; 7] =
    ["threads", "memory_limit", "scratch", "log_format", "log_level", "store_retry_seconds", "cluster"];
const STORES: &str = "stores";
const FILE: &str = "keyfold.toml";

impl Settings {
    /// Reads all layers.
    pub(crate) fn read(arguments: &Arguments) -> Result<Self> {
        let merged = merge(arguments)?;
        let mut values = BTreeMap::new();
        flatten("", merged.cache, &mut values);
        let mut reader = Reader { values, problems: Vec::new() };
        reader.refuse_unknown();
        let settings = Self {
            resources: Resources {
                threads: reader
                    .parse(
                        "threads",
                        |text| text.parse().ok().filter(|threads| (1..=1024).contains(threads)),
                        "a number from 1 to 1024",
                    )
                    .unwrap_or(1),
                memory_limit: reader
                    .parse(
                        "memory_limit",
                        |text| ByteSize::from_str(text).ok().map(|size| size.as_u64() as usize),
                        "a size such as 4GiB",
                    )
                    .unwrap_or(0),
                scratch: reader.path("scratch"),
            },
            stores: Arc::new(Stores::new(StoreOptions {
                options: reader.stores(),
                retry_timeout: Duration::from_secs(
                    reader.parse("store_retry_seconds", |text| text.parse().ok(), "a number of seconds").unwrap_or(0),
                ),
            })),
            log_format: reader
                .parse("log_format", |text| LogFormat::from_str(text, true).ok(), "auto, text or json")
                .unwrap_or(LogFormat::Auto),
            log_level: reader.text("log_level"),
            origins: reader.origins(),
        };
        reader.refuse_cluster();
        match reader.problems.is_empty() {
            true => Ok(settings),
            false => Err(Error::all(ErrorKind::Usage, reader.problems)),
        }
    }

    /// The stores of this process, which all of it shares.
    pub(crate) fn stores(&self) -> Arc<Stores> {
        self.stores.clone()
    }

    /// The threads that work.
    pub(crate) fn runtime(&self) -> Result<tokio::runtime::Runtime> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(self.resources.threads).enable_all().build();
        runtime.map_err(|error| Error::internal(format!("the threads cannot be started: {error}")))
    }
}

fn merge(arguments: &Arguments) -> Result<Config> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (file, required) = match &arguments.config {
        Some(file) => (file.clone(), true),
        None => (PathBuf::from(FILE), false),
    };
    let flags = [
        ("threads", arguments.threads.map(|threads| threads.to_string())),
        ("memory_limit", arguments.memory_limit.clone()),
        ("scratch", arguments.scratch.as_ref().map(|folder| folder.display().to_string())),
        ("log_format", arguments.log_format.and_then(|format| Some(format.to_possible_value()?.get_name().to_owned()))),
        ("cluster", arguments.cluster.clone()),
    ];
    let build = || {
        let mut builder = Config::builder()
            .set_default("threads", threads.to_string())?
            .set_default("memory_limit", ByteSize::b(memory::available() / 2).to_string())?
            .set_default("log_format", "auto")?
            .set_default("store_retry_seconds", "180")?
            .add_source(File::from(file.clone()).format(FileFormat::Toml).required(required))
            .add_source(Environment::with_prefix("KEYFOLD").prefix_separator("__").separator("__"));
        for (name, value) in flags {
            if let Some(value) = value {
                let flag = format!("--{}", name.replace('_', "-"));
                builder = builder.set_override(name, Value::new(Some(&flag), ValueKind::String(value)))?;
            }
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

struct Reader {
    values: BTreeMap<String, Value>,
    problems: Vec<Problem>,
}

impl Reader {
    fn text(&self, name: &str) -> Option<String> {
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

    fn parse<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let problem = Problem::new(format!("the setting `{name}` is `{text}`, and must be {expected}"));
            self.problems.push(problem.at(Place::whole(self.origin(name))));
        }
        parsed
    }

    /// A path in a file is relative to the file.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.text(name)?);
        let file = PathBuf::from(self.origin(name));
        match file.extension().is_some_and(|extension| extension == "toml") {
            true => Some(file.parent().unwrap_or(Path::new("")).join(path)),
            false => Some(path),
        }
    }

    fn stores(&self) -> BTreeMap<String, String> {
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

    fn refuse_cluster(&mut self) {
        if let Some(cluster) = self.text("cluster").filter(|cluster| !cluster.is_empty()) {
            let problem =
                Problem::new(format!("the cluster {cluster} cannot be used: this version runs in one process only"));
            self.problems.push(problem.at(Place::whole(self.origin("cluster"))).help("leave `cluster` out"));
        }
    }

    fn origins(&self) -> Vec<(String, String, String)> {
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
    match ["secret", "token", "password", "key", "credential", "sas"].iter().any(|word| name.contains(word)) {
        true => "(hidden)".into(),
        false => value.to_string(),
    }
}
