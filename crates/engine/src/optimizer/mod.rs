//! Rules that plans go through, beside the engine's own.

mod exact;

pub(crate) use exact::{ExactArithmetic, Origins};
