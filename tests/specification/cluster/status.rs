//! What `keyfold status` shows of a cluster.

use serde_json::Value;

use crate::program::Outcome;

/// A cluster at one moment.
#[derive(Debug)]
pub(crate) struct Status {
    /// Changes when the scheduler is started again.
    pub(crate) instance: String,
    pub(crate) stopping: bool,
    /// The vcores of each executor.
    pub(crate) executors: Vec<u64>,
    /// Oldest first.
    pub(crate) plans: Vec<Plan>,
}

/// One plan of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) state: String,
    pub(crate) stages_done: u64,
    pub(crate) stages: u64,
    pub(crate) tasks_done: u64,
    pub(crate) tasks: u64,
    pub(crate) tasks_running: u64,
    pub(crate) rows: u64,
}

impl Status {
    pub(crate) fn parse(json: &[u8]) -> Outcome<Self> {
        let value: Value = serde_json::from_slice(json)?;
        let list = |name: &str| value[name].as_array().cloned().ok_or_else(|| format!("no {name}: {value}"));
        let plan = |job: &Value| {
            let (work, counted) = (&job["work"], &job["work"]["counted"]);
            let number = |value: &Value| value.as_u64().ok_or_else(|| format!("no number: {job}"));
            let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| format!("no text: {job}"));
            Ok::<_, String>(Plan {
                state: text(&job["state"])?,
                stages_done: number(&work["stages_done"])?,
                stages: number(&work["stages"])?,
                tasks_done: number(&work["tasks_done"])?,
                tasks: number(&work["tasks"])?,
                tasks_running: number(&work["tasks_running"])?,
                rows: number(&counted["rows"])?,
            })
        };
        Ok(Self {
            instance: value["instance"].as_str().unwrap_or_default().to_owned(),
            stopping: value["stopping"] == true,
            executors: list("executors")?.iter().filter_map(|executor| executor["vcores"].as_u64()).collect(),
            plans: list("jobs")?.iter().map(plan).collect::<Result<_, _>>()?,
        })
    }

    /// The plans that are queued or running.
    pub(crate) fn underway(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| matches!(plan.state.as_str(), "queued" | "running"))
    }

    /// Where the plan that writes documents stands: the one with a stage that reads, one that adds up, one that writes.
    pub(crate) fn writing(&self) -> Option<&Plan> {
        self.underway().find(|plan| plan.state == "running" && plan.stages > 2)
    }
}
