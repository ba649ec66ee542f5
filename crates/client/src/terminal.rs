//! Standard output: results for people, or JSON for programs.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use keyfold_core::{Error, ErrorKind, Problem, Result};

/// Where results go.
pub(crate) struct Terminal {
    /// Programs read the results.
    pub(crate) json: bool,
    /// Nobody reads the results.
    pub(crate) quiet: bool,
    /// A person watches.
    pub(crate) interactive: bool,
}

impl Terminal {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, interactive: io::stderr().is_terminal() && !quiet }
    }

    /// Prints data, whatever the flags say.
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            // The reader has seen enough: `keyfold show … | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| {
                Error::new(ErrorKind::Delivery, format!("standard output cannot be written: {error}"))
            }),
        }
    }

    /// Prints what went wrong in another process.
    pub(crate) fn problem(&self, text: &str) -> Result<()> {
        self.note("error", text)
    }

    /// Prints what is odd but does no harm yet.
    pub(crate) fn warning(&self, problem: &Problem) -> Result<()> {
        self.note("warning", problem)
    }

    fn note(&self, severity: &str, text: impl Display) -> Result<()> {
        let written = writeln!(io::stderr(), "{severity}: {text}");
        written.map_err(|error| Error::new(ErrorKind::Delivery, format!("standard error cannot be written: {error}")))
    }

    /// Prints a result: text for people, JSON for programs, nothing if quiet.
    pub(crate) fn result(&self, text: impl FnOnce() -> String, value: &impl serde::Serialize) -> Result<()> {
        match (self.json, self.quiet) {
            (true, _) => {
                self.data(format!("{}\n", serde_json::to_string_pretty(value).map_err(Error::internal)?).as_bytes())
            }
            (false, true) => Ok(()),
            (false, false) => self.data(text().as_bytes()),
        }
    }
}
