//! The specification of the `keyfold` program. It runs as a real process, as its users run it.

mod assignment;
mod cases;
mod cluster;
mod containers;
mod delivered;
mod differential;
mod faults;
mod files;
mod http;
mod load;
mod manifests;
mod memory;
mod mount;
mod outage;
mod program;
mod proxy;
mod publish;
mod readme;
mod reference;
mod seaweed;
mod signals;
mod store;
mod tools;
mod verify;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if !arguments.list
        && let Err(message) = program::build()
    {
        eprintln!("{message}");
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&arguments, trials()).exit_code()
}

/// The long ones first, so that no thread is left with one of them at the end.
fn trials() -> Vec<Trial> {
    let groups = [
        cluster::trials,
        differential::trials,
        containers::trials,
        faults::trials,
        store::trials,
        outage::trials,
        manifests::trials,
        memory::trials,
        signals::trials,
        publish::trials,
        verify::trials,
        assignment::trials,
        readme::trials,
        reference::trials,
        cases::trials,
    ];
    groups.into_iter().flat_map(|group| group()).collect()
}
