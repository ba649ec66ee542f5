//! Where files are: stores and their retries, the places that a process may touch, what it must reach before a run.

pub mod preflight;
pub(crate) mod refusal;
pub mod sandbox;
pub mod stores;
