//! One record: its members, and the lines that they are on.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::BadRecord;

/// What a JSON text is, by its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    Object,
    List,
}

impl Kind {
    /// The kind of a text that is known to be JSON.
    pub(super) fn of(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'"') => Self::Text,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Object => "an object",
            Self::List => "a list",
        })
    }
}

/// The text of a record, and where it begins.
pub(super) struct Record<'a> {
    text: &'a str,
    /// A place in the text up to which its lines are counted, and the line it is on. Values are asked for in their
    /// order, so that each line break is looked at once.
    counted: Cell<(usize, u64)>,
}

impl<'a> Record<'a> {
    /// A record that begins on a line.
    pub(super) fn new(text: &'a str, line: u64) -> Self {
        Self { text, counted: Cell::new((0, line)) }
    }

    /// The line on which a part of the record begins.
    pub(super) fn line(&self, part: &str) -> u64 {
        let (counted, line) = self.counted.get();
        let offset = part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let Some(between) = self.text.as_bytes().get(counted..offset) else { return line };
        let line = line + memchr::memchr_iter(b'\n', between).count() as u64;
        self.counted.set((offset, line));
        line
    }

    /// Gives each member of the record to `each`: its name and the text of its value.
    pub(super) fn members(&self, each: impl FnMut(&str, &'a str) -> Result<(), BadRecord>) -> Result<(), BadRecord> {
        let start = self.counted.get().1;
        let kind = Kind::of(self.text.trim_ascii_start());
        // A list may go over many lines; of anything else the first character alone says nothing.
        if kind == Kind::List || (kind != Kind::Object && serde_json::from_str::<IgnoredAny>(self.text).is_ok()) {
            return Err(BadRecord::layout(start, format!("there is {kind} where an object must be")));
        }
        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        let read = members(&mut deserializer, each).map_err(|unread| match unread {
            Unread::Bad(bad) => bad,
            Unread::Syntax(error) if error.is_eof() => {
                self.syntax(start, &error, "the object does not end on its line".into())
            }
            Unread::Syntax(error) => self.syntax(start, &error, format!("is not JSON: {}", without_place(&error))),
        });
        read?;
        deserializer.end().map_err(|error| self.syntax(start, &error, "more follows after the object".into()))
    }

    /// An error at the place that the parser found, which counts bytes.
    fn syntax(&self, start: u64, error: &serde_json::Error, why: String) -> BadRecord {
        let above = error.line().saturating_sub(1);
        let line = self.text.split('\n').nth(above).unwrap_or_default();
        let before = line.bytes().take(error.column().saturating_sub(1));
        let character = before.filter(|byte| !matches!(byte, 0x80..=0xBF)).count() + 1;
        BadRecord { character, ..BadRecord::layout(start + above as u64, why) }
    }
}

/// Why an object or a list could not be read to its end.
pub(super) enum Unread {
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// What it holds was refused.
    Bad(BadRecord),
}

/// Gives each member of an object to `each`: its name and the text of its value.
pub(super) fn members<'a>(
    text: &mut Text<'a>,
    each: impl FnMut(&str, &'a str) -> Result<(), BadRecord>,
) -> Result<(), Unread> {
    let mut bad = None;
    let read = text.deserialize_map(Members { each, bad: &mut bad });
    read.map_err(|error| bad.map_or(Unread::Syntax(error), Unread::Bad))
}

/// Gives the text of each item of a list to `each`.
pub(super) fn items<'a>(text: &mut Text<'a>, each: impl FnMut(&'a str) -> Result<(), BadRecord>) -> Result<(), Unread> {
    let mut bad = None;
    let read = text.deserialize_seq(Items { each, bad: &mut bad });
    read.map_err(|error| bad.map_or(Unread::Syntax(error), Unread::Bad))
}

pub(super) type Text<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

/// A name without escapes is borrowed from the text.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<'b, F> {
    each: F,
    bad: &'b mut Option<BadRecord>,
}

impl<'a, F: FnMut(&str, &'a str) -> Result<(), BadRecord>> Visitor<'a> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Name(name), value)) = map.next_entry::<_, &'a RawValue>()? {
            (self.each)(&name, value.get()).map_err(|bad| refused(self.bad, bad))?;
        }
        Ok(())
    }
}

struct Items<'b, F> {
    each: F,
    bad: &'b mut Option<BadRecord>,
}

impl<'a, F: FnMut(&'a str) -> Result<(), BadRecord>> Visitor<'a> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element::<&'a RawValue>()? {
            (self.each)(item.get()).map_err(|bad| refused(self.bad, bad))?;
        }
        Ok(())
    }
}

/// Lays an error of ours beside the parser's own, which can only be a text.
fn refused<E: de::Error>(place: &mut Option<BadRecord>, bad: BadRecord) -> E {
    let error = E::custom(&bad);
    *place = Some(bad);
    error
}

/// The parser's message without its place, which is said otherwise.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}
