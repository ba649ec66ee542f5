//! What can go wrong while data is written, always with the file it concerns.

use std::io;
use std::path::{Path, PathBuf};

/// An error of the generator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatagenError {
    /// A file or folder could not be made or written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A Parquet file could not be encoded or written.
    #[error("cannot write {}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: parquet::errors::ParquetError,
    },
    /// A thread of the generator ended without a result.
    #[error("a generator thread ended early; please report this as a bug")]
    ThreadLost,
}

impl DatagenError {
    /// Wraps an I/O error with the path it happened on.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}
