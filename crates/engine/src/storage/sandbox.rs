//! The places that a process may read and write, whoever asks it to.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use keyfold_core::location::Location;
use keyfold_core::{Error, ErrorKind, Problem};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use url::Url;

/// Folders and prefixes below which everything is allowed, and nothing else.
#[derive(Debug, Clone)]
pub struct Roots(Vec<Url>);

impl Roots {
    /// Roots as written: paths such as `/data/`, or URLs such as `s3://bucket/prefix/`.
    pub fn parse(roots: &[String]) -> keyfold_core::Result<Self> {
        let wrong = |message: String| Error::new(ErrorKind::Usage, Problem::new(format!("allow: {message}")));
        let current = std::env::current_dir().unwrap_or_default();
        let parse = |root: &String| match Location::parse(root, &current).map_err(wrong)? {
            // The folder itself may be reached by a link; what lies below it may not lead out of it.
            Location::Local(folder) => {
                let folder = folder.canonicalize().map_err(|error| {
                    let problem = Problem::new(format!("allow: `{root}` is not a folder that can be read: {error}"));
                    Error::new(ErrorKind::Usage, problem.help("name folders that exist, or URLs of object stores"))
                })?;
                Location::Local(folder).url().map_err(wrong)
            }
            Location::Store(url) => Ok(url),
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
        let real = if self.local { real_path(location) } else { Some(location.clone()) };
        // An object store treats `..` as a name, a gateway in front of it may not.
        let climbs = location.parts().any(|part| matches!(part.as_ref(), ".." | "."));
        let below = |path: &Path| self.prefixes.iter().any(|root| path.prefix_matches(root));
        if real.is_some_and(|path| below(&path)) && !climbs {
            Ok(())
        } else {
            Err(object_store::Error::PermissionDenied {
                path: location.to_string(),
                source: "this process may not read or write here; its setting `allow` names where it may".into(),
            })
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

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::local::LocalFileSystem;
    use object_store::memory::InMemory;

    use super::*;

    fn guarded(roots: &[&str], url: &str, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        let roots: Vec<_> = roots.iter().map(|root| (*root).to_owned()).collect();
        Roots::parse(&roots).expect("roots").guard(&Url::parse(url).expect("a URL"), store)
    }

    fn denied<T>(result: Result<T>) -> bool {
        matches!(result, Err(object_store::Error::PermissionDenied { .. }))
    }

    #[tokio::test]
    async fn neither_dots_nor_links_lead_out_of_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
        std::fs::create_dir(&inside).expect("inside");
        std::fs::create_dir(&outside).expect("outside");
        std::fs::write(outside.join("secret"), "s").expect("secret");
        std::fs::write(inside.join("plain"), "p").expect("plain");
        std::os::unix::fs::symlink(outside.join("secret"), inside.join("link")).expect("link");
        std::os::unix::fs::symlink(&outside, inside.join("links")).expect("links");
        std::os::unix::fs::symlink(inside.join("plain"), inside.join("within")).expect("within");
        let store = guarded(&[&inside.display().to_string()], "file:///", Arc::new(LocalFileSystem::new()));
        let path = |name: &str| Path::from_absolute_path(folder.path().join(name)).expect("a path");
        assert!(store.get(&path("inside/plain")).await.is_ok());
        assert!(store.get(&path("inside/within")).await.is_ok(), "a link that stays inside");
        for name in ["outside/secret", "inside/link", "inside/links/secret"] {
            assert!(denied(store.get(&path(name)).await), "{name}");
            assert!(denied(store.head(&path(name)).await), "{name}");
            assert!(denied(store.put(&path(name), PutPayload::from_static(b"x")).await), "{name}");
        }
        // What does not exist yet lies where its parents lead.
        assert!(store.put(&path("inside/new/file"), PutPayload::from_static(b"x")).await.is_ok());
        assert!(denied(store.put(&path("inside/links/new"), PutPayload::from_static(b"x")).await));
        let climbing = Path::parse(format!("{}/../outside/secret", path("inside"))).err();
        assert!(climbing.is_some(), "the store's own paths have no `..`");
        assert_eq!(std::fs::read(outside.join("secret")).expect("secret"), b"s");
    }

    #[tokio::test]
    async fn a_prefix_of_a_bucket_is_a_root_and_its_neighbours_are_not() {
        let store = Arc::new(InMemory::new());
        let put = |name: &str| (Path::from(name), PutPayload::from_static(b"x"));
        for name in ["sales/a", "salesforce/b", "other/c"] {
            let (path, bytes) = put(name);
            store.put(&path, bytes).await.expect("put");
        }
        let other = guarded(&["s3://bucket/sales/"], "s3://another/", store.clone());
        let store = guarded(&["s3://bucket/sales/"], "s3://bucket/", store);
        assert!(store.get(&Path::from("sales/a")).await.is_ok());
        for name in ["salesforce/b", "other/c"] {
            assert!(denied(store.get(&Path::from(name)).await), "{name}");
            assert!(denied(store.copy(&Path::from("sales/a"), &Path::from(name)).await), "{name}");
            assert!(denied(store.rename(&Path::from(name), &Path::from("sales/b")).await), "{name}");
            assert!(denied(store.delete(&Path::from(name)).await), "{name}");
        }
        assert!(denied(store.list_with_delimiter(None).await));
        assert!(denied(store.list(None).try_collect::<Vec<_>>().await));
        assert_eq!(store.list(Some(&Path::from("sales"))).try_collect::<Vec<_>>().await.expect("a list").len(), 1);
        assert!(denied(other.get(&Path::from("sales/a")).await), "a bucket that no root names");
    }
}
