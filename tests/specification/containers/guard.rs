//! What a container may not do, what is not in it, and how it ends.

use std::fs;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;

use super::compose::{Compose, with};
use super::docker::{docker, done, inspect};
use super::image::NAME;
use crate::program::{Ended, Outcome, ensure, run, succeed};

/// The image's user.
const USER: &str = "65532";
const SAMPLE: &str = "weekly_sales";

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn(&Compose) -> Outcome| super::trial(name, move || with(check));
    vec![
        trial("a process is not root, has no capability, and writes to /scratch alone", confined),
        trial("only the ports of scheduler and store are open, on this machine's loopback address", ports),
        trial("every container of the cluster becomes healthy", healthy),
        trial("the memory and the processors of a container are those that keyfold counts on", limits),
        trial("a run that fails ends its container with keyfold's own exit code", exit_codes),
        trial("no secret is in what Docker shows, in a log, or in the image", secrets),
    ]
}

fn confined(compose: &Compose) -> Outcome {
    for container in [compose.containers("scheduler")?, compose.containers("executor")?].concat() {
        let process = compose.state(&container)?["Pid"].to_string();
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        ensure!(field("Uid:").split_whitespace().all(|id| id == USER), "the process is not {USER}: {status}");
        ensure!(field("Gid:").split_whitespace().all(|id| id == USER), "the group is not {USER}: {status}");
        ensure!(field("CapEff:") == "0000000000000000", "the process has capabilities: {status}");
        ensure!(field("NoNewPrivs:") == "1", "the process may gain privileges: {status}");
    }
    let write = |folder: &str| {
        let data = format!("/jobs/{SAMPLE}/data/product.csv");
        let job = format!("{folder}/job");
        run(&mut compose.submit(SAMPLE, &["init", &job, &data, "--key", "category"]))
    };
    write("/scratch")?.expect(0)?;
    for folder in ["", "/work", "/jobs", "/usr/local/bin", "/tmp"] {
        let ended = write(folder)?;
        ensure!(ended.code != Some(0), "a container writes to {folder}/: {ended}");
        ensure!(ended.stderr.contains("Read-only file system"), "it is not the file system that refuses: {ended}");
    }
    Ok(())
}

fn ports(compose: &Compose) -> Outcome {
    let mut open = Vec::new();
    for container in compose.all()? {
        let bindings = inspect(&container)?["NetworkSettings"]["Ports"].clone();
        for (port, hosts) in bindings.as_object().into_iter().flatten() {
            for host in hosts.as_array().into_iter().flatten() {
                ensure!(host["HostIp"] == "127.0.0.1", "{port} is open to others: {host}");
                open.push(port.clone());
            }
        }
    }
    open.sort();
    ensure!(open == ["50050/tcp", "8333/tcp"], "two ports were expected to be open, not {open:?}");
    Ok(())
}

fn healthy(compose: &Compose) -> Outcome {
    let containers = compose.all()?;
    ensure!(containers.len() == 4, "scheduler, two executors and a store were expected, not {containers:?}");
    for container in containers {
        compose.wait_for("health", || Ok(compose.state(&container)?["Health"]["Status"] == "healthy"))?;
    }
    Ok(())
}

fn limits(compose: &Compose) -> Outcome {
    let mut config = compose.submit(SAMPLE, &["--json", "config"]);
    let ended = succeed(config.env("SUBMIT_MEMORY", "384m"))?;
    let settings: Vec<Value> = serde_json::from_slice(&ended.stdout)?;
    let value = |name: &str| settings.iter().find(|setting| setting["name"] == name).map(|setting| &setting["value"]);
    ensure!(value("threads").is_some_and(|threads| threads == "1"), "one processor was expected: {ended}");
    ensure!(value("memory_limit").is_some_and(|limit| limit == "192.0 MiB"), "half of 384 MiB was expected: {ended}");
    Ok(())
}

fn exit_codes(compose: &Compose) -> Outcome {
    let sample = compose.jobs().join(SAMPLE);
    let broken = |name: &str, file: &str, from: &str, to: &str| -> Outcome<Ended> {
        let job = compose.jobs().join(name);
        crate::files::copy(&sample, &job)?;
        let text = fs::read_to_string(job.join(file))?;
        ensure!(text.contains(from), "{file} does not hold `{from}`");
        fs::write(job.join(file), text.replacen(from, to, 1))?;
        run(&mut compose.submit(name, &[]))
    };
    run(&mut compose.submit("nothing", &[]))?.expect(2)?;
    broken("bad_data", "data/product.csv", "\n", "\n\"\n")?.expect(3)?;
    broken("bad_query", "query.sql", "SELECT", "SELECT nothing,")?.expect(4)?;
    broken("bad_total", "job.toml", "SELECT sum(netSales)", "SELECT 1 + sum(netSales)")?.expect(5)?;
    for executor in compose.containers("executor")? {
        done(["stop", &executor])?;
    }
    compose.wait_for_executors(0)?;
    let mut alone = compose.command(&["run", "--rm", "-T", "--no-deps", "-e", "KEYFOLD__CONNECT_SECONDS=3", "submit"]);
    run(&mut alone)?.expect(6)?;
    Ok(())
}

fn secrets(compose: &Compose) -> Outcome {
    succeed(&mut compose.submit(SAMPLE, &[]))?;
    let settings = fs::read_to_string(compose.secret("keyfold.toml"))?;
    let secrets: Vec<_> = settings.split('"').skip(1).step_by(2).collect();
    ensure!(secrets.len() == 2, "two secrets were expected, not {}", secrets.len());
    let mut shown = vec![
        ("docker compose config", succeed(&mut compose.command(&["config"]))?.stdout),
        ("docker compose logs", succeed(&mut compose.command(&["logs"]))?.stdout),
        ("docker history", done(["history", "--no-trunc", NAME])?.into_bytes()),
        ("docker inspect of the image", done(["inspect", NAME])?.into_bytes()),
        ("docker save", succeed(&mut docker(["save", NAME]))?.stdout),
    ];
    for container in compose.all()? {
        shown.push(("docker inspect of a container", done(["inspect", &container])?.into_bytes()));
    }
    for (what, bytes) in &shown {
        ensure!(!bytes.is_empty(), "{what} shows nothing");
        let text = String::from_utf8_lossy(bytes);
        ensure!(!secrets.iter().any(|secret| text.contains(secret)), "{what} shows a secret");
    }
    let folder = compose.secret("");
    let listed = succeed(Command::new("stat").args(["--format", "%a"]).arg(folder))?;
    ensure!(listed.stdout == b"700\n", "others can read the secrets on this machine: {listed}");
    Ok(())
}
