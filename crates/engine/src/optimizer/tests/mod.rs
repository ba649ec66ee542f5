mod conditions;
mod mixed;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::catalog::MemTable;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan, WindowFunctionDefinition};
use datafusion::optimizer::Analyzer;
use datafusion::prelude::{SessionConfig, SessionContext};
use keyfold_core::source::Source;
use keyfold_core::{Error, Result};

use crate::arithmetic::{Function, Operator, is_own_cast};
use crate::error::running;
use crate::query::{self, Params};
use crate::session;

/// A table `t` with the least and the greatest value of each type, and a row between them.
async fn context() -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(3);
    let context = SessionContext::new_with_state(session::state(config, Arc::new(RuntimeEnv::default())));
    let sql = "SELECT CAST(a AS TINYINT) AS w, CAST(b AS SMALLINT) AS s, CAST(c AS INT) AS i, CAST(d AS BIGINT) AS l, \
        CAST(e AS BIGINT UNSIGNED) AS u, CAST(f AS DECIMAL(38, 0)) AS d, CAST(g AS VARCHAR) AS v, h AS x FROM (VALUES \
        (-128, -32768, -2147483648, -9223372036854775808, 0, '-99999999999999999999999999999999999999', 'a', 0), \
        (7, 7, 7, 7, 7, '7', 'b', 7), \
        (127, 32767, 2147483647, 9223372036854775807, 18446744073709551615, '99999999999999999999999999999999999999', 'c', 7)) \
        AS r(a, b, c, d, e, f, g, h)";
    let batches = context.sql(sql).await.expect("the table is SQL").collect().await.expect("the values fit");
    let fields =
        batches[0].schema().fields().iter().map(|field| Field::clone(field).with_nullable(true)).collect::<Vec<_>>();
    let schema = Arc::new(Schema::new(fields));
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1)));
    let partitions =
        rows.map(|row| vec![RecordBatch::try_new(schema.clone(), row.columns().to_vec()).expect("the schema fits")]);
    let table = MemTable::try_new(schema.clone(), partitions.collect()).expect("the partitions fit");
    context.register_table("t", Arc::new(table)).expect("t is free");
    context
}

async fn plan(context: &SessionContext, sql: &str) -> Result<LogicalPlan> {
    let source = Source { name: "query.sql".into(), text: sql.into() };
    query::plan(context, &source, &Params::default()).await
}

async fn rows(sql: &str) -> Result<Vec<String>> {
    let context = context().await;
    let plan = plan(&context, sql).await?;
    let frame = context.execute_logical_plan(plan).await.map_err(running)?;
    let batches = frame.collect().await.map_err(running)?;
    let texts =
        batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| array_value_to_string(batch.column(0), row)));
    let mut texts: Vec<String> = texts.map(|text| text.expect("a value has a text")).collect();
    texts.sort();
    Ok(texts)
}

async fn failure(sql: &str) -> Error {
    match rows(sql).await {
        Ok(rows) => panic!("{sql} gives {rows:?}"),
        Err(error) => error,
    }
}

/// Whether an aggregate may wrap or depend on the order of its rows.
fn is_engines(function: &AggregateUDF, arguments: &[Expr], schema: &DFSchema) -> bool {
    let concerned = match function.name() {
        "sum" => true,
        "min" | "max" => arguments[0].get_type(schema).expect("typed").is_floating(),
        _ => false,
    };
    concerned && Function::of_aggregate(function).is_none()
}

/// The expressions of a plan and its subqueries that may wrap, fail without a place or depend on the order of rows.
fn left_over(plan: &LogicalPlan) -> Vec<String> {
    let mut found = Vec::new();
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|expression| {
                let engines = match expression {
                    Expr::BinaryExpr(binary) => Operator::of(binary.op).is_some_and(|operator| {
                        let types = (binary.left.get_type(&schema), binary.right.get_type(&schema));
                        operator.may_fail(&types.0.expect("typed"), &types.1.expect("typed"))
                    }),
                    Expr::Negative(_) => true,
                    Expr::Cast(cast) => {
                        is_own_cast(&cast.expr.get_type(&schema).expect("typed"), cast.field.data_type())
                    }
                    Expr::AggregateFunction(call) => is_engines(&call.func, &call.params.args, &schema),
                    Expr::WindowFunction(call) => match &call.fun {
                        WindowFunctionDefinition::AggregateUDF(func) => is_engines(func, &call.params.args, &schema),
                        WindowFunctionDefinition::WindowUDF(_) => false,
                    },
                    _ => false,
                };
                if engines {
                    found.push(expression.to_string());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .expect("the plan can be walked");
    found
}

const QUERIES: [&str; 18] = [
    "SELECT i * i, -l, l + 1, u - l, d * d, w % s, i << 2, CAST(l AS INT), CAST(v AS INT) FROM t",
    "SELECT sum(i * 2 + 1) FROM t",
    "SELECT sum(i + 1), sum(l + 1), sum(DISTINCT l) FROM t GROUP BY v",
    "SELECT v, sum(DISTINCT i * 3) FROM t GROUP BY v",
    "SELECT sum(l) OVER (PARTITION BY v ORDER BY i * 2 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT v FROM t WHERE i + 1 > 3 AND l - 1 < 5",
    "SELECT a.v FROM t a JOIN t b ON a.i + 1 = b.i AND a.l * b.l > 0",
    "SELECT v, sum(l) FROM t GROUP BY v HAVING sum(l) * 2 > 1",
    "SELECT v FROM t ORDER BY i * i LIMIT 1",
    "SELECT i * 2, count(*) FROM t GROUP BY i * 2",
    "SELECT CASE WHEN i > 0 THEN l * l ELSE -l END FROM t",
    "SELECT v FROM t WHERE i IN (SELECT i + 1 FROM t) OR EXISTS (SELECT 1 FROM t b WHERE b.l + 1 = t.l)",
    "SELECT (SELECT sum(l) FROM t) + i FROM t",
    "SELECT i + 1 FROM t UNION ALL SELECT l * 2 FROM t",
    "WITH x AS (SELECT i * l AS p FROM t) SELECT p + p FROM x",
    "SELECT sum(i + 1) FROM t GROUP BY ROLLUP (v, i * 2)",
    "SELECT min(CAST(i AS REAL)), max(DISTINCT f) FILTER (WHERE l > 0), max(i) FROM (SELECT *, i / 2e0 AS f FROM t) GROUP BY v",
    "SELECT max(CAST(i AS DOUBLE)) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
];

#[tokio::test]
async fn no_operation_of_the_engine_is_left_that_wraps() {
    let context = context().await;
    for sql in QUERIES {
        let plan = plan(&context, sql).await.expect(sql);
        let optimized = context.state().optimize(&plan).expect(sql);
        assert_eq!(left_over(&plan), Vec::<String>::new(), "{sql}");
        assert_eq!(left_over(&optimized), Vec::<String>::new(), "{sql}, optimized");
    }
}

#[tokio::test]
async fn columns_keep_their_names_and_types() {
    let context = context().await;
    for sql in QUERIES {
        let exact = plan(&context, sql).await.expect(sql);
        let statement = context.state().create_logical_plan(sql).await.expect(sql);
        let state = context.state();
        let engines = Analyzer::new().execute_and_check(statement, state.config_options(), |_, _| {}).expect(sql);
        let columns = |plan: &LogicalPlan| -> Vec<(String, DataType, bool)> {
            let fields = plan.schema().fields().iter();
            fields.map(|field| (field.name().clone(), field.data_type().clone(), field.is_nullable())).collect()
        };
        assert_eq!(columns(&exact), columns(&engines), "{sql}");
    }
}

#[tokio::test]
async fn results_within_the_type_are_exact() {
    for (expression, values) in [
        ("w + w FROM t WHERE v = 'b'", "14"),
        ("l - 1 FROM t WHERE v = 'c'", "9223372036854775806"),
        ("u - 1 FROM t WHERE v = 'c'", "18446744073709551614"),
        ("-d FROM t WHERE v = 'c'", "-99999999999999999999999999999999999999"),
        ("l % -1 FROM t WHERE v = 'a'", "0"),
        ("x << 3 FROM t WHERE v = 'b'", "56"),
        ("sum(l) FROM t", "6"),
        ("sum(d) FROM t", "7"),
        ("sum(u) FROM t WHERE v <> 'c'", "7"),
        ("sum(DISTINCT d) FROM t", "7"),
        ("sum(x) FROM t WHERE x > 100", ""),
        ("TRY_CAST(l AS INT) FROM t WHERE v = 'c'", ""),
        ("keyfold_chain('+*-', x, 1, 2, 3) FROM t WHERE v = 'b'", "13"),
    ] {
        assert_eq!(rows(&format!("SELECT {expression}")).await.expect(expression), [values], "{expression}");
    }
}

#[tokio::test]
async fn nan_is_the_largest_float_wherever_it_stands() {
    let orders = [["1.5", "'NaN'", "-0.0", "0.0"], ["'NaN'", "1.5", "0.0", "-0.0"], ["0.0", "-0.0", "1.5", "-'NaN'"]];
    for float in ["DOUBLE", "REAL"] {
        for [a, b, c, d] in orders {
            let cast = |value: &str| match value.strip_prefix("-'") {
                Some(nan) => format!("-CAST('{nan} AS {float})"),
                None => format!("CAST({value} AS {float})"),
            };
            let values = [a, b, c, d].map(|value| format!("('k', {})", cast(&value.replace("-0.0", "'-0.0'"))));
            let table = format!("(VALUES {}) AS r(k, f)", values.join(", "));
            for (call, expected) in [
                ("min(f)", "-0.0"),
                ("max(f)", "NaN"),
                ("min(DISTINCT f)", "-0.0"),
                ("max(f) FILTER (WHERE NOT isnan(f))", "1.5"),
                ("max(f) FILTER (WHERE f = 0)", "0.0"),
                ("min(f) FILTER (WHERE isnan(f))", "NaN"),
                ("min(f) FILTER (WHERE k <> 'k')", ""),
            ] {
                for sql in [
                    format!("SELECT {call} FROM {table}"),
                    format!("SELECT {call} FROM {table} GROUP BY k"),
                    format!("SELECT y FROM (SELECT {call} OVER (PARTITION BY k) AS y FROM {table}) LIMIT 1"),
                ] {
                    assert_eq!(rows(&sql).await.expect(&sql), [expected], "{sql}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_frame_that_slides_forgets_a_nan() {
    let values = "(VALUES (1, 1.5e0), (2, CAST('NaN' AS DOUBLE)), (3, 2.5e0), (4, 0.5e0)) AS r(i, f)";
    for (call, expected) in [("min", ["0.5", "1.5", "1.5", "2.5"]), ("max", ["1.5", "2.5", "NaN", "NaN"])] {
        let sql = format!("SELECT {call}(f) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {values}");
        assert_eq!(rows(&sql).await.expect(&sql), expected, "{sql}");
    }
}

#[tokio::test]
async fn casts_tell_aggregates_of_the_same_value_apart() {
    for (expression, values) in [
        ("sum(x) + sum(CAST(x AS BIGINT)) FROM t", "28"),
        (
            "sum(x) + sum(CAST(x AS INT)) + sum(TRY_CAST(x AS INT)) FROM t GROUP BY x HAVING sum(CAST(x AS INT)) > 0",
            "42",
        ),
        ("count(DISTINCT x) + count(DISTINCT CAST(x AS VARCHAR)) FROM t", "4"),
        ("DISTINCT sum(x) OVER () + sum(CAST(x AS BIGINT)) OVER () FROM t", "28"),
        ("sum(x) + sum(CAST(x AS BIGINT)) AS y FROM t ORDER BY sum(CAST(x AS BIGINT))", "28"),
    ] {
        assert_eq!(rows(&format!("SELECT {expression}")).await.expect(expression), [values], "{expression}");
    }
    let error = failure("SELECT max(CAST(v AS BIGINT)), max(v) FROM (SELECT '1' AS v UNION ALL SELECT 'a')").await;
    let problem = &error.problems()[0];
    assert!(problem.message.starts_with("`a` cannot be cast to BIGINT"), "{error}");
    assert_eq!(problem.place.as_ref().and_then(|place| place.position), Some((1, 17)), "{error}");
}

#[tokio::test]
async fn a_frame_that_slides_forgets_what_has_left_it() {
    for call in ["sum(l)", "sum(DISTINCT l)", "sum(d)", "sum(DISTINCT d)", "sum(CAST(d AS DECIMAL(76, 0)))"] {
        let sql = format!(
            "SELECT y FROM (SELECT v, {call} OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS y FROM t) WHERE v = 'c'"
        );
        assert_eq!(rows(&sql).await.expect(&sql), ["7"], "{sql}");
    }
}

#[tokio::test]
async fn what_lies_beyond_the_type_is_an_overflow_where_it_is_written() {
    for (expression, column, message) in [
        ("w + w", 8, "overflow: -128 + -128 is beyond the range of TINYINT"),
        ("s * s", 8, "overflow: -32768 * -32768 is beyond the range of SMALLINT"),
        ("1 + -i", 13, "overflow: -(-2147483648) is beyond the range of INT"),
        ("v, l * 2", 11, "overflow: -9223372036854775808 * 2 is beyond the range of BIGINT"),
        ("u - u - u", 8, "overflow: 0 - 18446744073709551615 is beyond the range of BIGINT UNSIGNED"),
        ("d + 1 + d", 8, "overflow: -99999999999999999999999999999999999998 + -99999999999999999999999999999999999999"),
        ("l / -1", 8, "overflow: -9223372036854775808 / -1 is beyond the range of BIGINT"),
        ("i / x", 8, "division by zero: -2147483648 / 0"),
        ("i % x", 8, "division by zero: -2147483648 % 0"),
        ("l << 1", 8, "overflow: -9223372036854775808 << 1 is beyond the range of BIGINT"),
        ("abs(l)", 8, "abs: Int64Array overflow on abs(-9223372036854775808)"),
        ("CAST(l AS INT)", 13, "overflow: -9223372036854775808 is beyond the range of INT"),
        ("CAST(v AS INT)", 13, "`a` cannot be cast to INT"),
        (
            "keyfold_chain('++', i, 1, l)",
            8,
            "overflow: -2147483647 + -9223372036854775808 is beyond the range of BIGINT",
        ),
    ] {
        let row = if expression.starts_with('u') { "c" } else { "a" };
        let error = failure(&format!("SELECT {expression} FROM t WHERE v = '{row}'")).await;
        let problem = &error.problems()[0];
        let place = problem.place.as_ref().expect(expression);
        assert!(problem.message.starts_with(message), "{expression}: {}", problem.message);
        assert_eq!(place.position, Some((1, column)), "{expression}");
    }
}

#[tokio::test]
async fn a_sum_beyond_its_type_is_an_overflow_wherever_it_is_added_up() {
    for (sql, sum) in [
        ("SELECT sum(l) FROM t WHERE i > 0", "9223372036854775814"),
        ("SELECT sum(u) FROM t GROUP BY x", "18446744073709551622"),
        ("SELECT sum(d) FROM t WHERE i > 0", "100000000000000000000000000000000000006"),
        ("SELECT sum(DISTINCT l) FROM t WHERE i > 0", "9223372036854775814"),
        ("SELECT sum(l) OVER (ORDER BY v DESC) FROM t WHERE i > 0", "9223372036854775814"),
    ] {
        let error = failure(sql).await;
        let problem = &error.problems()[0];
        assert!(problem.message.starts_with(&format!("overflow: the sum {sum} ")), "{sql}: {}", problem.message);
        assert_eq!(problem.place.as_ref().and_then(|place| place.position), Some((1, 8)), "{sql}");
    }
}

#[tokio::test]
async fn an_operation_that_cannot_be_told_from_others_names_their_lines() {
    let sql = "SELECT (POSITION('a' IN v) + 1) * l,\n  i * 1\nFROM t WHERE v = 'a'";
    let error = failure(sql).await;
    let problem = &error.problems()[0];
    assert_eq!(problem.place.as_ref().and_then(|place| place.position).map(|(line, _)| line), Some(1));
    assert!(problem.help.as_ref().is_some_and(|help| help.ends_with("like it in line 2")), "{error}");
}
