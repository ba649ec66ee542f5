//! A TOML document as a tree in which every value knows where it came from, and `--set` laid over it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::error::{Error, ErrorKind, Place, Problem, Result};
use crate::source::Source;

/// Where a value came from: it decides what a relative path is relative to, and what messages point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A byte offset in the job file.
    File(usize),
    /// A `--set` flag, as typed.
    Flag(String),
}

impl Origin {
    pub(super) fn place(&self, source: &Source) -> Place {
        match self {
            Self::File(offset) => source.place(*offset),
            Self::Flag(text) => Place::whole(format!("--set {text}")),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    /// As written: its digits may be those of a decimal.
    Float(String),
    Boolean(bool),
    /// A date, a time or both, as written.
    Datetime(toml::value::Datetime),
    Array(Vec<Node>),
    /// In the order written.
    Table(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) origin: Origin,
    pub(super) node: Node,
}

impl Value {
    /// What a message calls this value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date or time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// Parses the job file; every syntax error is reported with its place.
pub(super) fn parse(source: &Source) -> Result<Node> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            Problem::new(format!("not valid TOML: {}", error.message())).at(source.place(offset))
        })
        .collect();
    let start = table.span().start;
    let node = convert_table(
        table.into_inner(),
        Origin::File(start),
        &|span| Origin::File(span.start),
        &mut |origin, message| {
            problems.push(Problem::new(message).at(origin.place(source)));
        },
    );
    if problems.is_empty() { Ok(node) } else { Err(Error::all(ErrorKind::Usage, problems)) }
}

/// Lays `path.to.field=value` over the tree. The value is read as TOML, or taken as a string if it is none.
pub(super) fn overlay(root: &mut Node, assignment: &str) -> Result<()> {
    let origin = Origin::Flag(assignment.to_owned());
    let usage = |message: String| {
        Error::new(ErrorKind::Usage, Problem::new(message).at(Place::whole(format!("--set {assignment}"))))
    };
    let (path, text) = assignment
        .split_once('=')
        .ok_or_else(|| usage("expected FIELD=VALUE, such as tables.sales.path=/data/sales.parquet".into()))?;
    let mut invalid = None;
    let node = match DeValue::parse(text) {
        Ok(value) => convert(value.into_inner(), origin.clone(), &|_| origin.clone(), &mut |_, message| {
            invalid.get_or_insert(message);
        }),
        Err(_) => Node { origin: origin.clone(), value: Value::String(text.to_owned()) },
    };
    if let Some(message) = invalid {
        return Err(usage(message));
    }
    let mut target = root;
    for step in path.split('.') {
        target = descend(target, step, &origin)
            .ok_or_else(|| usage(format!("there is no field `{step}` in {}", path.trim_end_matches(step))))?;
    }
    *target = node;
    Ok(())
}

fn descend<'n>(node: &'n mut Node, step: &str, origin: &Origin) -> Option<&'n mut Node> {
    match &mut node.value {
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Table(entries) => {
            let index = entries.iter().position(|entry| entry.key == step).unwrap_or_else(|| {
                let node = Node { origin: origin.clone(), value: Value::Table(Vec::new()) };
                entries.push(Entry { key: step.to_owned(), origin: origin.clone(), node });
                entries.len() - 1
            });
            entries.get_mut(index).map(|entry| &mut entry.node)
        }
        _ => None,
    }
}

type OriginOf<'f> = dyn Fn(Range<usize>) -> Origin + 'f;
type Report<'f> = dyn FnMut(&Origin, String) + 'f;

fn convert_table(table: DeTable<'_>, origin: Origin, origin_of: &OriginOf<'_>, report: &mut Report<'_>) -> Node {
    let entry = |(key, value): (Spanned<DeString<'_>>, Spanned<DeValue<'_>>)| {
        let node = convert(value.get_ref().clone(), origin_of(value.span()), origin_of, report);
        Entry { origin: origin_of(key.span()), key: key.into_inner().into_owned(), node }
    };
    Node { origin, value: Value::Table(table.into_iter().map(entry).collect()) }
}

fn convert(value: DeValue<'_>, origin: Origin, origin_of: &OriginOf<'_>, report: &mut Report<'_>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Value::Integer(integer),
            Err(_) => {
                report(&origin, format!("the integer {} does not fit into 64 bits", integer.as_str()));
                Value::Integer(0)
            }
        },
        DeValue::Float(float) => Value::Float(float.as_str().to_owned()),
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Datetime(datetime) => Value::Datetime(datetime),
        DeValue::Array(array) => {
            let items = array
                .into_iter()
                .map(|item| {
                    let origin = origin_of(item.span());
                    convert(item.into_inner(), origin, origin_of, report)
                })
                .collect();
            Value::Array(items)
        }
        DeValue::Table(table) => return convert_table(table, origin, origin_of, report),
    };
    Node { origin, value }
}
