//! The query contract: the columns that the job names are there, with types that fit.

use datafusion::arrow::datatypes::{DataType, Schema};
use keyfold_core::suggest::did_you_mean;
use keyfold_core::{Place, Problem};

/// The query's output columns, and what does not fit so far.
pub(crate) struct Columns<'a> {
    schema: &'a Schema,
    query: &'a str,
    /// Everything that does not fit.
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Columns<'a> {
    /// The columns of the query in the file `query`. Two of the same name are a problem.
    pub(crate) fn new(schema: &'a Schema, query: &'a str) -> Self {
        let mut problems = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            if schema.fields()[..index].iter().any(|earlier| earlier.name() == field.name()) {
                let problem =
                    Problem::new(format!("the query gives two columns `{}`", field.name())).at(Place::whole(query));
                problems.push(problem.help("name each output column with AS"));
            }
        }
        Self { schema, query, problems }
    }

    fn find(&mut self, name: &str, role: &str, place: &Place) -> Option<&'a DataType> {
        match self.schema.field_with_name(name) {
            Ok(field) => Some(field.data_type()),
            Err(_) => {
                let message = format!("{role} `{name}` is no column of {}", self.query);
                let help = did_you_mean(
                    name,
                    self.schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(),
                );
                self.problem(message, place, help);
                None
            }
        }
    }

    fn problem(&mut self, message: String, place: &Place, help: impl Into<String>) {
        self.problems.push(Problem::new(message).at(place.clone()).help(help));
    }

    /// The key: text, a whole number or a date, so that different keys have different texts.
    pub(crate) fn key(&mut self, name: &str, place: &Place) {
        self.label(name, place, "the key", "key");
    }

    /// A pivot column: the same types as a key.
    pub(crate) fn pivot(&mut self, name: &str, place: &Place) {
        self.label(name, place, "the pivot column", "label");
    }

    /// A column of the document's name: the same types as a key.
    pub(crate) fn named(&mut self, name: &str, place: &Place) {
        self.label(name, place, "the column", "name");
    }

    fn label(&mut self, name: &str, place: &Place, role: &str, use_as: &str) {
        if let Some(data_type) = self.find(name, role, place)
            && !is_label(data_type)
        {
            let message = format!("{role} `{name}` is a {data_type}, which makes no good {use_as}");
            self.problem(message, place, format!("CAST({name} AS VARCHAR) in the query"));
        }
    }

    /// A column whose value goes into the document as it is.
    pub(crate) fn shown(&mut self, name: &str, place: &Place) {
        self.find(name, "the column", place);
    }

    /// A column that is added up.
    pub(crate) fn number(&mut self, name: &str, place: &Place) {
        if let Some(data_type) = self.find(name, "the total's value", place)
            && !data_type.is_numeric()
        {
            let message =
                format!("the total's value `{name}` is a {}, which cannot be added up", plain(&data_type.to_string()));
            self.problem(message, place, "name a column of numbers");
        }
    }
}

/// A type as a person knows it: how texts are held in memory is no concern of theirs, and differs on a cluster.
pub(super) fn plain(data_type: &str) -> String {
    data_type.replace("Utf8View", "Utf8")
}

/// Whether values of a type have one text each that a person would use as a name.
fn is_label(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => true,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => true,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => true,
        DataType::Dictionary(_, value) => is_label(value),
        other => other.is_integer(),
    }
}
