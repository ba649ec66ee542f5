//! `[tables.NAME]`: where a table's files are and how they are written.

use super::decode::{At, Decoder, Fields};
use super::tree::{Entry, Node, Value};
use crate::exact::{Epoch, TextRules};
use crate::location::FilePattern;

/// A declared table.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name that SQL uses.
    pub name: String,
    /// A file, a folder or a pattern, on a disk or in a store.
    pub path: At<FilePattern>,
    /// How the files are written, by a format's name; by the files' names and first bytes where the job does not say.
    pub format: Option<At<String>>,
    /// The declared columns, in the order written.
    pub columns: Vec<Column>,
    /// How text files are laid out.
    pub layout: TextLayout,
    /// The files' compression; by the name's extension where the job does not say.
    pub compression: Option<Compression>,
    /// What comes of a column that a file does not have.
    pub missing: Missing,
    /// Columns that identify a row.
    pub unique: Vec<At<String>>,
}

/// A declared column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, exactly as the files have it.
    pub name: String,
    /// Its SQL type.
    pub sql_type: At<String>,
    /// How its values are written where they are text: what the column says, else what the table says.
    pub rules: TextRules,
}

/// How text files are laid out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TextLayout {
    /// How characters are encoded.
    pub encoding: Encoding,
    /// Lines before the header that are not read.
    pub skip_lines: u64,
    /// Whether the first line of a CSV file names the columns.
    pub header: bool,
    /// Between two fields of a CSV file; by the file's name where the job does not say.
    pub delimiter: Option<u8>,
    /// Around a field that holds a delimiter or a line break.
    pub quote: Option<u8>,
    /// Before a quote inside a quoted field, besides doubled quotes.
    pub escape: Option<u8>,
    /// At the start of a line that is not read.
    pub comment: Option<u8>,
    /// Whether quoted fields hold line breaks. Unknown where absent: then large files are looked through for quotes
    /// before they are cut into pieces.
    pub multiline: Option<bool>,
    /// Whether a quoted field may be NULL: an empty one, or one of the texts that mean NULL.
    pub quoted_null: bool,
}

impl Default for TextLayout {
    fn default() -> Self {
        Self {
            encoding: Encoding::Utf8,
            skip_lines: 0,
            header: true,
            delimiter: None,
            quote: Some(b'"'),
            escape: None,
            comment: None,
            multiline: None,
            quoted_null: true,
        }
    }
}

/// How characters are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// Windows-1252.
    Windows1252,
    /// UTF-16; the byte order is that of the byte order mark, little-endian without one.
    Utf16,
}

impl Encoding {
    /// What job.toml calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "latin-1",
            Self::Windows1252 => "windows-1252",
            Self::Utf16 => "utf-16",
        }
    }
}

/// Compression of a whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As it is.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Compression {
    /// What job.toml calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// What comes of a declared column that a file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Missing {
    /// The run fails and names file and column.
    Fail,
    /// The column is NULL in the rows of that file.
    Null,
}

pub(super) fn table(decoder: &Decoder<'_>, entry: &Entry) -> Option<Table> {
    let name = format!("tables.{}", entry.key);
    let mut fields = Fields::of(decoder, &name, &entry.node);
    let path = fields.require_pattern("path");
    let format = fields.string("format");
    let compressions = [Compression::None, Compression::Gzip, Compression::Zstd];
    let compressions = compressions.map(|compression| (compression.name(), Some(compression)));
    let compression = fields.optional_choice("compression", &compressions);
    let layout = layout(&mut fields);
    let missing = fields.choice("missing", &[("fail", Missing::Fail), ("null", Missing::Null)]);
    let rules = rules(&mut fields, TextRules::default());
    let schema = fields.table("schema");
    let columns = schema.iter().filter_map(|entry| column(decoder, &format!("{name}.schema"), entry, &rules)).collect();
    let unique = fields.strings("unique");
    fields.finish();
    Some(Table { name: entry.key.clone(), path: path?, format, columns, layout, compression, missing, unique })
}

fn layout(fields: &mut Fields<'_>) -> TextLayout {
    let encodings = [Encoding::Utf8, Encoding::Latin1, Encoding::Windows1252, Encoding::Utf16];
    let encodings = encodings.map(|encoding| (encoding.name(), encoding));
    TextLayout {
        encoding: fields.choice("encoding", &encodings),
        skip_lines: fields.integer("skip_lines", 0..=1_000_000, 0).unsigned_abs(),
        header: fields.boolean("header", true),
        delimiter: fields.byte("delimiter", None),
        quote: fields.byte("quote", Some(b'"')),
        escape: fields.byte("escape", None),
        comment: fields.byte("comment", None),
        multiline: fields.optional_boolean("multiline"),
        quoted_null: fields.boolean("quoted_null", true),
    }
}

/// How values are written, where `fields` say it, else as `outer` says.
fn rules(fields: &mut Fields<'_>, outer: TextRules) -> TextRules {
    let epochs = [
        ("days", Some(Epoch::Days)),
        ("seconds", Some(Epoch::Seconds)),
        ("milliseconds", Some(Epoch::Milliseconds)),
        ("microseconds", Some(Epoch::Microseconds)),
        ("nanoseconds", Some(Epoch::Nanoseconds)),
    ];
    let null = fields.get("null").is_some();
    let null: Option<Vec<String>> = null.then(|| fields.strings("null").into_iter().map(|text| text.value).collect());
    TextRules {
        null: null.unwrap_or(outer.null),
        decimal: fields.one_of("decimal", &['.', ',']).unwrap_or(outer.decimal),
        thousands: fields.one_of("thousands", &['.', ',', ' ', '\'', '_', '\u{a0}', '\u{202f}']).or(outer.thousands),
        date_format: fields.string("date_format").map(|text| text.value).or(outer.date_format),
        timestamp_format: fields.string("timestamp_format").map(|text| text.value).or(outer.timestamp_format),
        epoch: fields.optional_choice("epoch", &epochs).or(outer.epoch),
    }
}

fn column(decoder: &Decoder<'_>, schema: &str, entry: &Entry, table: &TextRules) -> Option<Column> {
    let name = entry.key.clone();
    match &entry.node.value {
        Value::String(sql_type) => {
            let sql_type = At { value: sql_type.clone(), place: entry.node.origin.place(decoder.source) };
            Some(Column { name, sql_type, rules: table.clone() })
        }
        Value::Table(_) => {
            let mut fields = Fields::of(decoder, format!("{schema}.{name}"), &entry.node);
            let sql_type = fields.require_string("type");
            let rules = rules(&mut fields, table.clone());
            fields.finish();
            Some(Column { name, sql_type: sql_type?, rules })
        }
        other => {
            let message = format!("`{schema}.{name}` must be a SQL type in quotes, not {}", other.kind());
            let help = "such as \"VARCHAR\", \"DECIMAL(12,2)\", or { type = \"DATE\", date_format = \"%d.%m.%Y\" }";
            decoder.report(&entry.node.origin, message, Some(help.into()));
            None
        }
    }
}

impl Fields<'_> {
    /// A path, URL or pattern that must be there.
    fn require_pattern(&mut self, field: &'static str) -> Option<At<FilePattern>> {
        let node: &Node = self.require(field)?;
        let text = self.as_string(field, node)?;
        let base = self.decoder.base(&node.origin);
        match FilePattern::parse(&text.value, base) {
            Ok(value) => Some(At { value, place: text.place }),
            Err(message) => {
                self.decoder.report(&node.origin, message, None);
                None
            }
        }
    }
}
