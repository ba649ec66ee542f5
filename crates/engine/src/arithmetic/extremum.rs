//! `min` and `max` of floats in their total order, -0.0 before 0.0 and NaN after all others.
//!
//! The built-in ones compare floats as the processor does: what is left of a group with a NaN depends on the order of
//! its rows. So the floats are compared as integers of the same order.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use serde::{Deserialize, Serialize};

use super::conversion::{Conversion, Converted, ConvertedGroups};

/// The function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Extremum {
    end: End,
    #[serde(skip, default = "signature")]
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum End {
    Smallest,
    Largest,
}

fn signature() -> Signature {
    Signature::any(1, Volatility::Immutable)
}

impl Extremum {
    /// The function that stands for a built-in one.
    pub(crate) fn of(builtin: &str) -> Option<Self> {
        let end = match builtin {
            "min" => End::Smallest,
            "max" => End::Largest,
            _ => return None,
        };
        Some(Self { end, signature: signature() })
    }

    fn builtin(&self) -> Arc<AggregateUDF> {
        match self.end {
            End::Smallest => min_udaf(),
            End::Largest => max_udaf(),
        }
    }
}

/// From floats to integers of the same order, and back.
#[derive(Debug)]
struct TotalOrder {
    float: DataType,
}

impl TotalOrder {
    fn of(args: &AccumulatorArgs) -> Self {
        Self { float: args.return_type().clone() }
    }
}

/// Of integers, the magnitude of negative ones turned round; its own inverse.
fn turned(bits: i64) -> i64 {
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

impl Conversion for TotalOrder {
    fn inwards(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let floats = cast(values, &DataType::Float64)?;
        let order = |float: f64| {
            // There are many NaN, some of them negative.
            let float = if float.is_nan() { f64::NAN } else { float };
            turned(float.to_bits().cast_signed())
        };
        Ok(Arc::new(floats.as_primitive::<Float64Type>().unary::<_, Int64Type>(order)))
    }

    fn outwards(&self, results: &ArrayRef) -> Result<ArrayRef> {
        let float = |order: i64| f64::from_bits(turned(order).cast_unsigned());
        let floats = results.as_primitive::<Int64Type>().unary::<_, Float64Type>(float);
        Ok(cast(&floats, &self.float)?)
    }
}

/// What an accumulator of the built-in function returns.
fn order_field(name: &str) -> FieldRef {
    Arc::new(Field::new(name, DataType::Int64, true))
}

impl AggregateUDFImpl for Extremum {
    /// Not the built-in function's: by that name the engine prunes files whose statistics leave NaN out.
    fn name(&self) -> &str {
        match self.end {
            End::Smallest => "keyfold_min",
            End::Largest => "keyfold_max",
        }
    }

    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        self.builtin().schema_name(params)
    }

    fn window_function_schema_name(&self, params: &WindowFunctionParams) -> Result<String> {
        self.builtin().window_function_schema_name(params)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.builtin().return_type(arguments)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let conversion = TotalOrder::of(&args);
        let return_field = order_field(args.name);
        let inner = self.builtin().accumulator(AccumulatorArgs { return_field, ..args })?;
        Ok(Box::new(Converted { inner, conversion }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let conversion = TotalOrder::of(&args);
        let return_field = order_field(args.name);
        let inner = self.builtin().create_sliding_accumulator(AccumulatorArgs { return_field, ..args })?;
        Ok(Box::new(Converted { inner, conversion }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![order_field(&format_state_name(args.name, "value"))])
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let conversion = TotalOrder::of(&args);
        let return_field = order_field(args.name);
        let inner = self.builtin().create_groups_accumulator(AccumulatorArgs { return_field, ..args })?;
        Ok(Box::new(ConvertedGroups { inner, conversion }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
