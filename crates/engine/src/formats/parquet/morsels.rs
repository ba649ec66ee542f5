//! The way of a file through the scan, with errors that say where.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner, Morselizer};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::locate::{Scanned, ScannedFile};

/// Plans files as another does; their errors say where they are.
#[derive(Debug)]
pub(super) struct Located {
    morselizer: Box<dyn Morselizer>,
    scanned: Arc<Scanned>,
}

impl Located {
    pub(super) fn new(morselizer: Box<dyn Morselizer>, scanned: Scanned) -> Self {
        Self { morselizer, scanned: Arc::new(scanned) }
    }
}

impl Morselizer for Located {
    fn plan_file(&self, mut file: PartitionedFile) -> Result<Box<dyn MorselPlanner>> {
        // DataFusion takes a column for constant by them.
        file.statistics = None;
        let located = Arc::new(ScannedFile::new(self.scanned.clone(), file.object_meta.clone()));
        match self.morselizer.plan_file(file) {
            Ok(planner) => Ok(Box::new(LocatedPlanner { planner, file: located })),
            Err(error) => Err(located.named(error)),
        }
    }
}

#[derive(Debug)]
struct LocatedPlanner {
    planner: Box<dyn MorselPlanner>,
    file: Arc<ScannedFile>,
}

impl LocatedPlanner {
    fn around(planner: Box<dyn MorselPlanner>, file: &Arc<ScannedFile>) -> Box<dyn MorselPlanner> {
        Box::new(Self { planner, file: file.clone() })
    }
}

impl MorselPlanner for LocatedPlanner {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        let Self { planner, file } = *self;
        let Some(mut plan) = planner.plan().map_err(|error| file.named(error))? else { return Ok(None) };
        let morsels = plan.take_morsels().into_iter();
        let planners = plan.take_ready_planners().into_iter();
        let pending = plan.take_pending_planner();
        let located = MorselPlan::new()
            .with_morsels(morsels.map(|morsel| LocatedMorsel::around(morsel, &file)).collect())
            .with_planners(planners.map(|planner| Self::around(planner, &file)).collect());
        Ok(Some(match pending {
            Some(pending) => located.with_pending_planner(async move {
                match pending.await {
                    Ok(planner) => Ok(Self::around(planner, &file)),
                    Err(error) => Err(file.located(error).await),
                }
            }),
            None => located,
        }))
    }
}

struct LocatedMorsel {
    morsel: Box<dyn Morsel>,
    file: Arc<ScannedFile>,
}

impl LocatedMorsel {
    fn around(morsel: Box<dyn Morsel>, file: &Arc<ScannedFile>) -> Box<dyn Morsel> {
        Box::new(Self { morsel, file: file.clone() })
    }
}

impl fmt::Debug for LocatedMorsel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.morsel.fmt(f)
    }
}

impl Morsel for LocatedMorsel {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, Result<RecordBatch>> {
        let Self { morsel, file } = *self;
        let batches = morsel.into_stream();
        batches
            .or_else(move |error| {
                let file = file.clone();
                async move { Err(file.located(error).await) }
            })
            .boxed()
    }
}
