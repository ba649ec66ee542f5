//! Where an error of a scan is. Batches know no file and no row group, so on an error the file is read once more, row
//! group by row group and column by column, until the error comes again.

use std::error::Error as StdError;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::datasource::physical_plan::parquet::apply_file_schema_type_coercions;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use datafusion::parquet::errors::ParquetError;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::TryStreamExt;
use keyfold_core::exact::sql_name;
use keyfold_core::{Error, ErrorKind, Place, Problem};
use object_store::{ObjectMeta, ObjectStore};

use super::convert::{BadValue, ConversionError, Failure};
use super::footer::Stored;
use super::retyped::retyped;
use super::types::reading;
use crate::error;
use crate::formats::ScanSpec;

/// What a scan reads from.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) url: ObjectStoreUrl,
    /// The table's columns that come from the files.
    pub(super) columns: SchemaRef,
    pub(super) spec: Arc<ScanSpec>,
}

/// One file of a scan.
#[derive(Debug)]
pub(super) struct ScannedFile {
    file: Stored,
    scanned: Arc<Scanned>,
}

/// What an error of a scan is about.
enum Cause<'a> {
    /// A value that the table's type does not have.
    Value(&'a ConversionError),
    /// Bytes that cannot be decoded.
    Damage,
    /// The query, the store, or memory.
    Other,
}

impl ScannedFile {
    pub(super) fn new(scanned: Arc<Scanned>, meta: ObjectMeta) -> Self {
        let file = Stored { store: scanned.store.clone(), url: scanned.url.clone(), meta };
        Self { file, scanned }
    }

    /// The error with its file, row group and column.
    pub(super) async fn located(&self, error: DataFusionError) -> DataFusionError {
        if let Some(fault) = error::unreadable(&self.file.name(), &error) {
            return error::external(fault);
        }
        match cause(&error) {
            Cause::Other => error,
            Cause::Value(bad) => self.input(self.value(bad).await),
            Cause::Damage => error::external(self.damage(&error).await),
        }
    }

    /// The error with its file.
    pub(super) fn named(&self, error: DataFusionError) -> DataFusionError {
        match cause(&error) {
            Cause::Damage => self.input(damaged(&error)),
            _ => error,
        }
    }

    fn input(&self, problem: Problem) -> DataFusionError {
        error::external(input(&self.file, problem))
    }

    async fn value(&self, bad: &ConversionError) -> Problem {
        let (value, place) = match self.first_bad(bad).await {
            Ok(Some((value, place))) => (value, format!(" ({place})")),
            _ => (bad.value.clone(), String::new()),
        };
        let type_name = sql_name(&bad.to);
        let message = format!("column `{}`: `{value}` is not exactly of type {type_name}{place}", bad.column);
        let table = &self.scanned.spec.table;
        Problem::new(message).help(format!("correct the value, or declare another type in tables.{table}.schema"))
    }

    /// Says which bytes of a column that is read as text are none, if that is what is wrong with it.
    async fn not_text(&self, name: &str) -> Option<Problem> {
        // Without the table's columns they are read as bytes.
        let opened = Opened::open(&self.file, &Arc::new(Schema::empty())).await.ok()?;
        let (value, place) = first(&opened, name, utf8).await.ok()??;
        let message = format!("column `{name}`: the bytes {value} are not UTF-8 text ({place})");
        let table = &self.scanned.spec.table;
        Some(Problem::new(message).help(format!("correct the value, or declare BYTEA in tables.{table}.schema")))
    }

    /// The first bad value of the column in the file, and where it is.
    async fn first_bad(&self, bad: &ConversionError) -> Result<Option<(String, String)>> {
        let opened = Opened::open(&self.file, &self.scanned.columns).await?;
        first(&opened, &bad.column, |array| match reading(array.data_type(), &bad.to) {
            Some(conversion) => conversion.apply(array, &bad.to).map(|_| ()),
            None => Ok(()),
        })
        .await
    }

    async fn damage(&self, error: &DataFusionError) -> Error {
        let bad = |problem| input(&self.file, problem);
        let Ok(opened) = Opened::open(&self.file, &self.scanned.columns).await else { return bad(damaged(error)) };
        for group in 0..opened.groups() {
            for name in self.scanned.columns.fields().iter().map(|field| field.name()) {
                let Err(error) = opened.read(group, name).await else { continue };
                // The store may fail while the place is looked for.
                if let Some(fault) = error::unreadable(&self.file.name(), &error) {
                    return fault;
                }
                let place = format!("row group {} of {}, column `{name}`", group + 1, opened.groups());
                let problem = Problem::new(format!("{place} cannot be read: {error}")).help(DAMAGED);
                return bad(self.not_text(name).await.unwrap_or(problem));
            }
        }
        bad(damaged(error))
    }
}

fn input(file: &Stored, problem: Problem) -> Error {
    Error::new(ErrorKind::Input, problem.at(Place::whole(file.name())))
}

/// The first value of a column that `check` refuses, and where it is.
async fn first(
    opened: &Opened<'_>,
    column: &str,
    check: impl Fn(&ArrayRef) -> Result<(), Failure>,
) -> Result<Option<(String, String)>> {
    let mut before = 0;
    for group in 0..opened.groups() {
        if let Some(BadValue { row, value }) = opened.arrays(group, column, &check).await? {
            let row = before + row + 1;
            let place = format!("row group {} of {}, row {row} of the file", group + 1, opened.groups());
            return Ok(Some((value, place)));
        }
        before += opened.rows(group);
    }
    Ok(None)
}

/// Refuses bytes that are not text.
fn utf8(array: &ArrayRef) -> Result<(), Failure> {
    let array = cast(array, &DataType::BinaryView)?;
    let bad = array.as_binary_view().iter().enumerate().find_map(|(row, value)| {
        let value = value.filter(|value| str::from_utf8(value).is_err())?;
        let shown: String = value.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
        Some(BadValue { row, value: if value.len() > SHOWN { format!("{shown}…") } else { shown } })
    });
    bad.map_or(Ok(()), |bad| Err(Failure::Value(bad)))
}

/// Bytes of a bad text that a message shows.
const SHOWN: usize = 32;
const DAMAGED: &str = "the file is damaged, cut off or encrypted: write or fetch it again";

fn damaged(error: &DataFusionError) -> Problem {
    Problem::new(format!("cannot be read: {}", error.find_root().strip_backtrace())).help(DAMAGED)
}

/// What an error, or the error that it wraps, is about.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Cause<'a> {
    if let Some(bad) = error.downcast_ref::<ConversionError>() {
        return Cause::Value(bad);
    }
    if let Some(error) = error.downcast_ref::<ParquetError>() {
        return match error {
            ParquetError::External(inner) => cause(inner.as_ref()),
            _ => Cause::Damage,
        };
    }
    if let Some(error) = error.downcast_ref::<ArrowError>() {
        return match error {
            ArrowError::ParquetError(_) => Cause::Damage,
            ArrowError::ExternalError(inner) => cause(inner.as_ref()),
            _ => Cause::Other,
        };
    }
    // What decompresses says so of bytes that it does not understand.
    if error.is::<std::io::Error>() {
        return Cause::Damage;
    }
    match error.downcast_ref::<DataFusionError>() {
        Some(DataFusionError::External(inner)) => cause(inner.as_ref()),
        Some(DataFusionError::ParquetError(inner)) => cause(inner.as_ref()),
        Some(DataFusionError::ArrowError(inner, _)) => cause(inner.as_ref()),
        Some(DataFusionError::Shared(inner)) => cause(inner.as_ref()),
        Some(DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner)) => cause(inner.as_ref()),
        _ => Cause::Other,
    }
}

/// A file that is read once more.
struct Opened<'a> {
    file: &'a Stored,
    columns: SchemaRef,
    metadata: ArrowReaderMetadata,
}

impl<'a> Opened<'a> {
    /// Reads the file's columns as the scan does.
    async fn open(file: &'a Stored, columns: &SchemaRef) -> Result<Self> {
        let footer = retyped(file.footer().await?, columns)?;
        let metadata = ArrowReaderMetadata::try_new(footer.clone(), ArrowReaderOptions::new())?;
        let mut schema = metadata.schema().as_ref().clone();
        if let Some(coerced) = apply_file_schema_type_coercions(columns, &schema) {
            schema = coerced;
        }
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        Ok(Self { file, columns: columns.clone(), metadata: ArrowReaderMetadata::try_new(footer, options)? })
    }

    fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    fn rows(&self, group: usize) -> usize {
        usize::try_from(self.metadata.metadata().row_group(group).num_rows()).unwrap_or_default()
    }

    /// Reads one column of one row group, and does nothing with it.
    async fn read(&self, group: usize, column: &str) -> Result<()> {
        self.arrays(group, column, |_| Ok::<_, Failure>(())).await.map(|_| ())
    }

    /// Gives each array of a column in a row group to `check`, until it finds a bad value.
    async fn arrays(
        &self,
        group: usize,
        column: &str,
        check: impl Fn(&ArrayRef) -> Result<(), Failure>,
    ) -> Result<Option<BadValue>> {
        let Ok(root) = self.metadata.schema().index_of(column) else { return Ok(None) };
        let reader = self.file.reader(&self.columns, 0, &ExecutionPlanMetricsSet::new())?;
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
        let mut batches = builder.with_row_groups(vec![group]).with_projection(mask).build()?;
        let mut before = 0;
        while let Some(batch) = batches.try_next().await? {
            match check(batch.column(0)) {
                Ok(()) => before += batch.num_rows(),
                Err(Failure::Value(bad)) => return Ok(Some(BadValue { row: before + bad.row, ..bad })),
                Err(Failure::Arrow(error)) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}
