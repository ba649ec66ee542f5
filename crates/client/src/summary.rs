//! What a run has done, for a person to read at a glance.

use std::fmt::Write;

use bytesize::ByteSize;
use indicatif::HumanCount;
use keyfold_core::layout::LINK;
use keyfold_core::location::Location;
use keyfold_core::report::{Pointer, Report};

/// The summary of a published run.
pub(crate) fn text(report: &Report, pointer: &Pointer, output: &Location) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| _ = writeln!(text, "  {name:<12} {value}");
    line(
        "documents",
        format!("{} from {} rows, {}", HumanCount(report.documents), HumanCount(report.rows), ByteSize(report.bytes)),
    );
    for total in &report.totals {
        let dropped = if report.dropped.is_empty() { String::new() } else { format!(", {} dropped", total.dropped) };
        line("total", format!("{} = {} (as in the source{dropped})", total.value, total.delivered));
    }
    for (grid, values) in &report.dropped {
        let values: Vec<_> = values.iter().map(|(value, rows)| format!("{value} ({rows} rows)")).collect();
        line("dropped", format!("{grid}: {}", values.join(", ")));
    }
    if !report.checks.is_empty() {
        line("checks", format!("{} passed", report.checks.len()));
    }
    let seconds: f64 = report.phases.iter().map(|phase| phase.seconds).sum();
    let phases: Vec<_> = report.phases.iter().map(|phase| format!("{} {:.2}", phase.name, phase.seconds)).collect();
    line("time", format!("{seconds:.2} s ({})", phases.join(", ")));
    if let Some(memory) = report.peak_memory {
        line("memory", format!("{} at most", ByteSize(memory)));
    }
    let place = nearby(output);
    line("published", format!("{place}/{}", pointer.snapshot));
    if output.local().is_some() {
        line("read", format!("{place}/{LINK}/"));
    }
    format!("{} published as {}\n{text}", report.job, report.run)
}

/// A folder below the current directory as a person would type it.
pub(crate) fn nearby(output: &Location) -> String {
    let current = std::env::current_dir().unwrap_or_default();
    let near = output.local().and_then(|path| path.strip_prefix(&current).ok());
    let near = near.filter(|near| !near.as_os_str().is_empty());
    near.map_or_else(|| output.to_string().trim_end_matches('/').to_owned(), |near| near.display().to_string())
}
