//! The exit codes, and how an error reaches the user.

use std::io::Write;
use std::process::ExitCode;

use keyfold_core::{Error, ErrorKind};
use serde_json::json;

/// The exit code of each kind of error. 6 and 7 are worth a retry; the others will not go away by themselves.
/// An interrupted run ends with 128 + the signal's number instead (130 for SIGINT, 143 for SIGTERM).
pub(crate) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Internal => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Input => 3,
        ErrorKind::Query => 4,
        ErrorKind::Check => 5,
        ErrorKind::Unavailable => 6,
        ErrorKind::Delivery => 7,
        ErrorKind::Interrupted => 130,
    }
}

/// Prints an error to standard error, and as JSON to standard output where programs asked for it.
pub(crate) fn report(error: &Error, json: bool) -> ExitCode {
    let code = code(error.kind());
    // Nothing is left to do where not even the error can be printed.
    let _ = writeln!(std::io::stderr(), "error: {error}");
    if json {
        let problems: Vec<_> = error
            .problems()
            .iter()
            .map(|problem| {
                let place = problem.place.as_ref();
                let position = place.and_then(|place| place.position);
                json!({
                    "message": problem.message,
                    "file": place.map(|place| &place.file),
                    "line": position.map(|(line, _)| line),
                    "column": position.map(|(_, column)| column),
                    "help": problem.help,
                })
            })
            .collect();
        let value = json!({ "error": { "kind": format!("{:?}", error.kind()).to_lowercase(), "exit_code": code, "retryable": error.kind().retryable(), "problems": problems } });
        let _ = writeln!(std::io::stdout(), "{value}");
    }
    ExitCode::from(code)
}
