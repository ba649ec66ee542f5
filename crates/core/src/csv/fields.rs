//! Which fields of a record somebody wants.

/// Which fields of each record are kept; the others are only checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// All, however many a record has.
    All,
    /// Those with these indexes, in the order of the record.
    These(Vec<usize>),
}

/// The same by index.
#[derive(Debug)]
pub(super) struct Mask {
    indexes: Vec<bool>,
    beyond: bool,
}

impl Mask {
    pub(super) fn new(fields: &Fields) -> Self {
        match fields {
            Fields::All => Self { indexes: Vec::new(), beyond: true },
            Fields::These(kept) => {
                let mut indexes = vec![false; kept.iter().max().map_or(0, |last| last + 1)];
                kept.iter().for_each(|index| indexes[*index] = true);
                Self { indexes, beyond: false }
            }
        }
    }

    #[inline]
    pub(super) fn keeps(&self, field: usize) -> bool {
        self.indexes.get(field).copied().unwrap_or(self.beyond)
    }
}
