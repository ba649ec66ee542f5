//! What the fold refuses, and what it says then.

use super::*;

/// The message of rows that must fail, in one batch and with every row in a batch of its own.
fn failure(spec: &FoldSpec, rows: &[Row]) -> String {
    let alone: Vec<RecordBatch> = rows.iter().map(|row| batch(&[*row])).collect();
    let [together, alone] = [&[batch(rows)], alone.as_slice()].map(|batches| fold(spec, batches).unwrap_err());
    assert_eq!(together.kind(), ErrorKind::Input);
    assert_eq!(together.to_string(), alone.to_string());
    together.to_string()
}

#[test]
fn a_row_outside_the_grid_fails_and_the_message_says_how_to_let_it_pass() {
    assert_eq!(
        failure(&weekly(), &[row("a", 1, "1"), row("a", 53, "2")]),
        "key `a`: `week` is `53`, which the grid `week` does not have\n  \
         help: widen pivot.week, or set pivot.week.off_grid to \"extend\" or \"drop\""
    );
}

#[test]
fn two_rows_for_one_cell_fail_with_the_key_the_cell_and_both_values() {
    let help = "\n  help: GROUP BY the key and `week`, so that each cell has one row";
    let message = "key `a`: two rows for cell `W2` of `week`: `net` is 1.50 and 7.00";
    assert_eq!(failure(&weekly(), &[row("a", 2, "1.50"), row("a", 2, "7")]), format!("{message}{help}"));
    let rows = [row("a", 53, "1.50"), row("a", 1, "2"), Row { net: None, ..row("a", 53, "") }];
    let message = "key `a`: two rows for cell `W53` of `week`: `net` is 1.50 and NULL";
    assert_eq!(failure(&weekly_off_grid(OffGrid::Extend), &rows), format!("{message}{help}"));
}

#[test]
fn two_values_of_an_attribute_fail_with_the_key_the_column_and_both_values() {
    let other = |year| Row { year, ..row("a", 2, "1") };
    assert_eq!(
        failure(&weekly(), &[row("z", 1, "1"), row("a", 1, "1"), other(Some("2019"))]),
        "key `a`: `year` has two values, \"2018\" and \"2019\"\n  \
         help: add `year` to the key, or take one value in the query, such as with min(year)"
    );
    let message = failure(&weekly(), &[row("a", 1, "1"), other(None)]);
    assert!(message.starts_with("key `a`: `year` has two values, \"2018\" and null\n"), "{message}");
}

#[test]
fn a_null_key_fails_and_the_message_offers_both_ways_out() {
    assert_eq!(
        failure(&weekly(), &[row("a", 1, "1"), Row { id: None, ..row("", 1, "1") }]),
        "the key `id` is NULL in a row of the query\n  \
         help: leave such rows out (WHERE id IS NOT NULL) or name them (coalesce(id, 'UNKNOWN'))"
    );
}

#[test]
fn a_number_that_json_cannot_say_fails_with_its_key_and_cell() {
    let mut spec = weekly();
    spec.template = template(r#"{"ratio": {"$pivot": "week", "$value": "ratio"}}"#);
    spec.totals = Vec::new();
    for ratio in [f64::NAN, f64::INFINITY] {
        assert_eq!(
            failure(&spec, &[row("a", 1, "1"), Row { ratio, ..row("a", 2, "1") }]),
            "key `a`: `ratio` in cell `W2` of `week` is NaN or infinite, which JSON cannot represent\n  \
             help: make it NULL in the query, such as with NULLIF or CASE"
        );
    }
}

#[test]
fn a_null_pivot_fails_because_the_row_has_no_cell() {
    assert_eq!(
        failure(&weekly(), &[row("a", 1, "1"), Row { week: None, ..row("a", 0, "1") }]),
        "key `a`: the pivot column `week` is NULL, so the row has no cell\n  \
         help: leave such rows out in the query, or give them a value with coalesce"
    );
}

#[test]
fn a_row_with_two_pivots_or_none_fails_because_it_would_have_two_cells_or_none() {
    assert_eq!(
        failure(&two_grids(), &[row("a", 1, "1"), Row { kind: Some("NEW"), ..row("a", 2, "1") }]),
        "key `a`: a row has values in two pivot columns, `week` and `kind`, so it would be in two cells\n  \
         help: give each pivot rows of its own, such as with GROUPING SETS or UNION ALL, with NULL in the other pivot's column"
    );
    let message = failure(&two_grids(), &[Row { week: None, ..row("a", 0, "1") }]);
    assert!(message.starts_with("key `a`: the pivot column `week` and `kind` is NULL, so"), "{message}");
}

#[test]
fn a_name_that_file_systems_would_refuse_fails_with_its_length() {
    let key: &'static str = "ä".repeat(45).leak();
    let message = failure(&weekly(), &[row(key, 1, "1")]);
    assert!(message.starts_with(&format!("key `{key}`: the name `%C3%A4")), "{message}");
    assert!(message.contains("is 275 bytes long, and file systems take 255"), "{message}");
    assert!(message.ends_with("help: shorten the columns that `output.name` uses"), "{message}");
}

#[test]
fn a_column_of_the_name_that_is_null_fails_and_one_that_changes_fails() {
    let spec = FoldSpec { naming: Naming::Own("{kind}/{id}.json".parse().unwrap()), ..weekly() };
    let kind = |kind| Row { kind, ..row("a", 1, "1") };
    assert_eq!(fold(&spec, &[batch(&[kind(Some("new&old"))])]).unwrap()[0].path, "new%26old/a.json");
    assert_eq!(
        failure(&spec, &[kind(None)]),
        "key `a`: `kind` is NULL, and `output.name` uses it\n  help: use coalesce(kind, …) in the query"
    );
    let message = failure(&spec, &[kind(Some("x")), Row { week: Some(2), ..kind(Some("y")) }]);
    assert!(message.starts_with("key `a`: `kind` has two values, \"x\" and \"y\"\n"), "{message}");
}

/// Weekly net sales of 76 digits.
fn wide(rows: &[Row]) -> RecordBatch {
    let narrow = batch(rows);
    let mut columns = narrow.columns().to_vec();
    let net: StringArray = rows.iter().map(|row| row.net).collect();
    columns[4] = cast(&net, &DataType::Decimal256(76, 2)).unwrap();
    let fields = narrow.schema_ref().fields().iter().zip(&columns);
    RecordBatch::try_from_iter_with_nullable(fields.map(|(field, column)| (field.name(), column.clone(), true)))
        .unwrap()
}

#[test]
fn a_control_total_beyond_38_digits_is_exact() {
    let most = "999999999999999999999999999999999999.99";
    let documents = fold(&weekly(), &[batch(&[row("a", 1, most), row("a", 2, most)])]).unwrap();
    assert_eq!(documents[0].sums[0].0.to_string(), "1999999999999999999999999999999999999.98");
    let documents =
        fold(&weekly(), &[wide(&[row("a", 1, "1999999999999999999999999999999999999.99"), row("a", 2, most)])])
            .unwrap();
    assert_eq!(documents[0].sums[0].0.to_string(), "2999999999999999999999999999999999999.98");
}

#[test]
fn a_control_total_that_does_not_fit_fails_instead_of_wrapping() {
    let most: &'static str = format!("{}.99", "9".repeat(74)).leak();
    let error = fold(&weekly(), &[wide(&[row("a", 1, most), row("a", 2, most)])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "key `a`: the control total of `net` does not fit into 76 digits\n  help: use a smaller type"
    );
}

#[test]
fn a_key_or_a_pivot_value_beyond_four_digits_of_years_fails_and_is_shown() {
    let rows = batch(&[row("a", 1, "1")]);
    let with = |index: usize| {
        let mut columns = rows.columns().to_vec();
        columns[index] = Arc::new(arrow_array::Date32Array::from(vec![20_181_220]));
        let fields = rows.schema_ref().fields().iter().zip(columns);
        let batch =
            RecordBatch::try_from_iter_with_nullable(fields.map(|(field, column)| (field.name(), column, true)));
        fold(&weekly(), &[batch.unwrap()]).unwrap_err().to_string()
    };
    let fault = "is +57224-04-21, which ISO 8601 cannot write: its years are 0000 to 9999\n  help: ";
    for (index, named) in
        [(0, "the key `id` "), (1, "key `a`: `year` in cell `W1` of `week` "), (2, "key `a`: `week` ")]
    {
        let message = with(index);
        assert!(message.starts_with(&format!("{named}{fault}")), "{message}");
    }
}

#[test]
fn text_that_is_not_json_fails_with_its_key_column_and_position() {
    let spec = FoldSpec {
        template: template(r#"{"raw": {"$json": "year"}, "net": {"$pivot": "week", "$value": "net"}}"#),
        ..weekly()
    };
    let raw = |text| Row { year: Some(text), ..row("a", 1, "1") };
    assert_eq!(
        texts(&fold(&spec, &[batch(&[raw("{ \"b\" : [1.0, null] }")])]).unwrap()),
        ["{\"raw\":{\"b\":[1.0,null]},\"net\":{\"W1\":1.00}}\n"]
    );
    let message = failure(&spec, &[raw("{\"b\": }")]);
    let expected =
        "key `a`: `year` in cell `W1` of `week` is not valid JSON: expected value at line 1 column 7\n  help: ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_column_that_the_input_lacks_is_a_defect_that_names_it() {
    let spec = FoldSpec { totals: Vec::new(), template: template(r#"{"a": "$nett"}"#), ..weekly() };
    let error = fold(&spec, &[batch(&[row("a", 1, "1")])]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("the fold's input lacks the column `nett`"), "{error}");
}

#[test]
fn two_rows_of_a_document_without_pivots_fail_because_nothing_tells_them_apart() {
    assert_eq!(
        failure(&no_pivots(), &[row("a", 1, "1"), row("a", 2, "1")]),
        "key `a`: has two rows, and the document has no pivot to tell them apart\n  \
         help: aggregate to one row per key, or add a pivot to document.json"
    );
}
