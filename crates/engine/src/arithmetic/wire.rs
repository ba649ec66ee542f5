//! The functions on their way to other processes.

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use serde::{Deserialize, Serialize};

use super::{Cast, Chain, Operation, Sum};

/// A function with all that it knows.
#[derive(Serialize, Deserialize)]
pub(crate) enum Function {
    Operation(Operation),
    Chain(Chain),
    Cast(Cast),
    Sum(Sum),
}

impl Function {
    /// The function, if it is one of these.
    pub(crate) fn of_scalar(function: &ScalarUDF) -> Option<Self> {
        let inner = function.inner();
        let operation = || inner.downcast_ref::<Operation>().cloned().map(Self::Operation);
        let chain = || inner.downcast_ref::<Chain>().cloned().map(Self::Chain);
        let cast = || inner.downcast_ref::<Cast>().cloned().map(Self::Cast);
        operation().or_else(chain).or_else(cast)
    }

    /// The function, if it is one of these.
    pub(crate) fn of_aggregate(function: &AggregateUDF) -> Option<Self> {
        function.inner().downcast_ref::<Sum>().cloned().map(Self::Sum)
    }

    /// The function as plans have it.
    pub(crate) fn into_scalar(self) -> Option<Arc<ScalarUDF>> {
        let function = match self {
            Self::Operation(operation) => ScalarUDF::new_from_impl(operation),
            Self::Chain(chain) => ScalarUDF::new_from_impl(chain),
            Self::Cast(cast) => ScalarUDF::new_from_impl(cast),
            Self::Sum(_) => return None,
        };
        Some(Arc::new(function))
    }

    /// The function as plans have it.
    pub(crate) fn into_aggregate(self) -> Option<Arc<AggregateUDF>> {
        match self {
            Self::Sum(sum) => Some(Arc::new(AggregateUDF::new_from_impl(sum))),
            _ => None,
        }
    }
}
