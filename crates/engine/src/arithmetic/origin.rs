//! Where an operation is written.

use std::hash::{Hash, Hasher};

use datafusion::error::DataFusionError;
use keyfold_core::{Error, ErrorKind, Place, Problem};
use serde::{Deserialize, Serialize};

use crate::error::external;

/// Where in the SQL an operation is written, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The place.
    pub(crate) place: Option<Place>,
    /// The lines of other operations that may be meant instead.
    pub(crate) others: Vec<usize>,
}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.as_ref().map(|place| (&place.file, place.position)).hash(state);
    }
}

impl Origin {
    /// The operation's failure on some values.
    pub(super) fn failed(&self, message: String, help: &str) -> DataFusionError {
        let mut help = help.to_owned();
        if !self.others.is_empty() {
            let lines: Vec<String> = self.others.iter().map(usize::to_string).collect();
            let lines = if let [line] = lines.as_slice() {
                format!("line {line}")
            } else {
                format!("lines {}", lines.join(", "))
            };
            help.push_str(&format!("; if it is not this operation, it is one like it in {lines}"));
        }
        let problem = Problem { place: self.place.clone(), ..Problem::new(message).help(help) };
        external(Error::new(ErrorKind::Input, problem))
    }
}
