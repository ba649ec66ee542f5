//! The places that a process may read and write, whoever asks it to.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use keyfold_core::{Error, ErrorKind, Problem};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use url::Url;

use crate::stores;

/// Folders and prefixes below which everything is allowed, and nothing else.
#[derive(Debug, Clone)]
pub struct Roots(Vec<Url>);

impl Roots {
    /// Roots as written: paths such as `/data/`, or URLs such as `s3://bucket/prefix/`.
    pub fn parse(roots: &[String]) -> keyfold_core::Result<Self> {
        let parse = |root: &String| match stores::local_path(root) {
            // The folder itself may be reached by a link; what lies below it may not lead out of it.
            Some(folder) => {
                let folder = folder.canonicalize().map_err(|error| {
                    let problem = Problem::new(format!("allow: `{root}` is no folder that can be read: {error}"));
                    Error::new(ErrorKind::Usage, problem.help("name folders that exist, or URLs of object stores"))
                })?;
                stores::url(&folder.display().to_string())
            }
            None => stores::url(root),
        };
        roots.iter().map(parse).collect::<keyfold_core::Result<_>>().map(Self)
    }

    /// A store of which only what lies below the roots can be reached.
    pub(crate) fn guard(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        let same = |root: &&Url| root.scheme() == url.scheme() && root.host_str() == url.host_str();
        let prefixes = self.0.iter().filter(same).filter_map(|root| Path::from_url_path(root.path()).ok());
        Arc::new(Guarded { store, local: url.scheme() == "file", prefixes: prefixes.collect() })
    }
}

#[derive(Debug)]
struct Guarded {
    store: Arc<dyn ObjectStore>,
    local: bool,
    prefixes: Vec<Path>,
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} below allowed roots", self.store)
    }
}

impl Guarded {
    fn check(&self, location: &Path) -> Result<()> {
        let real = match self.local {
            true => real_path(location),
            false => Some(location.clone()),
        };
        // An object store takes `..` for a name, a gateway in front of it may not.
        let climbs = location.parts().any(|part| matches!(part.as_ref(), ".." | "."));
        let below = |path: &Path| self.prefixes.iter().any(|root| path.prefix_matches(root));
        match real.is_some_and(|path| below(&path)) && !climbs {
            true => Ok(()),
            false => Err(object_store::Error::PermissionDenied {
                path: location.to_string(),
                source: "this process may not read or write here; its setting `allow` names where it may".into(),
            }),
        }
    }
}

/// Where a path leads once its links are followed. Of what does not exist yet, the parents are followed.
fn real_path(location: &Path) -> Option<Path> {
    let path = PathBuf::from(format!("/{location}"));
    let there = path.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok())?;
    let real = there.canonicalize().ok()?.join(path.strip_prefix(there).ok()?);
    Path::from_absolute_path(real).ok()
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for Guarded {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.check(location)?;
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.check(location)?;
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(location)?;
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(location)?;
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let guard = Self { store: self.store.clone(), local: self.local, prefixes: self.prefixes.clone() };
        self.store.delete_stream(
            locations
                .and_then(move |location| futures::future::ready(guard.check(&location).map(|()| location)))
                .boxed(),
        )
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.check(prefix.unwrap_or(&Path::default())) {
            Ok(()) => self.store.list(prefix),
            Err(error) => futures::stream::once(futures::future::ready(Err(error))).boxed(),
        }
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.check(prefix.unwrap_or(&Path::default())) {
            Ok(()) => self.store.list_with_offset(prefix, offset),
            Err(error) => futures::stream::once(futures::future::ready(Err(error))).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.check(prefix.unwrap_or(&Path::default()))?;
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.check(from)?;
        self.check(to)?;
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check(from)?;
        self.check(to)?;
        self.store.rename_opts(from, to, options).await
    }
}
