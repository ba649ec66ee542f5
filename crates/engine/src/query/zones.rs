//! `TIMESTAMP WITH TIME ZONE` as a type of the query: an instant in UTC.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{self, TimezoneInfo};

/// Gives the type its zone, which the engine leaves out where the session has none.
#[derive(Debug)]
pub(crate) struct Zones;

impl TypePlanner for Zones {
    fn plan_type_field(&self, sql_type: &ast::DataType) -> Result<Option<FieldRef>> {
        let ast::DataType::Timestamp(precision, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) = sql_type else {
            return Ok(None);
        };
        let unit = match precision {
            Some(0) => TimeUnit::Second,
            Some(3) => TimeUnit::Millisecond,
            Some(6) => TimeUnit::Microsecond,
            None | Some(9) => TimeUnit::Nanosecond,
            Some(_) => return Ok(None),
        };
        let data_type = DataType::Timestamp(unit, Some("UTC".into()));
        Ok(Some(Arc::new(Field::new("timestamp", data_type, true))))
    }
}
