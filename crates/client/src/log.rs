//! Log lines on standard error: text on a terminal, JSON lines elsewhere.

use std::io::{self, IsTerminal};

use keyfold_core::{Error, ErrorKind, Problem, Result};
use tracing_subscriber::EnvFilter;

use crate::arguments::LogFormat;
use crate::settings::Settings;

/// Starts the log.
pub(crate) fn start(settings: &Settings, quiet: bool) -> Result<()> {
    let terminal = io::stderr().is_terminal();
    let filter = match (&settings.log_level, quiet) {
        (Some(level), _) => level.as_str(),
        (None, true) => "error",
        // A person sees the progress bar and the summary instead.
        (None, false) if terminal => "warn",
        (None, false) => {
            "warn,keyfold=info,keyfold_engine=info,keyfold_cluster=info,keyfold_scheduler=info,keyfold_executor=info"
        }
    };
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Error::new(
            ErrorKind::Usage,
            Problem::new(format!("log_level: {error}")).help("use a level such as info, or keyfold=debug"),
        )
    })?;
    let text = match settings.log_format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if text {
        builder.with_ansi(colours).with_target(false).init()
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
    }
    // A second logger cannot have been set before this one.
    if log::set_logger(&Ballista).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
    Ok(())
}

/// Ballista and others write to `log`; their lines join keyfold's, under one name for the filter.
struct Ballista;

impl log::Log for Ballista {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let (module, text) = (record.target(), record.args());
        match record.level() {
            log::Level::Error => tracing::error!(target: "ballista", module, "{text}"),
            log::Level::Warn => tracing::warn!(target: "ballista", module, "{text}"),
            log::Level::Info => tracing::info!(target: "ballista", module, "{text}"),
            log::Level::Debug | log::Level::Trace => tracing::debug!(target: "ballista", module, "{text}"),
        }
    }

    fn flush(&self) {}
}
