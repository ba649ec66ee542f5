//! What `deploy/` gives to Kubernetes: rendered, validated, checked against rules that can fail, and run as far as it runs
//! without a cluster.

mod breakage;
mod change;
mod connections;
mod guide;
mod live;
mod pods;
mod project;
mod references;
mod rendering;
mod rules;

use libtest_mimic::Trial;

use crate::program::{Outcome, ensure, succeed};
use crate::tools::{Tools, with_tools};
use rendering::{Rendering, all};

/// The Kubernetes whose schemas are asked.
const KUBERNETES: &str = "1.37";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn(&Tools) -> Outcome| {
        Trial::ignorable_test(format!("manifests: {name}"), move || with_tools(check))
    };
    let mut trials = live::trials();
    trials.extend([
        trial("every overlay is what the schemas of Kubernetes allow, and nothing else", schemas),
        trial("every container has limits, probes, a fixed image and the rights of the restricted profile", |tools| {
            none(tools, |rendering| rules::violations(&rendering.objects))
        }),
        trial("every name and selector finds what it means", |tools| {
            none(tools, |rendering| references::broken(&rendering.objects, rendering.secret_from_outside()))
        }),
        trial("who must talk to whom may, and nobody else", |tools| {
            none(tools, |rendering| connections::differences(&rendering.objects))
        }),
        trial("each of these rules finds what breaks it", breakage::all_found),
        trial("versions, exit codes and job files are those of the project", |tools| none(tools, project::differences)),
        trial("a changed line of SQL changes the job's files and the names that carry their hash", change::of_sql),
        trial("a check that is added needs one line", change::of_checks),
        trial("the commands in the guide work, as far as they need no cluster", guide::tested),
        trial("the commands in the guide for a cluster are right but for the cluster", guide::on_a_cluster),
    ]);
    trials
}

/// No rendering may give anything.
fn none(tools: &Tools, problems: impl Fn(&Rendering) -> Vec<String>) -> Outcome {
    for rendering in all(tools)? {
        let problems = problems(&rendering);
        ensure!(problems.is_empty(), "{}:\n{}", rendering.folder, problems.join("\n"));
    }
    Ok(())
}

fn schemas(tools: &Tools) -> Outcome {
    for rendering in all(tools)? {
        let file = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        std::fs::write(file.path(), &rendering.yaml)?;
        let mut command = tools.command("kubernetes-validate");
        let ended = succeed(command.args(["--strict", "-k", KUBERNETES]).arg(file.path()))?;
        let output = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
        let passed = output.matches(&format!("against version {KUBERNETES}")).count();
        ensure!(passed == rendering.objects.len(), "not every object of {} was asked for: {ended}", rendering.folder);
    }
    Ok(())
}
