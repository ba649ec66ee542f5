//! Names: of tables from files, of output columns from input columns, and what is alike in two of them.

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::{
    ALL_KEYWORDS, ALL_KEYWORDS_INDEX, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER, RESERVED_FOR_TABLE_ALIAS,
};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

/// Last words of columns that number or label things, so that their sum means nothing.
const LABELS: [&str; 20] = [
    "id", "key", "sk", "uuid", "code", "no", "nr", "number", "sku", "ean", "zip", "postcode", "phone", "year",
    "quarter", "month", "week", "day", "weekday", "hour",
];

/// Words of the language itself. This parser takes some of them for names; other readers of SQL do not.
const LANGUAGE: [&str; 36] = [
    "ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "CROSS", "DEFAULT", "DESC", "DISTINCT", "ELSE",
    "EXISTS", "FALSE", "FOR", "FULL", "IN", "INNER", "INTERVAL", "IS", "JOIN", "LEFT", "LIKE", "NATURAL", "NOT",
    "NULL", "ON", "OR", "OUTER", "RIGHT", "TABLE", "THEN", "TRUE", "USING", "WHEN",
];

/// A name as SQL takes it: quoted where it is not a plain identifier or is a word of SQL.
pub fn sql_name(name: &str) -> String {
    if is_plain(name) && !is_reserved(name) && means_itself(name) { name.to_owned() } else { always_quoted(name) }
}

pub(super) fn always_quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn is_plain(name: &str) -> bool {
    let start = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    start && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether the word means something to SQL, in any case.
fn is_reserved(name: &str) -> bool {
    let upper = name.to_uppercase();
    let keyword = ALL_KEYWORDS.binary_search(&upper.as_str()).map(|index| ALL_KEYWORDS_INDEX[index]);
    let reserved = [RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS, RESERVED_FOR_IDENTIFIER];
    LANGUAGE.contains(&upper.as_str())
        || keyword.is_ok_and(|keyword| reserved.iter().any(|words| words.contains(&keyword)))
}

/// Whether the parser takes the bare name for a name wherever a query may write it.
fn means_itself(name: &str) -> bool {
    let parse = |text: &str| Parser::new(&GenericDialect {}).try_with_sql(text).ok();
    let alone = parse(name).and_then(|mut parser| {
        let expression = parser.parse_expr().ok()?;
        (parser.next_token().token == Token::EOF).then_some(expression)
    });
    let select = format!(
        "SELECT {name}.{name} AS {name}, sum({name}) FROM {name} LEFT JOIN {name} ON {name}.{name} = {name}.{name} WHERE {name} > 0 GROUP BY {name} ORDER BY {name}"
    );
    let name_alone = matches!(alone, Some(Expr::Identifier(identifier)) if identifier.value == name);
    name_alone && parse(&select).is_some_and(|mut parser| parser.parse_statement().is_ok())
}

/// A name of letters, digits and underscores, for an output column or a table.
pub(super) fn identifier(name: &str, otherwise: &str) -> String {
    let mapped: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let parts: Vec<&str> = mapped.split('_').filter(|part| !part.is_empty()).collect();
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let identifier = if plain { mapped.clone() } else { parts.join("_") };
    match identifier.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_numeric() => format!("{otherwise}_{identifier}"),
        Some(_) => identifier,
    }
}

/// The name, or the name with the first number that makes it unlike all others. Names that differ in case alone are alike.
pub(super) fn unlike(name: String, others: &[String]) -> String {
    let taken = |name: &str| others.iter().any(|other| other.eq_ignore_ascii_case(name));
    if !taken(&name) {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name}{number}")).find(|name| !taken(name));
    numbered.unwrap_or(name)
}

/// The words of a name: `netSales`, `net_sales` and `Net Sales` have the same two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = None;
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        let follows = previous.is_some_and(|before: char| {
            let acronym_ends = before.is_uppercase() && characters.peek().is_some_and(|next| next.is_lowercase());
            before.is_alphanumeric() && !(c.is_uppercase() && (!before.is_uppercase() || acronym_ends))
        });
        match words.last_mut() {
            _ if !c.is_alphanumeric() => {}
            Some(word) if follows => word.push(c),
            _ => words.push(c.to_string()),
        }
        previous = Some(c);
    }
    words
}

/// Each word with a capital letter.
pub(super) fn capitalized(name: &str) -> Vec<String> {
    let capital = |word: String| {
        let mut characters = word.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    };
    words(name).into_iter().map(capital).collect()
}

/// Whether a column of numbers counts or measures nothing, by its name.
pub(super) fn is_label(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last().map(|word| word.to_lowercase()) else { return false };
    let english = ["paid", "bid", "valid", "void", "grid", "fluid"].iter().any(|word| last.ends_with(word));
    let one_word = words.len() == 1 && (last.ends_with("id") || last.ends_with("key")) && !english;
    LABELS.contains(&last.as_str()) || one_word
}

/// Whether this is what pandas calls an index without a name, in a Parquet file or in CSV read and written again.
pub(super) fn is_index(column: &str) -> bool {
    let level = column.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    level.is_some_and(|level| level.parse::<u32>().is_ok()) || column == "Unnamed: 0"
}

/// A column's name without case, underscores and the ending of an identifier.
pub(super) fn subject(column: &str) -> String {
    let flat = flat(column);
    let ending = ["id", "key"].iter().find_map(|ending| flat.strip_suffix(ending));
    ending.unwrap_or(&flat).to_owned()
}

/// A name without case and underscores.
pub(super) fn flat(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a table's rows are, in the singular: `products` and `dim_product` hold a product each.
pub(super) fn row_of(table: &str) -> String {
    let flat = flat(table);
    let flat = flat.strip_prefix("dim").filter(|rest| rest.len() > 2).unwrap_or(&flat);
    match flat.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => flat.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(flat).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_need_it_are_quoted() {
        for name in ["netSales", "storeid", "_x1", "year", "category", "country", "name", "value", "channel", "type"] {
            assert_eq!(sql_name(name), name);
        }
        for name in [
            "order",
            "group",
            "select",
            "from",
            "case",
            "null",
            "table",
            "Order",
            "interval",
            "net sales",
            "1st",
            "",
            "a\"b",
            "naïve",
        ] {
            assert_eq!(sql_name(name), always_quoted(name));
        }
    }

    #[test]
    fn identifiers_are_plain_and_different() {
        assert_eq!(identifier("net_sales", "column"), "net_sales");
        assert_eq!(identifier("Net Sales (AUD)", "column"), "Net_Sales_AUD");
        assert_eq!(identifier("2018-sales", "t"), "t_2018_sales");
        assert_eq!(identifier("--", "t"), "t");
        assert_eq!(unlike("Sales".into(), &["sales".into(), "sales2".into()]), "Sales3");
    }

    #[test]
    fn words_end_at_capitals_and_underscores() {
        for (name, expected) in [
            ("netSales", vec!["Net", "Sales"]),
            ("net_sales", vec!["Net", "Sales"]),
            ("GMVTotal", vec!["GMV", "Total"]),
            ("UNITS", vec!["UNITS"]),
            ("q1 units", vec!["Q1", "Units"]),
        ] {
            assert_eq!(capitalized(name), expected, "{name}");
        }
    }

    #[test]
    fn labels_are_known_by_their_last_word() {
        for name in ["saleId", "sale_id", "ID", "saleid", "datekey", "productCode", "year", "calendarYear"] {
            assert!(is_label(name), "{name}");
        }
        for name in ["netSales", "amountpaid", "units", "days", "salesThisYearTotal", "paid"] {
            assert!(!is_label(name), "{name}");
        }
    }

    #[test]
    fn an_index_of_pandas_is_known_by_its_name() {
        for name in ["__index_level_0__", "__index_level_12__", "Unnamed: 0"] {
            assert!(is_index(name), "{name}");
        }
        for name in ["index", "index_level_0", "__index_level_x__", "__index_level_0__x", "Unnamed: 3", "unnamed"] {
            assert!(!is_index(name), "{name}");
        }
    }

    #[test]
    fn a_subject_is_what_an_identifier_identifies() {
        for (one, other) in
            [("storeId", "storeid"), ("dateId", "datekey"), ("product_id", "ProductKey"), ("sku", "SKU")]
        {
            assert_eq!(subject(one), subject(other));
        }
        assert_eq!(
            (row_of("Products"), row_of("dim_category"), row_of("stores")),
            ("product".into(), "category".into(), "store".into())
        );
        assert_eq!((row_of("countries"), row_of("glass")), ("country".into(), "glass".into()));
    }
}
