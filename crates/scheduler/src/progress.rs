//! How far a plan is, as its execution graph shows.

use ballista_core::serde::protobuf::task_status::Status;
use ballista_scheduler::state::execution_graph::ExecutionGraph;
use ballista_scheduler::state::execution_stage::ExecutionStage;
use keyfold_cluster::wire::{JobState, Work};
use keyfold_engine::runner::Counted;

/// A plan of which only its stages are known any more.
pub(crate) fn finished(stages_done: usize, stages: usize) -> Work {
    Work { stages_done, stages, ..Work::default() }
}

/// A plan that is running. Ballista adds up the metrics of tasks as they finish.
pub(crate) fn of(graph: &(dyn ExecutionGraph + Send + Sync)) -> Work {
    let mut work = Work { stages: graph.stages().len(), ..Work::default() };
    for stage in graph.stages().values() {
        let tasks = stage.task_infos().unwrap_or_default();
        work.tasks_done += tasks.iter().filter(|task| matches!(task.task_status, Status::Successful(_))).count();
        work.tasks_running += tasks.iter().filter(|task| matches!(task.task_status, Status::Running(_))).count();
        match stage {
            ExecutionStage::Running(stage) => {
                work.tasks += stage.partitions;
                work.counted +=
                    Counted::zipped(stage.plan.as_ref(), stage.stage_metrics.as_deref().unwrap_or_default());
            }
            ExecutionStage::Successful(stage) => {
                work.stages_done += 1;
                work.tasks += stage.partitions;
                work.counted += Counted::zipped(stage.plan.as_ref(), &stage.stage_metrics);
            }
            ExecutionStage::UnResolved(_) | ExecutionStage::Resolved(_) | ExecutionStage::Failed(_) => {}
        }
    }
    work
}

/// A number that changes whenever any plan moves.
pub(crate) fn pulse<'a>(jobs: impl Iterator<Item = &'a JobState>) -> u64 {
    jobs.fold(0, |pulse: u64, JobState { work, state, .. }| {
        let Work { tasks_done, tasks_running, counted, .. } = *work;
        let moved = tasks_done as u64 + tasks_running as u64 + counted.rows + counted.nanoseconds;
        pulse.wrapping_add(moved).wrapping_add(u64::from(matches!(state.as_str(), "done" | "failed")))
    })
}
