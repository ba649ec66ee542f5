//! DataFusion's errors as keyfold's.

use std::error::Error as StdError;
use std::io;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use keyfold_core::{Error, ErrorKind, Place, Problem};
use object_store::client::HttpError;
use rustix::io::Errno;

use crate::storage::refusal::{NoCredentials, Refusal};

/// A failure of a running query: keyfold's own errors come out as they went in, the rest is sorted by its causes.
pub(crate) fn running(error: DataFusionError) -> Error {
    classify(&error)
}

/// The same for an error that is still needed.
pub fn classify(error: &DataFusionError) -> Error {
    for error in error.iter() {
        if let Some(own) = own(error) {
            return own;
        }
    }
    let root = error.find_root();
    let message = root.strip_backtrace();
    if let Some(fault) = Fault::of(error) {
        return fault.error(message);
    }
    match root {
        DataFusionError::IoError(_) => Error::new(ErrorKind::Unavailable, message),
        DataFusionError::ResourcesExhausted(_) => Error::new(
            ErrorKind::Unavailable,
            Problem::new(message)
                .help("raise memory_limit, or give scratch (on a cluster: work_dir) a disk with more space"),
        ),
        DataFusionError::ArrowError(_, _) | DataFusionError::ParquetError(_) | DataFusionError::Execution(_) => {
            Error::new(ErrorKind::Input, message)
        }
        _ => Error::new(ErrorKind::Query, message),
    }
}

/// The same for an error of Arrow that has lost the query's error around it.
pub fn classify_arrow(error: &ArrowError) -> Error {
    if let ArrowError::ExternalError(inner) = error
        && let Some(inner) = inner.downcast_ref::<DataFusionError>()
    {
        return classify(inner);
    }
    let message = format!("Arrow error: {error}");
    own(error)
        .or_else(|| Fault::of(error).map(|fault| fault.error(message.clone())))
        .unwrap_or_else(|| Error::new(ErrorKind::Input, message))
}

/// Why a file of the input cannot be read, if its store or the disk is what fails. Nothing if the fault is in its bytes.
pub(crate) fn unreadable(file: &str, error: &(dyn StdError + 'static)) -> Option<Error> {
    let own = own(error);
    let fault = || Fault::of(error).map(|fault| Fault { kind: fault.kind.or(input_kind(error)), ..fault });
    own.or_else(|| Some(located(fault()?, file, error)))
}

/// The same where nothing but the store or the disk can fail.
pub(crate) fn unread(file: &str, error: &(dyn StdError + 'static)) -> Error {
    unreadable(file, error).unwrap_or_else(|| located(Fault::default(), file, error))
}

fn located(fault: Fault, file: &str, error: &dyn StdError) -> Error {
    let error = fault.error(format!("cannot be read: {error}"));
    Error::all(error.kind(), error.problems().iter().map(|problem| problem.clone().at(Place::whole(file))).collect())
}

/// A failure of a store or of the system, which has nothing to do with what is in the files.
#[derive(Debug, Default)]
struct Fault {
    /// What kind of failure it is, where it is another than one that may pass.
    kind: Option<ErrorKind>,
    help: Option<&'static str>,
}

impl Fault {
    /// What the causes of an error say.
    fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        if let Some(code) = causes(error).find_map(system_code) {
            let help = match code {
                Errno::NOSPC | Errno::DQUOT => {
                    Some("give scratch (on a cluster: work_dir) a disk with more space, or raise memory_limit")
                }
                Errno::MFILE | Errno::NFILE => Some("raise the number of open files: `ulimit -n`"),
                _ => None,
            };
            return Some(Self { kind: stored_kind(error), help });
        }
        let stored = causes(error).any(|cause| cause.is::<object_store::Error>() || cause.is::<HttpError>());
        stored.then(|| Self { kind: stored_kind(error), help: None })
    }

    fn error(self, message: String) -> Error {
        let problem = Problem { help: self.help.map(str::to_owned), ..Problem::new(message) };
        Error::new(self.kind.unwrap_or(ErrorKind::Unavailable), problem)
    }
}

/// What kind of failure of a store it is, if it is for good.
fn stored_kind(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    for cause in causes(error) {
        if cause.is::<Refusal>() {
            return Some(ErrorKind::Input);
        }
        if cause.is::<NoCredentials>() {
            return Some(ErrorKind::Usage);
        }
        match cause.downcast_ref::<object_store::Error>() {
            None => {}
            // What lies below says more.
            Some(object_store::Error::Generic { store: "LocalFileSystem", .. }) => return input_kind(error),
            Some(object_store::Error::Generic { .. } | object_store::Error::JoinError { .. }) => {}
            Some(object_store::Error::UnknownConfigurationKey { .. }) => return Some(ErrorKind::Usage),
            Some(_) => return Some(ErrorKind::Input),
        }
    }
    None
}

/// What kind of failure it is if the system will not let a file be read, however often it is asked.
fn input_kind(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    if causes(error).any(|cause| cause.is::<HttpError>()) {
        return None;
    }
    let code = causes(error).find_map(system_code)?;
    let for_good = [
        Errno::NOENT,
        Errno::ACCESS,
        Errno::PERM,
        Errno::ISDIR,
        Errno::NOTDIR,
        Errno::LOOP,
        Errno::NAMETOOLONG,
        Errno::INVAL,
        Errno::NXIO,
        Errno::XDEV,
    ];
    for_good.contains(&code).then_some(ErrorKind::Input)
}

/// The code of an error that the system gave. Decoders make errors of the same type, without one.
fn system_code(cause: &(dyn StdError + 'static)) -> Option<Errno> {
    Errno::from_io_error(cause.downcast_ref::<io::Error>()?)
}

/// keyfold's own error, if one lies anywhere in the chain.
fn own(error: &(dyn StdError + 'static)) -> Option<Error> {
    causes(error).find_map(|cause| cause.downcast_ref::<Error>()).cloned()
}

/// The error, what caused it, what caused that, and so on.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn StdError + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // `source` passes over it.
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// keyfold's error on its way through DataFusion.
pub(crate) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use datafusion::parquet::errors::ParquetError;
    use object_store::client::HttpErrorKind;

    use super::*;

    fn generic(source: impl StdError + Send + Sync + 'static) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: Box::new(source) }
    }

    fn refused() -> HttpError {
        HttpError::new(HttpErrorKind::Connect, io::Error::from_raw_os_error(Errno::CONNREFUSED.raw_os_error()))
    }

    fn system(code: Errno) -> io::Error {
        io::Error::from_raw_os_error(code.raw_os_error())
    }

    /// Every way on which an error of a store comes out of a scan.
    fn wrapped(make: &dyn Fn() -> object_store::Error) -> Vec<DataFusionError> {
        let parquet = || ParquetError::External(Box::new(make()));
        vec![
            DataFusionError::ObjectStore(Box::new(make())),
            DataFusionError::External(Box::new(make())),
            DataFusionError::IoError(io::Error::other(make())),
            DataFusionError::ParquetError(Box::new(parquet())),
            DataFusionError::ParquetError(Box::new(ParquetError::External(Box::new(DataFusionError::from(parquet()))))),
            DataFusionError::ArrowError(Box::new(ArrowError::ExternalError(Box::new(parquet()))), None),
            DataFusionError::Shared(std::sync::Arc::new(DataFusionError::from(parquet()).context("reading"))),
        ]
    }

    #[test]
    fn an_outage_is_one_however_it_comes_out_of_a_scan() {
        for error in wrapped(&|| generic(refused())) {
            assert_eq!(classify(&error).kind(), ErrorKind::Unavailable, "{error:?}");
            let named = unreadable("s3://b/a.parquet", &error).unwrap();
            assert_eq!(named.kind(), ErrorKind::Unavailable, "{error:?}");
            assert!(named.to_string().starts_with("s3://b/a.parquet: cannot be read: "), "{named}");
        }
    }

    #[test]
    fn a_store_that_refuses_does_so_again() {
        let missing = || object_store::Error::NotFound { path: "a".into(), source: "404".into() };
        let denied = || object_store::Error::PermissionDenied { path: "a".into(), source: "403".into() };
        for error in wrapped(&missing).into_iter().chain(wrapped(&denied)) {
            assert_eq!(classify(&error).kind(), ErrorKind::Input, "{error:?}");
        }
    }

    #[test]
    fn what_the_disk_refuses_for_good_is_not_worth_a_retry_and_what_it_fails_at_is() {
        let kind = |code| {
            let local = object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(system(code)) };
            (classify(&local.into()).kind(), unread("a.csv", &system(code)).kind())
        };
        for code in [Errno::ACCESS, Errno::LOOP, Errno::NAMETOOLONG, Errno::ISDIR] {
            assert_eq!(kind(code), (ErrorKind::Input, ErrorKind::Input), "{code:?}");
        }
        for code in [Errno::IO, Errno::STALE, Errno::MFILE] {
            assert_eq!(kind(code), (ErrorKind::Unavailable, ErrorKind::Unavailable), "{code:?}");
        }
    }

    #[test]
    fn a_full_disk_and_too_many_open_files_say_what_to_do() {
        let spilled = ArrowError::IoError("while spilling".into(), system(Errno::NOSPC));
        let error = classify(&DataFusionError::ArrowError(Box::new(spilled), None));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("scratch"), "{error}");
        let error = classify(&DataFusionError::IoError(system(Errno::MFILE)));
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }

    #[test]
    fn damage_is_not_a_fault_of_the_store() {
        let cut_off = || io::Error::new(io::ErrorKind::UnexpectedEof, "the frame is cut off");
        assert!(unreadable("a.zst", &cut_off()).is_none());
        let page = DataFusionError::from(ParquetError::External(Box::new(cut_off())));
        assert!(unreadable("a.parquet", &page).is_none());
        assert_eq!(classify(&page).kind(), ErrorKind::Input);
        let general = DataFusionError::from(ParquetError::General("No space left on device".into()));
        assert_eq!(classify(&general).kind(), ErrorKind::Input, "words do not decide");
    }

    #[test]
    fn an_error_of_keyfolds_own_comes_out_as_it_went_in() {
        let error = Error::new(ErrorKind::Check, "a check has failed");
        for wrapped in [
            external(error.clone()),
            DataFusionError::IoError(io::Error::other(external(error.clone()))),
            DataFusionError::from(ParquetError::External(Box::new(error.clone()))),
            DataFusionError::Collection(vec![DataFusionError::Plan("other".into()), external(error.clone())]),
        ] {
            assert_eq!(classify(&wrapped).to_string(), error.to_string());
            assert_eq!(classify(&wrapped).kind(), error.kind());
        }
    }
}
