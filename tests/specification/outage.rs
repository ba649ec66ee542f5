//! A store that fails while it is read: for one request, for some seconds, for good.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::program::{Ended, Outcome, ensure, keyfold, root, run};
use crate::proxy::{Answer, Proxy, Request};
use crate::seaweed::{BUCKET, Server, Shared};
use crate::store::{reach, with_weed};

/// One job of each format: its case, and the file of its table.
const JOBS: [(&str, &str); 5] = [
    ("csv_gzip", "sales.csv.gz"),
    ("csv_semicolons_and_quotes", "sales.csv"),
    ("ndjson_input", "sales.ndjson"),
    ("json_list", "sales.json"),
    PARQUET,
];
pub(crate) const PARQUET: (&str, &str) = ("parquet_input", "sales.parquet");

/// More reads than any of these jobs does of its file.
const MOST_READS: usize = 40;

pub(crate) fn trials() -> Vec<Trial> {
    let shared = Shared::default();
    let trial = |name: &str, check: fn(&Server) -> Outcome| {
        let shared = shared.clone();
        Trial::ignorable_test(name, move || with_weed(|weed| check(shared.get(weed)?.as_ref())))
    };
    vec![
        trial(
            "a store that fails at any read of any format ends the run with a code that asks for a retry",
            every_read,
        ),
        trial("a store that refuses for some seconds is asked for as long as the setting says", comes_back),
        trial("a store that refuses for good ends the run once the time of the setting is over", never_comes_back),
        trial("a bucket that is not there is not worth a retry", no_bucket),
    ]
}

/// A case whose table is in the bucket and whose documents go to a folder.
pub(crate) struct Job {
    output: TempDir,
    case: &'static str,
    object: String,
}

impl Job {
    pub(crate) fn new(server: &Server, (case, file): (&'static str, &str)) -> Outcome<Self> {
        let object = format!("{case}/{file}");
        server.put(&object, &std::fs::read(folder(case).join("data").join(file))?)?;
        Ok(Self { output: TempDir::new()?, case, object })
    }

    pub(crate) fn command(&self, port: u16, retry_seconds: &str) -> Command {
        let mut command = keyfold(["--quiet", "run"]);
        command.arg(folder(self.case)).arg("--output").arg(self.output.path().join("out"));
        command.arg("--set").arg(format!("tables.sales.path=s3://{BUCKET}/{}", self.object));
        reach(&mut command, port);
        command.env("KEYFOLD__STORE_RETRY_SECONDS", retry_seconds);
        command
    }

    /// A door in front of the store that refuses some reads of the file, by how many there were before.
    pub(crate) fn door(
        &self,
        server: &Server,
        refused: impl Fn(usize) -> bool + Send + Sync + 'static,
    ) -> Outcome<Proxy> {
        let (object, read) = (self.object.clone(), AtomicUsize::new(0));
        Proxy::start(server.s3_port(), move |request| {
            let reads = reads(request, &object);
            if reads && refused(read.fetch_add(1, Ordering::Relaxed)) { Answer::Refuse } else { Answer::Pass }
        })
    }

    fn published(&self) -> bool {
        self.output.path().join("out/current.json").exists()
    }

    fn expect_failed(&self, ended: &Ended, code: i32) -> Outcome {
        ensure!(ended.code == Some(code), "exit code {code} was expected, but {ended}");
        ensure!(ended.stderr.contains(&self.object), "the file is not named: {ended}");
        ensure!(!self.published(), "a run that failed has published: {ended}");
        Ok(())
    }
}

fn folder(case: &str) -> PathBuf {
    root().join("tests/cases").join(case)
}

/// Whether the request reads the bytes of this object.
fn reads(request: &Request, object: &str) -> bool {
    request.method == "GET" && Path::new(request.path.split('?').next().unwrap_or_default()).ends_with(object)
}

/// Fails the first read, then the second, until none is left.
fn every_read(server: &Server) -> Outcome {
    for parts in JOBS {
        let job = Job::new(server, parts)?;
        let mut failed = 0;
        loop {
            ensure!(failed < MOST_READS, "{}: there is no end of reads", job.case);
            let proxy = job.door(server, move |read| read >= failed)?;
            let ended = run(&mut job.command(proxy.port, "0"))?;
            if proxy.faults() == 0 {
                ensure!(ended.code == Some(0), "without a fault success was expected, but {ended}");
                break;
            }
            job.expect_failed(&ended, 6)?;
            failed += 1;
        }
        ensure!(failed > 0, "{}: no read failed", job.case);
    }
    Ok(())
}

/// Longer than ten tries take, of which object_store makes no more by itself.
const AWAY: Duration = Duration::from_secs(12);

fn comes_back(server: &Server) -> Outcome {
    let job = Job::new(server, PARQUET)?;
    let since = OnceLock::new();
    let proxy = job.door(server, move |_| since.get_or_init(Instant::now).elapsed() < AWAY)?;
    run(&mut job.command(proxy.port, "120"))?.expect(0)?;
    ensure!(proxy.faults() > 0, "nothing was refused");
    Ok(())
}

fn never_comes_back(server: &Server) -> Outcome {
    const SECONDS: &str = "8";
    let job = Job::new(server, PARQUET)?;
    let proxy = job.door(server, |_| true)?;
    let start = Instant::now();
    let ended = run(&mut job.command(proxy.port, SECONDS))?;
    job.expect_failed(&ended, 6)?;
    ensure!(start.elapsed() >= Duration::from_secs(8), "given up after {:?}: {ended}", start.elapsed());
    ensure!(ended.stderr.contains("503"), "the cause is not named: {ended}");
    Ok(())
}

fn no_bucket(server: &Server) -> Outcome {
    let job = Job::new(server, PARQUET)?;
    for path in ["s3://no-such-bucket/in/", "s3://no-such-bucket/in/sales.parquet"] {
        let mut command = job.command(server.s3_port(), "5");
        let ended = run(command.arg("--set").arg(format!("tables.sales.path={path}")))?;
        ensure!(matches!(ended.code, Some(2 | 3)), "exit code 2 or 3 was expected, but {ended}");
        ensure!(ended.stderr.contains("no-such-bucket"), "the bucket is not named: {ended}");
    }
    Ok(())
}
