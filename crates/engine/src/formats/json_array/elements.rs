//! The elements of a JSON list, one by one as the bytes come. What is inside an element is checked by its decoder: here
//! it is enough to see strings and brackets, to know where it ends.

use keyfold_core::records::{BYTE_ORDER_MARK, BadRecord, Each, LONGEST, Splitter};

/// Cuts a file that is one list into its elements.
#[derive(Debug)]
pub(super) struct Elements {
    place: Place,
    /// The line of the next byte that no element holds; within an element, the line on which it begins.
    line: u64,
    /// The beginning of an element that the next bytes go on with.
    begun: Vec<u8>,
    /// The brackets that must close before the element ends, the next one last.
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
}

/// Where in the file the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the list, behind so many bytes of a byte order mark.
    Before(usize),
    /// Behind the opening bracket.
    First,
    /// Behind a comma.
    Next,
    Element,
    /// Behind an element.
    Between,
    /// Behind the closing bracket.
    After,
}

impl Elements {
    pub(super) fn new() -> Self {
        let (begun, open) = (Vec::new(), Vec::new());
        Self { place: Place::Before(0), line: 0, begun, open, in_string: false, escaped: false }
    }

    /// Takes a byte that is not within an element; it may begin one.
    fn step(&mut self, byte: u8) -> Result<(), BadRecord> {
        self.place = match (self.place, byte) {
            (place, b' ' | b'\t' | b'\r') => place,
            (place, b'\n') => {
                self.line += 1;
                place
            }
            (Place::Before(mark), byte) if BYTE_ORDER_MARK.get(mark) == Some(&byte) => Place::Before(mark + 1),
            (Place::Before(0 | 3), b'[') => Place::First,
            (Place::Before(_), _) => return Err(self.bad("the file does not begin with the bracket of a list")),
            (Place::First | Place::Between, b']') => Place::After,
            (Place::Between, b',') => Place::Next,
            (Place::Between, _) => return Err(self.bad("there is no comma between two elements")),
            (Place::Next, b']') => return Err(self.bad("there is no element after the last comma")),
            (Place::First | Place::Next, b',') => return Err(self.bad("there is no element before this comma")),
            (Place::After, _) => return Err(self.bad("more follows after the list")),
            (Place::First | Place::Next | Place::Element, _) => Place::Element,
        };
        Ok(())
    }

    /// Where an element ends that goes on with these bytes; nothing if further ones must follow.
    fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, BadRecord> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let closed = if self.in_string {
                at += self.pass_string(&bytes[at..]);
                !self.in_string
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' => self.open.push(b'}'),
                    b'[' => self.open.push(b']'),
                    // Neither a number nor a literal says itself where it ends.
                    b',' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.open.is_empty() => return Ok(Some(at)),
                    b'}' | b']' => self.close(*byte, &bytes[..at])?,
                    _ => {}
                }
                at += 1;
                matches!(byte, b'}' | b']')
            };
            if closed && self.open.is_empty() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// How many of these bytes belong to the string that has begun.
    fn pass_string(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if std::mem::take(&mut self.escaped) {
                at += 1;
            } else if let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
                at += found + 1;
                self.escaped = bytes[at - 1] == b'\\';
                self.in_string = self.escaped;
                if !self.in_string {
                    break;
                }
            } else {
                at = bytes.len();
            }
        }
        at
    }

    /// Closes a bracket. Were others taken for it, the element would seem to go on to the end of the file.
    fn close(&mut self, bracket: u8, before: &[u8]) -> Result<(), BadRecord> {
        match self.open.pop() {
            Some(open) if open == bracket => Ok(()),
            open => {
                let line = self.line + breaks(&self.begun) + breaks(before);
                let wanted = open.map_or("nothing".into(), |open| format!("`{}`", char::from(open)));
                Err(BadRecord::layout(
                    line,
                    format!("is not JSON: `{}` closes where {wanted} must", char::from(bracket)),
                ))
            }
        }
    }

    fn bad(&self, why: &str) -> BadRecord {
        BadRecord::layout(self.line, why)
    }
}

impl Splitter for Elements {
    fn feed(&mut self, mut bytes: &[u8], each: &mut Each<'_>) -> Result<(), BadRecord> {
        while let Some(byte) = bytes.first() {
            if self.place != Place::Element {
                self.step(*byte)?;
                if self.place != Place::Element {
                    bytes = &bytes[1..];
                    continue;
                }
            }
            let Some(end) = self.end(bytes)? else {
                if self.begun.len() + bytes.len() > LONGEST {
                    return Err(self.bad("the element is too long"));
                }
                self.begun.extend_from_slice(bytes);
                return Ok(());
            };
            let (rest_of_element, rest) = bytes.split_at(end);
            let mut element = rest_of_element;
            if !self.begun.is_empty() {
                self.begun.extend_from_slice(rest_of_element);
                element = &self.begun;
            }
            each(element, self.line)?;
            self.line += breaks(element);
            self.begun.clear();
            self.place = Place::Between;
            bytes = rest;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Each<'_>) -> Result<(), BadRecord> {
        match self.place {
            // A file without anything is a table without rows.
            Place::After | Place::Before(_) => Ok(()),
            _ => Err(BadRecord::layout(self.line + breaks(&self.begun), "the list does not end")),
        }
    }
}

fn breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements with their lines, of bytes that come in pieces of a size.
    fn elements(text: &str, size: usize) -> Result<Vec<(String, u64)>, BadRecord> {
        let (mut elements, mut found) = (Elements::new(), Vec::new());
        let mut each = |element: &[u8], line| {
            found.push((String::from_utf8(element.to_vec()).unwrap(), line));
            Ok(())
        };
        text.as_bytes().chunks(size).try_for_each(|bytes| elements.feed(bytes, &mut each))?;
        elements.finish(&mut each)?;
        Ok(found)
    }

    #[test]
    fn elements_are_found_whatever_they_hold_and_however_they_come() {
        let text = "\u{feff}\r\n[ {\"a\":\"}],{\\\"\\\\\"}\n ,{\n\"b\": [[{\"ü\":\"\\u005d\"}], {}]\n},1.5\n,\"x,]\",null,[\n1] ]\n ";
        let wanted = [
            ("{\"a\":\"}],{\\\"\\\\\"}", 1),
            ("{\n\"b\": [[{\"ü\":\"\\u005d\"}], {}]\n}", 2),
            ("1.5", 4),
            ("\"x,]\"", 5),
            ("null", 5),
            ("[\n1]", 5),
        ];
        for size in 1..=text.len() {
            let found = elements(text, size).unwrap();
            let found: Vec<_> = found.iter().map(|(element, line)| (element.as_str(), *line)).collect();
            assert_eq!(found, wanted, "in pieces of {size}");
        }
    }

    #[test]
    fn a_list_or_a_file_without_anything_has_no_elements() {
        for text in ["", "\n", "\u{feff}", "[]", " [\n] "] {
            assert_eq!(elements(text, 1), Ok(Vec::new()));
        }
    }

    #[test]
    fn what_is_not_one_list_is_an_error_at_its_line() {
        for (text, line, why) in [
            ("{}\n", 0, "the file does not begin with the bracket of a list"),
            ("\n[{},\n]", 2, "there is no element after the last comma"),
            ("[,{}]", 0, "there is no element before this comma"),
            ("[{},\n\n,{}]", 2, "there is no element before this comma"),
            ("[{}\n{}]", 1, "there is no comma between two elements"),
            ("[{}]\n[{}]", 1, "more follows after the list"),
            ("[{}]]", 0, "more follows after the list"),
            ("[{},\n{}\n", 2, "the list does not end"),
            ("[{\"a\":\n\"x", 1, "the list does not end"),
            ("[{\n\"a\":[1}]", 1, "is not JSON: `}` closes where `]` must"),
            ("[1}]", 0, "is not JSON: `}` closes where nothing must"),
        ] {
            for size in [1, 2, 100] {
                assert_eq!(elements(text, size), Err(BadRecord::layout(line, why)), "{text}");
            }
        }
    }
}
