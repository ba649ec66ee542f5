//! One file per command.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod explain;
pub(crate) mod init;
mod prepare;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod verify;
