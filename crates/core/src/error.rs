//! The one error type: what kind it is, every problem found, where each one is, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure this is. The program maps each kind to one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// A defect in keyfold itself.
    Internal,
    /// The command line, a setting or the job folder is wrong.
    Usage,
    /// The input data is wrong.
    Input,
    /// The SQL is wrong or breaks the query contract.
    Query,
    /// A check returned rows, a control total differs, or more would be removed than may be.
    Check,
    /// A cluster or a store did not answer; worth a retry.
    Unavailable,
    /// The documents could not be delivered; worth a retry.
    Delivery,
    /// A signal ended the run.
    Interrupted,
}

impl ErrorKind {
    /// Whether the same run may succeed when it is started again unchanged.
    pub fn retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Delivery)
    }
}

/// A place in a text that the user wrote. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, or the flag that the text came from.
    pub file: String,
    /// Line and column, where the text has more than one.
    pub position: Option<(usize, usize)>,
    /// The line itself.
    pub excerpt: Option<String>,
}

impl Place {
    /// A whole file, or a flag.
    pub fn whole(file: impl Into<String>) -> Self {
        Self { file: file.into(), position: None, excerpt: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where it is.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, help: None }
    }

    /// The same problem at a place.
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same problem with advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(Place { position: Some((line, column)), excerpt: Some(excerpt), .. }) = &self.place {
            let margin = line.to_string().len();
            // Tabs are kept in the padding, so that the caret stands under the right character.
            let padding: String =
                excerpt.chars().take(column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "\n  {line} | {excerpt}\n  {:margin$} | {padding}^", "")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// A failure: its kind and all problems that were found together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Error {
    kind: ErrorKind,
    problems: Vec<Problem>,
}

/// The result of everything in keyfold that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// One problem.
    pub fn new(kind: ErrorKind, problem: impl Into<Problem>) -> Self {
        Self { kind, problems: vec![problem.into()] }
    }

    /// Several problems found together.
    pub fn all(kind: ErrorKind, problems: Vec<Problem>) -> Self {
        Self { kind, problems }
    }

    /// A defect in keyfold, with what was going on.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, format!("{message} (this is a defect in keyfold; please report it)"))
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Everything that was found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Things that a message names before it counts the others.
pub const NAMED: usize = 10;

/// The first of so many things, and how many more there are.
pub fn listed<T: fmt::Display>(first: &[T], all: usize) -> String {
    let names: Vec<_> = first.iter().take(NAMED).map(T::to_string).collect();
    match all.saturating_sub(names.len()) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_things_ten_are_named_and_the_others_counted() {
        assert_eq!(listed(&[3, 4], 2), "3, 4");
        assert_eq!(listed(&["a"], 1_000), "a and 999 more");
        assert_eq!(listed(&(0..12).collect::<Vec<_>>(), 12), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
