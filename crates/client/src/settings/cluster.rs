//! The settings of clusters: of those who use one, and of its schedulers and executors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use keyfold_cluster::tls::{TlsFiles, Transport};
use keyfold_cluster::{Address, Cluster, ClusterRunner, Patience};
use keyfold_core::{Error, ErrorKind, Problem, Result};
use keyfold_engine::runner::Runner;
use keyfold_engine::session::Resources;
use keyfold_engine::storage::sandbox::Roots;
use keyfold_engine::storage::stores::{StoreOptions, Stores};

use super::Settings;
use super::layers::Reader;

/// The ports of a scheduler by default. Executors take any that are free: the scheduler passes them on.
const SCHEDULER_PORT: u16 = 50050;
const SCHEDULER_HEALTH_PORT: u16 = 50049;

/// What concerns clusters.
pub(crate) struct ClusterSettings {
    /// The scheduler.
    address: Option<Address>,
    files: Option<TlsFiles>,
    patience: Patience,
    /// Where an executor may read and write.
    roots: Option<Roots>,
    bind: String,
    advertise: Option<String>,
    port: Option<u16>,
    task_port: Option<u16>,
    health_port: Option<u16>,
    vcores: usize,
    work_dir: PathBuf,
    executor_timeout: Duration,
    heartbeat: Duration,
    stop_timeout: Duration,
}

impl ClusterSettings {
    pub(super) fn read(reader: &mut Reader, resources: &Resources) -> Self {
        let port =
            |reader: &mut Reader, name: &str| reader.parse(name, |text| text.parse().ok(), "a port from 0 to 65535");
        let address = reader.text("cluster").filter(|text| !text.is_empty()).map(|text| Address::from_str(&text));
        let allow = reader.list("allow");
        let scratch = || resources.scratch.clone().unwrap_or_else(std::env::temp_dir).join("keyfold");
        Self {
            address: address.and_then(|address| reader.check("cluster", address)),
            files: tls_files(reader),
            patience: Patience { connect: reader.seconds("connect_seconds"), stall: reader.seconds("stall_seconds") },
            roots: if allow.is_empty() { None } else { reader.check("allow", Roots::parse(&allow)) },
            bind: reader.text("bind").unwrap_or_default(),
            advertise: reader.text("advertise"),
            port: port(reader, "port"),
            task_port: port(reader, "task_port"),
            health_port: port(reader, "health_port"),
            vcores: reader
                .parse(
                    "vcores",
                    |text| text.parse().ok().filter(|vcores| (1..=1024).contains(vcores)),
                    "a number from 1 to 1024",
                )
                .unwrap_or(resources.threads),
            work_dir: reader.path("work_dir").unwrap_or_else(scratch),
            executor_timeout: reader.seconds("executor_timeout_seconds"),
            heartbeat: reader.seconds("heartbeat_seconds"),
            stop_timeout: reader.seconds("stop_seconds"),
        }
    }

    fn transport(&self) -> Result<Transport> {
        Transport::read(self.files.as_ref())
    }

    fn address(&self) -> Result<Address> {
        self.address.clone().ok_or_else(|| {
            let problem = Problem::new("no cluster is given");
            Error::new(
                ErrorKind::Usage,
                problem.help("give --cluster df://host:50050, or set `cluster` in keyfold.toml"),
            )
        })
    }

    /// The cluster that the settings name.
    pub(crate) async fn connect(&self) -> Result<Cluster> {
        Cluster::connect(self.address()?, self.transport()?, self.patience).await
    }

    /// The address that a server of this process listens on.
    fn listen(&self, port: u16) -> Result<SocketAddr> {
        let found = (self.bind.as_str(), port).to_socket_addrs().ok().and_then(|mut found| found.next());
        found.ok_or_else(|| {
            let problem = Problem::new(format!("`bind` is `{}`, which is not an address of this machine", self.bind));
            Error::new(
                ErrorKind::Usage,
                problem.help("give an address such as 127.0.0.1 or 0.0.0.0, or a name of this machine"),
            )
        })
    }

    /// The name under which others reach this process.
    fn advertised(&self, listen: IpAddr) -> Result<String> {
        match &self.advertise {
            Some(name) => Ok(name.clone()),
            None if listen.is_unspecified() => {
                hostname::get().ok().and_then(|name| name.into_string().ok()).ok_or_else(|| {
                    let problem = Problem::new(
                        "this process listens on all addresses, and its machine has no name that others could use",
                    );
                    Error::new(ErrorKind::Usage, problem.help("give --advertise with this machine's name or address"))
                })
            }
            None => Ok(listen.to_string()),
        }
    }

    /// Where the scheduler or executor of this machine reports its health.
    pub(crate) fn health(&self) -> Result<SocketAddr> {
        let mut listen = self.listen(self.health_port.unwrap_or(SCHEDULER_HEALTH_PORT))?;
        match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        Ok(listen)
    }

    /// The settings of a scheduler.
    pub(crate) fn scheduler(&self) -> Result<keyfold_scheduler::Settings> {
        let listen = self.listen(self.port.unwrap_or(SCHEDULER_PORT))?;
        Ok(keyfold_scheduler::Settings {
            listen,
            health: self.listen(self.health_port.unwrap_or(SCHEDULER_HEALTH_PORT))?,
            advertise: self.advertised(listen.ip())?,
            transport: self.transport()?,
            executor_timeout: self.executor_timeout,
            stop_timeout: self.stop_timeout,
        })
    }
}

impl Settings {
    /// Where the plans of a run go: to the cluster, if one is named.
    pub(crate) async fn runner(&self, run: &str, job: &str) -> Result<Arc<dyn Runner>> {
        match &self.cluster.address {
            None => Ok(self.local()),
            Some(_) => Ok(Arc::new(ClusterRunner::begin(self.cluster.connect().await?, run, job).await?)),
        }
    }

    /// The settings of an executor.
    pub(crate) fn executor(&self) -> Result<keyfold_executor::Settings> {
        let cluster = &self.cluster;
        let Some(roots) = cluster.roots.clone() else {
            let problem = Problem::new("an executor needs to know where it may read and write");
            let help = "give --allow with folders and URLs, such as --allow /data --allow s3://bucket/sales/";
            return Err(Error::new(ErrorKind::Usage, problem.help(help)));
        };
        let stores = Stores::new(StoreOptions { roots: Some(roots), ..self.store_options.clone() });
        let listen = cluster.listen(0)?;
        if cluster.files.is_some() && listen.ip().is_unspecified() {
            let problem =
                Problem::new(format!("with TLS an executor listens on one address, and `bind` is {}", cluster.bind));
            return Err(Error::new(ErrorKind::Usage, problem.help("give --bind this machine's name or address")));
        }
        // Held until all are chosen, so that none is chosen twice.
        let mut held = Vec::new();
        let mut port = |port: Option<u16>| match port.filter(|port| *port != 0) {
            Some(port) => Ok(port),
            None => free_port(listen, &mut held),
        };
        Ok(keyfold_executor::Settings {
            scheduler: cluster.address()?,
            listen: SocketAddr::new(listen.ip(), port(cluster.port)?),
            task_port: port(cluster.task_port)?,
            health: SocketAddr::new(listen.ip(), port(cluster.health_port)?),
            advertise: cluster.advertised(listen.ip())?,
            transport: cluster.transport()?,
            vcores: cluster.vcores,
            memory_limit: self.resources.memory_limit,
            work_dir: cluster.work_dir.clone(),
            stores: Arc::new(stores),
            heartbeat: cluster.heartbeat,
            connect_timeout: cluster.patience.connect,
            stop_timeout: cluster.stop_timeout,
        })
    }
}

fn free_port(listen: SocketAddr, held: &mut Vec<TcpListener>) -> Result<u16> {
    let bound = TcpListener::bind(listen).and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
    let (port, listener) = bound
        .map_err(|error| Error::new(ErrorKind::Usage, format!("{} cannot be listened on: {error}", listen.ip())))?;
    held.push(listener);
    Ok(port)
}

/// All three files or none.
fn tls_files(reader: &mut Reader) -> Option<TlsFiles> {
    let names = ["tls_authority", "tls_certificate", "tls_key"];
    match names.map(|name| reader.path(name)) {
        [Some(authority), Some(certificate), Some(key)] => Some(TlsFiles { authority, certificate, key }),
        [None, None, None] => None,
        _ => {
            let missing: Vec<_> = names.into_iter().filter(|name| reader.text(name).is_none()).collect();
            let message = format!("TLS needs all of {}; {} is missing", names.join(", "), missing.join(", "));
            reader.check::<()>(names[0], Err(Error::new(ErrorKind::Usage, message)));
            None
        }
    }
}
