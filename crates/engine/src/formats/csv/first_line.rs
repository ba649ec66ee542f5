//! Whether a file's first line names the columns, or holds values as all others do.

use keyfold_core::{Error, ErrorKind, Place, Problem};

use crate::infer::Evidence;

/// Characters of the first line that a message shows.
const SHOWN: usize = 120;

const ADVICE: &str = "add a line with the columns' names to the file, or write a job by hand, with header = false and a schema that names every column in order";

/// A column's name, and what its values have in common with it.
pub(super) struct Name {
    text: String,
    /// Whether every value so far is written as the name is, digit for digit and sign for sign.
    alike: Option<bool>,
    /// Whether some value is the name itself.
    repeated: bool,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let alike = Some(false).filter(|_| !text.contains(|c: char| c.is_ascii_digit()));
        Self { text: text.to_owned(), alike, repeated: false }
    }

    /// Compares a value of the column.
    pub(super) fn look(&mut self, value: &str) {
        if self.alike != Some(false) {
            self.alike = Some(shape(&self.text).eq(shape(value)));
        }
        self.repeated |= value == self.text;
    }

    fn is_value(&self, evidence: &Evidence) -> bool {
        self.alike == Some(true) || evidence.holds(&self.text)
    }
}

/// The text with every run of digits as one.
fn shape(text: &str) -> impl Iterator<Item = char> {
    let mut digits = false;
    text.chars().filter_map(move |c| {
        let continued = c.is_ascii_digit() && digits;
        digits = c.is_ascii_digit();
        (!continued).then_some(if digits { '0' } else { c })
    })
}

/// Refuses a first line of values; warns of one that may be either.
pub(super) fn check(
    file: &str,
    lines: &[Vec<u8>],
    names: &[Name],
    evidence: &[Evidence],
) -> Result<Option<Problem>, Error> {
    let values: Vec<&str> = names
        .iter()
        .zip(evidence)
        .filter(|(name, evidence)| name.is_value(evidence))
        .map(|(name, _)| name.text.as_str())
        .collect();
    if !values.is_empty() {
        return if values.len() < names.len() && is_sequence(&values) {
            Ok(Some(doubted(file, lines, &format!("{} may be values", quoted(&values)))))
        } else {
            Err(refused(file, lines, &values))
        };
    }
    let repeated = names.iter().find(|name| name.repeated);
    Ok(repeated.map(|name| {
        doubted(file, lines, &format!("the column that it names `{0}` has `{0}` among its values as well", name.text))
    }))
}

/// Refuses names that stand twice in the first line and do not look like words.
pub(super) fn check_repeated(file: &str, lines: &[Vec<u8>], names: &[String]) -> Result<(), Error> {
    let wordless = |name: &str| !name.is_empty() && !name.contains(char::is_alphabetic);
    let twice = |name: &&String| wordless(name) && names.iter().filter(|other| other == name).count() > 1;
    match names.iter().find(twice) {
        Some(name) => Err(refused(file, lines, &[name])),
        None => Ok(()),
    }
}

fn refused(file: &str, lines: &[Vec<u8>], values: &[&str]) -> Error {
    let are = if values.len() == 1 { "is" } else { "are" };
    let message =
        format!("the first line looks like values, not like names of columns: {} {are} in it", quoted(values));
    Error::new(ErrorKind::Input, Problem::new(message).at(place(file, lines)).help(ADVICE))
}

fn doubted(file: &str, lines: &[Vec<u8>], why: &str) -> Problem {
    let message = format!("the first line was taken for the names of the columns, but {why}");
    Problem::new(message).at(place(file, lines)).help(format!("if it holds values, {ADVICE}"))
}

/// Whether the names count up by one, as the years, months or weeks of a wide table do.
fn is_sequence(names: &[&str]) -> bool {
    let numbers: Vec<i64> = names.iter().map_while(|name| name.parse().ok()).collect();
    let years = numbers.iter().all(|number| (1900..=2100).contains(number));
    let enough = if years { 2 } else { 3 };
    numbers.len() == names.len()
        && numbers.len() >= enough
        && numbers.windows(2).all(|pair| pair[1].checked_sub(1) == Some(pair[0]))
}

fn quoted(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match (shown.as_slice(), names.len()) {
        ([one], _) => one.clone(),
        ([one, other], _) => format!("{one} and {other}"),
        (_, 3) => format!("{}, {} and {}", shown[0], shown[1], shown[2]),
        (_, count) => format!("{} and {} more", shown.join(", "), count - shown.len()),
    }
}

fn place(file: &str, lines: &[Vec<u8>]) -> Place {
    let first = lines.iter().position(|line| !line.trim_ascii().is_empty()).unwrap_or(0);
    let line = lines.get(first).map(|line| String::from_utf8_lossy(line)).unwrap_or_default();
    let excerpt = line.trim_start_matches('\u{feff}').trim_end().chars().take(SHOWN).collect();
    Place { file: file.to_owned(), position: Some((first + 1, 1)), excerpt: Some(excerpt) }
}
