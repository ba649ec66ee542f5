//! Publishing on a local disk.
//!
//! `current` is a symbolic link to the published snapshot, replaced by a rename, and `current.json` is a link to
//! the pointer inside of `current`: one rename moves both. A lock on `.lock` orders runs that begin, publish and
//! collect; a lock on a snapshot's `.alive` shows that its run is alive, and ends with its process.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use keyfold_core::layout::{ALIVE, LINK, MANIFEST, POINTER, REPORT, SNAPSHOTS, STAGING};
use keyfold_core::location::Location;
use keyfold_core::report::{Pointer, Report};
use keyfold_core::{Error, Result};

use super::{Publisher, failed, overtaken, parse_pointer, pointer, to_text};

const LOCK: &str = ".lock";
/// What is being removed; it holds no document that anything names.
const TRASH: &str = ".trash-";

pub(super) struct LocalPublisher {
    place: Place,
    before: Option<Pointer>,
    /// Locked for as long as the run lives.
    _alive: File,
}

/// An output folder and a run's snapshot in it.
#[derive(Clone)]
struct Place {
    root: PathBuf,
    run: String,
}

impl LocalPublisher {
    pub(super) async fn begin(root: PathBuf, run: &str) -> Result<Self> {
        let place = Place { root, run: run.to_owned() };
        blocking(place, |place| {
            let snapshot = place.snapshot();
            let (before, alive) = (|| {
                fs::create_dir_all(place.root.join(SNAPSHOTS))?;
                let _lock = place.lock()?;
                fs::create_dir_all(snapshot.join(MANIFEST))?;
                fs::create_dir(snapshot.join(STAGING))?;
                let alive = File::create(snapshot.join(ALIVE))?;
                alive.lock()?;
                Ok::<_, io::Error>((place.current()?, alive))
            })()
            .map_err(|error| failed(format_args!("{} cannot be written to", place.root.display()), error))?;
            let before = before.map(|text| parse_pointer(&place.pointer_name(), &text)).transpose()?;
            Ok(Self { place: place.clone(), before, _alive: alive })
        })
        .await
    }
}

#[async_trait]
impl Publisher for LocalPublisher {
    fn snapshot(&self) -> Location {
        Location::Local(self.place.snapshot())
    }

    fn published(&self) -> Option<&Pointer> {
        self.before.as_ref()
    }

    async fn check_current(&mut self) -> Result<()> {
        let before = self.before.clone();
        blocking(self.place.clone(), move |place| place.check_current(before.as_ref()).map(drop)).await
    }

    async fn publish(&mut self, report: &Report, keep: usize) -> Result<Pointer> {
        let (before, report) = (self.before.clone(), report.clone());
        blocking(self.place.clone(), move |place| place.publish(&report, before.as_ref(), keep)).await
    }

    async fn abandon(&mut self) -> Result<()> {
        blocking(self.place.clone(), |place| place.discard(&place.run)).await
    }

    async fn collect(&mut self, published: &Pointer) -> Result<usize> {
        let published = published.clone();
        blocking(self.place.clone(), move |place| place.collect(&published)).await
    }
}

impl Place {
    fn snapshot(&self) -> PathBuf {
        self.root.join(SNAPSHOTS).join(&self.run)
    }

    fn pointer_name(&self) -> String {
        self.root.join(POINTER).display().to_string()
    }

    /// Held until it is dropped, or its process ends.
    fn lock(&self) -> io::Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(self.root.join(LOCK))?;
        file.lock()?;
        Ok(file)
    }

    /// The pointer's text; nothing before the first run.
    fn current(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(POINTER)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is published now, if that is what was published before.
    fn check_current(&self, before: Option<&Pointer>) -> Result<Option<Pointer>> {
        let name = self.pointer_name();
        let now = self.current().map_err(|error| failed(format_args!("{name} cannot be read"), error))?;
        let now = now.map(|text| parse_pointer(&name, &text)).transpose()?;
        overtaken(&self.root.display().to_string(), &self.run, before, now.as_ref())?;
        Ok(now)
    }

    fn publish(&self, report: &Report, before: Option<&Pointer>, keep: usize) -> Result<Pointer> {
        let not = |error: io::Error| failed(format_args!("{} cannot be published", self.snapshot().display()), error);
        let snapshot = self.snapshot();
        let text = to_text(report)?;
        self.end_staging().map_err(not)?;
        fs::write(snapshot.join(REPORT), &text).map_err(not)?;
        sync(&snapshot).map_err(not)?;
        let _lock = self.lock().map_err(not)?;
        let now = self.check_current(before)?;
        let pointer = pointer(report, &text, now.as_ref(), keep);
        write_durably(&snapshot.join(POINTER), &to_text(&pointer)?).map_err(not)?;
        // From here on the pointer keeps the snapshot, not the run's life.
        fs::remove_file(snapshot.join(ALIVE)).map_err(not)?;
        self.swap(&pointer).map_err(not)?;
        Ok(pointer)
    }

    /// Whoever still stages a file, such as an executor that was presumed lost, no longer finds a place for it.
    fn end_staging(&self) -> io::Result<()> {
        let trash = self.root.join(SNAPSHOTS).join(format!("{TRASH}staging-{}", self.run));
        fs::rename(self.snapshot().join(STAGING), &trash)?;
        fs::remove_dir_all(&trash)
    }

    /// The one step that makes the snapshot visible.
    fn swap(&self, pointer: &Pointer) -> io::Result<()> {
        match symlink(Path::new(LINK).join(POINTER), self.root.join(POINTER)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let next = self.root.join(format!(".{LINK}-{}", self.run));
        symlink(&pointer.snapshot, &next)?;
        fs::rename(&next, self.root.join(LINK)).inspect_err(|_| _ = fs::remove_file(&next))?;
        File::open(&self.root)?.sync_all()
    }

    fn collect(&self, published: &Pointer) -> Result<usize> {
        let not = |error: io::Error| {
            failed(format_args!("old snapshots in {} cannot be removed", self.root.display()), error)
        };
        let _lock = self.lock().map_err(not)?;
        let mut removed = 0;
        for entry in fs::read_dir(self.root.join(SNAPSHOTS)).map_err(not)? {
            let run = entry.map_err(not)?.file_name().to_string_lossy().into_owned();
            let kept = run == published.run || published.history.contains(&run);
            if !kept && !self.is_alive(&run) {
                self.discard(&run)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// A run holds the lock of its snapshot for as long as it lives.
    fn is_alive(&self, run: &str) -> bool {
        let alive = File::open(self.root.join(SNAPSHOTS).join(run).join(ALIVE));
        alive.is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }

    /// Renames a snapshot out of the way first, so that nobody finds half of it.
    fn discard(&self, run: &str) -> Result<()> {
        let folder = self.root.join(SNAPSHOTS);
        let trash = if run.starts_with(TRASH) { folder.join(run) } else { folder.join(format!("{TRASH}{run}")) };
        let removed = if run.starts_with(TRASH) { Ok(()) } else { fs::rename(folder.join(run), &trash) };
        removed
            .and_then(|()| fs::remove_dir_all(&trash))
            .map_err(|error| failed(format_args!("{} cannot be removed", folder.join(run).display()), error))
    }
}

/// Everything that was written into the snapshot's file system is on the disk afterwards: one call for all documents.
fn sync(snapshot: &Path) -> io::Result<()> {
    let folder = File::open(snapshot)?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&folder)?;
    folder.sync_all()
}

fn write_durably(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}

async fn blocking<T: Send + 'static>(
    place: Place,
    work: impl FnOnce(&Place) -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(move || work(&place)).await.map_err(Error::internal)?
}
