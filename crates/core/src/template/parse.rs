//! From the text of `document.json` to a `Template`.
//!
//! serde_json checks the syntax and hands out borrowed slices of the text (`RawValue`), so constants are kept
//! as written (`1.50` stays `1.50`) and every part knows where it stands.

use serde_json::value::RawValue;

use super::{Form, Node, Pivot, Reference, Slot, Template};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::json::{compact, quoted};
use crate::members::Members;
use crate::source::Source;
use crate::suggest;

impl Template {
    /// Parses a template; all problems are reported together.
    pub fn parse(source: &Source) -> Result<Self> {
        let invalid = |error: serde_json::Error| {
            let problem = Problem::new(format!("not valid JSON: {}", message(&error)));
            Error::new(ErrorKind::Usage, problem.at(source.place(offset(&source.text, &error))))
        };
        // `RawValue` lets half a surrogate pair, a number beyond all floats and any depth pass; readers would not.
        serde_json::from_str::<serde_json::Value>(&source.text).map_err(invalid)?;
        let raw: &RawValue = serde_json::from_str(&source.text).map_err(invalid)?;
        let mut parser = Parser { source, references: Vec::new(), problems: Vec::new() };
        let root = parser.node(raw);
        if !matches!(root, Node::Object(_) | Node::Pivot(_)) && parser.problems.is_empty() {
            parser.problem(raw, "the document must be a JSON object", None);
        }
        if parser.problems.is_empty() {
            Ok(Self { root, references: parser.references })
        } else {
            Err(Error::all(ErrorKind::Usage, parser.problems))
        }
    }
}

/// serde_json's message without its own line and column.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// serde_json counts columns in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

struct Parser<'a> {
    source: &'a Source,
    references: Vec<(Reference, crate::error::Place)>,
    problems: Vec<Problem>,
}

impl<'a> Parser<'a> {
    fn place(&self, raw: &'a RawValue) -> crate::error::Place {
        // Every raw value borrows from the source's text, so the distance of the two is the offset.
        self.source.place((raw.get().as_ptr() as usize).saturating_sub(self.source.text.as_ptr() as usize))
    }

    fn problem(&mut self, raw: &'a RawValue, message: impl Into<String>, help: Option<String>) {
        let problem = Problem { message: message.into(), place: Some(self.place(raw)), help };
        self.problems.push(problem);
    }

    fn reference(&mut self, raw: &'a RawValue, reference: Reference) {
        let place = self.place(raw);
        self.references.push((reference, place));
    }

    fn node(&mut self, raw: &'a RawValue) -> Node {
        let text = raw.get();
        // The whole text was parsed before, so the parts cannot fail to parse again.
        match text.as_bytes().first() {
            Some(b'{') => match serde_json::from_str::<Members<'a>>(text) {
                Ok(Members(members)) => self.object(raw, members),
                Err(_) => Node::Constant(text.to_owned()),
            },
            Some(b'[') => match serde_json::from_str::<Vec<&'a RawValue>>(text) {
                Ok(items) => Node::Array(items.into_iter().map(|item| self.node(item)).collect()),
                Err(_) => Node::Constant(text.to_owned()),
            },
            Some(b'"') => self.string(raw),
            _ => Node::Constant(text.to_owned()),
        }
    }

    fn string(&mut self, raw: &'a RawValue) -> Node {
        let text: String = serde_json::from_str(raw.get()).unwrap_or_default();
        match text.strip_prefix('$') {
            None => Node::Constant(raw.get().to_owned()),
            Some(rest) if rest.starts_with('$') => Node::Constant(quoted(rest)),
            Some("") => {
                let help = "write \"$column\" for a column's value, \"$$\" for a dollar sign".into();
                self.problem(raw, "`$` names no column", Some(help));
                Node::Constant(raw.get().to_owned())
            }
            Some(column) => {
                let slot = Slot::value(column);
                self.reference(raw, Reference::Attribute(slot.clone()));
                Node::Column(slot)
            }
        }
    }

    fn object(&mut self, raw: &'a RawValue, members: Vec<(String, &'a RawValue)>) -> Node {
        for (index, (name, value)) in members.iter().enumerate() {
            if members[..index].iter().any(|(earlier, _)| earlier == name) {
                self.problem(value, format!("the member `{name}` is there twice"), None);
            }
        }
        let directive = |name: &str| name.starts_with('$') && !name.starts_with("$$");
        if let [(name, column)] = members.as_slice()
            && let Some(form) = form(name)
        {
            let slot = self.slot(name, form, column, Reference::Attribute);
            return Node::Column(slot);
        }
        if members.iter().any(|(name, _)| directive(name)) {
            let of_a_pivot = members.iter().any(|(name, _)| name == "$pivot");
            return match members.iter().find(|(name, _)| form(name).is_some()) {
                Some((name, column)) if !of_a_pivot => self.not_alone(name, column),
                _ => self.pivot(raw, members),
            };
        }
        let member = |(name, value): (String, &'a RawValue)| {
            let name = if name.starts_with("$$") { name[1..].to_owned() } else { name };
            (name, self.node(value))
        };
        Node::Object(members.into_iter().map(member).collect())
    }

    fn pivot(&mut self, raw: &'a RawValue, members: Vec<(String, &'a RawValue)>) -> Node {
        const KNOWN: [&str; 4] = ["$pivot", "$value", "$fill", "$null"];
        let known = members.iter().any(|(name, _)| KNOWN.contains(&name.as_str()));
        let (mut grid, mut value, mut fill, mut null) = (None, None, None, None);
        for (name, text) in members {
            match name.as_str() {
                "$pivot" => grid = Some(self.name(&name, text, Reference::Grid)),
                "$value" => value = Some(self.cell_value(text)),
                "$fill" => fill = Some(compact(text.get())),
                "$null" => null = Some(compact(text.get())),
                _ => self.unknown_member(&name, text),
            }
        }
        for (name, given) in [("$pivot", grid.is_some()), ("$value", value.is_some())] {
            if known && !given {
                let help = r#"such as { "$pivot": "week", "$value": "totalNetSales", "$fill": 0 }"#;
                self.problem(raw, format!("a pivot needs `{name}`"), Some(help.into()));
            }
        }
        let value = value.unwrap_or_else(|| Slot::value(""));
        Node::Pivot(Pivot { grid: grid.unwrap_or_default(), value, fill, null })
    }

    fn unknown_member(&mut self, name: &str, raw: &'a RawValue) {
        const KNOWN: [&str; 6] = ["$pivot", "$value", "$fill", "$null", "$text", "$json"];
        let help = match form(name) {
            Some(_) => format!("write \"$value\": {{ \"{name}\": \"column\" }}"),
            None if name.starts_with('$') => {
                format!("{}; a member name that starts with $ is written $$", suggest::did_you_mean(name, KNOWN))
            }
            None => "a pivot's members come from its grid; put constants around it".into(),
        };
        self.problem(raw, format!("unknown member `{name}`"), Some(help));
    }

    fn not_alone(&mut self, name: &str, raw: &'a RawValue) -> Node {
        let help =
            format!("an object that has only this member stands for the column's value: {{ \"{name}\": \"column\" }}");
        self.problem(raw, format!("`{name}` has other members beside it"), Some(help));
        Node::Object(Vec::new())
    }

    /// What gives a pivot's cells their values: a column's name, or an object that says how it is written.
    fn cell_value(&mut self, raw: &'a RawValue) -> Slot {
        if let Ok(Members(members)) = serde_json::from_str::<Members<'a>>(raw.get())
            && let [(name, column)] = members.as_slice()
            && let Some(form) = form(name)
        {
            return self.slot(name, form, column, Reference::Value);
        }
        Slot::value(self.name("$value", raw, |name| Reference::Value(Slot::value(name))))
    }

    fn slot(&mut self, member: &str, form: Form, raw: &'a RawValue, reference: fn(Slot) -> Reference) -> Slot {
        let column = self.named(member, raw);
        let slot = Slot { column, form };
        self.reference(raw, reference(slot.clone()));
        slot
    }

    fn name(&mut self, member: &str, raw: &'a RawValue, reference: fn(String) -> Reference) -> String {
        let name = self.named(member, raw);
        self.reference(raw, reference(name.clone()));
        name
    }

    /// A name in quotes, with or without its dollar sign.
    fn named(&mut self, member: &str, raw: &'a RawValue) -> String {
        let text = serde_json::from_str::<String>(raw.get()).unwrap_or_default();
        let name = text.strip_prefix('$').unwrap_or(&text);
        if name.is_empty() {
            self.problem(raw, format!("`{member}` must be a name in quotes"), None);
        }
        name.to_owned()
    }
}

/// How the only member of an object says that a column is written.
fn form(member: &str) -> Option<Form> {
    match member {
        "$text" => Some(Form::Text),
        "$json" => Some(Form::Json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Template> {
        Template::parse(&Source { name: "document.json".into(), text: text.into() })
    }

    #[test]
    fn constants_stay_as_written_and_names_are_references() {
        let template = parse(r#"{"a": 1.50, "b": "$x", "c": "$$x", "$$d": [null, "é"]}"#).unwrap();
        let Node::Object(members) = template.root else { panic!("an object") };
        assert_eq!(members[0], ("a".into(), Node::Constant("1.50".into())));
        assert_eq!(members[1], ("b".into(), Node::Column(Slot::value("x"))));
        assert_eq!(members[2], ("c".into(), Node::Constant("\"$x\"".into())));
        assert_eq!(members[3].0, "$d");
    }

    #[test]
    fn every_problem_is_found_with_its_line() {
        let error = parse("{\n\"a\": \"$\",\n\"b\": {\"$pivt\": \"w\"},\n\"a\": 1}").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("document.json:2:6: `$` names no column"), "{text}");
        assert!(text.contains("did you mean `$pivot`?"), "{text}");
        assert!(text.contains("the member `a` is there twice"), "{text}");
    }

    #[test]
    fn a_syntax_error_names_line_and_column() {
        let text = parse("{\n  \"a\": }").unwrap_err().to_string();
        assert!(text.starts_with("document.json:2:"), "{text}");
    }

    #[test]
    fn a_column_counts_characters_as_everywhere_else() {
        let text = parse("{\n  \"ä\": \"ö\" }}").unwrap_err().to_string();
        assert!(text.starts_with("document.json:2:13: not valid JSON: trailing characters"), "{text}");
    }

    #[test]
    fn what_other_readers_of_json_would_refuse_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for (text, message) in [
            (r#"{"a": "\ud800"}"#, "document.json:1:14: not valid JSON: unexpected end of hex escape"),
            (r#"{"\ud800": "$x"}"#, "not valid JSON: unexpected end of hex escape"),
            (r#"{"a": 1e999}"#, "not valid JSON: number out of range"),
            (&deep, "not valid JSON: recursion limit exceeded"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_fill_of_several_lines_stands_on_one() {
        let template =
            parse("{\"$pivot\": \"w\", \"$value\": \"v\", \"$fill\": {\n  \"a b\": [1,\t\"\\\" \\\\\", 2.50 ]\n}}")
                .unwrap();
        let fill = template.root.pivots()[0].1.fill.clone();
        assert_eq!(fill.as_deref(), Some(r#"{"a b":[1,"\" \\",2.50]}"#));
    }

    #[test]
    fn a_column_may_be_written_as_text_or_as_json_alone_and_in_a_pivot() {
        let template = parse(
            r#"{"id": {"$text": "id"}, "raw": {"$json": "$raw"},
                "net": {"$pivot": "week", "$value": {"$text": "net"}, "$fill": "0"}}"#,
        )
        .unwrap();
        let slot = |column: &str, form| Slot { column: column.into(), form };
        let attributes: Vec<Slot> = template.root.attributes().into_iter().cloned().collect();
        assert_eq!(attributes, [slot("id", Form::Text), slot("raw", Form::Json)]);
        assert_eq!(template.root.pivots()[0].1.value, slot("net", Form::Text));
        let columns = template.references.iter().filter(|(reference, _)| !matches!(reference, Reference::Grid(_)));
        assert_eq!(columns.count(), 3);
    }

    #[test]
    fn a_wrong_way_to_write_a_column_says_the_right_one() {
        for (text, message) in [
            (r#"{"a": {"$txt": "x"}}"#, "did you mean `$text`?"),
            (r#"{"a": {"$text": "x", "b": 1}}"#, "`$text` has other members beside it"),
            (r#"{"a": {"$pivot": "w", "$value": "v", "$json": "x"}}"#, "write \"$value\": { \"$json\": \"column\" }"),
            (r#"{"a": {"$json": 1}}"#, "`$json` must be a name in quotes"),
            (r#"{"a": {"$text": "$"}}"#, "`$text` must be a name in quotes"),
            (r#"{"a": {"$pivot": "w", "$value": {"$pivot": "v"}}}"#, "`$value` must be a name in quotes"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn pivots_know_their_json_pointers() {
        let template = parse(r#"{"a/b": [1, {"$pivot": "w", "$value": "v"}]}"#).unwrap();
        assert_eq!(template.root.pivots()[0].0, "/a~1b/1");
    }
}
