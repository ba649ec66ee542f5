//! A small file system of a test's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Outcome, ensure, run};

/// A tmpfs; it is gone when this value is.
pub(crate) struct Mount {
    path: PathBuf,
}

impl Mount {
    /// Mounts a file system of this size; an error where this user may not.
    pub(crate) fn new(path: &Path, size: &str) -> Outcome<Self> {
        std::fs::create_dir_all(path)?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(path))?
            .expect(0)?;
        Ok(Self { path: path.to_owned() })
    }

    /// From now on nothing can be written, not even by root.
    pub(crate) fn make_read_only(&self) -> Outcome {
        run(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.path))?.expect(0).map(|_| ())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

/// Whether this user may mount at all.
pub(crate) fn refused() -> Outcome<Option<&'static str>> {
    let ended = run(Command::new("id").arg("-u"))?.expect(0)?;
    ensure!(!ended.stdout.is_empty(), "{ended}");
    Ok((ended.stdout.trim_ascii() != b"0").then_some("only root may mount the small file system that this needs"))
}
