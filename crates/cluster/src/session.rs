//! What the sessions of client, scheduler and executors have in common.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::prelude::SessionConfig;
use keyfold_engine::codec::KeyfoldCodec;

use crate::tls::Transport;

/// Ballista's settings where keyfold's differ. ARCHITECTURE.md says why.
const SETTINGS: [(&str, &str); 9] = [
    ("ballista.planner.adaptive.enabled", "false"),
    ("ballista.scheduler.max_partitions_per_task", "1"),
    ("ballista.optimizer.broadcast_join_threshold_bytes", "67108864"),
    ("ballista.optimizer.broadcast_join_threshold_rows", "1048576"),
    ("ballista.client.io_retry_wait_time_ms", "200"),
    ("ballista.client.grpc_max_message_size", "67108864"),
    ("datafusion.optimizer.prefer_hash_join", "true"),
    ("datafusion.execution.parquet.schema_force_view_types", "true"),
    ("datafusion.sql_parser.map_string_types_to_utf8view", "true"),
];

/// The largest message between processes in bytes: a plan with a large grid, or the statuses of many tasks.
pub const LARGEST_MESSAGE: usize = 64 << 20;

/// What every session of the cluster starts from.
pub fn config(transport: &Transport) -> SessionConfig {
    let config = SETTINGS
        .into_iter()
        .fold(SessionConfig::new_with_ballista(), |config, (name, value)| config.set_str(name, value));
    config
        .with_ballista_use_tls(transport.is_tls())
        .with_ballista_override_create_grpc_client_endpoint(transport.customize())
}

/// Ballista's operators and keyfold's.
pub fn codec() -> Arc<KeyfoldCodec> {
    Arc::new(KeyfoldCodec::new(Arc::new(BallistaPhysicalExtensionCodec::default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_setting_is_explained() {
        let explained = include_str!("../../../ARCHITECTURE.md");
        for (name, _) in SETTINGS {
            assert!(explained.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name {name}");
        }
    }

    #[test]
    fn changed_settings_are_known_and_taken() {
        let config = config(&Transport::read(None).expect("no TLS"));
        let entries = config.options().entries();
        for (name, value) in SETTINGS {
            let entry = entries.iter().find(|entry| entry.key == name).expect(name);
            assert_eq!(entry.value.as_deref(), Some(value), "{name}");
        }
    }
}
