//! What is CSV and what is not, case by case.

mod properties;
mod reference;

use super::*;

/// A record with its line; of each field the text, whether it was quoted, and its line.
type Read = (u64, Vec<(String, bool, u64)>);

fn quotes(dialect: Dialect) -> Dialect {
    dialect.check().unwrap();
    dialect
}

fn comma() -> Dialect {
    quotes(Dialect::default())
}

fn take(records: &Records, into: &mut Vec<Read>) -> Result<(), Malformed> {
    let texts = records.texts()?;
    for record in 0..records.len() {
        let field = |slot| {
            let field = texts.field(record, slot).unwrap();
            (field.text.to_owned(), field.quoted, records.field_line(record, slot))
        };
        into.push((records.line(record), (0..records.field_count(record)).map(field).collect()));
        assert_eq!(texts.field(record, records.field_count(record)), None);
    }
    Ok(())
}

/// All records of a text that comes in such pieces, and what is wrong with it.
fn scan<'a>(
    dialect: &Dialect,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    line: u64,
    batch: usize,
) -> (Vec<Read>, Option<Malformed>) {
    let mut scanner = Scanner::new(dialect, &Fields::All, batch, line);
    let mut read = Vec::new();
    let all = || {
        for mut piece in pieces {
            while !piece.is_empty() {
                let used = scanner.read(piece);
                take(scanner.records(), &mut read)?;
                scanner.clear();
                piece = &piece[used?..];
            }
        }
        let finished = scanner.finish();
        take(scanner.records(), &mut read)?;
        finished
    };
    let malformed = all().err();
    (read, malformed)
}

/// The line in which the byte at an offset stands, counted from 1.
fn line_at(text: &[u8], offset: usize) -> u64 {
    let ends = |at: &usize| text[*at] == b'\n' || text[*at] == b'\r' && text.get(at + 1) != Some(&b'\n');
    1 + (0..offset).filter(ends).count() as u64
}

fn rows(dialect: &Dialect, text: &str) -> Vec<Vec<String>> {
    let (read, malformed) = scan(dialect, [text.as_bytes()], 1, 100);
    assert_eq!(malformed, None, "{text:?}");
    read.into_iter().map(|(_, fields)| fields.into_iter().map(|(text, _, _)| text).collect()).collect()
}

fn fault(text: &str) -> (u64, usize, Fault) {
    let Malformed { line, field, fault } = scan(&comma(), [text.as_bytes()], 1, 100).1.expect(text);
    (line, field, fault)
}

#[test]
fn records_end_with_any_line_break_outside_quotes() {
    for text in ["a,b\nc,d\n", "a,b\r\nc,d", "a,b\rc,d\r", "\n\r\na,b\n\n\r\r\nc,d\n\n", "a,\"b\"\r\n\"c\",d\r\n"] {
        assert_eq!(rows(&comma(), text), [["a", "b"], ["c", "d"]], "{text:?}");
    }
    assert_eq!(rows(&comma(), "a,\"b\n\r\nc\",d"), [["a", "b\n\r\nc", "d"]]);
}

#[test]
fn empty_fields_are_fields_and_empty_lines_are_no_records() {
    assert_eq!(rows(&comma(), ",\n,,\n\n"), [vec!["", ""], vec!["", "", ""]]);
    assert_eq!(rows(&comma(), "a,"), [["a", ""]]);
    assert_eq!(rows(&comma(), "\"\"\n \n"), [[""], [" "]]);
    assert!(rows(&comma(), "").is_empty());
    assert!(rows(&comma(), "\n\n").is_empty());
}

#[test]
fn a_quote_means_something_at_the_start_of_a_field_only() {
    assert_eq!(rows(&comma(), "5\" pipe,a\"\"b,\" \"\"x\"\"\"\n"), [["5\" pipe", "a\"\"b", " \"x\""]]);
    assert_eq!(rows(&comma(), " \"a\",b"), [[" \"a\"", "b"]]);
    let none = quotes(Dialect { quote: None, escape: Some(b'\\'), ..Dialect::default() });
    assert_eq!(rows(&none, "\"a,b\"\n\"\\\n"), [vec!["\"a", "b\""], vec!["\"\\"]]);
}

#[test]
fn other_dialects() {
    let tabs = quotes(Dialect { delimiter: b'\t', quote: Some(b'\''), ..Dialect::default() });
    assert_eq!(rows(&tabs, "a,b\t'c\t''d'\n"), [["a,b", "c\t'd"]]);
    let escape = quotes(Dialect { escape: Some(b'\\'), ..Dialect::default() });
    assert_eq!(rows(&escape, "\"a\\\"b\\\\\",c\\\n\"a\"\"\\n\""), [vec!["a\"b\\", "c\\"], vec!["a\"n"]]);
    let doubled = quotes(Dialect { escape: Some(b'"'), ..Dialect::default() });
    assert_eq!(rows(&doubled, "\"a\"\"b\""), [["a\"b"]]);
    let comments = quotes(Dialect { comment: Some(b'#'), ..Dialect::default() });
    assert_eq!(rows(&comments, "#\"x\n\na,#b\n#\r\n\"#c\",\"\n#d\"\n#"), [["a", "#b"], ["#c", "\n#d"]]);
}

#[test]
fn bytes_that_mean_two_things_are_refused() {
    for dialect in [
        Dialect { delimiter: b'"', ..Dialect::default() },
        Dialect { delimiter: b'\n', ..Dialect::default() },
        Dialect { delimiter: 0xA7, ..Dialect::default() },
        Dialect { escape: Some(b','), ..Dialect::default() },
        Dialect { comment: Some(b'"'), ..Dialect::default() },
        Dialect { comment: Some(b'\\'), escape: Some(b'\\'), ..Dialect::default() },
    ] {
        assert!(dialect.check().is_err(), "{dialect:?}");
    }
}

#[test]
fn a_quote_that_is_never_closed_is_named_with_its_line() {
    assert_eq!(fault("a\nb,\"c\n\nd,e\n"), (2, 1, Fault::UnterminatedQuote));
    assert_eq!(fault("\"a\r\nb\",\"c\r\n"), (2, 1, Fault::UnterminatedQuote));
    assert_eq!(fault("\""), (1, 0, Fault::UnterminatedQuote));
}

#[test]
fn text_after_a_closing_quote_is_named_with_its_line_and_that_of_the_quote() {
    assert_eq!(fault("a\n\"b\"c\n"), (2, 0, Fault::TextAfterQuote { opened: 2 }));
    assert_eq!(fault("a,\"b\nc\r\nd\"\"\r\" ,e\n"), (4, 1, Fault::TextAfterQuote { opened: 1 }));
}

#[test]
fn records_before_a_fault_are_read() {
    let (read, malformed) = scan(&comma(), [&b"a\nb\n\"c\"d\n"[..]], 1, 100);
    assert_eq!((read.len(), malformed.is_some()), (2, true));
}

#[test]
fn a_record_that_is_too_long_is_named_before_it_is_read_to_its_end() {
    let mut scanner = Scanner::new(&comma(), &Fields::All, 100, 1).with_longest_record(10);
    assert_eq!(
        scanner.read(b"a,b\n\"12345678\"\n"),
        Err(Malformed { line: 2, field: 0, fault: Fault::TooLong { limit: 10 } })
    );
    let mut scanner = Scanner::new(&comma(), &Fields::All, 100, 1).with_longest_record(10);
    assert_eq!(
        scanner.read(b"0123456789\n"),
        Err(Malformed { line: 1, field: 0, fault: Fault::TooLong { limit: 10 } })
    );
    let mut scanner = Scanner::new(&comma(), &Fields::These(vec![1]), 100, 1).with_longest_record(10);
    assert_eq!(scanner.read(b"012345678\n\"0123"), Ok(15));
    assert_eq!(scanner.read(b"4567"), Ok(4));
    assert!(scanner.read(b"8\n").is_err());
}

#[test]
fn bytes_that_are_not_utf_8_are_named_with_line_and_field() {
    let malformed = |bytes: &[u8]| scan(&comma(), [bytes], 1, 100).1.map(|malformed| (malformed.line, malformed.field));
    assert_eq!(malformed(b"a\n\"\n\",b\xFF\n"), Some((3, 1)));
    assert_eq!(malformed("é".as_bytes()), None);
    // Halves of a character in two fields are whole where the fields are kept side by side.
    assert_eq!(malformed(b"a,\xC3,\xA9\n"), Some((1, 1)));
    assert_eq!(malformed(b"a,\xC3\n\xA9\n"), Some((1, 1)));
}

#[test]
fn only_fields_that_were_asked_for_are_kept() {
    let mut scanner = Scanner::new(&comma(), &Fields::These(vec![1, 3]), 100, 7);
    scanner.read(b"\xFF,b,c,d,e\na\n\"\n\n\",b\n,\"\",,d").unwrap();
    scanner.finish().unwrap();
    let texts = scanner.records().texts().unwrap();
    let column =
        |slot| texts.column(slot).map(|field| field.map(|field| (field.text, field.quoted))).collect::<Vec<_>>();
    assert_eq!(column(0), [Some(("b", false)), None, Some(("b", false)), Some(("", true))]);
    assert_eq!(column(1), [Some(("d", false)), None, None, Some(("d", false))]);
    let records = scanner.records();
    assert_eq!([0, 1, 2, 3].map(|record| records.field_count(record)), [5, 1, 2, 4]);
    assert_eq!([0, 1, 2, 3].map(|record| records.line(record)), [7, 8, 9, 12]);
    assert_eq!(records.field_line(2, 0), 11);
}

#[test]
fn a_byte_order_mark_is_left_out() {
    assert_eq!(without_byte_order_mark("\u{feff}a".as_bytes()), b"a");
    assert_eq!(without_byte_order_mark(b"\xEF\xBBa"), b"\xEF\xBBa");
}

#[test]
fn a_piece_within_a_quoted_text_that_looks_like_records_has_no_cut() {
    let text = b"1,\"mail:\n2,south\n3,south\"\n4,north\n";
    let pieces = [&text[..10], &text[10..20], &text[20..]].map(|piece| {
        let mut scan = PieceScan::new(&comma());
        scan.push(piece);
        scan.finish()
    });
    assert_eq!(chain(&pieces), [0, 26]);
}
