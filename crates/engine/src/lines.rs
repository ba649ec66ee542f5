//! A text file of a store line by line, decompressed on the way.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::error::DataFusionError;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use keyfold_core::job::Compression;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::running;
use crate::formats::text::compression;

/// The lines of a file; memory holds one line and one piece of the file.
pub(crate) struct Lines {
    name: String,
    pieces: BoxStream<'static, Result<Bytes, DataFusionError>>,
    waiting: Vec<u8>,
    /// Where in `waiting` the next line begins.
    start: usize,
}

impl Lines {
    pub(crate) async fn open(store: &Arc<dyn ObjectStore>, path: &Path, compression: Compression) -> Result<Self> {
        let found = store.get(path).await.map_err(|error| running(DataFusionError::ObjectStore(Box::new(error))))?;
        let pieces = found.into_stream().map_err(|error| DataFusionError::ObjectStore(Box::new(error))).boxed();
        let pieces = self::compression(compression).convert_stream(pieces).map_err(running)?;
        Ok(Self { name: path.to_string(), pieces, waiting: Vec::new(), start: 0 })
    }

    /// The next line with its line break; the last one may have none.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut searched = self.start;
        loop {
            if let Some(end) = self.waiting[searched..].iter().position(|byte| *byte == b'\n') {
                let end = searched + end + 1;
                let line = self.waiting[self.start..end].to_vec();
                self.start = end;
                return Ok(Some(line));
            }
            self.waiting.drain(..self.start);
            self.start = 0;
            searched = self.waiting.len();
            match self.pieces.try_next().await {
                Ok(Some(piece)) => self.waiting.extend_from_slice(&piece),
                Ok(None) if self.waiting.is_empty() => return Ok(None),
                Ok(None) => return Ok(Some(std::mem::take(&mut self.waiting))),
                Err(error) => {
                    let problem = Problem::new(format!("cannot be read: {}", error.find_root().strip_backtrace()));
                    return Err(Error::new(ErrorKind::Input, problem.at(Place::whole(&self.name))));
                }
            }
        }
    }
}
