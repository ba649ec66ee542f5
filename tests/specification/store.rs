//! An object store as input and output: the same documents, one publisher, and faults that come and go.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Completion, Trial};
use serde_json::Value;

use crate::delivered::manifest;
use crate::load::{BUSY, Load};
use crate::program::{Outcome, Process, ensure, keyfold, run, skip_or_fail, succeed};
use crate::proxy::{self, Answer, Proxy};
use crate::seaweed::{ACCESS_KEY, BUCKET, SECRET, Server, Shared, WEED};

/// Long enough for a store that is started again, in a trial that must not wait for minutes.
const RETRY_SECONDS: &str = "60";

pub(crate) fn trials() -> Vec<Trial> {
    let shared = Shared::default();
    let trial = |name: &str, check: fn(&Server) -> Outcome| {
        let shared = shared.clone();
        Trial::ignorable_test(name, move || with_weed(|weed| check(shared.get(weed)?.as_ref())))
    };
    vec![
        Trial::ignorable_test(
            "a store that dies in the middle of a run and comes back leaves what was published or the new documents",
            || with_weed(|weed| store_dies(&Arc::new(Server::start(weed)?), weed)),
        ),
        trial("a store that answers 503 to one in five requests gets the same documents", unavailable_now_and_then),
        trial("a store that is slow, breaks off, and loses answers gets the same documents", unreliable),
        trial("tables and documents in a store give the same bytes as on the disk", same_as_local),
        trial("of two runs at once on one output in a store one wins and the other publishes nothing", two_at_once),
        trial("a run that would remove more documents from a store than it may publishes nothing", removed),
        trial("a store's options may stand in keyfold's own settings", settings),
        trial("credentials may stand in a file that the environment names", settings_file),
        trial("wrong credentials are reported without a secret", wrong_credentials),
        trial("folder names in a store give columns, and a filter on them leaves whole folders out", hive_folders),
    ]
}

pub(crate) fn with_weed(check: impl FnOnce(&PathBuf) -> Outcome) -> Outcome<Completion> {
    match std::env::var_os(WEED).map(PathBuf::from) {
        Some(weed) => check(&weed).map(|()| Completion::Completed),
        None => skip_or_fail(&format!("SeaweedFS is not set up: {WEED} names no program; ./test.sh sets it")),
    }
}

/// A job whose input is in the bucket.
pub(crate) struct Remote {
    load: Load,
    name: &'static str,
}

impl Remote {
    pub(crate) fn new(server: &Server, name: &'static str, rows: usize, ids: usize) -> Outcome<Self> {
        let load = Load::new(rows, ids)?;
        server.put(&format!("{name}/in/events.csv"), &std::fs::read(load.job().join("events.csv"))?)?;
        Ok(Self { load, name })
    }

    fn output(&self) -> String {
        format!("s3://{BUCKET}/{}/out", self.name)
    }

    /// `keyfold run` from the bucket to the bucket, through a port.
    pub(crate) fn command(&self, port: u16, version: &str) -> Command {
        let mut command = self.load.command(version);
        command.arg("--set").arg(format!("tables.events.path=s3://{BUCKET}/{}/in/events.csv", self.name));
        command.arg("--output").arg(self.output());
        reach(&mut command, port);
        command
    }

    pub(crate) fn pointer(&self, server: &Server) -> Outcome<Value> {
        Ok(serde_json::from_slice(&server.get(&format!("{}/out/current.json", self.name))?)?)
    }

    /// Verify, which reads every document and checks it against the manifest, accepts what is published.
    fn verify(&self, server: &Server) -> Outcome {
        let mut command = keyfold(["verify"]);
        reach(command.arg(self.output()), server.s3_port());
        succeed(&mut command).map(|_| ())
    }

    /// The documents of the store are those that the same job gives on the disk.
    pub(crate) fn expect_same_as_local(&self, server: &Server, version: &str) -> Outcome {
        self.load.publish(version)?;
        let local = manifest(|path| Ok(std::fs::read(self.load.output().join(path))?))?;
        let remote = manifest(|path| server.get(&format!("{}/out/{path}", self.name)))?;
        ensure!(local.len() == self.load.ids, "{} documents were expected, not {}", self.load.ids, local.len());
        ensure!(local == remote, "the documents in the store differ from those on the disk:\n{remote:?}\n{local:?}");
        self.verify(server)
    }
}

pub(crate) fn reach(command: &mut Command, port: u16) {
    command
        .env("AWS_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.env("KEYFOLD__STORE_RETRY_SECONDS", RETRY_SECONDS);
}

fn same_as_local(server: &Server) -> Outcome {
    let remote = Remote::new(server, "same", 2_000, 30)?;
    for version in ["a", "b"] {
        succeed(&mut remote.command(server.s3_port(), version))?;
        remote.expect_same_as_local(server, version)?;
    }
    Ok(())
}

fn unavailable_now_and_then(server: &Server) -> Outcome {
    let remote = Remote::new(server, "busy", 2_000, 30)?;
    let proxy = Proxy::start(server.s3_port(), proxy::one_in_five_refused)?;
    succeed(&mut remote.command(proxy.port, "a"))?;
    ensure!(proxy.faults() >= 5, "only {} requests were answered with 503", proxy.faults());
    remote.expect_same_as_local(server, "a")
}

/// Every third request is late or lost on its way there or back, in turn. The pointer is put under a condition.
fn unreliable(server: &Server) -> Outcome {
    let remote = Remote::new(server, "unreliable", 2_000, 30)?;
    let proxy = Proxy::start(server.s3_port(), |request| match request.number % 9 {
        2 => Answer::Late(Duration::from_millis(300)),
        5 => Answer::Drop,
        8 if request.method == "GET" || request.path.contains("/snapshots/") => Answer::Lose(Duration::ZERO),
        _ => Answer::Pass,
    })?;
    succeed(&mut remote.command(proxy.port, "a"))?;
    ensure!(proxy.faults() >= 9, "only {} requests met a fault", proxy.faults());
    remote.expect_same_as_local(server, "a")
}

fn two_at_once(server: &Server) -> Outcome {
    let remote = Remote::new(server, "two", BUSY, 30)?;
    succeed(&mut remote.command(server.s3_port(), "before"))?;
    let mut slow = Process::start(&mut remote.command(server.s3_port(), "slow"))?;
    slow.wait_for_step("fold and write")?;
    slow.signal("STOP")?;
    ensure!(slow.poll()?.is_none(), "the slow run ended before the other one began:\n{}", slow.log());
    succeed(&mut remote.command(server.s3_port(), "fast"))?;
    let winner = remote.pointer(server)?;
    slow.signal("CONT")?;
    let ended = slow.wait()?.expect(7)?;
    let name = winner["run"].as_str().unwrap_or_default();
    ensure!(ended.stderr.contains(&format!("the run {name} published to")), "the winner is not named: {ended}");
    ensure!(remote.pointer(server)? == winner, "the pointer was moved by the run that lost: {ended}");
    remote.expect_same_as_local(server, "fast")
}

fn removed(server: &Server) -> Outcome {
    let remote = Remote::new(server, "removed", 400, 20)?;
    succeed(&mut remote.command(server.s3_port(), "a"))?;
    let before = remote.pointer(server)?;
    let events = std::fs::read_to_string(remote.load.job().join("events.csv"))?;
    let rows: Vec<_> = events.lines().filter(|row| !row.starts_with("1")).collect();
    server.put("removed/in/fewer.csv", rows.join("\n").as_bytes())?;
    let command = || {
        let mut command = remote.command(server.s3_port(), "b");
        command.arg("--set").arg(format!("tables.events.path=s3://{BUCKET}/removed/in/fewer.csv"));
        command.args(["--set", "output.max_removed=0.5"]);
        command
    };
    let ended = run(&mut command())?.expect(5)?;
    let message = "11 of 20 published documents would be removed";
    ensure!(ended.stderr.contains(message) && ended.stderr.contains(": 1, 10, 11"), "the keys are not named: {ended}");
    ensure!(remote.pointer(server)? == before, "the refused run has published: {ended}");
    succeed(command().arg("--accept-change"))?;
    ensure!(remote.pointer(server)?["documents"] == 9, "the accepted run is not published");
    Ok(())
}

fn store_dies(server: &Server, weed: &PathBuf) -> Outcome {
    let remote = Remote::new(server, "dies", BUSY, 300)?;
    succeed(&mut remote.command(server.s3_port(), "before"))?;
    let before = remote.pointer(server)?;
    let mut process = Process::start(&mut remote.command(server.s3_port(), "after"))?;
    process.wait_for_step("fold and write")?;
    server.kill()?;
    ensure!(process.poll()?.is_none(), "the run ended before the store did:\n{}", process.log());
    std::thread::sleep(Duration::from_secs(1));
    server.resume(weed)?;
    let ended = process.wait()?;
    match ended.code {
        Some(0) => remote.expect_same_as_local(server, "after"),
        Some(6 | 7) => {
            ensure!(remote.pointer(server)? == before, "a run that failed has published: {ended}");
            remote.expect_same_as_local(server, "before")?;
            succeed(&mut remote.command(server.s3_port(), "again"))?;
            remote.expect_same_as_local(server, "again")
        }
        _ => Err(format!("success, or exit code 6 or 7, was expected, but {ended}").into()),
    }
}

fn settings(server: &Server) -> Outcome {
    let remote = Remote::new(server, "settings", 200, 5)?;
    let mut command = remote.command(1, "a");
    for name in ["AWS_ENDPOINT", "AWS_ALLOW_HTTP", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(name);
    }
    let endpoint = format!("http://127.0.0.1:{}", server.s3_port());
    let options = [
        ("ENDPOINT", endpoint.as_str()),
        ("ALLOW_HTTP", "true"),
        ("REGION", "us-east-1"),
        ("ACCESS_KEY_ID", ACCESS_KEY),
        ("SECRET_ACCESS_KEY", SECRET),
    ];
    for (name, value) in options {
        command.env(format!("KEYFOLD__STORES__AWS_{name}"), value);
    }
    succeed(&mut command)?;
    remote.expect_same_as_local(server, "a")?;
    let mut config = keyfold(["config"]);
    let ended = succeed(config.env("KEYFOLD__STORES__AWS_SECRET_ACCESS_KEY", SECRET))?;
    ensure!(!ended.to_string().contains(SECRET), "the settings show a secret");
    ensure!(ended.to_string().contains("(hidden)"), "the setting is not there: {ended}");
    Ok(())
}

/// As where secrets are mounted as files.
fn settings_file(server: &Server) -> Outcome {
    let remote = Remote::new(server, "settings-file", 1_000, 20)?;
    let file = tempfile::NamedTempFile::new()?;
    let credentials = format!("aws_access_key_id = \"{ACCESS_KEY}\"\naws_secret_access_key = \"{SECRET}\"\n");
    std::fs::write(file.path(), format!("[stores]\n{credentials}"))?;
    let mut command = remote.command(server.s3_port(), "a");
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("KEYFOLD_CONFIG", file.path());
    succeed(&mut command)?;
    remote.expect_same_as_local(server, "a")?;
    let missing = run(keyfold(["config"]).env("KEYFOLD_CONFIG", "/nowhere/keyfold.toml"))?.expect(2)?;
    ensure!(missing.stderr.contains("/nowhere/keyfold.toml"), "the file is not named: {missing}");
    Ok(())
}

fn wrong_credentials(server: &Server) -> Outcome {
    const WRONG: &str = "a-wrong-secret-that-nobody-must-see";
    let remote = Remote::new(server, "wrong", 200, 5)?;
    let mut command = remote.command(server.s3_port(), "a");
    command.env("AWS_SECRET_ACCESS_KEY", WRONG);
    let ended = run(&mut command)?;
    let ended = ended.expect(3)?;
    ensure!(!ended.to_string().contains(WRONG), "a secret is shown: {ended}");
    ensure!(ended.stderr.contains(BUCKET), "the store is not named: {ended}");
    ensure!(ended.stderr.contains("403") || ended.stderr.contains("Forbidden"), "the cause is not named: {ended}");
    Ok(())
}

/// Of the folders that the filter leaves out no row is read: the one in 2017 could not be.
fn hive_folders(server: &Server) -> Outcome {
    const JOB: &str = "version = 1\nkey = \"region\"\n\n[tables.sales]\npath = \"s3://keyfold/hive/in\"\n\
        schema = { region = \"VARCHAR\", year = \"INT\", net = \"DECIMAL(12,2)\" }\n\n\
        [params]\nfrom = 2018\n\n[output]\nurl = \"out\"\nname = \"{region}.json\"\n";
    // The filer takes `%25` for `%`: the objects' own names are percent-encoded.
    for (folders, net) in [
        ("year=2018/region=a%252Fb%2520c", "1.50"),
        ("year=2018/region=x", "2.50"),
        ("year=2019/region=x", "3.00"),
        ("year=2017/region=x", "broken"),
    ] {
        server.put(&format!("hive/in/{folders}/sales.csv"), format!("net\n{net}\n").as_bytes())?;
    }
    let job = tempfile::TempDir::new()?;
    std::fs::write(job.path().join("job.toml"), JOB)?;
    let query = "SELECT region, sum(net) AS net FROM sales WHERE year >= $from GROUP BY region\n";
    std::fs::write(job.path().join("query.sql"), query)?;
    std::fs::write(job.path().join("document.json"), "{\"region\": \"$region\", \"net\": \"$net\"}\n")?;
    let command = |from: &str| {
        let mut command = keyfold(["run"]);
        command.arg(job.path()).arg("--param").arg(format!("from={from}"));
        reach(&mut command, server.s3_port());
        command
    };
    succeed(&mut command("2018"))?;
    for (name, document) in
        [("a%2Fb%20c.json", "{\"region\":\"a/b c\",\"net\":1.50}"), ("x.json", "{\"region\":\"x\",\"net\":5.50}")]
    {
        let found = std::fs::read_to_string(job.path().join("out/current").join(name))?;
        ensure!(found.trim_end() == document, "{name}: {document} was expected, not {found}");
    }
    let broken = run(&mut command("2017"))?.expect(3)?;
    let place = "s3://keyfold/hive/in/year=2017/region=x/sales.csv:2:1: column `net`: `broken`";
    ensure!(broken.stderr.contains(place), "the value is not named: {broken}");
    Ok(())
}
