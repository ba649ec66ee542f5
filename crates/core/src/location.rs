//! Where files are: a path on a local disk, or the URL of an object or a prefix in a store.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

/// A place of files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// An absolute path on a local disk, without `.` and `..`. Symbolic links in it are not followed.
    Local(PathBuf),
    /// The URL of an object or a prefix, such as `s3://bucket/prefix`.
    Store(Url),
}

impl Location {
    /// A path, relative to `base` unless it is absolute, or a URL. `file://` is a local path.
    ///
    /// # Errors
    /// A message if the text looks like a URL and is not one.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::Local(without_dots(&base.join(text))));
        }
        let url = Url::parse(text).map_err(|error| format!("`{text}` is not a valid URL: {error}"))?;
        if url.scheme() == "file" {
            return url.to_file_path().map(Self::Local).map_err(|()| format!("`{text}` is not a path on this machine"));
        }
        Ok(Self::Store(url))
    }

    /// The path, if it is one on a local disk.
    pub fn local(&self) -> Option<&Path> {
        match self {
            Self::Local(path) => Some(path),
            Self::Store(_) => None,
        }
    }

    /// The URL; a local path has the scheme `file`.
    ///
    /// # Errors
    /// A message if a local path is relative.
    pub fn url(&self) -> Result<Url, String> {
        match self {
            Self::Local(path) => {
                Url::from_file_path(path).map_err(|()| format!("`{}` is not an absolute path", path.display()))
            }
            Self::Store(url) => Ok(url.clone()),
        }
    }

    /// A file or folder below this one; the name has `/` between its parts, and no other character that a URL encodes.
    pub fn join(&self, name: &str) -> Self {
        match self {
            Self::Local(path) => Self::Local(path.join(name)),
            Self::Store(url) => {
                let mut below = url.clone();
                below.set_path(&format!("{}/{name}", url.path().trim_end_matches('/')));
                Self::Store(below)
            }
        }
    }

    /// The names between `other` and this, which lies within it.
    pub fn components_below(&self, other: &Self) -> Vec<String> {
        let parts = |location: &Self| match location {
            Self::Local(path) => path.iter().map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>(),
            Self::Store(url) => url.path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        };
        parts(self).split_off(parts(other).len().min(parts(self).len()))
    }

    /// Whether this is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local(path), Self::Local(other)) => path.starts_with(other),
            (Self::Store(url), Self::Store(other)) => {
                let (path, above) = (url.path().trim_end_matches('/'), other.path().trim_end_matches('/'));
                let below = path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                url.scheme() == other.scheme() && url.authority() == other.authority() && below
            }
            _ => false,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(f),
            Self::Store(url) => url.fmt(f),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text, Path::new("/")).map_err(serde::de::Error::custom)
    }
}

fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = clean.pop(),
            other => clean.push(other),
        }
    }
    clean
}

/// The files of a table: everything at a place, or what a pattern matches below one.
///
/// In a pattern `?` stands for one character and `*` for any number of them, both but for `/`; `**` stands for any
/// number of folders; `[a-z]` for one of some characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePattern {
    /// The text taken literally: a file or folder of exactly this name comes before what the pattern would match.
    pub literal: Location,
    /// Where to look: the part of the text before the first component that is a pattern.
    pub root: Location,
    /// The rest of the text, if it is a pattern.
    pub pattern: Option<String>,
}

impl FilePattern {
    /// Reads a path or URL. What stands in `base` is never part of the pattern.
    ///
    /// # Errors
    /// A message if the text looks like a URL and is not one.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        let literal = Location::parse(text, base)?;
        let start = text.find("://").map_or(0, |scheme| scheme + 3);
        let Some(first) = text[start..].find(['*', '?', '[']).map(|first| start + first) else {
            return Ok(Self { root: literal.clone(), literal, pattern: None });
        };
        let folder = text[..first].rfind('/').map_or(0, |slash| slash + 1);
        let root = Location::parse(if folder == 0 { "." } else { &text[..folder] }, base)?;
        Ok(Self { literal, root, pattern: Some(text[folder..].to_owned()) })
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.root, &self.pattern) {
            (root, None) => root.fmt(f),
            (root, Some(pattern)) => write!(f, "{}/{pattern}", root.to_string().trim_end_matches('/')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> String {
        Location::parse(text, Path::new("/jobs/x")).unwrap().to_string()
    }

    #[test]
    fn a_path_is_relative_to_where_it_was_written_and_a_url_is_not() {
        assert_eq!(local("data/a.csv"), "/jobs/x/data/a.csv");
        assert_eq!(local("../a.csv"), "/jobs/a.csv");
        assert_eq!(local("/a/./b/../c"), "/a/c");
        assert_eq!(local("file:///a%20b"), "/a b");
        assert_eq!(local("s3://bucket/prefix"), "s3://bucket/prefix");
        assert!(Location::parse("s3://", Path::new("/")).is_err() || local("s3://").starts_with("s3:"));
    }

    #[test]
    fn only_what_was_written_is_a_pattern() {
        let pattern = |text: &str, base: &str| {
            let pattern = FilePattern::parse(text, Path::new(base)).unwrap();
            (pattern.root.to_string(), pattern.pattern)
        };
        assert_eq!(pattern("data/*.csv", "/jobs/[x]"), ("/jobs/[x]/data".into(), Some("*.csv".into())));
        assert_eq!(pattern("data/a.csv", "/jobs/[x]"), ("/jobs/[x]/data/a.csv".into(), None));
        assert_eq!(pattern("*.csv", "/jobs"), ("/jobs".into(), Some("*.csv".into())));
        assert_eq!(pattern("/a/b*/**/c.csv", "/jobs"), ("/a".into(), Some("b*/**/c.csv".into())));
        assert_eq!(pattern("s3://b/p/x?.csv", "/jobs"), ("s3://b/p/".into(), Some("x?.csv".into())));
    }

    #[test]
    fn a_place_is_within_itself_and_the_folders_above_it_and_not_within_their_neighbours() {
        let within = |a: &str, b: &str| {
            let parse = |text| Location::parse(text, Path::new("/")).unwrap();
            parse(a).is_within(&parse(b))
        };
        assert!(within("/data/out", "/data") && within("/data", "/data/"));
        assert!(!within("/database", "/data") && !within("/data", "/data/out"));
        assert!(within("s3://b/p/q", "s3://b/p/") && within("s3://b/p/q", "s3://b"));
        assert!(!within("s3://b/pq", "s3://b/p") && !within("s3://c/p/q", "s3://b/p") && !within("/p/q", "s3://b/p"));
    }
}
