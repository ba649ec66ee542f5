//! A task's failure on its way back to the client, through Ballista's messages, which are text.

use std::fmt;
use std::io;

use ballista_core::error::BallistaError;
use datafusion::error::DataFusionError;
use keyfold_core::{Error, ErrorKind, Problem};
use keyfold_engine::error::classify;

/// What stands before an error's JSON in a message.
const MARK: &str = "keyfold-error:";

/// An error whose debugging text, the form in which Ballista passes it on, can be read back.
struct Carried(Error);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}", serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Carried {}

/// A task's error as Ballista is to see it: it tries a task again if the error is one of input and output.
pub fn carry(error: DataFusionError, executor: &str) -> DataFusionError {
    let Some(root) = root(&error) else { return error };
    let memory = matches!(root, DataFusionError::ResourcesExhausted(_));
    let own = classify(root);
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
    match retried {
        true => DataFusionError::IoError(io::Error::other(Carried(own))),
        false => DataFusionError::External(Box::new(Carried(own))),
    }
}

/// What lies at the bottom of an error; nothing if it is an error that Ballista itself acts on, such as a lost shuffle
/// file, which is made again.
fn root(error: &DataFusionError) -> Option<&DataFusionError> {
    let root = error.find_root();
    let DataFusionError::External(inner) = root else { return Some(root) };
    match inner.downcast_ref::<BallistaError>() {
        None => Some(root),
        Some(BallistaError::DataFusionError(inner)) => self::root(inner),
        Some(_) => None,
    }
}

/// The error that a failed plan's message carries, or what its text tells.
pub fn recover(message: &str) -> Error {
    if let Some((_, rest)) = message.split_once(MARK)
        && let Some(Ok(error)) = serde_json::Deserializer::from_str(rest).into_iter::<Error>().next()
    {
        return error;
    }
    if message.contains("ancelled") {
        return Error::new(ErrorKind::Interrupted, "the run was cancelled");
    }
    let lost = ["xecutor", "FetchPartitionError", "onnection", "transport error"];
    match lost.iter().any(|sign| message.contains(sign)) {
        true => Error::new(
            ErrorKind::Unavailable,
            Problem::new(format!("executors were lost: {message}"))
                .help("`keyfold status` shows the executors that are there; run again once they are back"),
        ),
        false => Error::new(ErrorKind::Internal, format!("the cluster failed: {message}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_back_as_it_went_in() {
        let error = Error::new(ErrorKind::Input, Problem::new("the key `a\"b\\` is \u{1F600}").help("look"));
        let carried = carry(DataFusionError::External(Box::new(error.clone())), "e");
        let message = format!("Job failed: Task failed: {:?}", BallistaError::from(carried));
        let back = recover(&message);
        assert_eq!((back.kind(), back.to_string()), (error.kind(), error.to_string()));
        // A failure of a join's shared side comes through a shuffle writer, which wraps it once more.
        let wrapped = BallistaError::from(DataFusionError::External(Box::new(error.clone()))).into_datafusion();
        let message =
            format!("{:?}", BallistaError::from(carry(DataFusionError::Shared(std::sync::Arc::new(wrapped)), "e")));
        assert_eq!(recover(&message).to_string(), error.to_string());
    }

    #[test]
    fn what_another_attempt_may_cure_is_tried_again() {
        let full = carry(DataFusionError::IoError(io::Error::other("No space left on device")), "e");
        assert!(matches!(full, DataFusionError::IoError(_)), "{full:?}");
        let memory = carry(DataFusionError::ResourcesExhausted("sort".into()), "e");
        assert!(!matches!(memory, DataFusionError::IoError(_)), "{memory:?}");
        assert_eq!(recover(&format!("{memory:?}")).kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_lost_shuffle_file_stays_what_ballista_knows() {
        let lost = BallistaError::FetchFailed("executor".into(), 1, 2, "gone".into()).into_datafusion();
        assert!(root(&carry(lost, "e")).is_none());
    }
}
