//! `keyfold`: SQL in, one JSON document per key out.

mod arguments;
mod commands;
mod exit;
mod log;
mod memory;
mod progress;
mod settings;
mod signals;
mod summary;
mod terminal;

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Parser;
use keyfold_core::{Error, Result};

use arguments::{Arguments, Command};
use settings::Settings;

// The fold makes many small allocations on several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    match on_a_large_stack(move || run(arguments)) {
        Ok(code) => code,
        Err(error) => exit::report(&error, json),
    }
}

/// Runs on a thread whose stack the settings choose, not the system: plans are trees that much of the engine walks by
/// recursion.
fn on_a_large_stack(run: impl FnOnce() -> Result<ExitCode> + Send + 'static) -> Result<ExitCode> {
    let failed = |error: &dyn std::fmt::Display| Error::internal(format!("the main thread cannot be started: {error}"));
    let thread = thread::Builder::new().name("main".into()).stack_size(settings::STACK).spawn(run);
    let ended = thread.map_err(|error| failed(&error))?.join();
    ended.unwrap_or_else(|_| Err(Error::internal("the main thread has panicked")))
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let settings = Settings::read(&arguments)?;
    log::start(&settings, arguments.quiet)?;
    let runtime = settings.runtime()?;
    let terminal = terminal::Terminal::new(arguments.json, arguments.quiet);
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Run(run) => commands::run::run(&run, &settings, &terminal).await,
            Command::Check(job) => commands::check::check(&job, &settings, &terminal).await,
            Command::Show(show) => commands::show::show(&show, &settings, &terminal).await,
            Command::Explain(job) => commands::explain::explain(&job, &settings, &terminal).await,
            Command::Verify(verify) => commands::verify::verify(&verify, &settings, &terminal).await,
            Command::Status(status) => commands::status::status(&status, &settings, &terminal).await,
            Command::Cancel(cancel) => commands::cancel::cancel(&cancel, &settings, &terminal).await,
            Command::Scheduler(_) => commands::serve::scheduler(&settings).await,
            Command::Executor(_) => commands::serve::executor(&settings).await,
            Command::Health(health) => commands::health::health(&health, &settings, &terminal).await,
            Command::Init(init) => commands::init::init(&init, &settings, &terminal).await,
            Command::Config => commands::config::config(&settings, &terminal),
            Command::Completions { shell } => commands::completions::completions(shell, &terminal),
        }
    });
    // Tasks that were cancelled remove their scratch files; blocking work that a signal interrupted is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}
