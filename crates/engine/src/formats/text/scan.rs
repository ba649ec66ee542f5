//! The source of text formats: pieces of files in, typed rows out, and errors that say where.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{StreamExt, TryStreamExt, stream};
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::ObjectStore;

use super::super::spec::ScanSpec;
use super::bytes::{Chunks, open};
use super::lines::breaks_before;
use crate::error::external;
use crate::tables::File;

/// Rows that are read at once where nothing else is said.
const BATCH: usize = 8192;

/// A format of text files.
#[async_trait]
pub(crate) trait TextFormat: fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What decodes the bytes of a piece.
    async fn rows(&self, piece: &Piece) -> Result<Box<dyn Rows>>;
}

/// A part of a file that holds whole records, and what is wanted of it.
pub(crate) struct Piece {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) file: File,
    pub(crate) spec: Arc<ScanSpec>,
    /// Where the piece begins in the file.
    pub(crate) range: Option<Range<u64>>,
    /// The columns of the files.
    pub(crate) columns: SchemaRef,
    /// Which of them are wanted, in this order.
    pub(crate) wanted: Vec<usize>,
    pub(crate) batch_size: usize,
}

impl Piece {
    /// Whether the piece begins where the file does.
    pub(crate) fn is_first(&self) -> bool {
        self.range.as_ref().is_none_or(|range| range.start == 0)
    }
}

/// Turns bytes into rows.
pub(crate) trait Rows: Send {
    /// Takes the bytes that follow, and gives full batches of the wanted columns.
    fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow>;

    /// Gives what is left once all bytes were fed.
    fn finish(&mut self, out: &mut VecDeque<RecordBatch>) -> Result<(), BadRow>;
}

/// What is wrong in a piece.
#[derive(Debug)]
pub(crate) struct BadRow {
    /// The line, counted from 0 at the start of the piece.
    pub(crate) line: u64,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The source of a text format.
#[derive(Clone)]
pub(crate) struct TextScan {
    format: &'static dyn TextFormat,
    spec: Arc<ScanSpec>,
    schema: TableSchema,
    projection: SplitProjection,
    batch_size: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl TextScan {
    pub(crate) fn new(format: &'static dyn TextFormat, spec: Arc<ScanSpec>, schema: TableSchema) -> Self {
        let projection = SplitProjection::unprojected(&schema);
        Self { format, spec, schema, projection, batch_size: BATCH, metrics: ExecutionPlanMetricsSet::new() }
    }

    pub(crate) fn spec(&self) -> &Arc<ScanSpec> {
        &self.spec
    }
}

impl FileSource for TextScan {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        _: usize,
    ) -> DataFusionResult<Arc<dyn FileOpener>> {
        let opener = Opener { scan: self.clone(), store, url: config.object_store_url.clone() };
        ProjectionOpener::try_new(self.projection.clone(), Arc::new(opener), self.schema.file_schema())
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_size, ..self.clone() })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        self.format.name()
    }

    fn fmt_extra(&self, _: DisplayFormatType, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    /// Files are cut into pieces when a plan is made, where their records begin.
    fn supports_repartitioning(&self) -> bool {
        false
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> DataFusionResult<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.schema.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    fn apply_expressions(
        &self,
        apply: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        for projected in self.projection.source.iter() {
            if apply(&projected.expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }
}

struct Opener {
    scan: TextScan,
    store: Arc<dyn ObjectStore>,
    url: ObjectStoreUrl,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> DataFusionResult<FileOpenFuture> {
        let range = file.range.as_ref().map(|range| range.start.unsigned_abs()..range.end.unsigned_abs());
        let piece = Piece {
            store: self.store.clone(),
            file: File { store: self.url.clone(), meta: file.object_meta, partition: file.partition_values },
            spec: self.scan.spec.clone(),
            range,
            columns: self.scan.schema.file_schema().clone(),
            wanted: self.scan.projection.file_indices.clone(),
            batch_size: self.scan.batch_size,
        };
        let format = self.scan.format;
        Ok(Box::pin(async move {
            let rows = format.rows(&piece).await.map_err(external)?;
            let chunks = open(&piece.store, &piece.file, &piece.spec, piece.range.clone()).await.map_err(external)?;
            let reading = Reading { piece, rows, chunks, ready: VecDeque::new(), ended: false };
            let batches = stream::try_unfold(reading, |mut reading| async move {
                Ok(reading.next().await?.map(|batch| (batch, reading)))
            });
            Ok(batches.map_err(external).boxed())
        }))
    }
}

struct Reading {
    piece: Piece,
    rows: Box<dyn Rows>,
    chunks: Chunks,
    ready: VecDeque<RecordBatch>,
    ended: bool,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            let fed = match self.chunks.try_next().await? {
                Some(bytes) => self.rows.feed(&bytes, &mut self.ready),
                None => {
                    self.ended = true;
                    self.rows.finish(&mut self.ready)
                }
            };
            if let Err(bad) = fed {
                return Err(located(&self.piece, bad).await?);
            }
        }
    }
}

/// A bad row with its file and line, for which the lines before the piece are counted.
async fn located(piece: &Piece, bad: BadRow) -> Result<Error> {
    let Piece { store, file, spec, range, .. } = piece;
    let start = range.as_ref().map_or(0, |range| range.start);
    let line = breaks_before(store, file, spec, start).await? + bad.line + 1;
    let position = Some((usize::try_from(line).unwrap_or(usize::MAX), 1));
    let problem = Problem { message: bad.message, place: None, help: bad.help };
    Ok(Error::new(ErrorKind::Input, problem.at(Place { file: file.name(), position, excerpt: None })))
}
