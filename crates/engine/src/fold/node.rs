//! The fold in a logical plan.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use keyfold_core::fold::{FoldSpec, document_schema};

use crate::error::external;

/// Folds its input into one document per key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoldNode {
    pub(crate) input: LogicalPlan,
    pub(crate) spec: Arc<FoldSpec>,
    schema: DFSchemaRef,
}

impl FoldNode {
    /// A fold of `input`, whose columns the query contract has checked.
    pub(crate) fn new(input: LogicalPlan, spec: Arc<FoldSpec>) -> Result<Self> {
        let schema = document_schema(&spec, input.schema().inner()).map_err(external)?;
        Ok(Self { input, spec, schema: Arc::new(DFSchema::try_from(schema)?) })
    }
}

impl Hash for FoldNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.spec.hash(state);
    }
}

impl PartialOrd for FoldNode {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.spec.partial_cmp(&other.spec)
    }
}

impl UserDefinedLogicalNodeCore for FoldNode {
    fn name(&self) -> &str {
        "Fold"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fold: key={}", self.spec.key)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        Self::new(inputs.swap_remove(0), self.spec.clone())
    }

    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        // Documents need every column of the input, whatever is read of them.
        Some(vec![(0..self.input.schema().fields().len()).collect()])
    }
}
