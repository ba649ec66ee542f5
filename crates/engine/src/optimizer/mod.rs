//! Rules that plans go through, beside the engine's own.

mod exact;
mod expressions;
mod filtered;
mod guarded;
mod mixed;
#[cfg(test)]
mod tests;
mod units;

pub(crate) use exact::{ExactArithmetic, Origins};
pub(crate) use filtered::FilteredAggregates;
pub(crate) use guarded::guard;
pub(crate) use mixed::MixedNumbers;
pub(crate) use units::OwnUnits;
