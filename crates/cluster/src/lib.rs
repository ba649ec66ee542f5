//! What client, scheduler and executors of a cluster share: plans on their way, errors on their way back, addresses,
//! TLS, and the services beside Ballista's; and the client's runner.

mod address;
mod client;
mod constants;
pub mod failure;
pub mod gate;
pub mod health;
mod joins;
mod runner;
pub mod serve;
pub mod session;
pub mod tls;
mod watchdog;
pub mod wire;

pub use address::Address;
pub use client::{Cluster, Patience};
pub use runner::ClusterRunner;
