//! Mutual TLS: with it, every process of a cluster shows a certificate of the same authority, or is refused.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::EndpointOverrideFn;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use keyfold_engine::codec::VERSION;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, ServerTlsConfig, Uri};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a silent connection is asked whether it still stands, and how long the answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// PEM files of one process.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The authority that has signed the certificates of all processes.
    pub authority: PathBuf,
    /// This process's certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How this process talks to others: with mutual TLS or without, always telling its version.
#[derive(Clone)]
pub struct Transport {
    tls: Option<Arc<(Certificate, Identity)>>,
}

impl Transport {
    /// Reads the certificates, if there are to be any.
    pub fn read(files: Option<&TlsFiles>) -> Result<Self> {
        let Some(files) = files else { return Ok(Self { tls: None }) };
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| {
                let problem = Problem::new(format!("cannot be read: {error}"));
                Error::new(ErrorKind::Usage, problem.at(Place::whole(path.display().to_string())))
            })
        };
        let authority = Certificate::from_pem(read(&files.authority)?);
        let identity = Identity::from_pem(read(&files.certificate)?, read(&files.key)?);
        Ok(Self { tls: Some(Arc::new((authority, identity))) })
    }

    /// Whether TLS is used.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// An endpoint of another process.
    pub fn endpoint(&self, host: &str, port: u16) -> Result<Endpoint> {
        let endpoint = Endpoint::from_shared(format!("http://{host}:{port}"));
        endpoint.and_then(|endpoint| self.secured(endpoint)).map_err(|error| {
            Error::new(ErrorKind::Usage, format!("{host}:{port} cannot be connected to: {}", chain(&error)))
        })
    }

    /// The same for endpoints that Ballista makes.
    pub fn customize(&self) -> EndpointOverrideFn {
        let transport = self.clone();
        Arc::new(move |endpoint| Ok(transport.secured(endpoint)?))
    }

    fn secured(&self, endpoint: Endpoint) -> std::result::Result<Endpoint, tonic::transport::Error> {
        let endpoint = match &self.tls {
            None => endpoint,
            Some(tls) => {
                // The scheme decides, and Ballista writes http for the ports of schedulers and executors.
                let mut parts = endpoint.uri().clone().into_parts();
                parts.scheme = Some(tonic::codegen::http::uri::Scheme::HTTPS);
                let uri = Uri::from_parts(parts).unwrap_or_else(|_| endpoint.uri().clone());
                let config = ClientTlsConfig::new().ca_certificate(tls.0.clone()).identity(tls.1.clone());
                Endpoint::from(uri).tls_config(config)?
            }
        };
        Ok(endpoint
            .user_agent(format!("keyfold/{VERSION}"))?
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true))
    }

    /// What a server of this process demands of its callers.
    pub fn server(&self) -> Option<ServerTlsConfig> {
        let (authority, identity) = self.tls.as_deref()?;
        Some(ServerTlsConfig::new().identity(identity.clone()).client_ca_root(authority.clone()))
    }
}

/// An error with all its causes: the transport's errors keep what happened to themselves.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
