//! Declared column types.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use keyfold_core::job::{Column, Table, TextLayout};
use keyfold_core::{Error, ErrorKind, Problem, Result};

use crate::formats::TableFormat;

/// The declared columns; all types that are none are reported together.
pub(super) async fn declared(context: &SessionContext, table: &Table) -> Result<Vec<Arc<Field>>> {
    let (mut fields, mut problems) = (Vec::new(), Vec::new());
    for Column { name, sql_type, .. } in &table.columns {
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
    if problems.is_empty() { Ok(fields) } else { Err(Error::all(ErrorKind::Usage, problems)) }
}

/// Whether a format reads every declared column.
pub(super) fn check_readable(table: &Table, format: &dyn TableFormat, declared: &[FieldRef]) -> Result<()> {
    let mut problems = Vec::new();
    for field in declared {
        let Some(column) = table.columns.iter().find(|column| column.name == *field.name()) else { continue };
        if let Err(why) = format.reads(field.data_type(), &column.rules) {
            let message = format!("`tables.{}.schema.{}`: {why}", table.name, column.name);
            problems.push(Problem::new(message).at(column.sql_type.place.clone()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Usage, problems)) }
}

/// Refuses fields about lines of delimited text where a format would not heed them.
pub(super) fn check_layout(table: &Table, format: &dyn TableFormat) -> Result<()> {
    let (layout, plain) = (&table.layout, TextLayout::default());
    let set = [
        ("skip_lines", layout.skip_lines != plain.skip_lines),
        ("header", layout.header != plain.header),
        ("delimiter", layout.delimiter != plain.delimiter),
        ("quote", layout.quote != plain.quote),
        ("escape", layout.escape != plain.escape),
        ("comment", layout.comment != plain.comment),
        ("multiline", layout.multiline != plain.multiline),
        ("quoted_null", layout.quoted_null != plain.quoted_null),
    ];
    let unheeded = set.iter().filter(|(_, set)| *set && !format.is_delimited());
    let problem = |(field, _): &(&str, bool)| {
        let message = format!("`tables.{}.{field}` is for CSV, and the files are {}", table.name, format.name());
        Problem::new(message).at(table.path.place.clone()).help("leave the field out")
    };
    let problems: Vec<Problem> = unheeded.map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Usage, problems)) }
}

/// The Arrow type of a SQL type.
///
/// # Errors
/// A message if the text is not a type.
pub(crate) async fn data_type(context: &SessionContext, sql_type: &str) -> Result<DataType, String> {
    let unknown = || format!("`{sql_type}` is not a SQL type");
    // Parsed alone first, so that nothing but a type reaches the statement.
    let parsed = only_a_type(sql_type).ok_or_else(unknown)?;
    let planned = context.state().create_logical_plan(&format!("SELECT CAST(NULL AS {parsed})")).await;
    Ok(planned.map_err(|_| unknown())?.schema().field(0).data_type().clone())
}

fn only_a_type(text: &str) -> Option<ast::DataType> {
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).ok()?;
    let parsed = parser.parse_data_type().ok()?;
    (parser.next_token().token == Token::EOF).then_some(parsed)
}
