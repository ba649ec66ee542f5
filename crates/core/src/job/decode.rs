//! Reads typed fields out of the tree. A problem is noted and reading goes on, so that all are reported together.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::tree::{Entry, Node, Origin, Value};
use crate::error::{Place, Problem};
use crate::location::Location;
use crate::share::Share;
use crate::source::Source;
use crate::suggest;

/// A value with the place that it was written at.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: Place,
}

/// What all fields of one job file share while they are read.
pub(super) struct Decoder<'a> {
    pub(super) source: &'a Source,
    /// What relative paths in the file are relative to.
    pub(super) folder: &'a Path,
    /// What relative paths in flags are relative to.
    pub(super) current: &'a Path,
    pub(super) problems: &'a RefCell<Vec<Problem>>,
}

impl Decoder<'_> {
    pub(super) fn report(&self, origin: &Origin, message: String, help: Option<String>) {
        let problem = Problem { message, place: Some(origin.place(self.source)), help };
        self.problems.borrow_mut().push(problem);
    }

    /// What a relative path is relative to, by where it was written.
    pub(super) fn base(&self, origin: &Origin) -> &Path {
        match origin {
            Origin::File(_) => self.folder,
            Origin::Flag(_) => self.current,
        }
    }
}

/// One table of the file, read field by field. The fields asked for are the known ones.
pub(super) struct Fields<'a> {
    pub(super) decoder: &'a Decoder<'a>,
    /// How messages call the table: `tables.sales`, or nothing for the root.
    name: String,
    origin: Origin,
    entries: &'a [Entry],
    known: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of a table; anything else is reported and reads as empty.
    pub(super) fn of(decoder: &'a Decoder<'a>, name: impl Into<String>, node: &'a Node) -> Self {
        let name = name.into();
        let entries = match &node.value {
            Value::Table(entries) => entries.as_slice(),
            other => {
                decoder.report(&node.origin, format!("`{name}` must be a table, not {}", other.kind()), None);
                &[]
            }
        };
        Self { decoder, name, origin: node.origin.clone(), entries, known: BTreeSet::new() }
    }

    fn full(&self, field: &str) -> String {
        if self.name.is_empty() { field.to_owned() } else { format!("{}.{field}", self.name) }
    }

    /// The field's value, if it is there.
    pub(super) fn get(&mut self, field: &'static str) -> Option<&'a Node> {
        self.known.insert(field);
        self.entries.iter().find(|entry| entry.key == field).map(|entry| &entry.node)
    }

    /// The field's value; its absence is a problem.
    pub(super) fn require(&mut self, field: &'static str) -> Option<&'a Node> {
        let node = self.get(field);
        if node.is_none() {
            let full = self.full(field);
            self.decoder.report(&self.origin, format!("the field `{full}` is missing"), None);
        }
        node
    }

    fn wrong(&self, field: &str, node: &Node, expected: &str) {
        let message = format!("`{}` must be {expected}, not {}", self.full(field), node.value.kind());
        self.decoder.report(&node.origin, message, None);
    }

    fn at<T>(&self, node: &Node, value: T) -> At<T> {
        At { value, place: node.origin.place(self.decoder.source) }
    }

    /// A string that may be absent.
    pub(super) fn string(&mut self, field: &'static str) -> Option<At<String>> {
        let node = self.get(field)?;
        self.as_string(field, node)
    }

    /// A string that must be there.
    pub(super) fn require_string(&mut self, field: &'static str) -> Option<At<String>> {
        let node = self.require(field)?;
        self.as_string(field, node)
    }

    pub(super) fn as_string(&self, field: &str, node: &Node) -> Option<At<String>> {
        match &node.value {
            Value::String(text) => Some(self.at(node, text.clone())),
            _ => {
                self.wrong(field, node, "a string");
                None
            }
        }
    }

    /// A path or URL that must be there, made absolute.
    pub(super) fn require_location(&mut self, field: &'static str) -> Option<At<Location>> {
        let node = self.require(field)?;
        let text = self.as_string(field, node)?;
        match Location::parse(&text.value, self.decoder.base(&node.origin)) {
            Ok(value) => Some(At { value, place: text.place }),
            Err(message) => {
                self.decoder.report(&node.origin, message, None);
                None
            }
        }
    }

    /// A boolean, or its default.
    pub(super) fn boolean(&mut self, field: &'static str, default: bool) -> bool {
        self.optional_boolean(field).unwrap_or(default)
    }

    /// A boolean that may be absent.
    pub(super) fn optional_boolean(&mut self, field: &'static str) -> Option<bool> {
        match self.get(field)? {
            Node { value: Value::Boolean(value), .. } => Some(*value),
            node => {
                self.wrong(field, node, "true or false");
                None
            }
        }
    }

    /// A whole number in a range, or its default.
    pub(super) fn integer(&mut self, field: &'static str, range: std::ops::RangeInclusive<i64>, default: i64) -> i64 {
        let Some(node) = self.get(field) else { return default };
        match &node.value {
            Value::Integer(value) if range.contains(value) => return *value,
            Value::Integer(value) => {
                let (low, high) = (range.start(), range.end());
                let message = format!("`{}` is {value}, and must be between {low} and {high}", self.full(field));
                self.decoder.report(&node.origin, message, None);
            }
            _ => self.wrong(field, node, "an integer"),
        }
        default
    }

    /// A share of a whole, if the field is there.
    pub(super) fn share(&mut self, field: &'static str) -> Option<At<Share>> {
        let node = self.get(field)?;
        let share = match &node.value {
            Value::Float(text) => Share::parse(text),
            Value::Integer(integer) => Share::parse(&integer.to_string()),
            _ => None,
        };
        if share.is_none() {
            let message = format!("`{}` must be a number between 0 and 1, such as 0.1 for a tenth", self.full(field));
            self.decoder.report(&node.origin, message, None);
        }
        Some(self.at(node, share?))
    }

    /// A string of one ASCII character as a byte, or its default; an empty string is none.
    pub(super) fn byte(&mut self, field: &'static str, default: Option<u8>) -> Option<u8> {
        match self.get(field) {
            None => default,
            Some(Node { value: Value::String(text), .. }) if text.is_empty() => None,
            Some(Node { value: Value::String(text), .. }) if text.len() == 1 => text.bytes().next(),
            Some(node) => {
                let full = self.full(field);
                self.decoder.report(&node.origin, format!("`{full}` must be one ASCII character"), None);
                default
            }
        }
    }

    /// One of a few characters, if the field is there.
    pub(super) fn one_of(&mut self, field: &'static str, choices: &[char]) -> Option<char> {
        let node = self.get(field)?;
        let text = self.as_string(field, node)?;
        let mut characters = text.value.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) if choices.contains(&character) => Some(character),
            _ => {
                let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                let message = format!("`{}` must be one of {}", self.full(field), choices.join(", "));
                self.decoder.report(&node.origin, message, None);
                None
            }
        }
    }

    /// One of a few words, if the field is there.
    pub(super) fn optional_choice<T: Copy>(
        &mut self,
        field: &'static str,
        choices: &[(&'static str, Option<T>)],
    ) -> Option<T> {
        self.get(field)?;
        self.choice(field, choices)
    }

    /// One of a few words, or the first of them.
    pub(super) fn choice<T: Copy>(&mut self, field: &'static str, choices: &[(&'static str, T)]) -> T {
        let default = choices[0].1;
        let Some(text) = self.string(field) else { return default };
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
            return *value;
        }
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
        let problem =
            Problem::new(format!("`{}` is `{}`, which is none of {}", self.full(field), text.value, words.join(", ")))
                .at(text.place);
        let nearest = suggest::nearest(&text.value, choices.iter().map(|(word, _)| *word));
        let problem = match nearest {
            Some(word) => problem.help(format!("did you mean `{word}`?")),
            None => problem,
        };
        self.decoder.problems.borrow_mut().push(problem);
        default
    }

    /// An array of strings; empty where the field is absent.
    pub(super) fn strings(&mut self, field: &'static str) -> Vec<At<String>> {
        self.items(field).into_iter().filter_map(|item| self.as_string(field, item)).collect()
    }

    /// The items of an array; none where the field is absent.
    pub(super) fn items(&mut self, field: &'static str) -> Vec<&'a Node> {
        match self.get(field) {
            None => Vec::new(),
            Some(Node { value: Value::Array(items), .. }) => items.iter().collect(),
            Some(node) => {
                self.wrong(field, node, "an array");
                Vec::new()
            }
        }
    }

    /// The entries of a table; none where the field is absent.
    pub(super) fn table(&mut self, field: &'static str) -> &'a [Entry] {
        match self.get(field) {
            None => &[],
            Some(Node { value: Value::Table(entries), .. }) => entries,
            Some(node) => {
                self.wrong(field, node, "a table");
                &[]
            }
        }
    }

    /// Reports every field that was never asked for.
    pub(super) fn finish(self) {
        for entry in self.entries.iter().filter(|entry| !self.known.contains(entry.key.as_str())) {
            let message = format!("unknown field `{}`", self.full(&entry.key));
            let help = suggest::did_you_mean(&entry.key, self.known.iter().copied());
            self.decoder.report(&entry.origin, message, Some(help));
        }
    }
}
