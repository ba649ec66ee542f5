//! SIGINT and SIGTERM.

use std::process::ExitCode;

use keyfold_core::{Error, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for a signal to end.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on the signals do not end the process by themselves.
    pub(crate) fn catch() -> Result<Self> {
        let catch = |kind| signal(kind).map_err(|error| Error::internal(format!("signals cannot be caught: {error}")));
        Ok(Self { interrupt: catch(SignalKind::interrupt())?, terminate: catch(SignalKind::terminate())? })
    }

    /// Done once a signal has come.
    pub(crate) async fn stop(mut self) {
        self.received().await;
    }

    /// The exit code of the first signal that comes.
    pub(crate) async fn received(&mut self) -> (&'static str, ExitCode) {
        tokio::select! {
            _ = self.interrupt.recv() => ("SIGINT", ExitCode::from(130)),
            _ = self.terminate.recv() => ("SIGTERM", ExitCode::from(143)),
        }
    }
}
