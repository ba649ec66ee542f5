//! The header of CSV files says which column is where, and must know every declared one.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{FieldRef, Schema};
use futures::{StreamExt, TryStreamExt, stream};
use keyfold_core::csv::{Dialect, Fields, Malformed, Scanner, without_byte_order_mark};
use keyfold_core::job::Missing;
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::dialect;
use crate::formats::text::head;
use crate::formats::{Columns, ScanSpec, TableFiles, says_twice};
use crate::tables::File;

/// Headers that are read at the same time.
const CONCURRENT_HEADERS: usize = 16;
/// Bytes that nearly every header fits into, and bytes that no header needs.
const HEADER: usize = 1 << 14;
const LONGEST_HEADER: usize = 1 << 20;

/// Checks that the header of every file has the declared columns.
pub(super) async fn check(files: &TableFiles<'_>, declared: &[FieldRef]) -> Result<Columns> {
    let table = files.table;
    files.need_schema(declared)?;
    let spec = files.spec("csv");
    let mut problems = Vec::new();
    if let Some(first) = files.files.first() {
        let checked = dialect(&spec, first).check();
        problems.extend(
            checked
                .err()
                .map(|why| Problem::new(format!("`tables.{}`: {why}", table.name)).at(table.path.place.clone())),
        );
    }
    if !problems.is_empty() {
        return Err(Error::all(ErrorKind::Usage, problems));
    }
    if table.layout.header {
        let read = |file: File| {
            let (store, spec) = (files.store.clone(), spec.clone());
            async move { read(&store, &file, &spec).await.map(|header| (file, header)) }
        };
        let mut headers = stream::iter(files.files.to_vec()).map(read).buffered(CONCURRENT_HEADERS);
        let mut empty = true;
        while let Some((file, header)) = headers.try_next().await? {
            empty &= header.is_none();
            problems.extend(header.iter().flat_map(|header| lacking(files, &file, header, declared)));
            let names = header.iter().flatten().map(String::as_str);
            problems.extend(says_twice(files.partition, &file.name(), names));
        }
        if empty && let Some(file) = files.files.first() {
            problems.push(at(file, spec.layout.skip_lines, "the file is empty, and a header was expected".into()));
        }
    }
    if !table.layout.header {
        // What is plainly not such text would be read as garbage.
        let looked_at = |file: File| {
            let (store, spec) = (files.store.clone(), spec.clone());
            async move { head(&store, &file, &spec, 1).await.map(|_| ()) }
        };
        stream::iter(files.files.to_vec()).map(looked_at).buffered(CONCURRENT_HEADERS).try_collect::<()>().await?;
    }
    if problems.is_empty() {
        Ok(Columns { schema: Schema::new(declared.to_vec()).into(), rows: None })
    } else {
        Err(Error::all(ErrorKind::Input, problems))
    }
}

fn lacking(files: &TableFiles<'_>, file: &File, header: &[String], declared: &[FieldRef]) -> Vec<Problem> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    header.iter().for_each(|name| *seen.entry(name).or_default() += 1);
    let line = files.table.layout.skip_lines;
    let problem = |field: &FieldRef| match seen.get(field.name().as_str()) {
        Some(1) => None,
        Some(_) => {
            let problem = at(file, line, format!("the header names the column `{}` twice", field.name()));
            Some(problem.help("rename one of them in the file"))
        }
        None if files.table.missing == Missing::Null => None,
        None => {
            let message = format!(
                "the header has no column `{}`, which `tables.{}.schema` declares",
                field.name(),
                files.table.name
            );
            let nearest = did_you_mean(field.name(), header.iter().map(String::as_str));
            Some(at(file, line, message).help(format!("{nearest}; {}", advice(files, file, header))))
        }
    };
    declared.iter().filter_map(problem).collect()
}

/// What else a header without a declared column may mean.
fn advice(files: &TableFiles<'_>, file: &File, header: &[String]) -> &'static str {
    let delimited = dialect(&files.spec("csv"), file).delimiter;
    let other = [("\t", "set delimiter = \"\\t\""), (";", "set delimiter = \";\""), ("|", "set delimiter = \"|\"")];
    let holds =
        |delimiter: &str| header.len() == 1 && header[0].contains(delimiter) && delimiter.as_bytes() != [delimited];
    match other.iter().find(|(delimiter, _)| holds(delimiter)) {
        Some((_, advice)) => advice,
        None => "a file without a header needs header = false; missing = \"null\" reads the column as NULL",
    }
}

/// The names in a file's header; nothing if the file holds no record.
pub(super) async fn read(
    store: &std::sync::Arc<dyn object_store::ObjectStore>,
    file: &File,
    spec: &ScanSpec,
) -> Result<Option<Vec<String>>> {
    let dialect = dialect(spec, file);
    let mut wanted = HEADER;
    loop {
        let start = head(store, file, spec, wanted).await?;
        let whole = start.len() < wanted;
        let bad = |bad: Malformed| {
            let message = format!("the header is not valid CSV: {}", bad.fault);
            Error::new(ErrorKind::Input, at(file, spec.layout.skip_lines + bad.line, message))
        };
        let after = skip(without_byte_order_mark(&start), spec.layout.skip_lines);
        match first_record(&dialect, after, whole).map_err(bad)? {
            Some(names) => return Ok(Some(names)),
            None if whole => return Ok(None),
            None if wanted >= LONGEST_HEADER => {
                let message = format!("the header is longer than {LONGEST_HEADER} bytes");
                return Err(Error::new(ErrorKind::Input, at(file, spec.layout.skip_lines, message)));
            }
            None => wanted *= 8,
        }
    }
}

/// The names in the first record of some lines.
pub(super) fn names(dialect: &Dialect, lines: &[u8]) -> Result<Option<Vec<String>>, Malformed> {
    first_record(dialect, without_byte_order_mark(lines), true)
}

fn first_record(dialect: &Dialect, bytes: &[u8], whole: bool) -> Result<Option<Vec<String>>, Malformed> {
    let mut scanner = Scanner::new(dialect, &Fields::All, 1, 0);
    scanner.read(bytes)?;
    if whole && scanner.records().is_empty() {
        scanner.finish()?;
    }
    let records = scanner.records();
    if records.is_empty() {
        return Ok(None);
    }
    let texts = records.texts()?;
    Ok(Some(
        (0..records.field_count(0))
            .filter_map(|slot| texts.field(0, slot))
            .map(|field| field.text.to_owned())
            .collect(),
    ))
}

/// The bytes after some lines; none if there are not so many.
pub(super) fn skip(mut bytes: &[u8], lines: u64) -> &[u8] {
    for _ in 0..lines {
        bytes = match memchr::memchr2(b'\n', b'\r', bytes) {
            Some(end) if bytes[end..].starts_with(b"\r\n") => &bytes[end + 2..],
            Some(end) => &bytes[end + 1..],
            None => &[],
        };
    }
    bytes
}

fn at(file: &File, line: u64, message: String) -> Problem {
    let line = usize::try_from(line).unwrap_or(usize::MAX - 1) + 1;
    Problem::new(message).at(Place { file: file.name(), position: Some((line, 1)), excerpt: None })
}
