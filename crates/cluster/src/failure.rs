//! A task's failure on its way back to the client, through Ballista's messages, which are text.

use std::fmt;
use std::io;

use ballista_core::error::BallistaError;
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use keyfold_core::{Error, ErrorKind, Problem};
use keyfold_engine::error::{classify, classify_arrow};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// What stands before and behind a failure's JSON in a message.
const MARK: &str = "keyfold-failure:";
const END: char = ';';
/// What Rust's debugging text would escape, and Ballista makes one of another: an error that it has tried again comes
/// in quotes within quotes.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'"').add(b'\\').add(b'\'').add(b'%').add(END as u8);

/// Why a plan has failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Failure {
    /// For good.
    Final(Error),
    /// What it needed was lost with an executor: the same plan may succeed, if it is started again.
    Lost(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// A failure whose debugging text, the form in which Ballista passes it on, can be read back.
struct Carried(Failure);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        write!(f, "{MARK}{}{END}", utf8_percent_encode(&json, ESCAPED))
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Final(error) | Failure::Lost(error)) = &self.0;
        error.fmt(f)
    }
}

impl std::error::Error for Carried {}

/// Ends a plan of which Ballista begins a stage once more, as it does when it has lost results of one that was done.
///
/// It forgets which results of the stage others have already been given: they would read them twice. So its tasks are
/// refused, and the client starts the whole plan again. (`reset_stages_on_lost_executor` and
/// `RunningStage::to_unresolved` of ballista-scheduler 55.)
pub fn begun_again(stage: &str) -> DataFusionError {
    let message = format!("results of stage {stage} were lost with an executor");
    DataFusionError::External(Box::new(Carried(Failure::Lost(Error::new(ErrorKind::Unavailable, message)))))
}

/// A task's error as Ballista is to see it: it tries a task again if the error is one of input and output.
pub fn carry(error: DataFusionError, executor: &str) -> DataFusionError {
    let (own, memory) = match root(&error) {
        Root::Query(root) => (classify(root), matches!(root, DataFusionError::ResourcesExhausted(_))),
        Root::Arrow(root) => (classify_arrow(root), false),
        Root::Ballistas => return error,
    };
    if is_broken_off(&error) {
        let own = Error::new(ErrorKind::Unavailable, format!("results were lost with an executor: {own}"));
        return DataFusionError::External(Box::new(Carried(Failure::Lost(own))));
    }
    let retried = matches!(own.kind(), ErrorKind::Unavailable | ErrorKind::Delivery) && !memory;
    let own = match own.kind() {
        ErrorKind::Unavailable | ErrorKind::Delivery | ErrorKind::Internal => {
            let on = |problem: &Problem| Problem {
                message: format!("on executor {executor}: {}", problem.message),
                ..problem.clone()
            };
            Error::all(own.kind(), own.problems().iter().map(on).collect())
        }
        _ => own,
    };
    if retried {
        DataFusionError::IoError(io::Error::other(Carried(own.into())))
    } else {
        DataFusionError::External(Box::new(Carried(own.into())))
    }
}

/// Whether the results of an earlier stage broke off while they were read: nothing else is read as Arrow's IPC.
fn is_broken_off(error: &DataFusionError) -> bool {
    match root(error) {
        Root::Query(DataFusionError::ArrowError(root, _)) => matches!(root.as_ref(), ArrowError::IpcError(_)),
        Root::Arrow(root) => matches!(root, ArrowError::IpcError(_)),
        _ => false,
    }
}

/// What lies at the bottom of an error.
enum Root<'a> {
    Query(&'a DataFusionError),
    /// Ballista takes the query's error off it.
    Arrow(&'a ArrowError),
    /// An error that Ballista itself acts on, such as a lost shuffle file, which is made again.
    Ballistas,
}

fn root(error: &DataFusionError) -> Root<'_> {
    let root = error.find_root();
    let DataFusionError::External(inner) = root else { return Root::Query(root) };
    match inner.downcast_ref::<BallistaError>() {
        None => Root::Query(root),
        Some(BallistaError::DataFusionError(inner)) => self::root(inner),
        Some(BallistaError::ArrowError(inner)) => Root::Arrow(inner),
        Some(_) => Root::Ballistas,
    }
}

/// The failure that a failed plan's message carries, or what its text says.
pub fn recover(message: &str) -> Failure {
    if let Some((_, rest)) = message.split_once(MARK)
        && let Ok(json) = percent_decode_str(rest.split(END).next().unwrap_or_default()).decode_utf8()
        && let Ok(failure) = serde_json::from_str(&json)
    {
        return failure;
    }
    if message.contains("ancelled") {
        return Error::new(ErrorKind::Interrupted, "the run was cancelled").into();
    }
    let lost = ["xecutor", "FetchPartitionError", "onnection", "transport error"];
    if lost.iter().any(|sign| message.contains(sign)) {
        let problem = Problem::new(format!("executors were lost: {message}"));
        let help = "`keyfold status` shows the executors that are there; run again once they are back";
        Failure::Lost(Error::new(ErrorKind::Unavailable, problem.help(help)))
    } else {
        Error::new(ErrorKind::Internal, format!("the cluster failed: {message}")).into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn back(error: DataFusionError) -> Failure {
        // As Ballista reports it after the last of several attempts.
        let task = format!("Task failed: {:?}", BallistaError::from(error));
        recover(&format!("Job failed: {:?}", format!("most recent failure reason: {task:?}")))
    }

    fn error_of(failure: Failure) -> Error {
        let (Failure::Final(error) | Failure::Lost(error)) = failure;
        error
    }

    #[test]
    fn an_error_comes_back_as_it_went_in() {
        let error = Error::new(ErrorKind::Input, Problem::new("the key `a\"b\\` is \u{1F600}").help("look"));
        let own = || DataFusionError::External(Box::new(error.clone()));
        // A failure of a join's shared side comes through a shuffle writer, which wraps it once more.
        let wrapped = DataFusionError::Shared(Arc::new(BallistaError::from(own()).into_datafusion()));
        for error_in in [own(), wrapped, DataFusionError::External(Box::new(own()))] {
            let Failure::Final(out) = back(carry(error_in, "e")) else { panic!("nothing was lost") };
            assert_eq!((out.kind(), out.to_string()), (error.kind(), error.to_string()));
        }
    }

    #[test]
    fn what_another_attempt_may_cure_is_tried_again() {
        let full = carry(DataFusionError::IoError(io::Error::other("No space left on device")), "e");
        assert!(matches!(full, DataFusionError::IoError(_)), "{full:?}");
        let memory = carry(DataFusionError::ResourcesExhausted("sort".into()), "e");
        assert!(!matches!(memory, DataFusionError::IoError(_)), "{memory:?}");
        assert_eq!(error_of(back(memory)).kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_lost_shuffle_file_stays_what_ballista_knows() {
        let lost = || BallistaError::FetchFailed("executor".into(), 1, 2, "gone".into()).into_datafusion();
        for error in [lost(), DataFusionError::External(Box::new(lost())), DataFusionError::Shared(Arc::new(lost()))] {
            assert!(matches!(root(&carry(error, "e")), Root::Ballistas));
        }
    }

    #[test]
    fn a_stage_that_is_begun_again_ends_the_plan_and_not_the_run() {
        let again = begun_again("2");
        assert!(!matches!(again, DataFusionError::IoError(_)), "Ballista must not try it again");
        assert!(matches!(back(again), Failure::Lost(_)));
    }
}
