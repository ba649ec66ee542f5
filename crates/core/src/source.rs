//! A text that the user wrote, and places in it.

use std::path::Path;

use crate::error::{Error, ErrorKind, Place, Problem, Result};

/// A file's text under the name that messages use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as the user would write it.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// Reads a file. A missing or unreadable file, or one that is not UTF-8, is a usage error that names it.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let problem = |message: String| Error::new(ErrorKind::Usage, Problem::new(message).at(Place::whole(&name)));
        let bytes = std::fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| problem(format!("is not UTF-8 text (byte {})", error.utf8_error().valid_up_to())))?;
        // A byte order mark is an editor's habit; no parser here wants it.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Self { name, text })
    }

    /// The place of a byte offset; an offset beyond the end is the end.
    pub fn place(&self, offset: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.line(before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }

    /// The place of a line and column, both counted from 1.
    pub fn line(&self, line: usize, column: usize) -> Place {
        let line = line.max(1);
        Place {
            file: self.name.clone(),
            position: Some((line, column.max(1))),
            excerpt: self.text.lines().nth(line - 1).map(|text| text.trim_end().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source { name: "x".into(), text: "a\nä = 1\n".into() };
        assert_eq!(source.place(0).position, Some((1, 1)));
        assert_eq!(source.place("a\nä ".len()).position, Some((2, 3)));
        assert_eq!(source.place(2).excerpt.as_deref(), Some("ä = 1"));
    }

    #[test]
    fn an_offset_inside_a_character_or_beyond_the_end_does_not_panic() {
        let source = Source { name: "x".into(), text: "ä".into() };
        assert_eq!(source.place(1).position, Some((1, 1)));
        assert_eq!(source.place(99).position, Some((1, 2)));
    }
}
