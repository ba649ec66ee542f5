//! Documents as lines of a few files. Shards come one after the other, each sorted by key.

use std::io::{self, Write};

use datafusion::arrow::record_batch::RecordBatch;
use flate2::write::GzEncoder;
use keyfold_core::Result;
use keyfold_core::fold::DocumentBatch;
use keyfold_core::job::Compression;
use keyfold_core::manifest::{Entry, sha256};

use super::folder::{Folder, NewFile, failed};
use super::sink::Lines;

pub(super) struct Shards {
    folder: Folder,
    compression: Compression,
    open: Option<Shard>,
}

struct Shard {
    path: String,
    lines: u64,
    encoder: Encoder,
    file: NewFile,
}

/// Encoded bytes that were not written yet stand in the vector inside.
enum Encoder {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(Vec::new()),
            Compression::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::default())),
            Compression::Zstd => {
                Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?)
            }
        })
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Self::Gzip(encoder) => Write::write_all(encoder, bytes),
            Self::Zstd(encoder) => Write::write_all(encoder, bytes),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Plain(out) => out,
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        })
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Shards {
    pub(super) fn new(folder: Folder, compression: Compression) -> Self {
        Self { folder, compression, open: None }
    }

    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<Lines> {
        let batch = DocumentBatch(batch);
        let mut lines = Lines::default();
        for row in 0..batch.len() {
            let (path, document) = (batch.path(row), batch.document(row));
            let shard = self.shard(path).await?;
            shard.lines += 1;
            shard.encoder.push(document).map_err(|error| failed(path, &error))?;
            lines.push(&Entry {
                key: batch.key(row).to_owned(),
                path: path.to_owned(),
                line: Some(shard.lines),
                bytes: document.len() as u64,
                sha256: sha256(document),
            })?;
        }
        if let Some(shard) = &mut self.open {
            let bytes = shard.encoder.take();
            shard.file.write(&bytes).await?;
        }
        Ok(lines)
    }

    /// The shard's file, which is opened when its first document comes.
    async fn shard(&mut self, path: &str) -> Result<&mut Shard> {
        if self.open.as_ref().is_some_and(|shard| shard.path != path) {
            self.finish().await?;
        }
        match &mut self.open {
            Some(shard) => Ok(shard),
            empty => {
                let encoder = Encoder::new(self.compression).map_err(|error| failed(path, &error))?;
                let file = self.folder.create(path).await?;
                Ok(empty.insert(Shard { path: path.to_owned(), lines: 0, encoder, file }))
            }
        }
    }

    /// Ends the open shard.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let Some(Shard { path, encoder, mut file, .. }) = self.open.take() else { return Ok(()) };
        let bytes = encoder.finish().map_err(|error| failed(&path, &error))?;
        file.write(&bytes).await?;
        file.close().await
    }
}
