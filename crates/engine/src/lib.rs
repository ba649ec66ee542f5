//! keyfold on DataFusion: tables and queries resolved, fold and write as physical operators, runners, publishing.

mod arithmetic;
mod checks;
pub mod codec;
mod conjunction;
pub mod error;
mod fold;
mod formats;
pub mod infer;
mod lines;
mod optimizer;
mod plan;
mod planner;
mod prepared;
pub mod publish;
mod query;
pub mod runner;
pub mod session;
mod shard;
pub mod storage;
mod tables;
mod totals;
pub mod verify;
mod write;

pub use prepared::{Explained, Prepared};
