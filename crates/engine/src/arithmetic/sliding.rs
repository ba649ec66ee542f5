//! Statistics of floats over a frame that slides, computed anew for each frame.
//!
//! The built-in ones take out again what leaves the frame, and keep its rounding: a variance becomes negative.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::{Result, ScalarValue, not_impl_err};
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, ReversedUDAF, Signature};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::PhysicalSortExpr;
use serde::{Deserialize, Serialize};

/// The functions, by the name that the engine gives them.
const STATISTICS: [&str; 16] = [
    "corr",
    "covar_pop",
    "covar_samp",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "var",
    "var_pop",
];

/// A built-in function whose frames are computed anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Sliding {
    builtin: Arc<AggregateUDF>,
}

impl From<Sliding> for String {
    fn from(sliding: Sliding) -> Self {
        sliding.builtin.name().to_owned()
    }
}

impl TryFrom<String> for Sliding {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let mut functions = SessionStateDefaults::default_aggregate_functions().into_iter();
        let builtin = functions.find(|function| function.name() == name);
        Ok(Self { builtin: builtin.ok_or_else(|| format!("there is no function {name}"))? })
    }
}

impl Sliding {
    /// The function that stands for a built-in one over a frame.
    pub(crate) fn of(function: &Arc<AggregateUDF>) -> Option<Self> {
        let is_own = function.inner().is::<Self>();
        (!is_own && STATISTICS.contains(&function.name())).then(|| Self { builtin: function.clone() })
    }
}

impl AggregateUDFImpl for Sliding {
    fn name(&self) -> &str {
        self.builtin.name()
    }

    fn signature(&self) -> &Signature {
        self.builtin.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.builtin.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.builtin.return_type(arguments)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.builtin.accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Frame { call: Call::of(&args, self.builtin.clone()), columns: Vec::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.builtin.state_fields(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.builtin.reverse_udf()
    }
}

/// A call of a built-in function, by which accumulators are made.
#[derive(Debug)]
struct Call {
    builtin: Arc<AggregateUDF>,
    return_field: FieldRef,
    schema: Schema,
    ignore_nulls: bool,
    order_bys: Vec<PhysicalSortExpr>,
    is_reversed: bool,
    name: String,
    is_distinct: bool,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    expr_fields: Vec<FieldRef>,
}

impl Call {
    fn of(args: &AccumulatorArgs, builtin: Arc<AggregateUDF>) -> Self {
        Self {
            builtin,
            return_field: args.return_field.clone(),
            schema: args.schema.clone(),
            ignore_nulls: args.ignore_nulls,
            order_bys: args.order_bys.to_vec(),
            is_reversed: args.is_reversed,
            name: args.name.to_owned(),
            is_distinct: args.is_distinct,
            exprs: args.exprs.to_vec(),
            expr_fields: args.expr_fields.to_vec(),
        }
    }

    fn accumulator(&self) -> Result<Box<dyn Accumulator>> {
        self.builtin.accumulator(AccumulatorArgs {
            return_field: self.return_field.clone(),
            schema: &self.schema,
            ignore_nulls: self.ignore_nulls,
            order_bys: &self.order_bys,
            is_reversed: self.is_reversed,
            name: &self.name,
            is_distinct: self.is_distinct,
            exprs: &self.exprs,
            expr_fields: &self.expr_fields,
        })
    }
}

/// The rows in the frame, and what to compute of them.
#[derive(Debug)]
struct Frame {
    call: Call,
    /// By argument.
    columns: Vec<ArrayRef>,
}

impl Accumulator for Frame {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if self.columns.is_empty() {
            self.columns = values.to_vec();
            return Ok(());
        }
        for (column, more) in self.columns.iter_mut().zip(values) {
            *column = concat(&[column, more])?;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for (column, leaving) in self.columns.iter_mut().zip(values) {
            let leaving = leaving.len().min(column.len());
            *column = column.slice(leaving, column.len() - leaving);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        not_impl_err!("a frame is in one partition")
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        not_impl_err!("a frame is in one partition")
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut accumulator = self.call.accumulator()?;
        if !self.columns.is_empty() {
            accumulator.update_batch(&self.columns)?;
        }
        accumulator.evaluate()
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.columns.iter().map(|column| column.get_array_memory_size()).sum::<usize>()
    }
}
