//! A cluster of real processes: the same bytes as without one, whatever dies, stops or fills up meanwhile.

mod clients;
mod equality;
mod executors;
mod guard;
mod health;
mod leavings;
mod limits;
pub(crate) mod ports;
mod processes;
mod scheduler;
mod soak;
pub(crate) mod status;
mod stores;
pub(crate) mod turns;
pub(crate) mod work;

use libtest_mimic::Trial;

/// The long ones first.
pub(crate) fn trials() -> Vec<Trial> {
    let shared = work::Shared::default();
    let groups = [
        soak::trials(),
        equality::trials(),
        executors::trials(&shared),
        stores::trials(),
        clients::trials(&shared),
        scheduler::trials(&shared),
        limits::trials(&shared),
        guard::trials(),
        health::trials(),
        leavings::trials(&shared),
    ];
    groups.into_iter().flatten().collect()
}
