//! Plans keyfold's logical nodes.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use crate::fold::{FoldExec, FoldNode};
use crate::optimizer::guard;
use crate::write::{WriteExec, WriteNode};

/// DataFusion's planner with keyfold's nodes.
#[derive(Debug)]
pub(crate) struct KeyfoldQueryPlanner;

#[async_trait]
impl QueryPlanner for KeyfoldQueryPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(KeyfoldExtensionPlanner)]);
        planner.create_physical_plan(&guard(plan.clone())?, session).await
    }
}

struct KeyfoldExtensionPlanner;

#[async_trait]
impl ExtensionPlanner for KeyfoldExtensionPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let node = node.as_any();
        let Some(input) = inputs.first().cloned() else { return Ok(None) };
        if let Some(fold) = node.downcast_ref::<FoldNode>() {
            return Ok(Some(Arc::new(FoldExec::try_new(input, fold.spec.clone())?)));
        }
        if let Some(write) = node.downcast_ref::<WriteNode>() {
            return Ok(Some(Arc::new(WriteExec::new(input, write.spec.clone()))));
        }
        Ok(None)
    }
}
