//! A run that is told to end publishes nothing.

use libtest_mimic::Trial;

use crate::load::{BUSY, Load};
use crate::program::{Outcome, Process, ensure};

pub(crate) fn trials() -> Vec<Trial> {
    [("INT", 130), ("TERM", 143)]
        .map(|(signal, code)| {
            let name = format!("a run that gets SIG{signal} ends with {code} and what was published stays");
            Trial::test(name, move || interrupted(signal, code))
        })
        .into()
}

fn interrupted(signal: &str, code: i32) -> Outcome {
    let load = Load::new(BUSY, 50)?;
    load.publish("first")?;
    let before = load.current()?;
    let mut process = Process::start(&mut load.command("second"))?;
    process.wait_for_step("fold and write")?;
    process.signal(signal)?;
    let ended = process.wait()?.expect(code)?;
    ensure!(ended.stderr.contains(&format!("SIG{signal}: the run ends here")), "the signal was not named: {ended}");
    ensure!(load.current()? == before, "another snapshot was published: {ended}");
    load.expect_published("first")?;
    load.publish("third")?;
    load.expect_published("third")?;
    ensure!(load.snapshots()?.len() == 2, "the next run left something: {:?}", load.snapshots()?);
    Ok(())
}
