//! `job.toml`.

use keyfold_core::job::Encoding;
use keyfold_engine::infer::{Axis, Grid, Join, Star, Table, sql_name};

/// Lines are not made longer than this.
const WIDTH: usize = 120;

/// The job file; each part says what it is for. `paths` are those of the tables as seen from the folder.
pub(super) fn text(star: &Star, paths: &[String]) -> String {
    let key = &star.key.name;
    let mut text = format!(
        "# Made by `keyfold init`: one JSON document per {key}. query.sql says what is in it, document.json how it looks.\n\
         version = 1\n\
         # The column of query.sql that gives one document per value.\n\
         key = {}\n\n\
         # The tables that query.sql reads, by the names it uses. A path is relative to this folder; it can also be a folder\n\
         # of files that are alike, a pattern such as \"data/*.csv\", or s3://bucket/prefix.\n",
        string(key)
    );
    for (index, (table, path)) in star.tables.iter().zip(paths).enumerate() {
        text += &declared(table, path, star.joins.iter().find(|join| join.table == index));
        text.push('\n');
    }
    if let Some((pivot, grid)) = &star.pivot {
        text += &pivoted(star, pivot, *grid);
        text += &totals(star);
    }
    text +=
        "# Where the documents go, as seen from this folder, and what each one is called. The last 3 runs are kept.\n";
    text + &format!("[output]\nurl = \"out\"\nname = {}\nkeep = 3\n", string(&format!("{{{key}}}.json")))
}

fn declared(table: &Table, path: &str, join: Option<&Join>) -> String {
    let name = key(&table.name);
    let mut text = format!("[tables.{name}]\npath = {}\n", string(path));
    if let Some(compression) = table.compression {
        text += &format!("compression = {}\n", string(compression.name()));
    }
    if table.layout.encoding != Encoding::Utf8 {
        text += &format!("encoding = {}\n", string(table.layout.encoding.name()));
    }
    if let Some(delimiter) = table.layout.delimiter {
        text += &format!("delimiter = {}\n", string(&char::from(delimiter).to_string()));
    }
    if let Some(join) = join {
        text += "# Identifies a row, or the join would count facts twice: checked before each run.\n";
        text += &format!("unique = [{}]\n", string(&join.dimension));
    }
    if table.typed {
        return text;
    }
    let columns: Vec<_> =
        table.columns.iter().map(|column| format!("{} = {}", key(&column.name), string(&column.kind.sql()))).collect();
    text += "# The types that hold every value of the file. A column that is not named here is not read.\n";
    let line = format!("schema = {{ {} }}\n", columns.join(", "));
    if line.chars().count() <= WIDTH {
        text + &line
    } else {
        text + &format!("[tables.{name}.schema]\n{}\n", columns.join("\n"))
    }
}

fn pivoted(star: &Star, pivot: &Axis, grid: Grid) -> String {
    let table = &star.tables[pivot.table].name;
    let cells = match grid {
        Grid::Range(first, last) => format!("range = [{first}, {last}]"),
        Grid::Values => {
            let column = sql_name(&pivot.column);
            let sql = format!(
                "SELECT DISTINCT {column} FROM {} WHERE {column} IS NOT NULL ORDER BY {column}",
                sql_name(table)
            );
            format!("from = {}", string(&sql))
        }
    };
    format!(
        "# The cells that every document has, in this order; {{}} in the label is the value.\n\
         # A row whose value is none of these gets a cell of its own; \"fail\" and \"drop\" (counted) are the other ways.\n\
         [pivot.{}]\ncolumn = {}\nlabel = \"{{}}\"\n{cells}\noff_grid = \"extend\"\n\n",
        key(&pivot.name),
        string(&pivot.name)
    )
}

fn totals(star: &Star) -> String {
    let facts = &star.tables[0].name;
    let mut text = format!(
        "# Control totals: what {facts} itself adds up to must be in the documents, to the last digit, or nothing is published.\n"
    );
    for measure in &star.measures {
        let sum = measure
            .column
            .as_ref()
            .map_or_else(|| "count(*)".to_owned(), |column| format!("sum({})", sql_name(column)));
        let sql = format!("SELECT {sum} FROM {}", sql_name(facts));
        text += &format!("[[totals]]\nvalue = {}\nsql = {}\n\n", string(&measure.name), string(&sql));
    }
    text
}

/// A TOML key: bare where it can be.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { string(name) }
}

/// A basic string of TOML 1.0.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
