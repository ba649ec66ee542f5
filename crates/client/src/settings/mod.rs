//! Settings: defaults, then keyfold.toml (or the file that `--config` or KEYFOLD_CONFIG names), then KEYFOLD__* of the environment, then flags.

mod cluster;
mod layers;

use std::sync::Arc;

use clap::ValueEnum;
use keyfold_core::{Error, Result};
use keyfold_engine::runner::{LocalRunner, Runner};
use keyfold_engine::session::Resources;
use keyfold_engine::storage::stores::{StoreOptions, Stores};

use crate::arguments::{Arguments, LogFormat};
use layers::Reader;

pub(crate) use cluster::ClusterSettings;

/// The settings of this process.
pub(crate) struct Settings {
    pub(crate) resources: Resources,
    /// What concerns clusters.
    pub(crate) cluster: ClusterSettings,
    store_options: StoreOptions,
    stores: Arc<Stores>,
    pub(crate) log_format: LogFormat,
    /// A filter of log lines, such as `info` or `keyfold=debug`.
    pub(crate) log_level: Option<String>,
    /// Every setting as text and where it comes from.
    pub(crate) origins: Vec<(String, String, String)>,
}

/// Seconds after which stores refuse a request for the time of its signature: it is signed once, however often it is sent.
const STORE_RETRY: u64 = 900;
/// Bytes of a thread's stack. The system gives memory only to what is used of it.
pub(crate) const STACK: usize = 256 << 20;

impl Settings {
    /// Reads all layers.
    pub(crate) fn read(arguments: &Arguments) -> Result<Self> {
        let mut reader = Reader::new(arguments)?;
        let threads = |text: &str| text.parse().ok().filter(|threads| (1..=1024).contains(threads));
        let resources = Resources {
            threads: reader.parse("threads", threads, "a number from 1 to 1024").unwrap_or(1),
            memory_limit: reader.size("memory_limit"),
            scratch: reader.path("scratch"),
        };
        let cluster = ClusterSettings::read(&mut reader, &resources);
        let store_options = StoreOptions {
            options: reader.stores(),
            retry_timeout: reader.seconds_up_to("store_retry_seconds", STORE_RETRY),
            // Those of executors are theirs alone: a client may do what its user may.
            roots: None,
        };
        let settings = Self {
            resources,
            cluster,
            stores: Arc::new(Stores::new(store_options.clone())),
            store_options,
            log_format: reader
                .parse("log_format", |text| LogFormat::from_str(text, true).ok(), "auto, text or json")
                .unwrap_or(LogFormat::Auto),
            log_level: reader.text("log_level"),
            origins: reader.origins(),
        };
        reader.finish(settings)
    }

    /// The stores of this process, which all of it shares.
    pub(crate) fn stores(&self) -> Arc<Stores> {
        self.stores.clone()
    }

    /// Runs plans in this process.
    pub(crate) fn local(&self) -> Arc<dyn Runner> {
        Arc::new(LocalRunner { threads: self.resources.threads })
    }

    /// The threads that work.
    pub(crate) fn runtime(&self) -> Result<tokio::runtime::Runtime> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(self.resources.threads).thread_stack_size(STACK).enable_all().build();
        runtime.map_err(|error| Error::internal(format!("the threads cannot be started: {error}")))
    }
}
