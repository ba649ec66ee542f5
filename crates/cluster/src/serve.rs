//! Servers of gRPC services: behind the gate, with TLS where it is used, ending when told to.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use keyfold_core::{Error, ErrorKind, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::gate::{self, Gate};
use crate::health::cannot_listen;
use crate::tls::{Transport, chain};

/// How often a silent caller is asked whether it is still there, and how long the answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Serves until `stop` is done. Calls under way are answered first.
pub async fn serve(
    address: SocketAddr,
    transport: &Transport,
    gate: Gate,
    services: Routes,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<JoinHandle<Result<()>>> {
    let listener = TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error, "port"))?;
    let mut server =
        Server::builder().http2_keepalive_interval(Some(KEEP_ALIVE)).http2_keepalive_timeout(Some(KEEP_ALIVE));
    if let Some(tls) = transport.server() {
        let wrong = |error: tonic::transport::Error| {
            Error::new(ErrorKind::Usage, format!("the certificates cannot be used: {}", chain(&error)))
        };
        server = server.tls_config(tls).map_err(wrong)?;
    }
    let routes = services.into_axum_router().layer(from_fn_with_state(gate, gate::pass));
    // The server's own setting does not reach the sockets of a listener that it is given.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = server.add_routes(Routes::from(routes)).serve_with_incoming_shutdown(incoming, stop);
    Ok(tokio::spawn(async move {
        serving.await.map_err(|error| Error::internal(format!("{address} is not served any more: {}", chain(&error))))
    }))
}
