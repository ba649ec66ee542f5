//! Document names: patterns such as `{year}/{uniqueKey}.json`, filled so that no two keys share a name and no
//! key leaves its folder.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::layout;

/// Everything outside `[A-Za-z0-9._-]` is written as `%XX` of its UTF-8 bytes (RFC 3986, section 2.1).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// Longest part of a path that every common file system takes, in bytes.
pub const LONGEST_SEGMENT: usize = 255;

/// A document name pattern: segments between slashes, each of text and columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NamePattern {
    segments: Vec<Vec<Part>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
enum Part {
    Text(String),
    Column(String),
}

impl FromStr for NamePattern {
    type Err = String;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        let segments: Vec<_> = pattern.split('/').map(segment).collect::<Result<_, _>>()?;
        if segments.iter().any(Vec::is_empty) {
            return Err("has an empty part between slashes".into());
        }
        Ok(Self { segments })
    }
}

fn segment(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (before, after) = rest.split_at(rest.find(['{', '}']).unwrap_or(rest.len()));
        if !before.is_empty() {
            if let Some(wrong) = before.chars().find(|c| !c.is_ascii_alphanumeric() && !"._-=".contains(*c)) {
                return Err(format!("holds {wrong:?}; use letters, digits and . _ - ="));
            }
            parts.push(Part::Text(before.to_owned()));
        }
        rest = match after.strip_prefix('{').map(|inner| inner.split_once('}')) {
            Some(Some((column, rest))) if !column.is_empty() && !column.contains('{') => {
                parts.push(Part::Column(column.to_owned()));
                rest
            }
            _ if after.is_empty() => after,
            _ => return Err("has a brace without its partner; columns are written {column}".into()),
        };
    }
    Ok(parts)
}

impl NamePattern {
    /// The columns that the pattern uses, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns = Vec::new();
        for part in self.segments.iter().flatten() {
            if let Part::Column(column) = part
                && !columns.contains(&column.as_str())
            {
                columns.push(column);
            }
        }
        columns
    }

    /// Checks that different keys always give different names: the key stands alone among the columns of one
    /// segment. With another column beside it, `a-b` + `c` and `a` + `b-c` would meet.
    pub fn check_injective(&self, key: &str) -> Result<(), String> {
        let columns = |parts: &[Part]| parts.iter().filter(|part| matches!(part, Part::Column(_))).count();
        let holds = |parts: &[Part]| parts.iter().any(|part| matches!(part, Part::Column(column) if column == key));
        if self.segments.iter().any(|parts| holds(parts) && columns(parts) == 1) {
            Ok(())
        } else if self.segments.iter().any(|parts| holds(parts)) {
            Err(format!(
                "has other columns beside {{{key}}} between the same slashes, so two keys could share a name; put them apart, such as {{year}}/{{{key}}}.json"
            ))
        } else {
            Err(format!("does not hold the key {{{key}}}, so two keys could share a name"))
        }
    }

    /// The name for one document. `text` gives a column's value as text.
    ///
    /// # Errors
    /// A message if a part between slashes is longer than file systems take.
    pub fn name(&self, mut text: impl FnMut(&str) -> String) -> Result<String, String> {
        let mut name = String::new();
        for (index, parts) in self.segments.iter().enumerate() {
            let segment = guard(index == 0, fill(parts, &mut text));
            if segment.len() > LONGEST_SEGMENT {
                return Err(format!(
                    "the name `{segment}` is {} bytes long, and file systems take {LONGEST_SEGMENT}",
                    segment.len()
                ));
            }
            if index > 0 {
                name.push('/');
            }
            name.push_str(&segment);
        }
        Ok(name)
    }
}

fn fill(parts: &[Part], text: &mut impl FnMut(&str) -> String) -> String {
    let mut segment = String::new();
    for part in parts {
        match part {
            Part::Text(text) => segment.push_str(text),
            Part::Column(column) => match text(column) {
                // A percent sign without digits is what no other value gives.
                value if value.is_empty() => segment.push('%'),
                value => segment.extend(utf8_percent_encode(&value, ENCODED)),
            },
        }
    }
    segment
}

/// Encodes the first character of a segment that would be hidden, a way up, or one of keyfold's own files.
/// That character is never encoded otherwise, so names stay different.
fn guard(first: bool, segment: String) -> String {
    let reserved = segment.starts_with('.') || (first && layout::RESERVED.contains(&segment.as_str()));
    match segment.chars().next() {
        Some(start) if reserved => format!("%{:02X}{}", u32::from(start), &segment[start.len_utf8()..]),
        _ => segment,
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, parts) in self.segments.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            for part in parts {
                match part {
                    Part::Text(text) => f.write_str(text)?,
                    Part::Column(column) => write!(f, "{{{column}}}")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(pattern: &str, key: &str) -> String {
        pattern.parse::<NamePattern>().unwrap().name(|_| key.to_owned()).unwrap()
    }

    #[test]
    fn a_plain_key_is_its_own_name() {
        assert_eq!(named("{k}.json", "RY18_DIGITAL"), "RY18_DIGITAL.json");
    }

    #[test]
    fn a_key_cannot_leave_its_folder_nor_hide_nor_take_a_name_of_keyfold() {
        assert_eq!(named("{k}", "../x"), "%2E.%2Fx");
        assert_eq!(named("{k}", ".."), "%2E.");
        assert_eq!(named("{k}.json", "run"), "%72un.json");
        assert_eq!(named("{k}/a", "manifest"), "%6Danifest/a");
        assert_eq!(named("{k}", ""), "%");
    }

    #[test]
    fn a_pattern_must_hold_the_key_alone_between_slashes() {
        let check = |pattern: &str| pattern.parse::<NamePattern>().unwrap().check_injective("k");
        assert!(check("{k}.json").is_ok() && check("{a}/{k}.json").is_ok());
        assert!(check("{a}-{k}.json").is_err() && check("{a}.json").is_err());
    }

    #[test]
    fn a_wrong_pattern_is_refused() {
        for pattern in ["", "a//b", "{", "}", "{}", "a b", "{a{b}}", "/x", "x\\{k}"] {
            assert!(pattern.parse::<NamePattern>().is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn names_are_injective_and_safe_for_every_unicode_key(a in ".{0,40}", b in ".{0,40}", pattern in "(\\{x\\}/)?(a|b)?\\{k\\}(\\.json)?") {
            let pattern: NamePattern = pattern.parse().unwrap();
            let name = |key: &str| pattern.name(|column| if column == "x" { "x".into() } else { key.to_owned() });
            if let (Ok(first), Ok(second)) = (name(&a), name(&b)) {
                prop_assert_eq!(first == second, a == b);
                prop_assert!(first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-%/".contains(&byte)));
                prop_assert!(first.split('/').all(|segment| !segment.is_empty() && !segment.starts_with('.')));
            }
        }
    }
}
