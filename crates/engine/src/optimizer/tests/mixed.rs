use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use super::{context, plan, rows};

/// A row with a double that fifteen decimals cannot say.
const SMALL: &str = "(SELECT CAST(x AS DOUBLE) + 1e-20 AS f, CAST(0 AS DECIMAL(10, 2)) AS e FROM t WHERE v = 'a')";

fn fifteen_decimals(plan: &LogicalPlan) -> Vec<String> {
    let mut found = Vec::new();
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|expression| {
                if matches!(expression, Expr::ScalarFunction(_) | Expr::Cast(_))
                    && expression.get_type(&schema).expect("typed") == DataType::Decimal128(30, 15)
                {
                    found.push(expression.to_string());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .expect("the plan can be walked");
    found
}

#[tokio::test]
async fn a_double_that_meets_a_decimal_stays_what_it_is() {
    for (expression, expected) in [
        ("f > e", "true"),
        ("e < f", "true"),
        ("f = e", "false"),
        ("f IS DISTINCT FROM e", "true"),
        ("f BETWEEN e AND 1", "true"),
        ("e BETWEEN f AND 1", "false"),
        ("f IN (e, 0.5)", "false"),
        ("e NOT IN (f, 1)", "true"),
        ("CASE f WHEN e THEN 1 ELSE 2 END", "2"),
        ("CASE WHEN e = 0 THEN f ELSE e END", "1e-20"),
        ("coalesce(f, e)", "1e-20"),
        ("greatest(e, f)", "1e-20"),
        ("nullif(f, e)", "1e-20"),
    ] {
        let sql = format!("SELECT {expression} FROM {SMALL}");
        assert_eq!(rows(&sql).await.expect(&sql), [expected], "{sql}");
    }
    for (sql, expected) in [
        (format!("SELECT e FROM {SMALL} UNION ALL SELECT f FROM {SMALL}"), ["0.0", "1e-20"].as_slice()),
        (format!("SELECT f FROM {SMALL} UNION SELECT e FROM {SMALL}"), &["0.0", "1e-20"]),
        (format!("SELECT f FROM {SMALL} EXCEPT SELECT e FROM {SMALL}"), &["1e-20"]),
        (format!("SELECT f FROM {SMALL} WHERE f IN (SELECT e FROM {SMALL})"), &[]),
        (format!("SELECT f FROM {SMALL} WHERE e NOT IN (SELECT f FROM {SMALL})"), &["1e-20"]),
        (format!("SELECT a.f FROM {SMALL} a JOIN {SMALL} b ON a.f = b.e"), &[]),
        (format!("SELECT a.f FROM {SMALL} a JOIN {SMALL} b USING (f)"), &["1e-20"]),
    ] {
        assert_eq!(rows(&sql).await.expect(&sql), expected, "{sql}");
        let context = context().await;
        let optimized = context.state().optimize(&plan(&context, &sql).await.expect(&sql)).expect(&sql);
        assert_eq!(fifteen_decimals(&optimized), Vec::<String>::new(), "{sql}");
    }
}

#[tokio::test]
async fn decimals_of_a_negative_scale_are_compared_with_numbers() {
    for (expression, expected) in [
        ("CAST(1234 AS DECIMAL(10, -2)) = 1200", "true"),
        ("CAST(1234 AS DECIMAL(10, -2)) > CAST(1200.01 AS DECIMAL(10, 2))", "false"),
        ("x < CAST(1234 AS DECIMAL(10, -2))", "true"),
    ] {
        let sql = format!("SELECT {expression} FROM t WHERE v = 'a'");
        assert_eq!(rows(&sql).await.expect(&sql), [expected], "{sql}");
    }
}
