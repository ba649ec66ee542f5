//! Publishing in an object store: the pointer is an object, replaced by a conditional put.
//!
//! A run shows that it is alive by writing an object in its snapshot again and again; ages are measured by the
//! store's own clock.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use keyfold_core::layout::{ALIVE, POINTER, REPORT, SNAPSHOTS};
use keyfold_core::location::Location;
use keyfold_core::report::{Pointer, Report};
use keyfold_core::{Error, ErrorKind, Problem, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};
use tokio::task::JoinHandle;

use super::{Publisher, failed, lost_race, overtaken, parse_pointer, pointer, to_text};
use crate::storage::stores::Stores;

/// How often a run shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// A run that did not show itself for so long is dead.
const DEAD_AFTER: chrono::TimeDelta = chrono::TimeDelta::minutes(15);

pub(super) struct RemotePublisher {
    store: Arc<dyn ObjectStore>,
    root: Path,
    output: Location,
    run: String,
    before: Option<(Pointer, UpdateVersion)>,
    heartbeat: JoinHandle<()>,
}

impl Drop for RemotePublisher {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

impl RemotePublisher {
    pub(super) async fn begin(stores: &Stores, output: &Location, run: &str) -> Result<Self> {
        let (store, root) = stores.resolve(output)?;
        let alive = below(&root, &format!("{SNAPSHOTS}/{run}/{ALIVE}"));
        let written = store.put(&alive, PutPayload::default()).await;
        written.map_err(|error| failed(format_args!("{output} cannot be written to"), error))?;
        let beating = store.clone();
        let heartbeat = tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                if let Err(error) = beating.put(&alive, PutPayload::default()).await {
                    tracing::warn!("the run cannot show that it is alive: {error}");
                }
            }
        });
        let mut publisher = Self { store, root, output: output.clone(), run: run.to_owned(), before: None, heartbeat };
        publisher.before = publisher.current().await?;
        Ok(publisher)
    }

    fn path(&self, name: &str) -> Path {
        below(&self.root, name)
    }

    async fn current(&self) -> Result<Option<(Pointer, UpdateVersion)>> {
        let path = self.path(POINTER);
        let unreadable = |error: object_store::Error| failed(format_args!("{path} cannot be read"), error);
        match self.store.get(&path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unreadable(error)),
            Ok(found) => {
                let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
                let text = found.bytes().await.map_err(unreadable)?;
                Ok(Some((parse_pointer(path.as_ref(), &text)?, version)))
            }
        }
    }

    /// Replaces the pointer if it still is the one that was there when the run began.
    async fn swap(&self, pointer: &Pointer) -> Result<()> {
        let mode = match &self.before {
            None => PutMode::Create,
            Some((_, version)) => PutMode::Update(version.clone()),
        };
        let put = self.store.put_opts(&self.path(POINTER), to_text(pointer)?.into(), PutOptions::from(mode)).await;
        match put {
            Ok(_) => Ok(()),
            Err(object_store::Error::Precondition { .. } | object_store::Error::AlreadyExists { .. }) => {
                // A put whose answer was lost is sent again, and then finds itself.
                match self.current().await? {
                    Some((now, _)) if now.run == self.run => Ok(()),
                    now => {
                        Err(lost_race(&self.output, &self.run, now.as_ref().map(|(pointer, _)| pointer.run.as_str())))
                    }
                }
            }
            Err(object_store::Error::NotImplemented { .. }) => {
                let problem = Problem::new(format!(
                    "the store of {} has no conditional put, without which two runs could publish at once",
                    self.output
                ));
                Err(Error::new(ErrorKind::Usage, problem.help("use a store that has it, such as S3, or one behind it")))
            }
            Err(error) => Err(failed(format_args!("{} cannot be published", self.run), error)),
        }
    }

    async fn remove(&self, prefix: &Path) -> object_store::Result<()> {
        let objects = self.store.list(Some(prefix)).map_ok(|meta| meta.location).boxed();
        self.store.delete_stream(objects).try_for_each(|_| async { Ok(()) }).await
    }

    /// When a run was last known to be alive; nothing if it never showed itself.
    async fn last_seen(&self, snapshot: &Path) -> object_store::Result<Option<chrono::DateTime<chrono::Utc>>> {
        match self.store.head(&below(snapshot, ALIVE)).await {
            Ok(meta) => Ok(Some(meta.last_modified)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn collect_all(&self, published: &Pointer) -> object_store::Result<usize> {
        let own = self.path(&format!("{SNAPSHOTS}/{}", self.run));
        self.store.put(&below(&own, ALIVE), PutPayload::default()).await?;
        let Some(now) = self.last_seen(&own).await? else { return Ok(0) };
        let mut removed = 0;
        for snapshot in self.store.list_with_delimiter(Some(&self.path(SNAPSHOTS))).await?.common_prefixes {
            let run = snapshot.filename().unwrap_or_default().to_owned();
            if run == published.run || published.history.contains(&run) {
                continue;
            }
            if self.last_seen(&snapshot).await?.is_none_or(|seen| now - seen > DEAD_AFTER) {
                self.remove(&snapshot).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

#[async_trait]
impl Publisher for RemotePublisher {
    fn snapshot(&self) -> Location {
        self.output.join(&format!("{SNAPSHOTS}/{}", self.run))
    }

    fn published(&self) -> Option<&Pointer> {
        self.before.as_ref().map(|(pointer, _)| pointer)
    }

    async fn check_current(&mut self) -> Result<()> {
        let now = self.current().await?;
        overtaken(&self.output, &self.run, self.published(), now.as_ref().map(|(pointer, _)| pointer))
    }

    async fn publish(&mut self, report: &Report, keep: usize) -> Result<Pointer> {
        let text = to_text(report)?;
        let path = self.path(&format!("{SNAPSHOTS}/{}/{REPORT}", self.run));
        let written = self.store.put(&path, text.clone().into()).await;
        written.map_err(|error| failed(format_args!("{path} cannot be written"), error))?;
        let pointer = pointer(report, &text, self.published(), keep);
        self.swap(&pointer).await?;
        Ok(pointer)
    }

    async fn abandon(&mut self) -> Result<()> {
        self.heartbeat.abort();
        let snapshot = self.path(&format!("{SNAPSHOTS}/{}", self.run));
        self.remove(&snapshot).await.map_err(|error| failed(format_args!("{snapshot} cannot be removed"), error))
    }

    async fn collect(&mut self, published: &Pointer) -> Result<usize> {
        self.collect_all(published)
            .await
            .map_err(|error| failed(format_args!("old snapshots in {} cannot be removed", self.output), error))
    }
}

/// A path below a prefix, which is taken as it is.
fn below(prefix: &Path, name: &str) -> Path {
    Path::from_iter(prefix.parts().chain(name.split('/').map(Into::into)))
}
