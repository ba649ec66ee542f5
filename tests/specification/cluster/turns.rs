//! How many clusters there are at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

/// More of them would leave none enough of a small machine to send heartbeats in time.
const AT_ONCE: usize = 2;

static CLUSTERS: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// The right to have a cluster; given back when it is dropped.
pub(crate) struct Turn(());

impl Turn {
    pub(crate) fn take() -> Self {
        let clusters = CLUSTERS.lock().unwrap_or_else(PoisonError::into_inner);
        let free = ENDED.wait_while(clusters, |clusters| *clusters >= AT_ONCE);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *CLUSTERS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}
