//! A query's expressions over the table's columns, as expressions over one file's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use keyfold_core::job::Missing;

use super::convert::{Conversion, ConversionError, Failure};
use super::types::reading;

/// Adapts expressions to files: columns of another type are converted exactly, and a file's missing columns are NULL
/// if the job says so.
#[derive(Debug)]
pub(super) struct ToFile {
    pub(super) missing: Missing,
}

impl PhysicalExprAdapterFactory for ToFile {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        Ok(Arc::new(Adapter { table, file, missing: self.missing }))
    }
}

#[derive(Debug)]
struct Adapter {
    table: SchemaRef,
    file: SchemaRef,
    missing: Missing,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let rewritten = expression.transform(|expression| match expression.downcast_ref::<Column>() {
            Some(column) => Ok(Transformed::yes(self.column(column.name())?)),
            None => Ok(Transformed::no(expression)),
        });
        rewritten.data()
    }
}

impl Adapter {
    fn column(&self, name: &str) -> Result<Arc<dyn PhysicalExpr>> {
        let to = self.table.field_with_name(name)?.data_type();
        let index = match (self.file.index_of(name), self.missing) {
            (Ok(index), _) => index,
            (Err(_), Missing::Null) => return Ok(Arc::new(Literal::new(ScalarValue::try_new_null(to)?))),
            (Err(error), Missing::Fail) => return Err(error.into()),
        };
        let from = self.file.field(index).data_type();
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, index));
        match reading(from, to) {
            _ if from == to => Ok(column),
            Some(conversion) => Ok(Arc::new(Converted { column, name: name.to_owned(), conversion, to: to.clone() })),
            None => internal_err!("the column `{name}` of type {from} is read as {to}"),
        }
    }
}

/// A column of a file as a column of the table. Pruning looks through casts that it knows, but not through this, so
/// that bounds of the file's values are never compared as if they were bounds of the table's.
#[derive(Debug, Eq)]
struct Converted {
    column: Arc<dyn PhysicalExpr>,
    name: String,
    conversion: Conversion,
    to: DataType,
}

impl PartialEq for Converted {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.conversion == other.conversion && self.to == other.to
    }
}

impl Hash for Converted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.conversion.hash(state);
        self.to.hash(state);
    }
}

impl fmt::Display for Converted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} AS {}", self.column, self.to)
    }
}

impl PhysicalExpr for Converted {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        match self.conversion.apply(&array, &self.to) {
            Ok(array) => Ok(ColumnarValue::Array(array)),
            Err(Failure::Value(bad)) => Err(DataFusionError::External(Box::new(ConversionError {
                column: self.name.clone(),
                value: bad.value,
                to: self.to.clone(),
            }))),
            Err(Failure::Arrow(error)) => Err(error.into()),
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let column = children.swap_remove(0);
        Ok(Arc::new(Self { column, name: self.name.clone(), conversion: self.conversion, to: self.to.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
