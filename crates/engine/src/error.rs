//! DataFusion's errors as keyfold's.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use keyfold_core::{Error, ErrorKind, Problem};

/// How the system says ENOSPC.
const DISK_FULL: &str = "No space left on device";

/// A failure of a running query: keyfold's own errors come out as they went in, the rest is sorted by its root.
pub(crate) fn running(error: DataFusionError) -> Error {
    classify(&error)
}

/// The same for an error that is still needed.
pub fn classify(error: &DataFusionError) -> Error {
    for error in error.iter() {
        if let Some(own) = own(error) {
            return own;
        }
    }
    let root = error.find_root();
    let message = root.strip_backtrace();
    match root {
        // Spilling wraps its own failure in what unreadable input looks like.
        _ if message.contains(DISK_FULL) => disk_full(message),
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => Error::new(ErrorKind::Unavailable, message),
        DataFusionError::ResourcesExhausted(_) => Error::new(
            ErrorKind::Unavailable,
            Problem::new(message)
                .help("raise memory_limit, or give scratch (on a cluster: work_dir) a disk with more space"),
        ),
        DataFusionError::ArrowError(_, _) | DataFusionError::ParquetError(_) | DataFusionError::Execution(_) => {
            Error::new(ErrorKind::Input, message)
        }
        _ => Error::new(ErrorKind::Query, message),
    }
}

/// The same for an error of Arrow that has lost the query's error around it.
pub fn classify_arrow(error: &ArrowError) -> Error {
    if let ArrowError::ExternalError(inner) = error {
        if let Some(own) = inner.downcast_ref::<Error>() {
            return own.clone();
        }
        if let Some(inner) = inner.downcast_ref::<DataFusionError>() {
            return classify(inner);
        }
    }
    let message = format!("Arrow error: {error}");
    if message.contains(DISK_FULL) { disk_full(message) } else { Error::new(ErrorKind::Input, message) }
}

fn disk_full(message: String) -> Error {
    let problem = Problem::new(message)
        .help("give scratch (on a cluster: work_dir) a disk with more space, or raise memory_limit");
    Error::new(ErrorKind::Unavailable, problem)
}

/// keyfold's own error, if one lies anywhere in the chain.
fn own(error: &DataFusionError) -> Option<Error> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        // These hold a boxed or shared error that `source` passes over.
        let inner: Option<&(dyn std::error::Error + 'static)> = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
            _ => match error.downcast_ref::<ArrowError>() {
                Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                _ => match error.downcast_ref::<ParquetError>() {
                    Some(ParquetError::External(inner)) => Some(inner.as_ref()),
                    _ => None,
                },
            },
        };
        cause = inner.or_else(|| error.source());
    }
    None
}

/// keyfold's error on its way through DataFusion.
pub(crate) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
