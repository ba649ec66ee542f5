//! CSV of any bytes in any dialect: the scanner and the reference read the same records or find the same fault, whether
//! the bytes come at once, piece by piece, or are cut where records begin and each part is read by itself.
#![no_main]

mod reference;

use keyfold_core::csv::{Dialect, Fault, Fields, Malformed, PieceScan, Records, Scanner, chain};
use libfuzzer_sys::fuzz_target;
use reference::{Field, Problem, Record};

/// Records of a scanner whose fields are text.
type Read = (Vec<Record>, Option<Problem>);

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, piece, batch, wanted], text)) = data.split_first_chunk() else { return };
    let dialect = dialect(choice);
    if dialect.check().is_err() {
        return;
    }
    let (piece, batch) = (usize::from(piece) + 1, usize::from(batch) + 1);
    if std::str::from_utf8(text).is_err() {
        count(&dialect, text, piece, batch);
        return;
    }
    let expected = reference::read(text, &dialect);
    assert_eq!(scan(&dialect, &Fields::All, text, (piece, batch), 1), expected);
    assert_eq!(cut(&dialect, text, piece), expected);

    let wanted: Vec<usize> = (0..8).filter(|index| wanted & (1 << index) != 0).collect();
    let (records, problem) = expected;
    let only_wanted = |record: Record| {
        let fields = record.fields.into_iter().enumerate().filter(|(index, _)| wanted.contains(index));
        Record { fields: fields.map(|(_, field)| field).collect(), ..record }
    };
    let expected = (records.into_iter().map(only_wanted).collect(), problem);
    assert_eq!(scan(&dialect, &Fields::These(wanted.clone()), text, (piece, batch), 1), expected);
});

/// A dialect for each byte; some contradict themselves.
fn dialect(choice: u8) -> Dialect {
    let one_of = |bytes: [Option<u8>; 4], shift: u32| bytes[usize::from(choice >> shift) % 4];
    Dialect {
        delimiter: one_of([Some(b','), Some(b';'), Some(b'\t'), Some(b'|')], 0).unwrap_or_default(),
        quote: one_of([Some(b'"'), Some(b'"'), Some(b'\''), None], 2),
        escape: one_of([None, Some(b'\\'), Some(b'"'), Some(b'\'')], 4),
        comment: one_of([None, None, Some(b'#'), Some(b';')], 6),
    }
}

/// What is read of bytes that come in pieces.
fn scan(dialect: &Dialect, fields: &Fields, text: &[u8], (piece, batch): (usize, usize), line: u64) -> Read {
    let mut scanner = Scanner::new(dialect, fields, batch, line);
    let mut read = Vec::new();
    let problem = feed(&mut scanner, text, piece, |records| read.extend(taken(records)));
    (read, problem.map(plain))
}

/// Gives the records to `take` batch by batch.
fn feed(scanner: &mut Scanner, text: &[u8], piece: usize, mut take: impl FnMut(&Records)) -> Option<Malformed> {
    for mut rest in text.chunks(piece) {
        while !rest.is_empty() {
            let used = scanner.read(rest);
            take(scanner.records());
            scanner.clear();
            match used {
                Ok(used) => rest = &rest[used..],
                Err(malformed) => return Some(malformed),
            }
        }
    }
    let finished = scanner.finish();
    take(scanner.records());
    finished.err()
}

fn taken(records: &Records) -> Vec<Record> {
    let texts = records.texts().expect("text stays text");
    let field = |record, slot| {
        let field = texts.field(record, slot)?;
        let line = records.field_line(record, slot);
        Some(Field { text: field.text.as_bytes().to_vec(), quoted: field.quoted, line })
    };
    let record = |record| Record {
        line: records.line(record),
        count: records.field_count(record),
        fields: (0..).map_while(|slot| field(record, slot)).collect(),
    };
    (0..records.len()).map(record).collect()
}

fn plain(malformed: Malformed) -> Problem {
    match malformed.fault {
        Fault::UnterminatedQuote => Problem::UnterminatedQuote { opened: malformed.line },
        Fault::TextAfterQuote { opened } => Problem::TextAfterQuote { opened, line: malformed.line },
        fault => panic!("{fault}"),
    }
}

/// What is read of a text whose parts are read one by one.
fn cut(dialect: &Dialect, text: &[u8], piece: usize) -> Read {
    let transition = |bytes: &[u8]| {
        let mut scan = PieceScan::new(dialect);
        bytes.chunks(7).for_each(|bytes| scan.push(bytes));
        scan.finish()
    };
    let transitions: Vec<_> = text.chunks(piece).map(transition).collect();
    let cuts = chain(&transitions);
    let (mut read, mut problem) = (Vec::new(), None);
    for (index, cut) in cuts.iter().enumerate() {
        let (begin, end) = (*cut as usize, cuts.get(index + 1).map_or(text.len(), |next| *next as usize));
        assert!(problem.is_none(), "a part after the first fault");
        let part = scan(dialect, &Fields::All, &text[begin..end], (end + 1, 100), line_at(text, begin));
        read.extend(part.0);
        problem = part.1;
    }
    (read, problem)
}

/// The line in which the byte at an offset stands, counted from 1. A line ends with `\n`, `\r\n` or a lone `\r`.
fn line_at(text: &[u8], offset: usize) -> u64 {
    let ends = |at: &usize| text[*at] == b'\n' || text[*at] == b'\r' && text.get(at + 1) != Some(&b'\n');
    1 + (0..offset).filter(ends).count() as u64
}

/// Bytes that are not text have as many records all the same.
fn count(dialect: &Dialect, bytes: &[u8], piece: usize, batch: usize) {
    let mut scanner = Scanner::new(dialect, &Fields::All, batch, 1);
    let mut lines = Vec::new();
    let problem = feed(&mut scanner, bytes, piece, |records| {
        lines.extend((0..records.len()).map(|record| (records.line(record), records.field_count(record))));
        _ = records.texts();
    });
    let (expected, expected_problem) = reference::read(bytes, dialect);
    let expected: Vec<_> = expected.iter().map(|record| (record.line, record.count)).collect();
    assert_eq!((lines, problem.map(plain)), (expected, expected_problem));
}
