//! keyfold on DataFusion: tables and queries resolved, fold and write as physical operators, runners, publishing.

pub mod checks;
mod decimal;
mod error;
pub mod fold;
mod planner;
pub mod plan;
pub mod publish;
pub mod query;
pub mod runner;
pub mod session;
mod shard;
pub mod stores;
pub mod tables;
pub mod totals;
pub mod verify;
pub mod write;
