//! The folder that documents are written into: one on a local disk, or a prefix in an object store.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreRegistry;
use keyfold_core::layout::{ALIVE, STAGING};
use keyfold_core::{Error, ErrorKind, Result};
use object_store::buffered::BufWriter;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::WriteSpec;
use crate::storage::stores;

#[derive(Clone)]
pub(super) enum Folder {
    Local(LocalFolder),
    Remote { store: Arc<dyn ObjectStore>, prefix: object_store::path::Path },
}

impl Folder {
    pub(super) async fn open(spec: &WriteSpec, registry: &Arc<dyn ObjectStoreRegistry>) -> Result<Self> {
        let (url, prefix) = stores::url_and_path(&spec.snapshot)?;
        let store = registry.get_store(&url).map_err(crate::error::running)?;
        let place = spec.snapshot.to_string();
        // The run shows that it is alive. Asked through the store, on a local disk too: it knows where this process
        // may write. A run that has ended is not written to.
        let alive = stores::join(&prefix, ALIVE)?;
        store.head(&alive).await.map_err(|error| failed(&place, &error))?;
        let Some(root) = spec.snapshot.local().map(Path::to_owned) else { return Ok(Self::Remote { store, prefix }) };
        let staging = if spec.staged { Some(attempt(&root).map_err(|error| failed(&place, &error))?) } else { None };
        Ok(Self::Local(LocalFolder { root, staging }))
    }

    /// A new file in the folder, to be written from its start.
    pub(super) async fn create(&self, name: &str) -> Result<NewFile> {
        match self {
            Self::Local(folder) => {
                check_name(name).map_err(|error| failed(name, &error))?;
                let (path, target) = (folder.written(name), folder.root.join(name));
                let file = tokio::fs::File::create_new(&path).await;
                let file = file.map_err(|error| failed(&path.display().to_string(), &error))?;
                let target = (path != target).then_some((path, target));
                Ok(NewFile { name: name.to_owned(), writer: Box::new(file), target })
            }
            Self::Remote { store, prefix } => {
                let writer = BufWriter::new(store.clone(), stores::join(prefix, name)?);
                Ok(NewFile { name: name.to_owned(), writer: Box::new(writer), target: None })
            }
        }
    }
}

/// A folder of this attempt's own. It is not made where staging has ended: this attempt has come too late.
fn attempt(snapshot: &Path) -> io::Result<PathBuf> {
    let folder = snapshot.join(STAGING).join(format!("{:016x}", rand::random::<u64>()));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

/// The fold makes no names that lead out of the folder. A plan that comes from elsewhere may hold any.
fn check_name(name: &str) -> io::Result<()> {
    if Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{name}` is not a valid name of a document")))
    }
}

#[derive(Clone)]
pub(super) struct LocalFolder {
    pub(super) root: PathBuf,
    staging: Option<PathBuf>,
}

impl LocalFolder {
    /// Where a file is written before it is whole.
    fn written(&self, name: &str) -> PathBuf {
        match &self.staging {
            Some(staging) => staging.join(name.replace('/', "%2F")),
            None => self.root.join(name),
        }
    }

    /// Writes a whole file. `prepare` makes the folders that it lies in.
    pub(super) fn write(
        &self,
        name: &str,
        bytes: &[u8],
        prepare: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        check_name(name)?;
        let target = self.root.join(name);
        let Some(staging) = &self.staging else {
            prepare(&target)?;
            return io::Write::write_all(&mut std::fs::File::create_new(&target)?, bytes);
        };
        let staged = staging.join("document");
        std::fs::write(&staged, bytes)?;
        prepare(&target)?;
        std::fs::rename(&staged, &target)
    }
}

/// A file that is being written.
pub(super) struct NewFile {
    name: String,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Where it is, and where it belongs once it is whole.
    target: Option<(PathBuf, PathBuf)>,
}

impl NewFile {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).await.map_err(|error| failed(&self.name, &error))
    }

    /// Ends the file: from now on it is there, and whole.
    pub(super) async fn close(mut self) -> Result<()> {
        let moved = async {
            self.writer.shutdown().await?;
            match &self.target {
                Some((staged, target)) => tokio::fs::rename(staged, target).await,
                None => Ok(()),
            }
        };
        moved.await.map_err(|error| failed(&self.name, &error))
    }
}

/// A document or a file beside it could not be written.
pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> Error {
    Error::new(ErrorKind::Delivery, format!("{what} cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let outer = tempfile::tempdir().expect("a folder");
        let root = outer.path().join("snapshot");
        std::fs::create_dir(&root).expect("a snapshot");
        let folder = LocalFolder { root, staging: None };
        let absolute = outer.path().join("absolute").display().to_string();
        for name in ["../out", "a/../../out", absolute.as_str(), "./a", ""] {
            assert!(folder.write(name, b"x", |_| Ok(())).is_err(), "{name}");
        }
        assert!(folder.write("a", b"x", |_| Ok(())).is_ok());
        assert_eq!(std::fs::read_dir(outer.path()).expect("the folder").count(), 1, "nothing beside the snapshot");
    }
}
