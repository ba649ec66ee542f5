//! The image and the compose cluster on a real Docker engine: the same bytes as without them, whatever happens to a
//! container.

mod compose;
mod docker;
mod faults;
mod guard;
mod guide;
mod image;
mod work;

use libtest_mimic::{Completion, Trial};

use crate::program::{Outcome, skip_or_fail};
use crate::tools::with_tools;

/// The long ones first.
pub(crate) fn trials() -> Vec<Trial> {
    let of_files = vec![
        Trial::test("containers: the versions are those of the project", image::versions),
        Trial::ignorable_test("containers: the Dockerfile is clean", || with_tools(image::lint)),
    ];
    [faults::trials(), guide::trials(), guard::trials(), of_files].into_iter().flatten().collect()
}

/// A trial that needs a Docker engine, and the images that keyfold's own is made from.
fn trial(name: &str, check: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    Trial::ignorable_test(format!("containers: {name}"), move || {
        if !docker::is_there() {
            return Ok(Completion::ignored_with("there is no Docker engine"));
        }
        match image::missing()? {
            None => check().map(|()| Completion::Completed),
            Some(reason) => skip_or_fail(&reason),
        }
    })
}
