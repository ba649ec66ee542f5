//! From a template to constant byte fragments and slots: encoding a document is copying and filling in.

use super::{Node, Pivot, Slot};
use crate::grid::Grid;
use crate::json::quoted;

/// A compiled template.
#[derive(Debug)]
pub struct Document {
    /// The document from its first byte to its last, a line break, with slots in it.
    pub fragments: Vec<Fragment>,
    /// The slots of columns that have one value within a key.
    pub attributes: Vec<Slot>,
    /// The slots of columns that give cells their values.
    pub values: Vec<Slot>,
}

/// A stretch of the document.
#[derive(Debug, PartialEq)]
pub enum Fragment {
    /// Bytes that are the same in every document.
    Bytes(Vec<u8>),
    /// The JSON text of an attribute, by index into `Document::attributes`.
    Attribute(usize),
    /// The members of a pivot.
    Pivot(PivotSlot),
}

/// The members of one pivot.
#[derive(Debug, PartialEq)]
pub struct PivotSlot {
    /// Index into the job's grids.
    pub grid: usize,
    /// Index into `Document::values`.
    pub value: usize,
    /// For each cell of the grid: what stands before its value, such as `"W1":`.
    pub members: Vec<Vec<u8>>,
    /// For each cell of the grid: the whole member where no row came, if there is one, such as `"W1":0`.
    pub filled: Vec<Option<Vec<u8>>>,
    /// The JSON text of a NULL.
    pub null: Vec<u8>,
    /// What stands before a member's name: the indentation of a pretty document.
    pub before: Vec<u8>,
    /// What stands before the closing brace, unless there are no members.
    pub after: Vec<u8>,
    /// What stands between a member's name and its value.
    pub colon: &'static str,
}

impl Document {
    /// Compiles a template over the job's grids. Names that are not there have been refused before.
    pub fn compile(root: &Node, grids: &[Grid], pretty: bool) -> Self {
        let attributes = root.attributes().into_iter().cloned().collect();
        let mut values: Vec<Slot> = Vec::new();
        for (_, pivot) in root.pivots() {
            if !values.contains(&pivot.value) {
                values.push(pivot.value.clone());
            }
        }
        let mut compiler = Compiler { grids, pretty, document: Self { fragments: Vec::new(), attributes, values } };
        compiler.node(root, 0);
        compiler.bytes(b"\n");
        compiler.document
    }
}

struct Compiler<'a> {
    grids: &'a [Grid],
    pretty: bool,
    document: Document,
}

impl Compiler<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        match self.document.fragments.last_mut() {
            Some(Fragment::Bytes(last)) => last.extend_from_slice(bytes),
            _ => self.document.fragments.push(Fragment::Bytes(bytes.to_vec())),
        }
    }

    fn line(&self, depth: usize) -> Vec<u8> {
        if self.pretty { format!("\n{:1$}", "", depth * 2).into_bytes() } else { Vec::new() }
    }

    fn colon(&self) -> &'static str {
        if self.pretty { ": " } else { ":" }
    }

    fn node(&mut self, node: &Node, depth: usize) {
        match node {
            Node::Constant(text) => self.bytes(text.as_bytes()),
            Node::Column(slot) => {
                let slot = self.document.attributes.iter().position(|known| known == slot).unwrap_or_default();
                self.document.fragments.push(Fragment::Attribute(slot));
            }
            Node::Pivot(pivot) => self.pivot(pivot, depth),
            Node::Object(members) => {
                self.sequence(b"{", b"}", members.iter().map(|(name, node)| (Some(name), node)), depth)
            }
            Node::Array(items) => self.sequence(b"[", b"]", items.iter().map(|node| (None, node)), depth),
        }
    }

    fn sequence<'n>(
        &mut self,
        open: &[u8],
        close: &[u8],
        parts: impl ExactSizeIterator<Item = (Option<&'n String>, &'n Node)>,
        depth: usize,
    ) {
        self.bytes(open);
        let empty = parts.len() == 0;
        for (index, (name, node)) in parts.enumerate() {
            if index > 0 {
                self.bytes(b",");
            }
            self.bytes(&self.line(depth + 1));
            if let Some(name) = name {
                let member = format!("{}{}", quoted(name), self.colon());
                self.bytes(member.as_bytes());
            }
            self.node(node, depth + 1);
        }
        if !empty {
            self.bytes(&self.line(depth));
        }
        self.bytes(close);
    }

    fn pivot(&mut self, pivot: &Pivot, depth: usize) {
        let position = self.grids.iter().position(|grid| grid.name == pivot.grid);
        let value = self.document.values.iter().position(|slot| *slot == pivot.value).unwrap_or_default();
        let before = self.line(depth + 1);
        let values = position.map_or(&[][..], |grid| &self.grids[grid].values);
        let member = |text: &String| {
            let label = position.map_or_else(String::new, |grid| self.grids[grid].label.label(text));
            [before.as_slice(), quoted(&label).as_bytes(), self.colon().as_bytes()].concat()
        };
        let members: Vec<Vec<u8>> = values.iter().map(member).collect();
        let filled = |member: &Vec<u8>| pivot.fill.as_ref().map(|fill| [member.as_slice(), fill.as_bytes()].concat());
        let slot = PivotSlot {
            grid: position.unwrap_or_default(),
            value,
            filled: members.iter().map(filled).collect(),
            members,
            null: pivot.null.as_ref().map_or_else(|| b"null".to_vec(), |text| text.clone().into_bytes()),
            before,
            after: self.line(depth),
            colon: self.colon(),
        };
        self.bytes(b"{");
        self.document.fragments.push(Fragment::Pivot(slot));
        self.bytes(b"}");
    }
}
