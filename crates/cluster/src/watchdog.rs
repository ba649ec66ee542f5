//! The end of patience with a plan that does not move.

use std::time::{Duration, Instant};

use keyfold_core::{Error, ErrorKind, Problem, Result};

use crate::wire::{StatusReply, Work};

/// Ends a wait for a plan that makes no progress, such as one whose last status message was lost. A plan of which no task
/// is under way waits for its turn, for as long as others move.
pub(crate) struct Watchdog {
    patience: Duration,
    seen: Option<(Work, u64)>,
    since: Instant,
}

impl Watchdog {
    /// Begins to watch.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, seen: None, since: Instant::now() }
    }

    /// Fails once nothing has moved for too long.
    pub(crate) fn look(&mut self, work: Work, status: &StatusReply) -> Result<()> {
        // While its own tasks are under way, what others do is not a sign of life.
        let now = (work, if work.tasks_running == 0 { status.pulse } else { 0 });
        if self.seen != Some(now) {
            self.seen = Some(now);
            self.since = Instant::now();
            return Ok(());
        }
        if self.since.elapsed() < self.patience {
            return Ok(());
        }
        let Work { stages_done, stages, tasks_done, tasks, .. } = work;
        let message = format!(
            "the run has made no progress for {} s: {stages_done} of {stages} stages and {tasks_done} of {tasks} tasks are done, {} executors are there",
            self.patience.as_secs(),
            status.executors.len()
        );
        let help = "look at the executors' logs; a message between them may be lost, and running again may do; raise stall_seconds if the work is that slow";
        Err(Error::new(ErrorKind::Unavailable, Problem::new(message).help(help)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_may_wait_for_others_and_not_for_itself() {
        let status = |pulse| StatusReply {
            instance: String::new(),
            stopping: false,
            pulse,
            cancelled: false,
            executors: Vec::new(),
            jobs: Vec::new(),
        };
        let mut watchdog = Watchdog::new(Duration::ZERO);
        let waits = Work::default();
        assert!(watchdog.look(waits, &status(1)).is_ok());
        assert!(watchdog.look(waits, &status(2)).is_ok(), "others move");
        assert!(watchdog.look(waits, &status(2)).is_err(), "nothing moves at all");
        let works = Work { tasks_running: 1, ..Work::default() };
        assert!(watchdog.look(works, &status(3)).is_ok());
        assert!(watchdog.look(works, &status(4)).is_err(), "others move, and its own task does not");
    }
}
