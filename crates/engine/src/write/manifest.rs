//! A partition's part of the manifest, written as its documents are.

use keyfold_core::Result;
use keyfold_core::layout::manifest_part;
use keyfold_core::manifest::{Part, Sha256Sum};

use super::folder::{Folder, NewFile};
use super::sink::Lines;

pub(super) struct ManifestWriter {
    folder: Folder,
    /// Path and file, opened with the first line: a partition without documents has no part.
    part: Option<(String, NewFile)>,
    documents: u64,
    bytes: u64,
    sha256: Sha256Sum,
}

impl ManifestWriter {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, part: None, documents: 0, bytes: 0, sha256: Sha256Sum::default() }
    }

    pub(super) async fn append(&mut self, lines: &Lines) -> Result<()> {
        let Some(first_key) = &lines.first_key else { return Ok(()) };
        let (_, file) = match &mut self.part {
            Some(part) => part,
            None => {
                let path = manifest_part(first_key);
                let file = self.folder.create(&path).await?;
                self.part.insert((path, file))
            }
        };
        file.write(&lines.text).await?;
        self.documents += lines.documents;
        self.bytes += lines.text.len() as u64;
        self.sha256.update(&lines.text);
        Ok(())
    }

    pub(super) async fn close(self) -> Result<Option<Part>> {
        let Some((path, file)) = self.part else { return Ok(None) };
        file.close().await?;
        Ok(Some(Part { path, documents: self.documents, bytes: self.bytes, sha256: self.sha256.finish() }))
    }
}
