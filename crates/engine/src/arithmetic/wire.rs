//! The functions on their way to other processes.

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use serde::{Deserialize, Serialize};

use super::{Average, Cast, Chain, Extremum, Median, Operation, Placed, Sliding, Sum};

/// A function with all that it knows.
#[derive(Serialize, Deserialize)]
pub(crate) enum Function {
    Operation(Operation),
    Chain(Chain),
    Cast(Cast),
    Placed(Placed),
    Sum(Sum),
    Average(Average),
    Median(Median),
    Extremum(Extremum),
    Sliding(Sliding),
}

impl Function {
    /// The function, if it is one of these.
    pub(crate) fn of_scalar(function: &ScalarUDF) -> Option<Self> {
        let inner = function.inner();
        let operation = || inner.downcast_ref::<Operation>().cloned().map(Self::Operation);
        let chain = || inner.downcast_ref::<Chain>().cloned().map(Self::Chain);
        let cast = || inner.downcast_ref::<Cast>().cloned().map(Self::Cast);
        let placed = || inner.downcast_ref::<Placed>().cloned().map(Self::Placed);
        operation().or_else(chain).or_else(cast).or_else(placed)
    }

    /// Whether the function stands for something that is not written as a call.
    pub(crate) fn replaces_syntax(function: &ScalarUDF) -> bool {
        function.inner().is::<Operation>() || function.inner().is::<Cast>()
    }

    /// The function, if it is one of these.
    pub(crate) fn of_aggregate(function: &AggregateUDF) -> Option<Self> {
        let inner = function.inner();
        let sum = || inner.downcast_ref::<Sum>().cloned().map(Self::Sum);
        let extremum = || inner.downcast_ref::<Extremum>().cloned().map(Self::Extremum);
        let average = || inner.downcast_ref::<Average>().cloned().map(Self::Average);
        let median = || inner.downcast_ref::<Median>().cloned().map(Self::Median);
        let sliding = || inner.downcast_ref::<Sliding>().cloned().map(Self::Sliding);
        sum().or_else(average).or_else(median).or_else(extremum).or_else(sliding)
    }

    /// The function as plans have it.
    pub(crate) fn into_scalar(self) -> Option<Arc<ScalarUDF>> {
        let function = match self {
            Self::Operation(operation) => ScalarUDF::new_from_impl(operation),
            Self::Chain(chain) => ScalarUDF::new_from_impl(chain),
            Self::Cast(cast) => ScalarUDF::new_from_impl(cast),
            Self::Placed(placed) => ScalarUDF::new_from_impl(placed),
            Self::Sum(_) | Self::Average(_) | Self::Median(_) | Self::Extremum(_) | Self::Sliding(_) => return None,
        };
        Some(Arc::new(function))
    }

    /// The function as plans have it.
    pub(crate) fn into_aggregate(self) -> Option<Arc<AggregateUDF>> {
        let function = match self {
            Self::Sum(sum) => AggregateUDF::new_from_impl(sum),
            Self::Average(average) => AggregateUDF::new_from_impl(average),
            Self::Median(median) => AggregateUDF::new_from_impl(median),
            Self::Extremum(extremum) => AggregateUDF::new_from_impl(extremum),
            Self::Sliding(sliding) => AggregateUDF::new_from_impl(sliding),
            _ => return None,
        };
        Some(Arc::new(function))
    }
}
