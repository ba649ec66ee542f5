//! `avg`, exact: the quotient of the exact sum and the count, rounded once.
//!
//! The built-in one adds up integers as doubles and cuts the quotient of decimals. That of floats is left as it is.

mod accumulators;
mod quotient;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use serde::{Deserialize, Serialize};

use self::accumulators::{Average as Averaged, GroupAverages};
use self::quotient::Quotient;
use super::sum::{SlidingFloats, is_float, wide};
use super::{Origin, Sum};

/// The function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Average {
    origin: Origin,
    #[serde(skip, default = "signature")]
    signature: Signature,
    #[serde(skip, default = "aliases")]
    aliases: Vec<String>,
    #[serde(skip, default = "avg_udaf")]
    builtin: Arc<AggregateUDF>,
}

fn signature() -> Signature {
    Signature::user_defined(Volatility::Immutable)
}

fn aliases() -> Vec<String> {
    vec!["mean".to_owned()]
}

/// The type that integers and decimals are added up in; nothing for what the built-in function averages.
fn summed(input: &DataType) -> Option<DataType> {
    if input.is_integer() || input.is_decimal() { wide(input) } else { None }
}

impl Average {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, signature: signature(), aliases: aliases(), builtin: avg_udaf() }
    }

    fn sum(&self) -> Sum {
        Sum::new(self.origin.clone())
    }

    fn quotient(&self, args: &AccumulatorArgs) -> Quotient {
        Quotient { result: args.return_type().clone(), origin: self.origin.clone() }
    }
}

/// The arguments of the function that adds up in this type.
fn of_sum<'a>(args: &AccumulatorArgs<'a>, wide: DataType) -> AccumulatorArgs<'a> {
    AccumulatorArgs { return_field: Arc::new(Field::new(args.name, wide, true)), ..args.clone() }
}

/// The arguments of the function that counts.
fn of_count<'a>(args: &AccumulatorArgs<'a>) -> AccumulatorArgs<'a> {
    AccumulatorArgs { return_field: Arc::new(Field::new(args.name, DataType::Int64, true)), ..args.clone() }
}

impl AggregateUDFImpl for Average {
    fn name(&self) -> &str {
        "avg"
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [argument] = arguments else { return plan_err!("avg takes one argument, not {}", arguments.len()) };
        Ok(vec![match argument {
            integer if integer.is_signed_integer() => DataType::Int64,
            integer if integer.is_unsigned_integer() => DataType::UInt64,
            exact if exact.is_decimal() => exact.clone(),
            DataType::Duration(_) => argument.clone(),
            DataType::Null => DataType::Float64,
            float if float.is_floating() => DataType::Float64,
            other => return plan_err!("avg takes numbers, not {other}"),
        }])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.builtin.return_type(arguments)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let Some(wide) = summed(args.expr_fields[0].data_type()) else { return self.builtin.accumulator(args) };
        let sum = self.sum().accumulator(of_sum(&args, wide))?;
        let count = count_udaf().accumulator(of_count(&args))?;
        Ok(Box::new(Averaged { sum, count, quotient: self.quotient(&args) }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if is_float(&args) {
            return Ok(Box::new(SlidingFloats::average()));
        }
        let Some(wide) = summed(args.expr_fields[0].data_type()) else {
            return self.builtin.create_sliding_accumulator(args);
        };
        let sum = self.sum().create_sliding_accumulator(of_sum(&args, wide))?;
        let count = count_udaf().create_sliding_accumulator(of_count(&args))?;
        Ok(Box::new(Averaged { sum, count, quotient: self.quotient(&args) }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if summed(args.input_fields[0].data_type()).is_none() {
            return self.builtin.state_fields(args);
        }
        let StateFieldsArgs { name, input_fields, return_field, ordering_fields, is_distinct } = args;
        let same =
            || StateFieldsArgs { name, input_fields, return_field: return_field.clone(), ordering_fields, is_distinct };
        Ok([self.sum().state_fields(same())?, count_udaf().state_fields(same())?].concat())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        let Some(wide) = summed(args.expr_fields[0].data_type()) else {
            return self.builtin.groups_accumulator_supported(args);
        };
        self.sum().groups_accumulator_supported(of_sum(&args, wide))
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(wide) = summed(args.expr_fields[0].data_type()) else {
            return self.builtin.create_groups_accumulator(args);
        };
        let sums = self.sum().create_groups_accumulator(of_sum(&args, wide))?;
        let counts = count_udaf().create_groups_accumulator(of_count(&args))?;
        Ok(Box::new(GroupAverages { sums, counts, quotient: self.quotient(&args) }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
