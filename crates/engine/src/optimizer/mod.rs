//! Rules that plans go through, beside the engine's own.

mod exact;
#[cfg(test)]
mod tests;

pub(crate) use exact::{ExactArithmetic, Origins};
