//! The query contract: the columns that the job names are there, with types that fit.

use datafusion::arrow::datatypes::{DataType, Schema};
use keyfold_core::json::{self, Unwritable};
use keyfold_core::suggest::did_you_mean;
use keyfold_core::template::{Form, Slot};
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
                let message = format!("{role} `{name}` is not a column of {}", self.query);
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
        let Some(data_type) = self.find(name, role, place) else { return };
        if !is_label(data_type) {
            let message =
                format!("{role} `{name}` is a {}, which is not suitable as a {use_as}", plain(&data_type.to_string()));
            self.problem(message, place, as_text(name, data_type));
        } else if let Some(part) = json::unwritable(data_type) {
            self.unwritable(name, data_type, part, role, place);
        }
    }

    /// A column whose value goes into the document, in a way that its type allows.
    pub(crate) fn shown(&mut self, slot: &Slot, place: &Place) {
        let (name, role) = (&slot.column, "the column");
        let Some(data_type) = self.find(name, role, place) else { return };
        let shown = plain(&data_type.to_string());
        match slot.form {
            _ if let Some(part) = json::unwritable(data_type) => self.unwritable(name, data_type, part, role, place),
            Form::Text if data_type.is_nested() => {
                let message = format!("{role} `{name}` is of type {shown}, which has no text");
                self.problem(message, place, format!("write \"${name}\", which gives a JSON list or object"));
            }
            Form::Json if !is_text(data_type) => {
                let message = format!("{role} `{name}` is of type {shown}, and only text can be JSON already");
                self.problem(message, place, format!("write \"${name}\", which makes JSON of its value"));
            }
            _ => {}
        }
    }

    fn unwritable(&mut self, name: &str, data_type: &DataType, part: Unwritable, role: &str, place: &Place) {
        let whole = plain(&data_type.to_string());
        let (message, help) = match part {
            Unwritable::Type(part) if part == *data_type => {
                (format!("{role} `{name}` is of type {whole}, which JSON cannot represent"), as_text(name, data_type))
            }
            Unwritable::Type(part) => (
                format!("{role} `{name}` is of type {whole}, and JSON cannot represent {part}"),
                "take the parts that the document needs in the query, and make text of this one".into(),
            ),
            Unwritable::MapKey(part) => (
                format!("{role} `{name}` has a map with keys of type {part}, and those of JSON are text"),
                "take the keys and values that the document needs in the query, as lists: map_keys(…), map_values(…)"
                    .into(),
            ),
            Unwritable::Repeated(member) => (
                format!("{role} `{name}` is a struct that has the member `{member}` twice"),
                "give its members different names in the query".into(),
            ),
            Unwritable::Zone(zone) => (
                format!("{role} `{name}` has the time zone `{zone}`, which is not known"),
                format!("CAST({name} AS TIMESTAMP) in the query, which gives the time in UTC"),
            ),
        };
        self.problem(message, place, help);
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

/// A type as a person knows it: how texts are held in memory does not matter to them, and differs on a cluster.
pub(super) fn plain(data_type: &str) -> String {
    data_type.replace("Utf8View", "Utf8")
}

/// How a query makes text of a value that has no text of its own.
fn as_text(name: &str, data_type: &DataType) -> String {
    match data_type {
        DataType::FixedSizeBinary(16) => {
            format!("CAST({name} AS VARCHAR) in the query if it is a UUID, else encode({name}, 'hex')")
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            format!("encode({name}, 'hex') in the query, or encode({name}, 'base64')")
        }
        DataType::Union(_, _) => format!("take one of its members in the query, with union_extract({name}, …)"),
        nested if nested.is_nested() => {
            "name a column of text, whole numbers, decimals, booleans, dates or times; a part of this one may do".into()
        }
        _ => format!("CAST({name} AS VARCHAR) in the query"),
    }
}

/// Whether values of a type have one text each that a person would use as a name.
fn is_label(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Date32 | DataType::Date64 => true,
        DataType::Timestamp(_, _) | DataType::Time32(_) | DataType::Time64(_) => true,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => true,
        DataType::Dictionary(_, value) => is_label(value),
        DataType::RunEndEncoded(_, value) => is_label(value.data_type()),
        other => other.is_string() || other.is_integer(),
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_text(value),
        DataType::RunEndEncoded(_, value) => is_text(value.data_type()),
        other => other.is_string(),
    }
}
