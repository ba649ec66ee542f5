//! From files and flags to a `Job`.

use std::cell::RefCell;
use std::path::Path;

use super::decode::{Decoder, Fields};
use super::table::table;
use super::tree::{self, Entry, Node, Value};
use super::*;
use crate::error::{Error, ErrorKind, Place, Problem};
use crate::location::Location;

impl Files {
    /// Reads the files of a job folder.
    ///
    /// # Errors
    /// If there is no such folder or no `job.toml` in it; what else is missing is kept for later.
    pub fn read(folder: &Path, overrides: &Overrides) -> Result<Self> {
        if !folder.is_dir() {
            let problem = Problem::new("is not a job folder").at(Place::whole(folder.display().to_string()));
            return Err(Error::new(
                ErrorKind::Usage,
                problem.help("name a folder that holds job.toml; `keyfold init` makes one"),
            ));
        }
        let query = overrides.query.clone().unwrap_or_else(|| folder.join("query.sql"));
        Ok(Self {
            job: Source::read(&folder.join("job.toml"))?,
            query: Source::read(&query),
            template: Source::read(&folder.join("document.json")),
            checks: checks(&folder.join("checks")),
        })
    }
}

pub(super) fn job(folder: &Path, files: Files, overrides: &Overrides) -> Result<Job> {
    let current = std::env::current_dir()
        .map_err(|error| Error::new(ErrorKind::Usage, format!("the current directory cannot be read: {error}")))?;
    let source = files.job;
    let mut root = tree::parse(&source)?;
    for assignment in &overrides.set {
        tree::overlay(&mut root, assignment)?;
    }
    let folder = current.join(folder);
    let problems = RefCell::new(Vec::new());
    let decoder = Decoder { source: &source, folder: &folder, current: &current, problems: &problems };
    let written = decode(&decoder, &root, overrides, &current);
    let mut problems = problems.into_inner();
    let query = noted(files.query, &mut problems);
    let template = noted(files.template, &mut problems);
    let checks = noted(files.checks, &mut problems);
    match (written, query, template, checks) {
        (Some(written), Some(query), Some(template), Some(checks)) if problems.is_empty() => {
            let name = folder.file_name().map_or_else(|| "job".into(), |name| name.to_string_lossy().into_owned());
            let Written { key, tables, params, pivots, totals, output } = written;
            Ok(Job { name, folder, key, tables, params, pivots, totals, output, query, template, checks, source })
        }
        _ => Err(Error::all(ErrorKind::Usage, problems)),
    }
}

/// The value, or nothing and its problems noted.
fn noted<T>(read: Result<T>, problems: &mut Vec<Problem>) -> Option<T> {
    read.map_err(|error| problems.extend(error.problems().to_vec())).ok()
}

/// What `job.toml` itself says.
struct Written {
    key: At<String>,
    tables: Vec<Table>,
    params: Vec<Param>,
    pivots: Vec<Pivot>,
    totals: Vec<Total>,
    output: Output,
}

/// The checks by file name, so that they run in the same order everywhere.
fn checks(folder: &Path) -> Result<Vec<Source>> {
    let wrong = |error: std::io::Error| {
        let problem = Problem::new(format!("cannot be read: {error}"));
        Error::new(ErrorKind::Usage, problem.at(Place::whole(folder.display().to_string())))
    };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    let mut problems = Vec::new();
    let checks = files.iter().filter_map(|path| noted(Source::read(path), &mut problems)).collect();
    if problems.is_empty() { Ok(checks) } else { Err(Error::all(ErrorKind::Usage, problems)) }
}

/// `None` where something required is missing or wrong; the decoder has the problems.
fn decode(decoder: &Decoder<'_>, root: &Node, overrides: &Overrides, current: &Path) -> Option<Written> {
    let mut fields = Fields::of(decoder, "", root);
    if let Some(Node { value, origin }) = fields.require("version")
        && !matches!(value, Value::Integer(1))
    {
        decoder.report(origin, "this keyfold reads job files of version 1 only".into(), None);
    }
    let key = fields.require_string("key");
    let tables: Vec<_> = fields.table("tables").iter().map(|entry| table(decoder, entry)).collect();
    if tables.is_empty() {
        decoder.report(&root.origin, "the job declares no tables".into(), Some("add [tables.NAME] with a path".into()));
    }
    let params: Vec<_> = fields.table("params").iter().map(|entry| param(decoder, entry)).collect();
    let pivots: Vec<_> = fields.table("pivot").iter().map(|entry| pivot(decoder, entry)).collect();
    let totals: Vec<_> =
        fields.items("totals").into_iter().enumerate().map(|(index, node)| total(decoder, index, node)).collect();
    let output = fields.require("output").and_then(|node| output(decoder, node, overrides, current));
    fields.finish();
    Some(Written {
        key: key?,
        tables: tables.into_iter().collect::<Option<_>>()?,
        params: params.into_iter().collect::<Option<_>>()?,
        pivots: pivots.into_iter().collect::<Option<_>>()?,
        totals: totals.into_iter().collect::<Option<_>>()?,
        output: output?,
    })
}

fn param(decoder: &Decoder<'_>, entry: &Entry) -> Option<Param> {
    let place = entry.origin.place(decoder.source);
    let plain = |sql_type: &str, default: String| {
        Some(Param { name: entry.key.clone(), sql_type: sql_type.into(), default: Some(default), place: place.clone() })
    };
    if let Value::Table(_) = &entry.node.value {
        let mut fields = Fields::of(decoder, format!("params.{}", entry.key), &entry.node);
        let sql_type = fields.require_string("type");
        let default =
            fields.get("default").and_then(|node| constant(decoder, &format!("params.{}.default", entry.key), node));
        fields.finish();
        return Some(Param { name: entry.key.clone(), sql_type: sql_type?.value, default, place });
    }
    let default = constant(decoder, &format!("params.{}", entry.key), &entry.node)?;
    match &entry.node.value {
        Value::Integer(_) => plain("BIGINT", default),
        Value::Float(_) => plain("DOUBLE", default),
        Value::Boolean(_) => plain("BOOLEAN", default),
        Value::Datetime(datetime) if datetime.time.is_none() => plain("DATE", default),
        Value::Datetime(datetime) if datetime.date.is_none() => plain("TIME", default),
        Value::Datetime(_) => plain("TIMESTAMP", default),
        _ => plain("VARCHAR", default),
    }
}

/// A scalar as the text that a flag would give.
fn constant(decoder: &Decoder<'_>, field: &str, node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) | Value::Float(text) => Some(text.clone()),
        Value::Integer(integer) => Some(integer.to_string()),
        Value::Boolean(boolean) => Some(boolean.to_string()),
        Value::Datetime(datetime) => Some(datetime.to_string()),
        other => {
            decoder.report(&node.origin, format!("`{field}` must be a single value, not {}", other.kind()), None);
            None
        }
    }
}

fn pivot(decoder: &Decoder<'_>, entry: &Entry) -> Option<Pivot> {
    let name = format!("pivot.{}", entry.key);
    let mut fields = Fields::of(decoder, &name, &entry.node);
    let column = fields.require_string("column");
    let label = match fields.string("label") {
        None => LabelPattern::default(),
        Some(text) => text.value.parse().unwrap_or_else(|message: String| {
            decoder.problems.borrow_mut().push(Problem::new(format!("`{name}.label` {message}")).at(text.place));
            LabelPattern::default()
        }),
    };
    let off_grid =
        fields.choice("off_grid", &[("fail", OffGrid::Fail), ("extend", OffGrid::Extend), ("drop", OffGrid::Drop)]);
    let range = fields.get("range").map(|node| range(decoder, &name, node));
    let values = fields.get("values").is_some().then(|| {
        let constants =
            fields.items("values").into_iter().map(|node| constant(decoder, &format!("{name}.values"), node));
        constants.collect::<Option<Vec<_>>>().map(Cells::Values)
    });
    let select = fields.string("from").map(|sql| Some(Cells::Select(sql)));
    fields.finish();
    let mut given = [range, values, select].into_iter().flatten();
    let cells = given.next();
    if cells.is_none() || given.next().is_some() {
        decoder.report(&entry.origin, format!("`{name}` needs exactly one of `range`, `values` and `from`"), None);
        return None;
    }
    Some(Pivot { name: entry.key.clone(), column: column?, label, cells: cells??, off_grid })
}

/// Beyond this a grid is surely a mistake: every document would hold that many cells.
const MOST_CELLS: i64 = 1_000_000;

fn range(decoder: &Decoder<'_>, name: &str, node: &Node) -> Option<Cells> {
    if let Value::Array(items) = &node.value
        && let [Node { value: Value::Integer(first), .. }, Node { value: Value::Integer(last), .. }] = items.as_slice()
        && first <= last
        && last.checked_sub(*first).is_some_and(|cells| cells < MOST_CELLS)
    {
        return Some(Cells::Range(*first, *last));
    }
    let message =
        format!("`{name}.range` must be [first, last], two integers in order with at most {MOST_CELLS} between them");
    decoder.report(&node.origin, message, None);
    None
}

fn total(decoder: &Decoder<'_>, index: usize, node: &Node) -> Option<Total> {
    let mut fields = Fields::of(decoder, format!("totals.{index}"), node);
    let value = fields.require_string("value");
    let sql = fields.require_string("sql");
    fields.finish();
    Some(Total { value: value?, sql: sql? })
}

fn output(decoder: &Decoder<'_>, node: &Node, overrides: &Overrides, current: &Path) -> Option<Output> {
    let mut fields = Fields::of(decoder, "output", node);
    let url = match &overrides.output {
        Some(text) => {
            fields.get("url");
            let place = Place::whole(format!("--output {text}"));
            match Location::parse(text, current) {
                Ok(value) => Some(At { value, place }),
                Err(message) => {
                    decoder.problems.borrow_mut().push(Problem::new(message).at(place));
                    None
                }
            }
        }
        None => fields.require_location("url"),
    };
    let layout = fields.choice("layout", &[("files", Layout::Files), ("ndjson", Layout::Ndjson)]);
    let name = match layout {
        Layout::Files => fields.require_string("name").map(Some),
        Layout::Ndjson => Some(fields.string("name")),
    };
    let shards = fields.integer("shards", 1..=4096, 8) as u32;
    let compression = fields.choice(
        "compression",
        &[("none", Compression::None), ("gzip", Compression::Gzip), ("zstd", Compression::Zstd)],
    );
    if layout == Layout::Files && compression != Compression::None {
        let help = "set layout = \"ndjson\", or leave compression out";
        decoder.report(&node.origin, "`output.compression` is for the ndjson layout only".into(), Some(help.into()));
    }
    let pretty = fields.boolean("pretty", false);
    if layout == Layout::Ndjson && pretty {
        decoder.report(
            &node.origin,
            "`output.pretty` would break a document over lines, which ndjson cannot hold".into(),
            None,
        );
    }
    let keep = fields.integer("keep", 1..=10_000, 3) as usize;
    let allow_empty = fields.boolean("allow_empty", false);
    let max_removed = fields.share("max_removed");
    let max_shrink = fields.share("max_shrink");
    fields.finish();
    let (url, name) = (url?, name?);
    Some(Output { url, name, layout, shards, compression, pretty, keep, allow_empty, max_removed, max_shrink })
}
