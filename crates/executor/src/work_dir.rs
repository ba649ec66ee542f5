//! Where an executor keeps intermediate results and what it spills.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use keyfold_core::{Error, ErrorKind, Problem, Result};

/// What the folders of executors begin with.
const PREFIX: &str = "executor-";
/// The file that a living executor holds locked.
const OWNER: &str = "owner";

/// A folder of this process's own below the configured one. It goes with the process; what dead processes have left is
/// removed by the next one that starts.
pub(crate) struct WorkDir {
    folder: PathBuf,
    /// Locks end with their process.
    _owner: File,
}

impl WorkDir {
    /// Makes the folder, and removes those of the dead.
    pub(crate) fn take(root: &Path) -> Result<Self> {
        Self::make(root).map_err(|error| {
            let problem = Problem::new(format!("work_dir {} cannot be used: {error}", root.display()));
            Error::new(ErrorKind::Usage, problem.help("name a folder that this process may write to"))
        })
    }

    fn make(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        for entry in fs::read_dir(root)?.flatten() {
            let own = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let owner = File::open(entry.path().join(OWNER));
            if own && owner.is_ok_and(|owner| owner.try_lock().is_ok()) {
                tracing::info!(folder = %entry.path().display(), "removes what a dead executor has left");
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = root.join(format!("{PREFIX}{}", uuid::Uuid::new_v4()));
        for part in [&folder, &folder.join(RESULTS), &folder.join(SPILLED)] {
            fs::create_dir(part)?;
        }
        let owner = File::create(folder.join(OWNER))?;
        owner.lock()?;
        Ok(Self { folder, _owner: owner })
    }

    /// Intermediate results.
    pub(crate) fn results(&self) -> PathBuf {
        self.folder.join(RESULTS)
    }

    /// What does not fit into memory.
    pub(crate) fn spilled(&self) -> PathBuf {
        self.folder.join(SPILLED)
    }
}

const RESULTS: &str = "results";
const SPILLED: &str = "spilled";

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!("{} is left: {error}", self.folder.display());
        }
    }
}
