//! The port that gives results to other executors and the client, and answers the scheduler's questions.

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
