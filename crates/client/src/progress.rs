//! Progress: a line that moves on a terminal, log lines elsewhere.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use keyfold_core::report::Phase;
use keyfold_engine::runner::{Counted, Progress, Spread};
use tokio::sync::watch;

use crate::terminal::Terminal;

/// How often a log line reports the progress where there is no terminal.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Shows which step a run is at, and how long each one took.
pub(crate) struct Steps {
    bar: ProgressBar,
    phases: Vec<Phase>,
    current: Option<(&'static str, Instant)>,
}

impl Steps {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        let bar =
            if terminal.interactive && !terminal.json { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:<16} {elapsed:>5}  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, phases: Vec::new(), current: None }
    }

    /// Ends the step before and begins this one.
    pub(crate) fn begin(&mut self, name: &'static str) {
        self.end();
        self.bar.set_prefix(name);
        self.bar.set_message("");
        tracing::info!(step = name, "begins");
        self.current = Some((name, Instant::now()));
    }

    fn end(&mut self) {
        if let Some((name, start)) = self.current.take() {
            self.phases.push(Phase { name: name.to_owned(), seconds: start.elapsed().as_secs_f64() });
        }
    }

    /// The steps so far.
    pub(crate) fn phases(&mut self) -> Vec<Phase> {
        self.end();
        self.phases.clone()
    }

    /// Shows progress as it comes, until the sender is gone.
    pub(crate) fn watch(&self, mut progress: watch::Receiver<Progress>) {
        let bar = self.bar.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            let mut logged = begun;
            while progress.changed().await.is_ok() {
                let progress = *progress.borrow_and_update();
                bar.set_message(line(&progress, begun.elapsed()));
                if logged.elapsed() >= LOG_EVERY {
                    logged = Instant::now();
                    tracing::info!("{}", line(&progress, begun.elapsed()));
                }
            }
        });
    }
}

impl Drop for Steps {
    /// The line goes, so that a summary or an error stands alone.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What a person wants to know of a run that goes on.
fn line(progress: &Progress, elapsed: Duration) -> String {
    let Counted { rows, documents, bytes, .. } = progress.counted;
    let counted = format!("{} rows read, {} documents, {}", HumanCount(rows), HumanCount(documents), ByteSize(bytes));
    let Some(Spread { stages_done, stages, tasks_done, tasks, executors }) = progress.spread else { return counted };
    let left = time_left(stages_done, stages, tasks_done, tasks, elapsed);
    let left = left.map_or_else(String::new, |left| format!(", about {} s left", left.as_secs().max(1)));
    format!("{stages_done} of {stages} stages, {tasks_done} of {tasks} tasks on {executors} executors, {counted}{left}")
}

/// A guess: stages take the same time each, and so do the tasks of a stage. None before anything is done.
fn time_left(
    stages_done: usize,
    stages: usize,
    tasks_done: usize,
    tasks: usize,
    elapsed: Duration,
) -> Option<Duration> {
    let begun = tasks_done as f64 / tasks.max(1) as f64;
    let share = (stages_done as f64).max(begun * (stages_done + 1) as f64).min(stages as f64) / stages.max(1) as f64;
    (share > 0.0).then(|| elapsed.mul_f64((1.0 - share) / share))
}
