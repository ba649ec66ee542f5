//! Generates clients and servers of keyfold's own two services, which speak JSON over gRPC.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str, route: &str, input: &str, output: &str| {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("crate::wire::{input}"))
            .output_type(format!("crate::wire::{output}"))
            .codec_path("crate::wire::JsonCodec")
            .build()
    };
    let control = Service::builder()
        .name("Control")
        .package("keyfold")
        .comment("What a client asks of the scheduler besides running plans.")
        .method(method("status", "Status", "StatusRequest", "StatusReply"))
        .method(method("cancel", "Cancel", "CancelRequest", "CancelReply"))
        .method(method("probe", "Probe", "ProbeRequest", "ProbeReply"))
        .build();
    let worker = Service::builder()
        .name("Worker")
        .package("keyfold")
        .comment("What the scheduler asks of an executor besides running tasks.")
        .method(method("tasks", "Tasks", "TasksRequest", "TasksReply"))
        .method(method("probe", "Probe", "ProbeRequest", "ProbeReply"))
        .build();
    Builder::new().compile(&[control, worker]);
}
