//! Whether every file has the members that the table declares. An object says only which members it has, so a member
//! that no object of a file has was surely meant to be another.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt, stream};
use keyfold_core::job::Missing;
use keyfold_core::records::{Absent, BadRecord, Splitter, Unseen};
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::ObjectRows;
use crate::formats::text::{Piece, head, open};
use crate::formats::{Columns, ScanSpec, TableFiles, says_twice};
use crate::tables::File;

/// Bytes at a file's start in which most members are seen.
const HEAD: usize = 1 << 20;

/// Files that are read at the same time.
const CONCURRENT_FILES: usize = 16;

/// The declared columns, if every file has a member for each.
pub(in crate::formats) async fn members<S: Splitter>(
    files: &TableFiles<'_>,
    declared: &[FieldRef],
    splitter: fn() -> S,
    help: &str,
) -> Result<Columns> {
    files.need_schema(declared)?;
    let schema: SchemaRef = Arc::new(Schema::new(declared.to_vec()));
    let look = |file: File| {
        let mut search = Search::new(files, file, &schema, help);
        async move {
            let found = search.run(splitter).await?;
            let others: Vec<String> = search.unseen.others().map(str::to_owned).collect();
            Ok::<_, Error>((search.file.file.name(), others, found))
        }
    };
    let mut searches = stream::iter(files.files.to_vec()).map(look).buffered(CONCURRENT_FILES);
    let mut problems = Vec::new();
    while let Some((file, others, found)) = searches.try_next().await? {
        problems.extend(found);
        problems.extend(says_twice(files.partition, &file, others.iter().map(String::as_str)));
    }
    if problems.is_empty() {
        Ok(Columns { schema: schema.clone(), rows: None })
    } else {
        Err(Error::all(ErrorKind::Input, problems))
    }
}

/// The search for the declared members in one file.
struct Search {
    file: Piece,
    unseen: Unseen,
    help: String,
}

impl Search {
    fn new(files: &TableFiles<'_>, file: File, declared: &SchemaRef, help: &str) -> Self {
        let names = declared.fields().iter().map(|field| field.name());
        let rules = |name: &String| files.table.columns.iter().find(|column| column.name == *name);
        let rules = names.map(|name| rules(name).map(|column| column.rules.clone()).unwrap_or_default());
        let spec = ScanSpec { rules: rules.collect(), ..files.spec("") };
        let file = Piece {
            store: files.store.clone(),
            file,
            spec: Arc::new(spec),
            range: None,
            columns: declared.clone(),
            wanted: (0..declared.fields().len()).collect(),
            batch_size: HEAD,
        };
        Self { file, unseen: Unseen::new(declared.fields()), help: help.to_owned() }
    }

    /// Looks at the file's start, and on only for a member that was not there and must not be missing. Gives a problem
    /// for each member that the file does not have.
    async fn run<S: Splitter>(&mut self, splitter: fn() -> S) -> Result<Vec<Problem>> {
        let start = head(&self.file.store, &self.file.file, &self.file.spec, HEAD).await?;
        self.feed(&mut splitter(), &start)?;
        if self.is_done() {
            return Ok(Vec::new());
        }
        let mut chunks = open(&self.file.store, &self.file.file, &self.file.spec, None).await?;
        let mut splitting = splitter();
        while let Some(bytes) = chunks.try_next().await? {
            self.feed(&mut splitting, &bytes)?;
            if self.is_done() {
                return Ok(Vec::new());
            }
        }
        self.finish(&mut splitting)?;
        self.missing(splitter(), &start)
    }

    fn is_done(&self) -> bool {
        self.file.spec.missing == Missing::Null || self.unseen.is_done()
    }

    fn feed(&mut self, splitter: &mut impl Splitter, bytes: &[u8]) -> Result<()> {
        let unseen = &mut self.unseen;
        let fed = splitter.feed(bytes, &mut |record, _| unseen.look(record));
        fed.map_err(|bad| self.bad(&bad))
    }

    fn finish(&mut self, splitter: &mut impl Splitter) -> Result<()> {
        let unseen = &mut self.unseen;
        let ended = splitter.finish(&mut |record, _| unseen.look(record));
        ended.map_err(|bad| self.bad(&bad))
    }

    /// The problems, together with the first bad record at the file's start: it may tell why.
    fn missing(&self, splitter: impl Splitter, start: &[u8]) -> Result<Vec<Problem>> {
        let table = &self.file.spec.table;
        let problem = |Absent { path, name, others }: Absent<'_>| {
            let message = format!("no object has a member `{path}`, which `tables.{table}.schema` declares");
            let mut help = "missing = \"null\" reads it as NULL".to_owned();
            if !others.is_empty() {
                help = format!("{}; {help}", did_you_mean(name, others));
            }
            // Every line lacks it, the first one too.
            Problem::new(message).at(place(&self.file.file, 0, 1)).help(help)
        };
        let mut problems: Vec<Problem> = self.unseen.absent().into_iter().map(problem).collect();
        if !problems.is_empty() {
            let mut rows = ObjectRows::new(&self.file, splitter, self.help.clone())?;
            problems.extend(rows.first_bad(start, start.len() < HEAD).map(|bad| {
                let place = place(&self.file.file, bad.line, 1);
                Problem { message: bad.message, place: Some(place), help: bad.help }
            }));
        }
        Ok(problems)
    }

    fn bad(&self, bad: &BadRecord) -> Error {
        let place = place(&self.file.file, bad.line, bad.character);
        Error::new(ErrorKind::Input, Problem::new(bad.to_string()).at(place).help(self.help.clone()))
    }
}

fn place(file: &File, line: u64, character: usize) -> Place {
    let line = usize::try_from(line).unwrap_or(usize::MAX).saturating_add(1);
    Place { file: file.name(), position: Some((line, character)), excerpt: None }
}
