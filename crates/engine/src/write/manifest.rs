//! A partition's part of the manifest, written as its documents are.

use keyfold_core::Result;
use keyfold_core::layout::manifest_part;
use keyfold_core::manifest::{Part, Sha256Sum};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::sink::{Folder, Lines, failed};

pub(super) struct ManifestWriter {
    folder: Folder,
    path: String,
    /// Opened with the first line: a partition without documents has no part.
    file: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    documents: u64,
    bytes: u64,
    sha256: Sha256Sum,
}

impl ManifestWriter {
    pub(super) fn new(folder: Folder, partition: u32) -> Self {
        let path = manifest_part(partition);
        Self { folder, path, file: None, documents: 0, bytes: 0, sha256: Sha256Sum::default() }
    }

    pub(super) async fn append(&mut self, lines: &Lines) -> Result<()> {
        if lines.text.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.folder.create(&self.path).await?),
        };
        file.write_all(&lines.text).await.map_err(|error| failed(&self.path, &error))?;
        self.documents += lines.documents;
        self.bytes += lines.text.len() as u64;
        self.sha256.update(&lines.text);
        Ok(())
    }

    pub(super) async fn close(self) -> Result<Option<Part>> {
        let Some(mut file) = self.file else { return Ok(None) };
        file.shutdown().await.map_err(|error| failed(&self.path, &error))?;
        Ok(Some(Part { path: self.path, documents: self.documents, bytes: self.bytes, sha256: self.sha256.finish() }))
    }
}
