//! The pods of an overlay, run: the very arguments, variables and files of the manifests, given to real processes.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::pods::{Node, address};
use super::rendering::{LOCAL, PRODUCTION, PodTemplate, Rendering, text};
use crate::cluster::ports;
use crate::cluster::turns::Turn;
use crate::delivered::manifest;
use crate::http;
use crate::program::{Ended, Outcome, Process, ensure, keyfold, last_lines, root, succeed};
use crate::seaweed::{ACCESS_KEY, SECRET, Server};
use crate::store::with_weed;
use crate::tools::{Tools, with_tools};

/// As many executors as are started, of however many.
const EXECUTORS: usize = 2;
const PROBES: [&str; 3] = ["startupProbe", "livenessProbe", "readinessProbe"];
const SETTLED: Duration = Duration::from_secs(60);

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn(&Tools, &PathBuf) -> Outcome| {
        Trial::ignorable_test(format!("manifests: {name}"), move || with_both(check))
    };
    vec![
        trial("what the local overlay starts publishes the documents of the sample job into its store", local),
        trial("what the production overlay starts publishes documents from tables in a store", production),
    ]
}

fn with_both(check: fn(&Tools, &PathBuf) -> Outcome) -> Outcome<Completion> {
    let mut inner = Completion::Completed;
    let outer = with_tools(|tools| {
        inner = with_weed(|weed| check(tools, weed))?;
        Ok(())
    })?;
    Ok(if matches!(outer, Completion::Completed) { inner } else { outer })
}

fn local(tools: &Tools, weed: &PathBuf) -> Outcome {
    let rendering = Rendering::new(tools, LOCAL)?;
    let mut node = Node::new(&rendering)?;
    let ports = STORE_PORTS.iter().map(|_| ports::next()).collect::<Outcome<Vec<_>>>()?;
    let (s3, filer) = (ports[0], ports[1]);
    node.hosts.push(("http://store:8333".into(), format!("http://127.0.0.1:{s3}")));
    let pod = node.pod("Deployment", "store")?;
    let mut store = Process::start(&mut self::store(&node, &pod, weed, &ports)?)?;
    // Its Service leads nowhere until it is ready.
    for name in PROBES {
        let get = &pod.containers().next().ok_or("a pod without a container")?[name]["httpGet"];
        let port = if get["port"] == "s3" { s3 } else { filer };
        until_answered(&mut store, port, text(&get["path"]))?;
    }
    let outcome = Pods::begin(node, "Job").and_then(|mut pods| {
        pods.finish()?;
        pods.expect_probes()?;
        pods.expect_status()?;
        pods.verify("s3://keyfold/weekly_sales")?;
        expect_sample(|path| http::get(filer, &format!("/buckets/keyfold/weekly_sales/{path}")))
    });
    outcome.map_err(|failed| {
        format!("{}\n=== store\n{}", failed.message().unwrap_or_default(), last_lines(&store.log())).into()
    })
}

fn until_answered(process: &mut Process, port: u16, path: &str) -> Outcome {
    let answered = || Ok(http::request(port, "GET", path, b"").is_ok_and(|(status, _)| status == 200).then_some(()));
    let found = process.catch(SETTLED, answered)?;
    ensure!(found.is_some(), "the store is over before {path} is answered:\n{}", last_lines(&process.log()));
    Ok(())
}

/// The ports of the store's own, which other stores of this machine have too.
const STORE_PORTS: [&str; 10] = [
    "s3.port",
    "filer.port",
    "s3.port.grpc",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "admin.port",
    "admin.port.grpc",
];

fn store(node: &Node<'_>, pod: &PodTemplate<'_>, weed: &PathBuf, ports: &[u16]) -> Outcome<Command> {
    let mut command = node.command(pod, "store", Ipv4Addr::LOCALHOST, |arguments| {
        let mut command = Command::new(weed);
        command.args(arguments);
        command
    })?;
    command.arg("-ip.bind=127.0.0.1");
    for (name, port) in STORE_PORTS.iter().zip(ports) {
        command.arg(format!("-{name}={port}"));
    }
    Ok(command)
}

fn production(tools: &Tools, weed: &PathBuf) -> Outcome {
    const BUCKET: &str = "/buckets/example-sales";
    let rendering = Rendering::new(tools, PRODUCTION)?;
    let server = Server::start(weed)?;
    for table in ["sales", "calendar", "product", "store"] {
        let rows = std::fs::read(root().join(format!("sql/weekly_sales/data/{table}.csv")))?;
        let path = format!("{BUCKET}/tables/{table}.csv");
        let (status, _) = http::request(server.filer_port(), "PUT", &path, &rows)?;
        ensure!((200..300).contains(&status), "{path} cannot be put: {status}");
    }
    let mut node = Node::new(&rendering)?;
    let secret = format!("[stores]\naws_access_key_id = \"{ACCESS_KEY}\"\naws_secret_access_key = \"{SECRET}\"\n");
    node.secrets.insert("stores".into(), json!({ "keyfold.toml": secret }));
    node.environment.extend([
        ("KEYFOLD__STORES__AWS_ENDPOINT".into(), format!("http://127.0.0.1:{}", server.s3_port())),
        ("KEYFOLD__STORES__AWS_ALLOW_HTTP".into(), "true".into()),
    ]);
    let mut pods = Pods::begin(node, "CronJob")?;
    pods.finish()?;
    pods.expect_probes()?;
    pods.verify("s3://example-sales/weekly_sales")?;
    let logs = pods.logs();
    ensure!(!logs.contains(SECRET), "a secret is shown:\n{logs}");
    expect_sample(|path| http::get(server.filer_port(), &format!("{BUCKET}/weekly_sales/{path}")))
}

/// The pods of keyfold, under way.
struct Pods<'a> {
    node: Node<'a>,
    servers: Vec<(PodTemplate<'a>, Ipv4Addr, Process)>,
    run: (PodTemplate<'a>, Option<Process>),
    ended: Option<Ended>,
    _turn: Turn,
}

impl<'a> Pods<'a> {
    /// Starts those first that need the others: Kubernetes promises no order.
    fn begin(mut node: Node<'a>, run: &str) -> Outcome<Self> {
        let turn = Turn::take();
        let scheduler = address();
        node.hosts.push(("df://scheduler:".into(), format!("df://{scheduler}:")));
        let pod = node.pod(run, "weekly-sales")?;
        let process = Process::start(&mut node.keyfold(&pod, "run", address())?)?;
        let mut servers = Vec::new();
        let executors =
            (0..EXECUTORS).map(|number| ("StatefulSet", "executor", format!("executor-{number}"), address()));
        for (kind, owner, name, address) in
            executors.chain([("Deployment", "scheduler", "scheduler".to_owned(), scheduler)])
        {
            let pod = node.pod(kind, owner)?;
            let process = Process::start(&mut node.keyfold(&pod, &name, address)?)?;
            servers.push((pod, address, process));
        }
        Ok(Self { node, servers, run: (pod, Some(process)), ended: None, _turn: turn })
    }

    /// The run ends well, and the servers are still there.
    fn finish(&mut self) -> Outcome {
        let start = Instant::now();
        let run = self.run.1.as_mut().ok_or("the run has ended")?;
        while self.ended.is_none() {
            self.ended = run.poll()?;
            for (pod, _, server) in &mut self.servers {
                if let Some(ended) = server.poll()? {
                    return Err(format!("{} is over: {ended}", pod.title()).into());
                }
            }
            if start.elapsed() > SETTLED {
                return Err(format!("the run does not end:\n{}\n{}", last_lines(&run.log()), self.logs()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let ended = self.ended.as_ref().ok_or("the run has not ended")?;
        ensure!(ended.code == Some(0), "success was expected, but {ended}\n{}", self.logs());
        Ok(())
    }

    /// What a node would ask is answered well.
    fn expect_probes(&self) -> Outcome {
        for (pod, address, _) in &self.servers {
            let container = pod.containers().next().ok_or("a pod without a container")?;
            for name in PROBES {
                let get = &container[name]["httpGet"];
                let port = pod.ports().find(|(_, name)| get["port"] == *name).ok_or("a probe without a port")?.0;
                let (status, _) = http::request_at(*address, u16::try_from(port)?, "GET", text(&get["path"]), b"")?;
                ensure!(status == 200, "{}: {name} is answered with {status}", pod.title());
            }
        }
        Ok(())
    }

    /// Who looks from an executor's pod needs no arguments.
    fn expect_status(&self) -> Outcome {
        let (pod, address, _) = self.servers.first().ok_or("no pods")?;
        let ended = succeed(&mut self.node.command(pod, "executor-0", *address, |_| keyfold(["--json", "status"]))?)?;
        let status: Value = serde_json::from_slice(&ended.stdout)?;
        let executors = status["executors"].as_array().map_or(0, Vec::len);
        ensure!(executors == EXECUTORS, "{executors} executors are known: {status}");
        Ok(())
    }

    /// The run's own settings and credentials are enough to read again what it has published.
    fn verify(&self, output: &str) -> Outcome {
        let verify = |_| keyfold(["verify", output]);
        succeed(&mut self.node.command(&self.run.0, "run", Ipv4Addr::LOCALHOST, verify)?).map(drop)
    }

    fn logs(&self) -> String {
        let logs =
            self.servers.iter().map(|(pod, _, server)| format!("=== {}\n{}", pod.title(), last_lines(&server.log())));
        let run = self.ended.as_ref().map(|ended| format!("=== run\n{}", ended.stderr));
        logs.chain(run).collect::<Vec<_>>().join("\n")
    }
}

/// What is published has the paths, lengths and sums of what the sample job writes here.
fn expect_sample(published: impl Fn(&str) -> Outcome<Vec<u8>>) -> Outcome {
    let folder = TempDir::new()?;
    succeed(keyfold(["run"]).arg(root().join("sql/weekly_sales")).arg("--output").arg(folder.path()))?;
    let local = manifest(|path| Ok(std::fs::read(Path::new(folder.path()).join(path))?))?;
    let remote = manifest(published)?;
    ensure!(local.len() == 13, "13 documents were expected, not {}", local.len());
    ensure!(local == remote, "the documents differ:\n{local:?}\n{remote:?}");
    Ok(())
}
