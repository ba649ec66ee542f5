//! Object stores by URL, each made once per process from its usual environment variables and the settings.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::object_store::ObjectStoreRegistry;
use keyfold_core::location::Location;
use keyfold_core::{Error, ErrorKind, Problem, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use url::Url;

use super::refusal::Connector;
use super::sandbox::Roots;
use crate::error::external;

/// Before a request is sent again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How stores are reached, beyond what the environment says.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// Options of object_store by name, such as `aws_endpoint`; they take precedence over the environment.
    pub options: BTreeMap<String, String>,
    /// How long a failing request is tried again.
    pub retry_timeout: Duration,
    /// Where this process may read and write; everywhere if absent.
    pub roots: Option<Roots>,
}

/// Whether any kind of store has an option of this name.
pub fn is_option(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.parse::<AmazonS3ConfigKey>().is_ok()
        || name.parse::<AzureConfigKey>().is_ok()
        || name.parse::<GoogleConfigKey>().is_ok()
}

/// The stores of this process.
pub struct Stores {
    options: StoreOptions,
    known: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl fmt::Debug for Stores {
    /// Without the options, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}

impl Stores {
    /// No store yet.
    pub fn new(options: StoreOptions) -> Self {
        Self { options, known: Mutex::default() }
    }

    /// The store of a location and the path within it.
    pub fn resolve(&self, location: &Location) -> Result<(Arc<dyn ObjectStore>, Path)> {
        let (url, path) = url_and_path(location)?;
        Ok((self.store(&url)?, path))
    }

    fn store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let name = store_name(url);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = known.get(&name) {
            return Ok(store.clone());
        }
        let mut store = self.make(url)?;
        if let Some(roots) = &self.options.roots {
            store = roots.guard(url, store);
        }
        known.insert(name, store.clone());
        Ok(store)
    }

    fn make(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let wrong = |error: object_store::Error| {
            let problem = Problem::new(format!("the store of {url} cannot be used: {error}"));
            Error::new(
                ErrorKind::Usage,
                problem.help("check the store's environment variables and the settings under [stores]"),
            )
        };
        let retry = retry(self.options.retry_timeout);
        macro_rules! cloud {
            ($builder:ty) => {{
                let mut builder = <$builder>::from_env().with_url(url.as_str()).with_retry(retry);
                builder = builder.with_http_connector(Connector::default());
                for (name, value) in &self.options.options {
                    // An option of another kind of store is not this one's business.
                    if let Ok(key) = name.to_ascii_lowercase().parse() {
                        builder = builder.with_config(key, value);
                    }
                }
                Ok(Arc::new(builder.build().map_err(wrong)?))
            }};
        }
        match url.scheme() {
            "file" => Ok(Arc::new(LocalFileSystem::new())),
            "s3" | "s3a" => cloud!(AmazonS3Builder),
            "gs" => cloud!(GoogleCloudStorageBuilder),
            "az" | "abfs" | "abfss" | "azure" => cloud!(MicrosoftAzureBuilder),
            other => {
                let problem = Problem::new(format!("{url}: there is no store for `{other}://`"));
                Err(Error::new(ErrorKind::Usage, problem.help("use a path, s3://, gs:// or az://")))
            }
        }
    }
}

/// Failing requests are tried again for so long, however often that is, with pauses that get longer.
fn retry(timeout: Duration) -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: FIRST_PAUSE,
        // So that a short time is not passed in one pause.
        max_backoff: (timeout / 10).clamp(FIRST_PAUSE, LONGEST_PAUSE),
        ..BackoffConfig::default()
    };
    // No pause is shorter than the first, so that the time is over before the number is reached.
    let max_retries = timeout.div_duration_f64(FIRST_PAUSE).ceil() as usize;
    RetryConfig { backoff, max_retries, retry_timeout: timeout }
}

/// The URL of a location, and the path within its store.
pub(crate) fn url_and_path(location: &Location) -> Result<(Url, Path)> {
    let wrong = |message: String| Error::new(ErrorKind::Usage, message);
    let url = location.url().map_err(wrong)?;
    let path = Path::from_url_path(url.path())
        .map_err(|error| wrong(format!("{location} cannot be used as a path: {error}")))?;
    Ok((url, path))
}

/// Scheme and host: what one store object serves.
fn store_name(url: &Url) -> String {
    url[url::Position::BeforeScheme..url::Position::BeforePath].to_owned()
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(store_name(url), store)
    }

    fn get_store(&self, url: &Url) -> DataFusionResult<Arc<dyn ObjectStore>, DataFusionError> {
        self.store(url).map_err(external)
    }
}

/// The path of a name below a prefix, percent signs and all as they are.
pub fn join(prefix: &Path, name: &str) -> Result<Path> {
    let name = Path::parse(name).map_err(|error| Error::internal(format!("`{name}` is not a valid path: {error}")))?;
    Ok(Path::from_iter(prefix.parts().chain(name.parts())))
}
