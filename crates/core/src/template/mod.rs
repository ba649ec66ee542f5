//! The document template: `document.json` as the document will look.

mod compile;
mod parse;

use serde::{Deserialize, Serialize};

use crate::error::Place;

pub use compile::{Document, Fragment, PivotSlot};

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    /// The document.
    pub root: Node,
    /// Every name it uses and where.
    pub references: Vec<(Reference, Place)>,
}

/// A part of the document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Node {
    /// JSON text that is the same in every document.
    Constant(String),
    /// A column that has one value within a key.
    Column(Slot),
    /// An object with one member per cell of a grid.
    Pivot(Pivot),
    /// Members in order; the names are unescaped.
    Object(Vec<(String, Node)>),
    /// Items in order.
    Array(Vec<Node>),
}

/// Where a column's value goes, and how it is written there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// The column.
    pub column: String,
    /// How its value is written.
    pub form: Form,
}

impl Slot {
    /// A slot for a column's value as it is.
    pub fn value(column: impl Into<String>) -> Self {
        Self { column: column.into(), form: Form::Value }
    }
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Form {
    /// As what it is: a number as a number, text as a string.
    Value,
    /// As a string of its text.
    Text,
    /// A text that is JSON, as that JSON.
    Json,
}

/// An object with one member per cell of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pivot {
    /// The grid's name in the job.
    pub grid: String,
    /// The column that gives the cells' values.
    pub value: Slot,
    /// JSON text for a cell without a row; such cells are left out where this is absent.
    pub fill: Option<String>,
    /// JSON text for a cell whose value is NULL; `null` where this is absent.
    pub null: Option<String>,
}

/// A name that the template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A column with one value within a key.
    Attribute(Slot),
    /// A pivot grid.
    Grid(String),
    /// A column with one value per cell.
    Value(Slot),
}

impl Node {
    /// The pivots of the document with their JSON pointers (RFC 6901), in order.
    pub fn pivots(&self) -> Vec<(String, &Pivot)> {
        let mut found = Vec::new();
        self.visit(String::new(), &mut |pointer, node| {
            if let Self::Pivot(pivot) = node {
                found.push((pointer.to_owned(), pivot));
            }
        });
        found
    }

    /// The slots of columns that have one value within a key, each once, in order of first use.
    pub fn attributes(&self) -> Vec<&Slot> {
        let mut found: Vec<&Slot> = Vec::new();
        self.visit(String::new(), &mut |_, node| {
            if let Self::Column(slot) = node
                && !found.contains(&slot)
            {
                found.push(slot);
            }
        });
        found
    }

    fn visit<'a>(&'a self, pointer: String, see: &mut dyn FnMut(&str, &'a Node)) {
        see(&pointer, self);
        match self {
            Self::Object(members) => {
                for (name, node) in members {
                    node.visit(format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), see);
                }
            }
            Self::Array(items) => {
                for (index, node) in items.iter().enumerate() {
                    node.visit(format!("{pointer}/{index}"), see);
                }
            }
            Self::Constant(_) | Self::Column(_) | Self::Pivot(_) => {}
        }
    }
}
