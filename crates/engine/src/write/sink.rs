//! Where a partition's documents go: files of their own or shards, and the manifest beside them.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::object_store::ObjectStoreRegistry;
use keyfold_core::job::Layout;
use keyfold_core::manifest::Part;
use keyfold_core::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use tokio::io::AsyncWrite;

use super::WriteSpec;
use super::files::Files;
use super::manifest::ManifestWriter;
use super::shards::Shards;
use crate::stores;

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
    pub(super) fn open(spec: &WriteSpec, partition: u32, registry: &Arc<dyn ObjectStoreRegistry>) -> Result<Self> {
        let folder = Folder::open(&spec.snapshot, registry)?;
        let documents = match spec.layout {
            Layout::Files => Documents::Files(Files::new(folder.clone())),
            Layout::Ndjson => Documents::Shards(Box::new(Shards::new(folder.clone(), spec.compression))),
        };
        Ok(Self { documents, manifest: ManifestWriter::new(folder, partition) })
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
}

impl Lines {
    pub(super) fn push(&mut self, entry: &keyfold_core::manifest::Entry) -> Result<()> {
        serde_json::to_writer(&mut self.text, entry).map_err(Error::internal)?;
        self.text.push(b'\n');
        self.documents += 1;
        Ok(())
    }
}

/// A folder on the local disk or a prefix in an object store.
#[derive(Clone)]
pub(super) enum Folder {
    Local(PathBuf),
    Remote { store: Arc<dyn ObjectStore>, prefix: Path },
}

impl Folder {
    fn open(location: &str, registry: &Arc<dyn ObjectStoreRegistry>) -> Result<Self> {
        if let Some(path) = stores::local_path(location) {
            return Ok(Self::Local(path));
        }
        let url = stores::url(location)?;
        let store = registry.get_store(&url).map_err(crate::error::running)?;
        let prefix = Path::from_url_path(url.path()).map_err(|error| failed(location, &error))?;
        Ok(Self::Remote { store, prefix })
    }

    /// A new file in the folder, to be written from its start.
    pub(super) async fn create(&self, name: &str) -> Result<Box<dyn AsyncWrite + Send + Unpin>> {
        match self {
            Self::Local(folder) => {
                let path = folder.join(name);
                let file = tokio::fs::File::create_new(&path).await;
                Ok(Box::new(file.map_err(|error| failed(&path.display().to_string(), &error))?))
            }
            Self::Remote { store, prefix } => Ok(Box::new(BufWriter::new(store.clone(), stores::join(prefix, name)?))),
        }
    }
}

/// A document or a file beside it could not be written.
pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> Error {
    Error::new(ErrorKind::Delivery, format!("{what} cannot be written: {error}"))
}
