//! Who may do what on a cluster: certificates, roots, secrets; and messages that never come.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::processes::{self, Setup};
use crate::program::{Outcome, ensure, keyfold, root, run};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("cluster: with TLS only members of the cluster are answered, on every port", certificates),
        Trial::test("cluster: a table outside of an executor's roots is refused before the run", outside),
        Trial::test("cluster: a link does not lead out of an executor's roots", link),
        Trial::test("cluster: a run whose tasks' reports are all lost ends", lost_reports),
    ]
}

/// The sample job, whose tables lie outside of the roots of these clusters' executors.
fn sample() -> String {
    root().join("sql/weekly_sales").display().to_string()
}

/// An authority and a certificate of it for this machine: the settings that name the files.
fn identity(folder: &Path, name: &str) -> Outcome<Vec<(String, String)>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    let files = [("AUTHORITY", authority.pem()), ("CERTIFICATE", certificate.pem()), ("KEY", key.serialize_pem())];
    let mut settings = Vec::new();
    for (kind, pem) in files {
        let path = folder.join(format!("{name}-{kind}.pem"));
        fs::write(&path, pem)?;
        settings.push((format!("KEYFOLD__TLS_{kind}"), path.display().to_string()));
    }
    Ok(settings)
}

fn certificates() -> Outcome {
    let folder = TempDir::new()?;
    let (ours, theirs) = (identity(folder.path(), "ours")?, identity(folder.path(), "theirs")?);
    let setup = Setup { environment: ours, allow: vec![sample()], ..Setup::default() };
    processes::with_setup(setup, &[1, 1], |cluster| {
        let output = folder.path().join("out");
        let mut job = cluster.client(&["--quiet", "run", &sample()]);
        run(job.arg("--output").arg(&output))?.expect(0)?;
        let read = |name: &str| fs::read(output.join("current").join(name));
        ensure!(
            read("RY18_DIGITAL_APPAREL_KIDS_CRICKET.json").is_ok(),
            "the documents of a run over TLS are not there"
        );
        let status: serde_json::Value =
            serde_json::from_slice(&run(&mut cluster.client(&["--json", "status"]))?.stdout)?;
        let executors = status["executors"].as_array().cloned().unwrap_or_default();
        let ports = executors.iter().filter_map(|executor| executor["address"].as_str()).map(str::to_owned);
        let mut addresses: Vec<String> = ports.chain(cluster.task_ports()).collect();
        addresses.push(cluster.address_of_scheduler());
        ensure!(addresses.len() == 5, "a scheduler and two executors have five ports, not {addresses:?}");
        for address in addresses {
            let ask = || -> Command {
                let mut command = keyfold(["--connect-seconds", "1", "status", "--cluster"]);
                command.arg(format!("df://{address}"));
                command
            };
            // A server that answers at all says that it has no such service, or of another version: 1 or 2.
            run(&mut ask())?.expect(6)?;
            run(ask().envs(theirs.clone()))?.expect(6)?;
        }
        Ok(())
    })
}

/// Executors that may read and write in one folder only.
fn narrow(folder: &Path) -> Setup {
    Setup { allow: vec![folder.display().to_string()], narrow: true, ..Setup::default() }
}

fn outside() -> Outcome {
    let folder = TempDir::new()?;
    processes::with_setup(narrow(folder.path()), &[1, 1], |cluster| {
        let output = folder.path().join("out");
        let mut job = cluster.client(&["--quiet", "run", &sample()]);
        let ended = run(job.arg("--output").arg(&output))?.expect(2)?;
        for part in ["executor 127.0.0.1:", "table `sales`", "weekly_sales/data/sales.csv", "`allow`"] {
            ensure!(ended.stderr.contains(part), "`{part}` is not named: {ended}");
        }
        ensure!(!output.join("current.json").exists(), "a run that was refused has published");
        Ok(())
    })
}

fn link() -> Outcome {
    let folder = TempDir::new()?;
    processes::with_setup(narrow(folder.path()), &[1], |cluster| {
        // The link lies in the root; what it points at does not.
        let sales = folder.path().join("sales.csv");
        symlink(root().join("sql/weekly_sales/data/sales.csv"), &sales)?;
        ensure!(fs::read(&sales).is_ok(), "the link can be followed by who may");
        let mut job = cluster.client(&["--quiet", "run", &sample()]);
        job.arg("--set").arg(format!("tables.sales.path={}", sales.display()));
        let ended = run(job.arg("--output").arg(folder.path().join("out")))?.expect(2)?;
        let line = ended.stderr.lines().find(|line| line.contains(&*sales.to_string_lossy())).unwrap_or_default();
        ensure!(line.contains("table `sales`") && line.contains("`allow`"), "the link was followed: {ended}");
        Ok(())
    })
}

/// The scheduler tells executors to report to an address where nobody listens.
fn lost_reports() -> Outcome {
    let nobody = vec!["--advertise".to_owned(), "127.0.0.9".to_owned()];
    let setup = Setup { scheduler_arguments: nobody, ..Setup::default() };
    processes::with_setup(setup, &[1], |cluster| {
        let output = TempDir::new()?;
        let job = root().join("tests/cases/weekly_numbers");
        let mut command = cluster.client(&["--quiet", "run", &job.display().to_string()]);
        let ended = run(command.arg("--output").arg(output.path()).env("KEYFOLD__STALL_SECONDS", "3"))?.expect(6)?;
        ensure!(ended.stderr.contains("no progress for 3 s"), "the cause is not given: {ended}");
        let log = cluster.executor(0)?.log();
        ensure!(log.contains("Fail to connect to scheduler"), "no report was lost:\n{log}");
        ensure!(!output.path().join("current.json").exists(), "a run that failed has published");
        Ok(())
    })
}
