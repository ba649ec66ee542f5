//! What a file is, by its name and its first bytes.

use keyfold_core::job::Compression;

use super::{FORMATS, TableFormat};

/// A file's name taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameParts<'a> {
    /// The name without endings.
    pub(crate) stem: &'a str,
    /// The ending that says the format.
    pub(crate) ending: Option<&'a str>,
    pub(crate) compression: Compression,
}

/// What a file's name says.
pub(crate) fn by_name(name: &str) -> NameParts<'_> {
    let (stem, compression) = match name.rsplit_once('.') {
        Some((stem, "gz")) => (stem, Compression::Gzip),
        Some((stem, "zst")) => (stem, Compression::Zstd),
        _ => (name, Compression::None),
    };
    match stem.rsplit_once('.') {
        Some((stem, ending)) => NameParts { stem, ending: Some(ending), compression },
        None => NameParts { stem, ending: None, compression },
    }
}

/// The format of a file with this ending that begins with these bytes, decompressed.
pub(crate) fn recognise(ending: &str, start: &[u8]) -> Option<&'static dyn TableFormat> {
    let ending = ending.to_ascii_lowercase();
    FORMATS.iter().find(|format| format.endings().contains(&&*ending) && format.begins(start)).copied()
}

/// What compressed files begin with.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// What bytes are that were expected to be text, and what to do about it.
pub(crate) fn foreign(start: &[u8]) -> Option<(&'static str, &'static str)> {
    const SIGNATURES: [(&[u8], &str, &str); 8] = [
        (GZIP, "compressed with gzip", "set compression = \"gzip\", or name it .gz"),
        (ZSTD, "compressed with Zstandard", "set compression = \"zstd\", or name it .zst"),
        (b"BZh", "compressed with bzip2, which is not read", "decompress it, or compress it with gzip or zstd"),
        (b"\xfd7zXZ\0", "compressed with xz, which is not read", "decompress it, or compress it with gzip or zstd"),
        (b"PK\x03\x04", "a ZIP archive or a spreadsheet", "unpack it, or export the sheet as CSV"),
        (b"PAR1", "a Parquet file", "set format = \"parquet\", or name it .parquet"),
        (b"ARROW1", "an Arrow file, which is not read", "convert it to Parquet"),
        (b"Obj\x01", "an Avro file, which is not read", "convert it to Parquet"),
    ];
    let signature = SIGNATURES.iter().find(|(bytes, ..)| start.starts_with(bytes));
    let utf16 = || is_utf16(start).then_some(("UTF-16 text", "set encoding = \"utf-16\""));
    signature.map(|(_, what, help)| (*what, *help)).or_else(utf16)
}

/// The compression that a file begins with, if it is one that is read.
pub(crate) fn compressed(start: &[u8]) -> Option<Compression> {
    if start.starts_with(GZIP) {
        Some(Compression::Gzip)
    } else if start.starts_with(ZSTD) {
        Some(Compression::Zstd)
    } else {
        None
    }
}

/// Whether text begins as UTF-16 does: with a byte order mark, or with ASCII characters in two bytes each.
pub(crate) fn is_utf16(start: &[u8]) -> bool {
    let pairs = start.chunks_exact(2).take(32);
    let ascii = |other: usize| pairs.len() > 2 && pairs.clone().all(|pair| pair[other] == 0);
    start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") || ascii(0) || ascii(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_format_and_compression() {
        let parts = by_name("sales.2018.csv.gz");
        assert_eq!((parts.stem, parts.ending, parts.compression), ("sales.2018", Some("csv"), Compression::Gzip));
        assert_eq!(by_name("sales").ending, None);
    }

    #[test]
    fn what_is_not_text_is_told_by_its_first_bytes() {
        assert!(foreign(b"\x1f\x8b\x08").is_some_and(|(what, _)| what.contains("gzip")));
        assert!(foreign(b"a\0,\0b\0\n\0").is_some_and(|(what, _)| what.contains("UTF-16")));
        assert!(foreign(b"\0a\0,\0b\0\n").is_some_and(|(what, _)| what.contains("UTF-16")));
        for text in [&b"a,b\n"[..], b"", b"a", b"\xef\xbb\xbfa,b"] {
            assert_eq!(foreign(text), None);
        }
    }
}
