//! One file per command.

pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
mod detach;
pub(crate) mod explain;
pub(crate) mod health;
pub(crate) mod init;
mod prepare;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod verify;
