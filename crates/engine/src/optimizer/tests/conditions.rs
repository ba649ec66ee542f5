use super::{failure, rows};

const LOGIC: [&str; 3] = ["true", "false", "NULL"];

#[tokio::test]
async fn a_junction_with_what_may_fail_has_the_value_of_its_operands() {
    for operator in ["AND", "OR"] {
        for (a, b, c) in LOGIC.iter().flat_map(|a| LOGIC.iter().flat_map(move |b| LOGIC.map(|c| (a, b, c)))) {
            for guarded in
                ["CAST(a AS BOOLEAN) # b # CAST(c AS BOOLEAN)", "b # CAST(c AS BOOLEAN) # CAST(a AS BOOLEAN)"]
            {
                let quoted = |value: &str| if value == "NULL" { value.to_owned() } else { format!("'{value}'") };
                let sql = format!(
                    "SELECT ({}) IS NOT DISTINCT FROM ({a} {operator} {b} {operator} {c}) \
                     FROM (SELECT CASE WHEN x = 0 THEN {} END AS a, CASE WHEN x = 0 THEN CAST({b} AS BOOLEAN) END AS b, \
                     CASE WHEN x = 0 THEN {} END AS c FROM t WHERE x = 0)",
                    guarded.replace('#', operator),
                    quoted(a),
                    quoted(c)
                );
                assert_eq!(rows(&sql).await.expect(&sql), ["true"], "{sql}");
            }
        }
    }
}

#[tokio::test]
async fn what_may_fail_is_evaluated_only_where_other_conditions_leave_it_open() {
    for (sql, expected) in [
        ("SELECT v FROM t WHERE x <> 0 AND 14 / x > 1", ["b", "c"].as_slice()),
        ("SELECT v FROM t WHERE 14 / x > 1 AND x <> 0", &["b", "c"]),
        ("SELECT v FROM t WHERE x = 0 OR 14 / x > 2", &["a"]),
        ("SELECT v FROM t WHERE NOT (x = 0 OR 14 / x > 2)", &["b", "c"]),
        ("SELECT y FROM (SELECT v AS y, 14 / x AS q FROM t WHERE x <> 0) WHERE q > 1", &["b", "c"]),
        ("SELECT v FROM t WHERE CASE WHEN x = 0 THEN false ELSE 14 / x > 1 END", &["b", "c"]),
        ("SELECT v FROM t GROUP BY v HAVING max(x) <> 0 AND 14 / max(x) > 1", &["b", "c"]),
        ("SELECT a.v FROM t a JOIN t b ON a.v = b.v AND b.x <> 0 AND a.x * 14 / b.x > 1", &["b", "c"]),
        ("SELECT sum(14 / x) FILTER (WHERE x <> 0) FROM t", &["4"]),
        ("SELECT sum(14 / x) FILTER (WHERE x <> 0) + max(14 / x) FILTER (WHERE v > 'a') FROM t", &["6"]),
        ("SELECT count(*) FILTER (WHERE x <> 0 AND 14 / x > 1) FROM t", &["2"]),
        (
            "SELECT v FROM t WHERE v <> 'a' AND CAST(substr('007', 1, x) AS INT) <> 0 AND 7 / CAST(substr('007', 1, x) AS INT) = 1",
            &["b", "c"],
        ),
    ] {
        assert_eq!(rows(sql).await.expect(sql), expected, "{sql}");
    }
}

#[tokio::test]
async fn a_long_row_of_conditions_that_may_fail_is_not_as_deep_as_it_is_long() {
    let conditions: Vec<String> = (1..150).map(|divisor| format!("x / (x + {divisor}) < 9")).collect();
    let sql = format!("SELECT v FROM t WHERE {}", conditions.join(" AND "));
    assert_eq!(rows(&sql).await.expect(&sql), ["a", "b", "c"]);
}

#[tokio::test]
async fn tens_of_thousands_of_casts_behind_each_other_are_an_error() {
    for suffix in ["::BIGINT", " IS NULL"] {
        let error = failure(&format!("SELECT l{} FROM t", suffix.repeat(50_000))).await;
        assert!(error.problems()[0].message.contains("nested too deep"), "{suffix}");
    }
}
