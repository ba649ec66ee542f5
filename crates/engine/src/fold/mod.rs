//! The fold as an operator: a logical node and its physical plan.

mod exec;
mod node;

pub use exec::FoldExec;
pub use node::FoldNode;
