//! Ports for servers that are started, and started again, at the same place.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::program::Outcome;

/// Below the ports that the system gives to connections, so that none takes the port of a server that is away.
const FIRST: usize = 10_000;
const COUNT: usize = 20_000;

/// A port that nobody listens on and that this process has not given away before.
pub(crate) fn next() -> Outcome<u16> {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    // Programs that run at the same time begin at different places.
    let begin = std::process::id() as usize * 97;
    for _ in 0..COUNT {
        let number = begin + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + number % COUNT)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err("all ports are taken".into())
}
