//! SeaweedFS as a real process: the object store of the tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cluster::ports;
use crate::http;
use crate::program::{DEADLINE, Outcome, Process, ensure};

/// Set by `test.sh`.
pub(crate) const WEED: &str = "KEYFOLD_TEST_WEED";
pub(crate) const BUCKET: &str = "keyfold";
pub(crate) const ACCESS_KEY: &str = "keyfold-tests";
pub(crate) const SECRET: &str = "a-secret-that-nobody-must-see";

/// A server; it is gone when this value is.
pub(crate) struct Server {
    folder: TempDir,
    ports: Vec<u16>,
    process: Mutex<Option<Process>>,
}

/// One server that several trials share: started by the first, ended with the last.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Option<Arc<Server>>>>);

impl Shared {
    pub(crate) fn get(&self, weed: &PathBuf) -> Outcome<Arc<Server>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_none() {
            *shared = Some(Arc::new(Server::start(weed)?));
        }
        shared.clone().ok_or_else(|| "the server was just started".into())
    }
}

impl Server {
    pub(crate) fn start(weed: &PathBuf) -> Outcome<Self> {
        let folder = TempDir::new()?;
        let identity = serde_json::json!({
            "name": "tests",
            "credentials": [{ "accessKey": ACCESS_KEY, "secretKey": SECRET }],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        });
        fs::write(folder.path().join("s3.json"), serde_json::json!({ "identities": [identity] }).to_string())?;
        fs::create_dir(folder.path().join("data"))?;
        let server =
            Self { folder, ports: (0..8).map(|_| ports::next()).collect::<Outcome<_>>()?, process: Mutex::new(None) };
        server.resume(weed)?;
        Ok(server)
    }

    /// Starts the process, again if it was killed, and waits until it answers.
    pub(crate) fn resume(&self, weed: &PathBuf) -> Outcome {
        let folder = self.folder.path();
        let mut command = Command::new(weed);
        command.arg("server").arg(format!("-dir={}", folder.join("data").display())).args([
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=50",
            "-volume.minFreeSpace=0",
        ]);
        command.arg(format!("-s3.config={}", folder.join("s3.json").display()));
        command.arg(format!("-filer.localSocket={}", folder.join("filer.sock").display()));
        command.env("TMPDIR", folder).current_dir(folder);
        let names = [
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
            "s3.port",
            "s3.port.grpc",
        ];
        for (name, port) in names.iter().zip(&self.ports) {
            command.arg(format!("-{name}={port}"));
        }
        let mut process = Process::start(&mut command)?;
        let start = Instant::now();
        while let Err(error) = self.answers() {
            if let Some(ended) = process.poll()? {
                return Err(format!("SeaweedFS does not start: {ended}").into());
            }
            ensure!(start.elapsed() < DEADLINE, "SeaweedFS does not answer: {:?}\n{}", error.message(), process.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        Ok(())
    }

    /// Data can be written and read again, and the S3 door is open.
    fn answers(&self) -> Outcome {
        let (status, _) = http::request(self.filer_port(), "PUT", "/ready", b"ready")?;
        ensure!((200..300).contains(&status), "the filer answers {status}");
        http::get(self.filer_port(), "/ready")?;
        http::request(self.s3_port(), "GET", "/", b"").map(|_| ())
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(&self) -> Outcome {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        process.ok_or("the server is not running")?.kill().map(|_| ())
    }

    pub(crate) fn filer_port(&self) -> u16 {
        self.ports[4]
    }

    pub(crate) fn s3_port(&self) -> u16 {
        self.ports[6]
    }

    /// Puts an object into the bucket, which the first one makes.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> Outcome {
        let (status, _) = http::request(self.filer_port(), "PUT", &format!("/buckets/{BUCKET}/{path}"), bytes)?;
        ensure!((200..300).contains(&status), "{path} cannot be put: {status}");
        Ok(())
    }

    /// An object of the bucket.
    pub(crate) fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        http::get(self.filer_port(), &format!("/buckets/{BUCKET}/{path}"))
    }
}
