//! The bytes of a piece of a text file, decompressed and as UTF-8.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use encoding_rs::{CoderResult, Decoder, UTF_16LE, WINDOWS_1252};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use keyfold_core::job::{Compression, Encoding};
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore};

use super::super::recognise::foreign;
use super::super::spec::ScanSpec;
use crate::tables::File;

/// Bytes that are read from a disk at once.
const CHUNK: usize = 1 << 20;

/// Bytes by which a file is recognised.
const SIGNATURE: u64 = 512;

/// Bytes in the order of the file.
pub(crate) type Chunks = BoxStream<'static, Result<Bytes>>;

/// Opens a file, or the part of it between two offsets, as UTF-8.
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
    let found = store.get_opts(&file.meta.location, options).await.map_err(|error| unreadable(&name, &error))?;
    let compression = compression(spec.compression);
    Ok(match found.payload {
        GetResultPayload::File(mut handle, _) => {
            let part = found.range.end - found.range.start;
            handle.seek(SeekFrom::Start(found.range.start)).map_err(|error| unreadable(&name, &error))?;
            let reader = compression.convert_read(handle.take(part)).map_err(|error| unreadable(&name, &error))?;
            blocking(reader, name, spec.compression)
        }
        GetResultPayload::Stream(stream) => {
            let stream = stream.map_err(|error| DataFusionError::ObjectStore(Box::new(error))).boxed();
            let compressed = spec.compression != Compression::None;
            let stream = compression.convert_stream(stream).map_err(|error| unreadable(&name, &error))?;
            stream.map_err(move |error| broken_stream(&name, compressed, &error)).boxed()
        }
    })
}

/// The start of a file, up to about this many bytes. What is plainly not text is an error that says what it is.
pub(crate) async fn head(store: &Arc<dyn ObjectStore>, file: &File, spec: &ScanSpec, bytes: usize) -> Result<Vec<u8>> {
    if spec.compression == Compression::None {
        let signature = Some(0..file.meta.size.min(SIGNATURE)).filter(|range| !range.is_empty());
        let first = open_encoded(store, file, spec, signature).await?.try_next().await?;
        let first = first.unwrap_or_default();
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
    let range = match spec.compression {
        Compression::None => Some(0..file.meta.size.min(bytes as u64)).filter(|range| !range.is_empty()),
        Compression::Gzip | Compression::Zstd => None,
    };
    let mut chunks = open(store, file, spec, range).await?;
    let mut start = Vec::new();
    while start.len() < bytes
        && let Some(chunk) = chunks.try_next().await?
    {
        start.extend_from_slice(&chunk);
    }
    Ok(start)
}

/// Without a byte order mark UTF-16 is taken for little-endian.
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

fn blocking(reader: impl Read + Send + 'static, name: String, compression: Compression) -> Chunks {
    stream::unfold(Some(reader), move |reader| {
        let name = name.clone();
        async move {
            let mut reader = reader?;
            let mut chunk = vec![0; CHUNK];
            match fill(&mut reader, &mut chunk) {
                Ok(0) => None,
                Ok(read) => {
                    chunk.truncate(read);
                    Some((Ok(Bytes::from(chunk)), Some(reader)))
                }
                Err(error) if compression == Compression::None => Some((Err(unreadable(&name, &error)), None)),
                Err(error) => Some((Err(damaged(&name, &error)), None)),
            }
        }
    })
    .boxed()
}

/// Reads until the buffer is full or the input ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
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
        .scan(decoder, move |decoder, chunk| {
            let text = chunk.and_then(|chunk| match decoder {
                None => Ok(encoding_rs::mem::decode_latin1(&chunk.unwrap_or_default()).into_owned()),
                Some(decoder) => decode(decoder, chunk.as_deref(), &name),
            });
            futures::future::ready(Some(text.map(|text| Bytes::from(text.into_bytes()))))
        })
        .boxed()
}

fn decode(decoder: &mut Decoder, chunk: Option<&[u8]>, name: &str) -> Result<String> {
    let (bytes, last) = (chunk.unwrap_or_default(), chunk.is_none());
    let capacity = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
    let mut text = String::with_capacity(capacity);
    let (result, _, replaced) = decoder.decode_to_string(bytes, &mut text, last);
    if replaced || result == CoderResult::OutputFull {
        let problem = Problem::new("some bytes are not valid in the table's encoding").at(Place::whole(name));
        return Err(Error::new(
            ErrorKind::Input,
            problem.help("set `encoding` of the table to what the file is written in"),
        ));
    }
    Ok(text)
}

/// The same compression as DataFusion calls it.
pub(crate) fn compression(compression: Compression) -> FileCompressionType {
    match compression {
        Compression::None => FileCompressionType::UNCOMPRESSED,
        Compression::Gzip => FileCompressionType::GZIP,
        Compression::Zstd => FileCompressionType::ZSTD,
    }
}

fn broken_stream(name: &str, compressed: bool, error: &DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::ObjectStore(error) => unreadable(name, error),
        root if compressed => damaged(name, &root.strip_backtrace()),
        root => unreadable(name, &root.strip_backtrace()),
    }
}

fn unreadable(name: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, Problem::new(format!("cannot be read: {error}")).at(Place::whole(name)))
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> Error {
    let problem = Problem::new(format!("cannot be decompressed: {error}")).at(Place::whole(name));
    Error::new(
        ErrorKind::Input,
        problem.help("the file is cut off, damaged, or not compressed in this way: fetch it again"),
    )
}
