//! The bytes of a piece of a text file, decompressed and as UTF-8.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use encoding_rs::{Decoder, DecoderResult, UTF_16LE, WINDOWS_1252};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt, future};
use keyfold_core::job::{Compression, Encoding};
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore};

use super::super::recognise::foreign;
use super::super::spec::ScanSpec;
use super::lines::Breaks;
use crate::error::{unread, unreadable};
use crate::tables::File;

/// Bytes that are read from a disk at once: few enough to be still in the processor's cache when they are taken apart.
const CHUNK: usize = 256 << 10;

/// Bytes by which a file is recognised.
const SIGNATURE: u64 = 512;

/// Bytes in the order of the file.
pub(crate) type Chunks = BoxStream<'static, Result<Bytes>>;

/// Opens a file, or the part of it between two offsets, as UTF-8. A part of a file in UTF-16 may end within a character.
pub(crate) async fn open(
    store: &Arc<dyn ObjectStore>,
    file: &File,
    spec: &ScanSpec,
    range: Option<Range<u64>>,
) -> Result<Chunks> {
    let chunks = open_encoded(store, file, spec, range).await?;
    Ok(match spec.layout.encoding {
        Encoding::Utf8 => chunks,
        other => decoded(chunks, other, file.name()),
    })
}

/// The same with characters as the file encodes them.
pub(crate) async fn open_encoded(
    store: &Arc<dyn ObjectStore>,
    file: &File,
    spec: &ScanSpec,
    range: Option<Range<u64>>,
) -> Result<Chunks> {
    let name = file.name();
    let range = range.map(|range| GetRange::Bounded(range.start..range.end));
    let options = GetOptions { range, ..GetOptions::default() };
    let found = store.get_opts(&file.meta.location, options).await.map_err(|error| unread(&name, &error))?;
    let compression = compression(spec.compression);
    Ok(match found.payload {
        GetResultPayload::File(mut handle, _) => {
            let part = found.range.end - found.range.start;
            handle.seek(SeekFrom::Start(found.range.start)).map_err(|error| unread(&name, &error))?;
            let reader = compression.convert_read(handle.take(part)).map_err(|error| unread(&name, &error))?;
            let chunks = blocking(reader);
            located(chunks, name, spec.compression)
        }
        GetResultPayload::Stream(stream) => {
            let stream = stream.map_err(|error| DataFusionError::ObjectStore(Box::new(error))).boxed();
            let stream = compression.convert_stream(stream).map_err(|error| unread(&name, &error))?;
            located(stream.boxed(), name, spec.compression)
        }
    })
}

/// The first bytes of a file, decompressed: enough to recognise it by.
pub(crate) async fn first_bytes(store: &Arc<dyn ObjectStore>, file: &File, spec: &ScanSpec) -> Result<Bytes> {
    let whole = spec.compression != Compression::None || file.meta.size == 0;
    let range = (!whole).then(|| 0..file.meta.size.min(SIGNATURE));
    Ok(open_encoded(store, file, spec, range).await?.try_next().await?.unwrap_or_default())
}

/// The start of a file, up to about this many bytes. What is plainly not text is an error that says what it is.
pub(crate) async fn head(store: &Arc<dyn ObjectStore>, file: &File, spec: &ScanSpec, bytes: usize) -> Result<Vec<u8>> {
    if spec.compression == Compression::None {
        let first = first_bytes(store, file, spec).await?;
        match spec.layout.encoding {
            Encoding::Utf16 => refuse_big_endian(file, &first)?,
            Encoding::Latin1 | Encoding::Windows1252 if first.starts_with(b"\xef\xbb\xbf") => {
                let problem = Problem::new("this is UTF-8 text").at(Place::whole(file.name()));
                return Err(Error::new(ErrorKind::Input, problem.help("leave `encoding` out")));
            }
            _ => refuse_foreign(file, &first)?,
        }
    }
    let start = prefix(store, file, spec, bytes).await?;
    refuse_foreign(file, &start)?;
    Ok(start)
}

async fn prefix(store: &Arc<dyn ObjectStore>, file: &File, spec: &ScanSpec, bytes: usize) -> Result<Vec<u8>> {
    // A part of UTF-16 may end within a character.
    let divisible = spec.compression == Compression::None && spec.layout.encoding != Encoding::Utf16;
    let range = Some(0..file.meta.size.min(bytes as u64)).filter(|range| divisible && !range.is_empty());
    let mut chunks = open(store, file, spec, range).await?;
    let mut start = Vec::new();
    while start.len() < bytes
        && let Some(chunk) = chunks.try_next().await?
    {
        start.extend_from_slice(&chunk);
    }
    Ok(start)
}

/// Without a byte order mark UTF-16 is read as little-endian.
fn refuse_big_endian(file: &File, start: &[u8]) -> Result<()> {
    let pairs = start.chunks_exact(2);
    if pairs.len() < 3 || !pairs.clone().all(|pair| pair[0] == 0) {
        return Ok(());
    }
    let problem = Problem::new("this is UTF-16 text in big-endian order without a byte order mark");
    let help = "write the file again with a byte order mark, or as UTF-8";
    Err(Error::new(ErrorKind::Input, problem.at(Place::whole(file.name())).help(help)))
}

fn refuse_foreign(file: &File, start: &[u8]) -> Result<()> {
    match foreign(start) {
        None => Ok(()),
        Some((what, help)) => {
            let problem = Problem::new(format!("this is {what}")).at(Place::whole(file.name())).help(help);
            Err(Error::new(ErrorKind::Input, problem))
        }
    }
}

fn blocking(reader: impl Read + Send + 'static) -> BoxStream<'static, Result<Bytes, DataFusionError>> {
    let chunks = stream::unfold((Some(reader), None), |(reader, failed)| async {
        if let Some(error) = failed {
            return Some((Err(error), (None, None)));
        }
        let mut reader = reader?;
        let mut chunk = Vec::with_capacity(CHUNK);
        match (&mut reader).take(CHUNK as u64).read_to_end(&mut chunk) {
            Ok(0) => None,
            Ok(_) => Some((Ok(Bytes::from(chunk)), (Some(reader), None))),
            Err(error) if chunk.is_empty() => Some((Err(error), (None, None))),
            // What was read before it comes first.
            Err(error) => Some((Ok(Bytes::from(chunk)), (None, Some(error)))),
        }
    });
    chunks.map_err(DataFusionError::IoError).boxed()
}

/// The bytes, with an error that names the file, and for compressed ones the line that they come to.
fn located(
    chunks: BoxStream<'static, Result<Bytes, DataFusionError>>,
    name: String,
    compression: Compression,
) -> Chunks {
    let mut breaks = Breaks::default();
    let chunks = chunks.map(move |chunk| match chunk {
        Ok(chunk) if compression == Compression::None => Ok(chunk),
        Ok(chunk) => {
            breaks.pass(&chunk);
            Ok(chunk)
        }
        Err(error) => Err(unreadable(&name, &error).unwrap_or_else(|| match compression {
            Compression::None => unread(&name, &error),
            _ => match error.find_root() {
                DataFusionError::IoError(error) => damaged(&name, breaks.passed, error),
                root => damaged(&name, breaks.passed, &root.strip_backtrace()),
            },
        })),
    });
    chunks.boxed()
}

fn decoded(chunks: Chunks, encoding: Encoding, name: String) -> Chunks {
    let decoder = match encoding {
        Encoding::Latin1 => None,
        Encoding::Utf16 => Some(UTF_16LE.new_decoder()),
        Encoding::Utf8 | Encoding::Windows1252 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
    };
    // An empty chunk at the end tells the decoder that nothing follows.
    let ended = chunks.map_ok(Some).chain(stream::once(async { Ok(None) }));
    ended
        .scan((decoder, Breaks::default()), move |(decoder, breaks), chunk| {
            let text = chunk.and_then(|chunk| match decoder {
                None => Ok(encoding_rs::mem::decode_latin1(&chunk.unwrap_or_default()).into_owned()),
                Some(decoder) => decode(decoder, chunk.as_deref(), breaks).map_err(|line| undecodable(&name, line)),
            });
            future::ready(Some(text.map(|text| Bytes::from(text.into_bytes()))))
        })
        .boxed()
}

/// The characters, or the line of the first bytes that are none.
fn decode(decoder: &mut Decoder, chunk: Option<&[u8]>, breaks: &mut Breaks) -> Result<String, u64> {
    let (bytes, last) = (chunk.unwrap_or_default(), chunk.is_none());
    let capacity = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
    let mut text = String::with_capacity(capacity);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, last);
    breaks.pass(text.as_bytes());
    match result {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => Err(breaks.passed + 1),
    }
}

fn undecodable(name: &str, line: u64) -> Error {
    let position = Some((usize::try_from(line).unwrap_or(usize::MAX), 1));
    let problem = Problem::new("some bytes are not valid in the table's encoding");
    let problem = problem.at(Place { file: name.to_owned(), position, excerpt: None });
    Error::new(ErrorKind::Input, problem.help("write the file again, or set `encoding` to what it is written in"))
}

/// The same compression as DataFusion calls it.
pub(crate) fn compression(compression: Compression) -> FileCompressionType {
    match compression {
        Compression::None => FileCompressionType::UNCOMPRESSED,
        Compression::Gzip => FileCompressionType::GZIP,
        Compression::Zstd => FileCompressionType::ZSTD,
    }
}

fn damaged(name: &str, lines: u64, error: &dyn std::fmt::Display) -> Error {
    let from = if lines == 0 { String::new() } else { format!(" after line {lines}") };
    let problem = Problem::new(format!("cannot be decompressed{from}: {error}")).at(Place::whole(name));
    Error::new(
        ErrorKind::Input,
        problem.help("the file is cut off, damaged, or not compressed in this way: fetch it again"),
    )
}
