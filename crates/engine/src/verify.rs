//! Re-reads what was delivered and checks it against the manifest and the control totals.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, stream};
use keyfold_core::job::Layout;
use keyfold_core::layout::POINTER;
use keyfold_core::location::Location;
use keyfold_core::manifest::{Entry, Part, sha256};
use keyfold_core::report::{Pointer, Report, TotalReport};
use keyfold_core::sum::Sum;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::value::RawValue;

use crate::lines::Lines;
use crate::storage::stores::{Stores, join};

/// Documents that are read at the same time.
const CONCURRENT_READS: usize = 32;
/// Problems that are shown.
const SHOWN: usize = 20;

/// What was found to be as it should.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Verification {
    /// The pointer.
    pub pointer: Pointer,
    /// Documents re-read.
    pub documents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The control totals that were added up again from the documents.
    pub totals: Vec<String>,
}

/// Re-reads the published snapshot of an output.
///
/// # Errors
/// Every document that is missing or differs, up to a few, and totals that do not add up.
pub async fn verify(stores: &Stores, output: &Location) -> Result<Verification> {
    let (store, root) = stores.resolve(output)?;
    let pointer_path = join(&root, POINTER)?;
    let text = read(store.as_ref(), &pointer_path).await.map_err(|error| {
        if error.kind() != ErrorKind::Check {
            return error;
        }
        let problem = Problem::new(format!("nothing is published in {output}: there is no {POINTER}"));
        Error::new(ErrorKind::Usage, problem.help("name the output folder of a job, or run the job first"))
    })?;
    let pointer: Pointer = parse(&pointer_path, &text)?;
    let report = report(store.as_ref(), &root, &pointer).await?;
    let snapshot = join(&root, &pointer.snapshot)?;
    let mut verifier = Verifier {
        store,
        snapshot,
        report: &report,
        documents: 0,
        bytes: 0,
        problems: Vec::new(),
        sums: start(&report.totals),
    };
    for part in &report.manifest {
        verifier.part(part).await?;
    }
    verifier.finish()?;
    let totals = verifier.sums.iter().map(|total| total.report.value.clone()).collect();
    let (documents, bytes) = (verifier.documents, verifier.bytes);
    Ok(Verification { pointer, documents, bytes, totals })
}

/// The report that a pointer names.
pub(crate) async fn report(store: &dyn ObjectStore, root: &Path, pointer: &Pointer) -> Result<Report> {
    let path = join(root, &pointer.report)?;
    let text = read(store, &path).await?;
    if sha256(&text) != pointer.report_sha256 {
        return Err(differs(&path, "is not the report that was published"));
    }
    parse(&path, &text)
}

async fn read(store: &dyn ObjectStore, path: &Path) -> Result<Vec<u8>> {
    let found = store.get(path).await.map_err(|error| unreadable(path, error))?;
    Ok(found.bytes().await.map_err(|error| unreadable(path, error))?.to_vec())
}

pub(crate) fn unreadable(path: &Path, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => differs(path, "is missing"),
        error => Error::new(
            ErrorKind::Unavailable,
            Problem::new(format!("cannot be read: {error}")).at(Place::whole(path.as_ref())),
        ),
    }
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(|error| differs(path, &format!("is not a file of keyfold: {error}")))
}

pub(crate) fn differs(path: &Path, message: &str) -> Error {
    Error::new(ErrorKind::Check, Problem::new(message).at(Place::whole(path.as_ref())))
}

/// A total being added up again.
struct Adding<'a> {
    report: &'a TotalReport,
    scale: i8,
    sum: Sum,
}

/// The totals that can be added up again, at 0.
fn start(totals: &[TotalReport]) -> Vec<Adding<'_>> {
    let usable = totals.iter().filter(|total| !total.pointers.is_empty());
    usable
        .map(|report| {
            let digits = report.delivered.split_once('.').map_or(0, |(_, digits)| digits.len() as i8);
            let scale = if report.exact { digits } else { 0 };
            let sum = if report.exact { Sum::parse("0", scale) } else { None };
            let sum = sum.unwrap_or(Sum::Float(0.0));
            Adding { report, scale, sum }
        })
        .collect()
}

struct Verifier<'a> {
    store: Arc<dyn ObjectStore>,
    snapshot: Path,
    report: &'a Report,
    documents: u64,
    bytes: u64,
    problems: Vec<Problem>,
    sums: Vec<Adding<'a>>,
}

impl Verifier<'_> {
    fn path(&self, name: &str) -> Result<Path> {
        join(&self.snapshot, name)
    }

    async fn part(&mut self, part: &Part) -> Result<()> {
        let path = self.path(&part.path)?;
        let text = read(self.store.as_ref(), &path).await?;
        if sha256(&text) != part.sha256 {
            return Err(differs(&path, "is not the part of the manifest that was published"));
        }
        let entries = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let entries: Vec<Entry> = entries.map(|line| parse(&path, line)).collect::<Result<_>>()?;
        match self.report.layout {
            Layout::Files => self.files(entries).await,
            Layout::Ndjson => self.shards(entries).await,
        }
    }

    async fn files(&mut self, entries: Vec<Entry>) -> Result<()> {
        let read = |entry: Entry| {
            let (store, path) = (self.store.clone(), self.path(&entry.path));
            async move {
                let document = match path {
                    Ok(path) => read(store.as_ref(), &path).await,
                    Err(error) => Err(error),
                };
                (document, entry)
            }
        };
        let documents: Vec<_> = entries.into_iter().map(read).collect();
        let mut documents = stream::iter(documents).buffered(CONCURRENT_READS);
        while let Some((document, entry)) = documents.next().await {
            match document {
                Ok(document) => self.document(&entry, &document),
                Err(error) if error.kind() == ErrorKind::Check => self.problem(&entry, "is missing"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The lines of each shard come in the order of the manifest.
    async fn shards(&mut self, entries: Vec<Entry>) -> Result<()> {
        let mut open: Option<(String, Lines)> = None;
        for entry in entries {
            if open.as_ref().is_none_or(|(path, _)| *path != entry.path) {
                self.end(open.take()).await?;
                let path = self.path(&entry.path)?;
                match Lines::open(&self.store, &path, self.report.compression).await {
                    Ok(lines) => open = Some((entry.path.clone(), lines)),
                    Err(_) => {
                        self.problem(&entry, "is missing");
                        continue;
                    }
                }
            }
            let Some((_, lines)) = &mut open else { continue };
            match lines.next().await? {
                Some(document) => self.document(&entry, &document),
                None => self.problem(&entry, "is missing"),
            }
        }
        self.end(open).await
    }

    async fn end(&mut self, shard: Option<(String, Lines)>) -> Result<()> {
        if let Some((path, mut lines)) = shard
            && lines.next().await?.is_some()
        {
            let problem = Problem::new("has more lines than the manifest").at(Place::whole(path));
            self.problems.push(problem);
        }
        Ok(())
    }

    fn document(&mut self, entry: &Entry, document: &[u8]) {
        self.documents += 1;
        self.bytes += document.len() as u64;
        if document.len() as u64 != entry.bytes || sha256(document) != entry.sha256 {
            return self.problem(entry, "is not the document that was published");
        }
        for total in &mut self.sums {
            if let Some(sum) = cells(document, total.report).and_then(|cells| add(total, &cells)) {
                total.sum = sum;
            } else {
                let message = format!("its cells of `{}` cannot be added up", total.report.value);
                self.problems.push(Problem::new(message).at(Place::whole(&entry.path)));
            }
        }
    }

    fn problem(&mut self, entry: &Entry, message: &str) {
        let line = entry.line.map_or_else(String::new, |line| format!(", line {line}"));
        let problem = Problem::new(format!("key `{}`{line}: {message}", entry.key));
        self.problems.push(problem.at(Place::whole(&entry.path)));
    }

    fn finish(&mut self) -> Result<()> {
        if self.problems.is_empty() && self.documents != self.report.documents {
            let message =
                format!("the manifest has {} documents, and the report {}", self.documents, self.report.documents);
            self.problems.push(Problem::new(message));
        }
        for total in &self.sums {
            if self.problems.is_empty() && !agrees(total) {
                let message = format!(
                    "the cells of `{}` add up to {}, and the report says {}",
                    total.report.value, total.sum, total.report.delivered
                );
                self.problems.push(Problem::new(message));
            }
        }
        if self.problems.is_empty() {
            return Ok(());
        }
        let more = self.problems.len().saturating_sub(SHOWN);
        self.problems.truncate(SHOWN);
        if more > 0 {
            self.problems.push(Problem::new(format!("and {more} more")));
        }
        Err(Error::all(ErrorKind::Check, std::mem::take(&mut self.problems)))
    }
}

fn agrees(total: &Adding<'_>) -> bool {
    total.report.sum().is_some_and(|delivered| total.sum.agrees_with(delivered))
}

/// The JSON texts of a total's cells; nothing if the document has no such place.
fn cells<'d>(document: &'d [u8], total: &TotalReport) -> Option<Vec<&'d str>> {
    let mut cells = Vec::new();
    for pointer in &total.pointers {
        let mut at: &'d RawValue = serde_json::from_slice(document).ok()?;
        for step in pointer.split('/').skip(1) {
            at = if at.get().starts_with('[') {
                serde_json::from_str::<Vec<&RawValue>>(at.get()).ok()?.get(step.parse::<usize>().ok()?).copied()?
            } else {
                let name = step.replace("~1", "/").replace("~0", "~");
                serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(at.get()).ok()?.get(name.as_str()).copied()?
            };
        }
        let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(at.get()).ok()?;
        cells.extend(members.values().map(|cell| cell.get()));
    }
    Some(cells)
}

/// Adds numbers, in quotes or without; anything else, such as null, counts nothing.
fn add(total: &Adding<'_>, cells: &[&str]) -> Option<Sum> {
    let numbers = cells.iter().map(|text| text.trim_matches('"'));
    let mut numbers = numbers.filter(|text| text.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
    numbers.try_fold(total.sum, |sum, text| {
        let number = if total.report.exact { Sum::parse(text, total.scale)? } else { Sum::Float(text.parse().ok()?) };
        sum.add(number)
    })
}
