//! CSV read as slowly and plainly as it can be.

use super::*;

/// The line of the byte at `at`: every line break before it is one.
fn line(text: &[u8], at: usize) -> u64 {
    let ends = |index: &usize| match text[*index] {
        b'\r' => true,
        b'\n' => *index == 0 || text[*index - 1] != b'\r',
        _ => false,
    };
    1 + (0..at).filter(ends).count() as u64
}

fn ends_record(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), None | Some(b'\n' | b'\r'))
}

pub(super) fn read(dialect: &Dialect, text: &[u8]) -> (Vec<Read>, Option<Malformed>) {
    let (mut records, mut at) = (Vec::new(), 0);
    while at < text.len() {
        if ends_record(text, at) {
            at += 1;
        } else if Some(text[at]) == dialect.comment {
            while !ends_record(text, at) {
                at += 1;
            }
        } else {
            let begin = line(text, at);
            match record(dialect, text, &mut at) {
                Ok(fields) => records.push((begin, fields)),
                Err(malformed) => return (records, Some(malformed)),
            }
        }
    }
    (records, None)
}

fn record(dialect: &Dialect, text: &[u8], at: &mut usize) -> Result<Vec<(String, bool, u64)>, Malformed> {
    let mut fields = Vec::new();
    loop {
        let begin = line(text, *at);
        let quoted = text.get(*at).is_some() && text.get(*at).copied() == dialect.quote;
        let malformed = |line, fault| Malformed { line, field: fields.len(), fault };
        let bytes = if quoted {
            let bytes = quoted_field(dialect, text, at).ok_or(malformed(begin, Fault::UnterminatedQuote))?;
            if !ends_record(text, *at) && text[*at] != dialect.delimiter {
                return Err(malformed(line(text, *at), Fault::TextAfterQuote { opened: begin }));
            }
            bytes
        } else {
            let from = *at;
            while !ends_record(text, *at) && text[*at] != dialect.delimiter {
                *at += 1;
            }
            text[from..*at].to_vec()
        };
        fields.push((String::from_utf8(bytes).unwrap(), quoted, begin));
        if ends_record(text, *at) {
            return Ok(fields);
        }
        *at += 1;
    }
}

/// The bytes between the quotes; `at` is behind them then.
fn quoted_field(dialect: &Dialect, text: &[u8], at: &mut usize) -> Option<Vec<u8>> {
    let quote = dialect.quote;
    let mut bytes = Vec::new();
    *at += 1;
    loop {
        let byte = *text.get(*at)?;
        *at += 1;
        let next = text.get(*at).copied();
        if Some(byte) == quote && next == quote {
            bytes.push(byte);
            *at += 1;
        } else if Some(byte) == quote {
            return Some(bytes);
        } else if Some(byte) == dialect.escape {
            bytes.push(next?);
            *at += 1;
        } else {
            bytes.push(byte);
        }
    }
}
