//! Declared column types.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use keyfold_core::job::Table;
use keyfold_core::{Error, ErrorKind, Problem, Result};

/// The declared columns; all types that are none are reported together.
pub(super) async fn declared(context: &SessionContext, table: &Table) -> Result<Vec<Arc<Field>>> {
    let (mut fields, mut problems) = (Vec::new(), Vec::new());
    for (name, sql_type) in &table.schema {
        match data_type(context, &sql_type.value).await {
            Ok(data_type) => fields.push(Arc::new(Field::new(name, data_type, true))),
            Err(message) => {
                let message = format!("`tables.{}.schema.{name}`: {message}", table.name);
                let help =
                    "use a SQL type, such as VARCHAR, INT, BIGINT, DOUBLE, DECIMAL(12,2), BOOLEAN, DATE or TIMESTAMP";
                problems.push(Problem::new(message).at(sql_type.place.clone()).help(help));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(fields),
        false => Err(Error::all(ErrorKind::Usage, problems)),
    }
}

/// The Arrow type of a SQL type.
///
/// # Errors
/// A message if the text is no type.
pub(crate) async fn data_type(context: &SessionContext, sql_type: &str) -> Result<DataType, String> {
    let unknown = || format!("`{sql_type}` is no SQL type");
    // Parsed alone first, so that nothing but a type reaches the statement.
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(sql_type).map_err(|_| unknown())?;
    let parsed = parser.parse_data_type().map_err(|_| unknown())?;
    if parser.next_token().token != Token::EOF {
        return Err(unknown());
    }
    let plan =
        context.state().create_logical_plan(&format!("SELECT CAST(NULL AS {parsed})")).await.map_err(|_| unknown())?;
    Ok(plan.schema().field(0).data_type().clone())
}
