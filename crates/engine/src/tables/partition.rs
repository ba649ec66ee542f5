//! Columns that stand in folder names: `year=2018/month=1/`, as Hive, Spark and DuckDB write them.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use keyfold_core::exact::{Parser, TextRules};
use keyfold_core::job::Table;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use percent_encoding::percent_decode_str;

use super::files::File;
use crate::error::running;

/// What such a folder is called where the value is NULL.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Takes the partition columns out of the folders between the table's place and its files. The declared ones have
/// their declared types, the others are text.
///
/// # Errors
/// Every file whose folders name other columns than those of the first, and values that are not of the column's type.
pub(super) fn columns(table: &Table, declared: &[FieldRef], found: Vec<(File, Vec<String>)>) -> Result<Partitioned> {
    let names: Vec<String> = found.first().map_or_else(Vec::new, |(_, folders)| keys(folders));
    let field = |name: &String| {
        let declared = declared.iter().find(|field| field.name() == name).cloned();
        declared.unwrap_or_else(|| Field::new(name, DataType::Utf8View, true).into())
    };
    let fields: Vec<FieldRef> = names.iter().map(field).collect();
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for (file, folders) in found {
        match values(table, &fields, &file, &folders) {
            Ok(partition) => files.push(File { partition, ..file }),
            Err(problem) => problems.push(problem.at(Place::whole(file.name()))),
        }
    }
    if problems.is_empty() { Ok(Partitioned { fields, files }) } else { Err(Error::all(ErrorKind::Input, problems)) }
}

/// Files with their values of the partition columns.
pub(super) struct Partitioned {
    pub(super) fields: Vec<FieldRef>,
    pub(super) files: Vec<File>,
}

fn keys(folders: &[String]) -> Vec<String> {
    folders.iter().filter_map(|folder| folder.split_once('=')).map(|(key, _)| decoded(key)).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn values(table: &Table, fields: &[FieldRef], file: &File, folders: &[String]) -> Result<Vec<ScalarValue>, Problem> {
    let found = keys(folders);
    if let Some((_, twice)) = found.iter().enumerate().find(|(at, key)| found[..*at].contains(key)) {
        let message = format!("two of its folders give the column `{twice}`");
        return Err(Problem::new(message).help("rename one of the folders, so that each column stands there once"));
    }
    if !found.iter().eq(fields.iter().map(|field| field.name())) {
        let expected: Vec<_> = fields.iter().map(|field| field.name().as_str()).collect();
        let message = format!(
            "its folders give the columns [{}], and those of other files of `tables.{}` give [{}]",
            found.join(", "),
            table.name,
            expected.join(", ")
        );
        return Err(Problem::new(message).help("name only files that are laid out alike in the table's path"));
    }
    let texts = folders.iter().filter_map(|folder| folder.split_once('=')).map(|(_, value)| value);
    fields.iter().zip(texts).map(|(field, text)| value(table, field, text, file)).collect()
}

fn value(table: &Table, field: &FieldRef, text: &str, file: &File) -> Result<ScalarValue, Problem> {
    let column = table.columns.iter().find(|column| column.name == *field.name());
    let rules = column.map_or_else(TextRules::default, |column| column.rules.clone());
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| Problem::new(format!("the folder name `{text}` is not valid UTF-8")))?;
    let text = Some(decoded.as_ref()).filter(|text| *text != NULL);
    let parser = Parser::new(field.data_type(), &rules).map_err(Problem::new)?;
    let array = parser.array([text].into_iter()).map_err(|bad| {
        Problem::new(format!(
            "column `{}`, which stands in the folder's name: `{}` {}",
            field.name(),
            bad.text,
            bad.why
        ))
        .help(format!("rename the folder, or declare another type in tables.{}.schema", table.name))
    })?;
    ScalarValue::try_from_array(&array, 0).map_err(|error| Problem::new(format!("{}: {}", file.name(), running(error))))
}
