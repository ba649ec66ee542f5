//! Where a partition's documents go: files of their own or shards, and the manifest beside them.

use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::object_store::ObjectStoreRegistry;
use keyfold_core::job::Layout;
use keyfold_core::manifest::Part;
use keyfold_core::{Error, Result};

use super::WriteSpec;
use super::files::Files;
use super::folder::Folder;
use super::manifest::ManifestWriter;
use super::shards::Shards;

/// Writes the documents of one partition.
pub(super) struct Sink {
    documents: Documents,
    manifest: ManifestWriter,
}

enum Documents {
    Files(Files),
    Shards(Box<Shards>),
}

impl Sink {
    pub(super) async fn open(spec: &WriteSpec, registry: &Arc<dyn ObjectStoreRegistry>) -> Result<Self> {
        let folder = Folder::open(spec, registry).await?;
        let documents = match spec.layout {
            Layout::Files => Documents::Files(Files::new(folder.clone())),
            Layout::Ndjson => Documents::Shards(Box::new(Shards::new(folder.clone(), spec.compression))),
        };
        Ok(Self { documents, manifest: ManifestWriter::new(folder) })
    }

    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let lines = match &mut self.documents {
            Documents::Files(files) => files.write(batch).await?,
            Documents::Shards(shards) => shards.write(&batch).await?,
        };
        self.manifest.append(&lines).await
    }

    pub(super) async fn close(mut self) -> Result<Option<Part>> {
        let lines = match self.documents {
            Documents::Files(mut files) => files.finish().await?,
            Documents::Shards(mut shards) => shards.finish().await.map(|()| Lines::default())?,
        };
        self.manifest.append(&lines).await?;
        self.manifest.close().await
    }
}

/// Lines of the manifest.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) text: Vec<u8>,
    pub(super) documents: u64,
    /// The key of the first line.
    pub(super) first_key: Option<String>,
}

impl Lines {
    pub(super) fn push(&mut self, entry: &keyfold_core::manifest::Entry) -> Result<()> {
        serde_json::to_writer(&mut self.text, entry).map_err(Error::internal)?;
        self.text.push(b'\n');
        self.documents += 1;
        self.first_key.get_or_insert_with(|| entry.key.clone());
        Ok(())
    }
}
