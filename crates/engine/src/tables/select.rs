//! Which files below a table's place belong to it.

use glob::{MatchOptions, Pattern};
use keyfold_core::Problem;

/// As a shell has it: `*` and `?` stop at `/`.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// All files below a place, or those that a pattern matches; never hidden ones.
pub(super) struct Selection(Option<Pattern>);

impl Selection {
    /// # Errors
    /// A message if the text is not a valid pattern.
    pub(super) fn new(pattern: Option<&str>) -> Result<Self, String> {
        let parse =
            |text: &str| Pattern::new(text).map_err(|error| format!("`{text}` is not a valid pattern: {error}"));
        pattern.map(parse).transpose().map(Self)
    }

    /// How many folders and names below the place a file that is taken can have.
    pub(super) fn depth(&self) -> usize {
        match &self.0 {
            Some(pattern) if !pattern.as_str().contains("**") => pattern.as_str().split('/').count(),
            _ => usize::MAX,
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a file is taken, by its folders and name below the place.
    pub(super) fn takes(&self, components: &[String]) -> bool {
        let matches = |pattern: &Pattern| pattern.matches_with(&components.join("/"), OPTIONS);
        !components.iter().any(|component| hidden(component)) && self.0.as_ref().is_none_or(matches)
    }

    /// Whether a file that does not exist yet could be taken once it lies somewhere below these folders.
    pub(super) fn could_take_below(&self, folders: &[String]) -> bool {
        if folders.iter().any(|folder| hidden(folder)) {
            return false;
        }
        self.depth() > folders.len()
    }
}

/// Whether a file or folder is not data by its name: markers and what other programs have not finished.
pub(super) fn hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// The kind of table that a folder holds, if the names in it show one whose files cannot be read one by one.
pub(super) fn lake_table<'n>(folder: &str, names: impl Iterator<Item = &'n str>) -> Option<Problem> {
    let mut names = names.map(|name| {
        let mut parts = name.rsplit('/');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    });
    let kind = names.find_map(|(name, parent)| {
        if name == "_delta_log" || parent == "_delta_log" {
            Some("a Delta Lake table")
        } else if name == ".hoodie" || parent == ".hoodie" {
            Some("a Hudi table")
        } else if parent == "metadata" && (name.ends_with(".metadata.json") || name.ends_with(".metadata.json.gz")) {
            Some("an Iceberg table")
        } else {
            None
        }
    })?;
    let problem = Problem::new(format!("{folder} is {kind}; some of its files are no longer part of it"));
    Some(problem.help("export the table's current rows to plain Parquet files and name those"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(pattern: Option<&str>, path: &str) -> bool {
        let components: Vec<String> = path.split('/').map(str::to_owned).collect();
        Selection::new(pattern).unwrap().takes(&components)
    }

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        assert!(takes(Some("*.csv"), "a.csv"));
        assert!(!takes(Some("*.csv"), "archive/a.csv"));
        assert!(takes(Some("**/*.csv"), "archive/2018/a.csv") && takes(Some("**/*.csv"), "a.csv"));
        assert!(!takes(Some("*/sales.csv"), "a/b/sales.csv"));
        assert!(takes(Some("[ab]?.csv"), "a1.csv") && !takes(Some("[ab]?.csv"), "c1.csv"));
        assert!(Selection::new(Some("a[")).is_err());
    }

    #[test]
    fn what_is_hidden_anywhere_below_is_never_taken() {
        for path in ["_SUCCESS", ".a.csv", "_temporary=0/a.csv", "x/.ipynb_checkpoints/a.csv"] {
            assert!(!takes(None, path) && !takes(Some("**"), path) && !takes(Some("**/*"), path), "{path}");
        }
    }

    #[test]
    fn tables_that_are_more_than_their_files_are_told_apart() {
        let kind = |names: &[&str]| lake_table("t", names.iter().copied()).map(|problem| problem.message);
        assert!(kind(&["a.parquet", "_delta_log"]).is_some_and(|message| message.contains("Delta")));
        assert!(kind(&["x/_delta_log/0.json"]).is_some_and(|message| message.contains("Delta")));
        assert!(kind(&["metadata/v1.metadata.json"]).is_some_and(|message| message.contains("Iceberg")));
        assert_eq!(kind(&["metadata/notes.json", "metadata.csv"]), None);
    }

    #[test]
    fn only_what_could_be_taken_later_is_in_the_way_of_an_output() {
        let below = |pattern: Option<&str>, folders: &[&str]| {
            let folders: Vec<String> = folders.iter().map(|folder| folder.to_string()).collect();
            Selection::new(pattern).unwrap().could_take_below(&folders)
        };
        assert!(below(None, &["out"]) && below(Some("**/*.json"), &["out"]) && below(Some("*/*.json"), &["out"]));
        assert!(!below(Some("*.csv"), &["out"]) && !below(None, &[".out"]));
    }
}
