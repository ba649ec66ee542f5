//! The same for all texts, however they are cut.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

fn dialect() -> impl Strategy<Value = Dialect> {
    (select(b",;\t".to_vec()), select(vec![Some(b'"'), Some(b'\''), None]), any::<[bool; 2]>()).prop_map(
        |(delimiter, quote, [escape, comment])| {
            quotes(Dialect { delimiter, quote, escape: escape.then_some(b'\\'), comment: comment.then_some(b'#') })
        },
    )
}

/// Texts of everything that means something, right or wrong.
fn soup(dialect: Dialect) -> impl Strategy<Value = String> {
    let quote = dialect.quote.map_or("\"", |quote| if quote == b'"' { "\"" } else { "'" });
    let delimiter = char::from(dialect.delimiter);
    let tokens = ["a", "é", "\n", "\r\n", "\r", "\\", "#", quote].map(str::to_owned);
    let pairs = [
        delimiter.to_string(),
        format!("{delimiter}{quote}"),
        format!("{quote}{delimiter}"),
        format!("{quote}\n"),
        format!("\n{quote}"),
        format!("{quote}a\nb{quote}"),
        format!("\\{quote}"),
        format!("{quote}{quote}"),
    ];
    vec(select([tokens, pairs].concat()), 0..60).prop_map(|tokens| tokens.concat())
}

fn texts() -> impl Strategy<Value = (Dialect, String)> {
    dialect().prop_flat_map(|dialect| (Just(dialect), soup(dialect)))
}

/// Records as they are written: each field's text, and whether it is quoted without need.
fn records() -> impl Strategy<Value = Vec<Vec<(String, bool)>>> {
    let text = vec(select(vec!["a", "é", ",", ";", "\"", "'", "\n", "\r", "\\", "#", " ", "7"]), 0..6);
    vec(vec((text.prop_map(|text| text.concat()), any::<bool>()), 1..5), 0..8)
}

fn written(dialect: &Dialect, records: &[Vec<(String, bool)>], line_break: &str) -> String {
    let quote = dialect.quote.map(char::from).unwrap();
    let field = |(text, quoted): &(String, bool)| {
        let special =
            |c: char| c.is_ascii() && [dialect.delimiter, b'\n', b'\r', b'#'].contains(&(c as u8)) || c == quote;
        if !quoted && !text.is_empty() && !text.contains(special) {
            return text.clone();
        }
        let mut text = text.replace(quote, &format!("{quote}{quote}"));
        if dialect.escape.is_some() {
            text = text.replace('\\', "\\\\");
        }
        format!("{quote}{text}{quote}")
    };
    let record = |record: &Vec<(String, bool)>| {
        record.iter().map(field).collect::<Vec<_>>().join(&char::from(dialect.delimiter).to_string()) + line_break
    };
    records.iter().map(record).collect()
}

/// The pieces between some offsets.
fn pieces<'a>(text: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut offsets: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    offsets.extend([0, text.len()]);
    offsets.sort_unstable();
    offsets.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn transitions(dialect: &Dialect, text: &[u8], cuts: &[Index], chunk: usize) -> Vec<Transition> {
    let scan = |piece: &[u8]| {
        let mut scan = PieceScan::new(dialect);
        piece.chunks(chunk).for_each(|chunk| scan.push(chunk));
        scan.finish()
    };
    pieces(text, cuts).into_iter().map(scan).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_text_in_any_pieces_is_read_as_the_reference_reads_it(
        (dialect, text) in texts(),
        cuts in vec(any::<Index>(), 0..6),
        batch in 1..5usize,
    ) {
        let read = scan(&dialect, pieces(text.as_bytes(), &cuts), 1, batch);
        prop_assert_eq!(read, reference::read(&dialect, text.as_bytes()));
    }

    #[test]
    fn records_are_read_as_they_were_written(
        delimiter in select(b",;".to_vec()),
        quote in select(b"\"'".to_vec()),
        escape: bool,
        line_break in select(vec!["\n", "\r\n", "\r"]),
        records in records(),
    ) {
        let dialect = quotes(Dialect { delimiter, quote: Some(quote), escape: escape.then_some(b'\\'), comment: Some(b'#') });
        let text = written(&dialect, &records, line_break);
        let expected: Vec<Vec<String>> =
            records.into_iter().map(|record| record.into_iter().map(|(text, _)| text).collect()).collect();
        prop_assert_eq!(rows(&dialect, &text), expected);
    }

    #[test]
    fn a_text_that_is_cut_at_records_is_read_as_the_whole(
        (dialect, text) in texts(),
        cuts in vec(any::<Index>(), 0..8),
        chunk in 1..80usize,
    ) {
        let text = text.as_bytes();
        let cuts = chain(&transitions(&dialect, text, &cuts, chunk));
        let (mut read, mut malformed) = (Vec::new(), None);
        for (index, cut) in cuts.iter().enumerate() {
            let (begin, end) = (*cut as usize, cuts.get(index + 1).map_or(text.len(), |next| *next as usize));
            let part = scan(&dialect, [&text[begin..end]], line_at(text, begin), 100);
            read.extend(part.0);
            prop_assert!(part.1.is_none() || index + 1 == cuts.len());
            malformed = part.1;
        }
        prop_assert_eq!((read, malformed), reference::read(&dialect, text));
    }

    #[test]
    fn every_piece_in_which_a_record_begins_is_cut_there(records in records(), cuts in vec(any::<Index>(), 0..8)) {
        let text = written(&comma(), &records, "\n");
        let text = text.as_bytes();
        let whole = transitions(&comma(), text, &[], 7);
        prop_assert_eq!(chain(&whole).len(), usize::from(!text.is_empty()));
        let (read, _) = reference::read(&comma(), text);
        let lines: Vec<u64> = read.into_iter().map(|(line, _)| line).collect();
        for cut in chain(&transitions(&comma(), text, &cuts, 7)) {
            prop_assert!(lines.contains(&line_at(text, cut as usize)));
        }
    }
}
