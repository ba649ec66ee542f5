//! A file's footer, or why it has none.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::parquet::file::metadata::ParquetMetaData;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::ObjectStoreExt;

use super::footer::Stored;
use crate::error;

/// What a Parquet file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// What it ends with if its footer is encrypted.
const ENCRYPTED: &[u8] = b"PARE";

/// The file's footer.
pub(super) async fn footer(file: &Stored) -> Result<Arc<ParquetMetaData>> {
    match file.footer().await {
        Ok(footer) => Ok(footer),
        Err(error) => Err(reason(file, error).await),
    }
}

/// Why a file has no footer that can be read: by its first and last bytes.
async fn reason(file: &Stored, error: DataFusionError) -> Error {
    if let Some(fault) = error::unreadable(&file.name(), &error) {
        return fault;
    }
    let error = match error {
        DataFusionError::ParquetError(error) => error,
        error => return error::running(error),
    };
    let size = file.meta.size;
    let path = &file.meta.location;
    let first = file.store.get_range(path, 0..size.min(4)).await.unwrap_or_default();
    let last = file.store.get_range(path, size.saturating_sub(4)..size).await.unwrap_or_default();
    let (message, help) = match (first.as_ref(), last.as_ref()) {
        (_, ENCRYPTED) => ("is encrypted, and such files are not read", "write it without encryption"),
        (MAGIC, MAGIC) => return unreadable(file, error.to_string()),
        (MAGIC, _) => ("is cut off: a Parquet file ends with PAR1", "write or fetch it again"),
        _ => {
            ("is not a Parquet file: such a file begins and ends with PAR1", "set the table's format if it is another")
        }
    };
    input(Problem::new(message).help(help), file)
}

/// A file that cannot be read, and why.
pub(super) fn unreadable(file: &Stored, why: String) -> Error {
    input(Problem::new(format!("is not a readable Parquet file: {why}")), file)
}

fn input(problem: Problem, file: &Stored) -> Error {
    Error::new(ErrorKind::Input, problem.at(Place::whole(file.name())))
}
