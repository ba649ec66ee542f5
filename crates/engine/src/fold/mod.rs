//! The fold as an operator: a logical node and its physical plan.

mod exec;
mod node;

pub(crate) use exec::FoldExec;
pub(crate) use node::FoldNode;
