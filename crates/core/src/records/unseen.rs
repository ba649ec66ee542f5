//! Members that a schema declares, and a file may not have: of the records, and of the objects within them.

use std::collections::BTreeSet;

use arrow_schema::{DataType, Fields};

use super::BadRecord;
use super::record::{Kind, Record, items, members};

/// Most names of an object that are kept as suggestions; objects can have keys for names.
const NAMES: usize = 1_000;

/// Which of the wanted members no record had so far.
#[derive(Debug)]
pub struct Unseen {
    record: Object,
}

/// A member that no object had.
#[derive(Debug, PartialEq, Eq)]
pub struct Absent<'a> {
    /// Where it belongs, as in `address.zip` or `items[].price`.
    pub path: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Names of other members of these objects, for suggestions.
    pub others: Vec<&'a str>,
}

/// The objects of one place.
#[derive(Debug)]
struct Object {
    wanted: Vec<Member>,
    others: BTreeSet<String>,
    /// Whether there was any.
    seen: bool,
}

#[derive(Debug)]
struct Member {
    name: String,
    path: String,
    seen: bool,
    /// How many lists are around the objects in its values, and these.
    inside: Option<(usize, Object)>,
}

impl Unseen {
    /// All of the wanted members.
    pub fn new(wanted: &Fields) -> Self {
        Self { record: Object::new("", wanted) }
    }

    /// Looks at a record.
    ///
    /// # Errors
    /// None: what is not JSON is left to the decoder, which says so.
    pub fn look(&mut self, text: &[u8]) -> Result<(), BadRecord> {
        let Ok(text) = str::from_utf8(text) else { return Ok(()) };
        let record = &mut self.record;
        let read = Record::new(text, 1).members(|name, value| {
            record.member(name, value);
            Ok(())
        });
        record.seen |= read.is_ok();
        Ok(())
    }

    /// The members that no object had, if there was any object that could have them.
    pub fn absent(&self) -> Vec<Absent<'_>> {
        let mut absent = Vec::new();
        self.record.absent(&mut absent);
        absent
    }

    /// Whether nothing is left to look for.
    pub fn is_done(&self) -> bool {
        self.record.is_done()
    }

    /// Names of other members of the records.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.record.others.iter().map(String::as_str)
    }
}

impl Object {
    fn new(place: &str, wanted: &Fields) -> Self {
        let member = |field: &arrow_schema::FieldRef| {
            let path = format!("{place}{}", field.name());
            Member { name: field.name().clone(), inside: inside(&path, field.data_type()), path, seen: false }
        };
        Self { wanted: wanted.iter().map(member).collect(), others: BTreeSet::new(), seen: false }
    }

    fn member(&mut self, name: &str, value: &str) {
        let Some(member) = self.wanted.iter_mut().find(|member| member.name == name) else {
            if self.others.len() < NAMES && !self.others.contains(name) {
                self.others.insert(name.to_owned());
            }
            return;
        };
        member.seen = true;
        if let Some((lists, object)) = &mut member.inside
            && !object.is_done()
        {
            object.value(*lists, value);
        }
    }

    /// Looks at the objects in a value, which has so many lists around them. What is not read as such is left
    /// to the decoder.
    fn value(&mut self, lists: usize, value: &str) {
        let mut text = serde_json::Deserializer::from_str(value);
        match (lists, Kind::of(value)) {
            (0, Kind::Object) => {
                let read = members(&mut text, |name, value| {
                    self.member(name, value);
                    Ok(())
                });
                self.seen |= read.is_ok();
            }
            (1.., Kind::List) => {
                let each = |item: &str| {
                    self.value(lists - 1, item);
                    Ok(())
                };
                items(&mut text, each).unwrap_or(());
            }
            _ => {}
        }
    }

    fn absent<'a>(&'a self, absent: &mut Vec<Absent<'a>>) {
        for member in self.wanted.iter().filter(|_| self.seen) {
            match &member.inside {
                _ if !member.seen => {
                    let others = self.others.iter().map(String::as_str).collect();
                    absent.push(Absent { path: &member.path, name: &member.name, others });
                }
                Some((_, object)) => object.absent(absent),
                None => {}
            }
        }
    }

    fn is_done(&self) -> bool {
        let done = |(_, object): &(usize, Self)| object.is_done();
        self.wanted.iter().all(|member| member.seen && member.inside.as_ref().is_none_or(done))
    }
}

/// The objects in values of a type, and how many lists are around them.
fn inside(path: &str, data_type: &DataType) -> Option<(usize, Object)> {
    match data_type {
        DataType::Struct(fields) => Some((0, Object::new(&format!("{path}."), fields))),
        DataType::List(item) | DataType::FixedSizeList(item, _) => {
            inside(&format!("{path}[]"), item.data_type()).map(|(lists, object)| (lists + 1, object))
        }
        _ => None,
    }
}
