//! `median`, exact: that of decimals has one digit more than they have, since it may be the middle between two.
//!
//! The built-in one cuts the middle to the digits of the values. That of integers and floats is left as it is.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature};
use keyfold_core::exact::sql_name;
use serde::{Deserialize, Serialize};

use super::Origin;
use super::conversion::{Conversion, Converted, ConvertedGroups};

/// The function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Median {
    origin: Origin,
    #[serde(skip, default = "median_udaf")]
    builtin: Arc<AggregateUDF>,
}

/// The type that holds the sum and the middle of any two decimals; nothing for other types.
fn finer(input: &DataType) -> Option<DataType> {
    let (precision, scale) = match input {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => (precision + 2, scale + 1),
        _ => return None,
    };
    Some(if precision <= DECIMAL128_MAX_PRECISION {
        DataType::Decimal128(precision, scale)
    } else {
        DataType::Decimal256(precision.min(DECIMAL256_MAX_PRECISION), scale)
    })
}

/// From decimals to those with one digit more, which the median keeps.
#[derive(Debug)]
struct Finer {
    finer: DataType,
    origin: Origin,
}

impl Conversion for Finer {
    fn inwards(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let options = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(values, &self.finer, &options).map_err(|_| {
            let message = format!("overflow: the median of {} has too many digits", sql_name(values.data_type()));
            self.origin.failed(message, "CAST the values to a type of fewer digits")
        })
    }

    fn outwards(&self, results: &ArrayRef) -> Result<ArrayRef> {
        Ok(results.clone())
    }
}

impl Median {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, builtin: median_udaf() }
    }

    fn conversion(&self, args: &AccumulatorArgs) -> Option<Finer> {
        let finer = finer(args.expr_fields[0].data_type())?;
        Some(Finer { finer, origin: self.origin.clone() })
    }
}

fn of_type(name: &str, data_type: &DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type.clone(), true))
}

impl AggregateUDFImpl for Median {
    fn name(&self) -> &str {
        self.builtin.name()
    }

    fn signature(&self) -> &Signature {
        self.builtin.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match finer(&arguments[0]) {
            Some(finer) => Ok(finer),
            None => self.builtin.return_type(arguments),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let Some(conversion) = self.conversion(&args) else { return self.builtin.accumulator(args) };
        let fields = [of_type(args.name, &conversion.finer)];
        let inner = self.builtin.accumulator(AccumulatorArgs { expr_fields: &fields, ..args })?;
        Ok(Box::new(Converted { inner, conversion }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let Some(finer) = finer(args.input_fields[0].data_type()) else { return self.builtin.state_fields(args) };
        let fields = [of_type(args.name, &finer)];
        self.builtin.state_fields(StateFieldsArgs { input_fields: &fields, ..args })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.builtin.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(conversion) = self.conversion(&args) else { return self.builtin.create_groups_accumulator(args) };
        let fields = [of_type(args.name, &conversion.finer)];
        let inner = self.builtin.create_groups_accumulator(AccumulatorArgs { expr_fields: &fields, ..args })?;
        Ok(Box::new(ConvertedGroups { inner, conversion }))
    }
}
