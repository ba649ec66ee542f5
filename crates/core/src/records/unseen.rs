//! Members that a schema declares, and a file may not have.

use std::collections::BTreeSet;

use super::BadRecord;
use super::record::Record;

/// Most names that are kept as suggestions; objects can have keys for names.
const NAMES: usize = 1_000;

/// Which of the wanted members no record had so far.
#[derive(Debug)]
pub struct Unseen {
    wanted: Vec<String>,
    unseen: BTreeSet<String>,
    others: BTreeSet<String>,
    records: u64,
}

impl Unseen {
    /// All of the wanted members.
    pub fn new(wanted: impl IntoIterator<Item = String>) -> Self {
        let wanted: Vec<String> = wanted.into_iter().collect();
        let unseen = wanted.iter().cloned().collect();
        Self { wanted, unseen, others: BTreeSet::new(), records: 0 }
    }

    /// Looks at a record.
    ///
    /// # Errors
    /// None: what is not JSON is left to the decoder, which says so.
    pub fn look(&mut self, text: &[u8]) -> Result<(), BadRecord> {
        let Ok(text) = str::from_utf8(text) else { return Ok(()) };
        let read = Record::new(text, 1).members(|name, _| {
            let new = !self.unseen.remove(name) && self.others.len() < NAMES && !self.others.contains(name);
            if new && !self.wanted.iter().any(|wanted| wanted == name) {
                self.others.insert(name.to_owned());
            }
            Ok(())
        });
        self.records += u64::from(read.is_ok());
        Ok(())
    }

    /// The members that no record had, if there was any record.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.unseen.iter().map(String::as_str).filter(|_| self.records > 0)
    }

    /// Whether nothing is left to look for.
    pub fn is_done(&self) -> bool {
        self.unseen.is_empty()
    }

    /// Names of other members, for suggestions.
    pub fn others(&self) -> impl Iterator<Item = &str> + Clone {
        self.others.iter().map(String::as_str)
    }
}
