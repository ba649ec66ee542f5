//! Arithmetic that is exact or fails: what the engine would wrap without a word is an overflow here, with its place.
//!
//! DataFusion's operators, its `sum` and the plans it sends to other processes wrap around. So the operations of a plan
//! are functions of keyfold's own, each of which knows where in the SQL it is written (`optimizer/exact.rs` puts them
//! there). `min` and `max` of floats are among them: the built-in ones depend on the order of the rows where one is NaN.

mod average;
mod cast;
mod chain;
mod conversion;
mod extremum;
mod interval;
mod median;
mod nearest;
mod operation;
mod operator;
mod origin;
mod placed;
mod rounding;
mod sliding;
mod sum;
mod whole;
mod wire;

pub(crate) use average::Average;
pub(crate) use cast::{Cast, is_own_cast};
pub(crate) use chain::{CHAIN, Chain};
pub(crate) use extremum::Extremum;
pub(crate) use median::Median;
pub(crate) use nearest::is_nearest;
pub(crate) use operation::Operation;
pub(crate) use operator::Operator;
pub(crate) use origin::Origin;
pub(crate) use placed::Placed;
pub(crate) use sliding::Sliding;
pub(crate) use sum::Sum;
pub(crate) use wire::Function;
