//! Documents as files of their own.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};
use keyfold_core::fold::DocumentBatch;
use keyfold_core::manifest::{Entry, sha256};
use keyfold_core::{Error, ErrorKind, Result};
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::task::JoinHandle;

use super::folder::{Folder, LocalFolder, failed};
use super::sink::Lines;
use crate::storage::stores::join;

/// Requests to an object store that one partition has under way.
const CONCURRENT_PUTS: usize = 32;

/// The manifest's lines of a batch, and the folders made so far.
type WrittenBatch = (Lines, HashSet<PathBuf>);

/// Writes each document into its own file. On a local disk the next batch is folded while one is written.
pub(super) struct Files {
    folder: Folder,
    /// Folders made so far; away while a batch is being written.
    made: HashSet<PathBuf>,
    writing: Option<JoinHandle<Result<WrittenBatch>>>,
}

impl Files {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, made: HashSet::new(), writing: None }
    }

    /// Writes a batch and gives the manifest's lines that are complete by now.
    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<Lines> {
        match &self.folder {
            Folder::Remote { store, prefix } => put_all(store, prefix, &batch).await,
            Folder::Local(folder) => {
                let folder = folder.clone();
                let lines = self.finish().await?;
                let mut made = std::mem::take(&mut self.made);
                self.writing = Some(tokio::task::spawn_blocking(move || {
                    let lines = write_all(&folder, &mut made, &DocumentBatch(&batch))?;
                    Ok((lines, made))
                }));
                Ok(lines)
            }
        }
    }

    /// Waits for the batch that is being written.
    pub(super) async fn finish(&mut self) -> Result<Lines> {
        let Some(writing) = self.writing.take() else { return Ok(Lines::default()) };
        let (lines, made) = writing.await.map_err(Error::internal)??;
        self.made = made;
        Ok(lines)
    }
}

fn entry(batch: &DocumentBatch<'_>, row: usize) -> Entry {
    let document = batch.document(row);
    Entry {
        key: batch.key(row).to_owned(),
        path: batch.path(row).to_owned(),
        line: None,
        bytes: document.len() as u64,
        sha256: sha256(document),
    }
}

fn write_all(folder: &LocalFolder, made: &mut HashSet<PathBuf>, batch: &DocumentBatch<'_>) -> Result<Lines> {
    let mut lines = Lines::default();
    for row in 0..batch.len() {
        let name = batch.path(row);
        let written = folder.write(name, batch.document(row), |path| match path.parent() {
            Some(parent) if parent != folder.root && !made.contains(parent) => {
                std::fs::create_dir_all(parent)?;
                made.insert(parent.to_owned());
                Ok(())
            }
            _ => Ok(()),
        });
        written.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::new(
                ErrorKind::Input,
                format!(
                    "key `{}`: {} exists already; does this disk ignore the case of names?",
                    batch.key(row),
                    folder.root.join(name).display()
                ),
            ),
            _ => failed(&folder.root.join(name).display().to_string(), &error),
        })?;
        lines.push(&entry(batch, row))?;
    }
    Ok(lines)
}

async fn put_all(
    store: &Arc<dyn ObjectStore>,
    prefix: &object_store::path::Path,
    batch: &RecordBatch,
) -> Result<Lines> {
    let documents = DocumentBatch(batch);
    let put = |row: usize| {
        let entry = entry(&documents, row);
        let bytes = Bytes::copy_from_slice(documents.document(row));
        let path = join(prefix, &entry.path);
        let store = store.clone();
        async move {
            let path = path?;
            store.put(&path, bytes.into()).await.map_err(|error| failed(path.as_ref(), &error))?;
            Ok::<_, Error>(entry)
        }
    };
    // In the order of the documents, so that the manifest is sorted by key.
    let mut entries = stream::iter((0..documents.len()).map(put)).buffered(CONCURRENT_PUTS);
    let mut lines = Lines::default();
    while let Some(entry) = entries.try_next().await? {
        lines.push(&entry)?;
    }
    Ok(lines)
}
