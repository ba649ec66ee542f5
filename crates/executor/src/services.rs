//! The ports of an executor.
//!
//! Results and keyfold's own service share one port, which is served here. The port that takes tasks is Ballista's own,
//! and speaks no TLS: where TLS is used, it listens on a loopback address, and this module lets in through TLS what
//! belongs to the cluster.

use std::net::IpAddr;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;
use ballista_core::error::BallistaError;
use ballista_executor::ArrowFlightServerProvider;
use ballista_executor::flight_service::BallistaFlightService;
use keyfold_cluster::gate::Gate;
use keyfold_cluster::serve;
use keyfold_cluster::session::LARGEST_MESSAGE;
use keyfold_cluster::wire::worker_server::WorkerServer;
use tonic::service::Routes;

use crate::Settings;
use crate::worker::{Tasks, Worker};

/// Where Ballista listens for tasks: with TLS on a loopback address that is not the one seen from outside.
pub(crate) fn inner_host(settings: &Settings) -> String {
    let outer = settings.listen.ip();
    match settings.transport.is_tls() {
        false => outer.to_string(),
        true if outer == IpAddr::from([127, 0, 0, 1]) => "127.0.0.2".into(),
        true => "127.0.0.1".into(),
    }
}

/// Serves results and keyfold's own service.
pub(crate) fn provider(settings: Settings, tasks: Tasks) -> Arc<ArrowFlightServerProvider> {
    Arc::new(move |work_dir, _, mut shutdown, _| {
        let results = FlightServiceServer::new(BallistaFlightService::new(work_dir))
            .max_encoding_message_size(LARGEST_MESSAGE)
            .max_decoding_message_size(LARGEST_MESSAGE);
        let worker = WorkerServer::new(Worker { tasks: tasks.clone(), stores: settings.stores.clone() });
        let routes = Routes::new(results).add_service(worker);
        let settings = settings.clone();
        tokio::spawn(async move {
            let failed = |error: keyfold_core::Error| BallistaError::General(error.to_string());
            let stop = async move { shutdown.recv().await };
            let served = serve::serve(settings.listen, &settings.transport, Gate::default(), routes, stop);
            served
                .await
                .map_err(failed)?
                .await
                .map_err(|error| BallistaError::General(error.to_string()))?
                .map_err(failed)
        })
    })
}
