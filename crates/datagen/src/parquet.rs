//! The sales as Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::sales::Sale;

const ROWS_IN_ROW_GROUP: usize = 1 << 20;

/// Writes sales, batch by batch.
pub(crate) struct ParquetSales<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> ParquetSales<W> {
    /// Starts a file.
    pub(crate) fn start(out: W) -> Result<Self> {
        let schema = Arc::new(schema());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROWS_IN_ROW_GROUP))
            // No id repeats: a dictionary of them would be built only to be thrown away.
            .set_column_dictionary_enabled(ColumnPath::from("saleId"), false)
            .build();
        // Without Arrow's own copy of the schema the file is what any other program would have written.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(out, Arc::clone(&schema), options)?;
        Ok(Self { writer, schema })
    }

    /// Adds the sales.
    pub(crate) fn write(&mut self, sales: &[Sale<'_>]) -> Result<()> {
        self.writer.write(&record_batch(&self.schema, sales)?)
    }

    /// Writes the footer and gives back what was written to.
    pub(crate) fn finish(self) -> Result<W> {
        self.writer.into_inner()
    }
}

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("saleId", DataType::Int64, false),
        Field::new("netSales", DataType::Decimal128(12, 2), true),
        Field::new("salesUnits", DataType::Int32, true),
        Field::new("storeId", DataType::Int32, false),
        Field::new("dateId", DataType::Int32, false),
        Field::new("productId", DataType::Utf8, false),
    ])
}

fn record_batch(schema: &SchemaRef, sales: &[Sale<'_>]) -> Result<RecordBatch> {
    let amounts = Decimal128Array::from_iter_values(sales.iter().map(|sale| i128::from(sale.net_sales_cents)));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(sales.iter().map(|sale| sale.sale_id))),
        Arc::new(amounts.with_precision_and_scale(12, 2)?),
        Arc::new(Int32Array::from_iter_values(sales.iter().map(|sale| sale.sales_units))),
        Arc::new(Int32Array::from_iter_values(sales.iter().map(|sale| sale.store_id))),
        Arc::new(Int32Array::from_iter_values(sales.iter().map(|sale| sale.date_id))),
        Arc::new(StringArray::from_iter_values(sales.iter().map(|sale| sale.product_id))),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
