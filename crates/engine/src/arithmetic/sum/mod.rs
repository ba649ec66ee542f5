//! `sum`, exact: what the built-in one adds up without a check is added up in a type that holds any such sum.
//!
//! Only the result is checked against its type, so that a sum does not depend on the order of the rows.

mod distinct;
mod floats;
mod unbounded;
mod widening;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
};
use serde::{Deserialize, Serialize};

use self::distinct::SlidingDistinct;
pub(super) use self::floats::SlidingFloats;
use self::unbounded::Unbounded;
use self::widening::Widening;
pub(super) use self::widening::wide;
use super::Origin;
use super::conversion::{Converted, ConvertedGroups};

/// The function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Sum {
    origin: Origin,
    #[serde(skip, default = "sum_udaf")]
    builtin: Arc<AggregateUDF>,
}

impl Sum {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, builtin: sum_udaf() }
    }

    fn widening(&self, args: &AccumulatorArgs) -> Option<Widening> {
        let wide = wide(args.expr_fields.first()?.data_type())?;
        Some(Widening { wide, result: args.return_type().clone(), origin: self.origin.clone() })
    }

    /// An accumulator of the built-in function, or one in a wider type.
    fn accumulate(&self, args: AccumulatorArgs, sliding: bool) -> Result<Box<dyn Accumulator>> {
        let Some(widening) = self.widening(&args) else {
            return if sliding && is_float(&args) {
                Ok(Box::new(SlidingFloats::sum()))
            } else if sliding {
                self.builtin.create_sliding_accumulator(args)
            } else {
                self.builtin.accumulator(args)
            };
        };
        let field = Arc::new(Field::new(args.name, widening.wide.clone(), true));
        let inner: Box<dyn Accumulator> = match (args.is_distinct, sliding) {
            (true, true) => SlidingDistinct::of(&widening.wide)?,
            (false, _) if widening.is_unbounded(&args) => Box::new(Unbounded::new(widening.clone())),
            (_, true) => self.builtin.create_sliding_accumulator(AccumulatorArgs { return_field: field, ..args })?,
            (_, false) => self.builtin.accumulator(AccumulatorArgs { return_field: field, ..args })?,
        };
        Ok(Box::new(Converted { inner, conversion: widening }))
    }
}

/// Whether an aggregate is one of doubles, and not of distinct ones.
pub(super) fn is_float(args: &AccumulatorArgs) -> bool {
    !args.is_distinct && args.expr_fields.first().is_some_and(|field| *field.data_type() == DataType::Float64)
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.builtin.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.builtin.return_type(arguments)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.accumulate(args, false)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.accumulate(args, true)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let Some(wide) = args.input_fields.first().and_then(|field| wide(field.data_type())) else {
            return self.builtin.state_fields(args);
        };
        let state = if args.is_distinct {
            let name = format_state_name(args.name, "sum distinct");
            Field::new_list(name, Field::new_list_field(wide, true), false)
        } else {
            Field::new(format_state_name(args.name, "sum"), wide, true)
        };
        Ok(vec![Arc::new(state)])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        let unbounded = self.widening(&args).is_some_and(|widening| widening.is_unbounded(&args));
        !args.is_distinct && !unbounded
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(widening) = self.widening(&args) else { return self.builtin.create_groups_accumulator(args) };
        let field = Arc::new(Field::new(args.name, widening.wide.clone(), true));
        let inner = self.builtin.create_groups_accumulator(AccumulatorArgs { return_field: field, ..args })?;
        Ok(Box::new(ConvertedGroups { inner, conversion: widening }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.builtin.inner().set_monotonicity(data_type)
    }
}
