//! Line breaks: where they allow a cut, and how many there are before a piece.

use std::sync::Arc;

use futures::TryStreamExt;
use keyfold_core::Result;
use object_store::ObjectStore;

use super::super::FileBytes;
use super::super::spec::ScanSpec;
use super::bytes::open_encoded;
use crate::tables::File;

/// Bytes in which a line break is looked for at once.
const WINDOW: u64 = 1 << 16;

/// For each wanted offset the start of the next line, in rising order, each once.
pub(crate) async fn line_cuts(file: &FileBytes<'_>, wanted: &[u64]) -> Result<Vec<u64>> {
    let mut cuts = Vec::new();
    for offset in wanted {
        if cuts.last().is_some_and(|last| last >= offset) {
            continue;
        }
        cuts.extend(next_line(file, *offset).await?);
    }
    Ok(cuts)
}

async fn next_line(file: &FileBytes<'_>, mut from: u64) -> Result<Option<u64>> {
    let size = file.file.meta.size;
    while from < size {
        let to = size.min(from + WINDOW);
        let mut chunks = open_encoded(file.store, file.file, file.spec, Some(from..to)).await?;
        while let Some(chunk) = chunks.try_next().await? {
            if let Some(end) = memchr::memchr(b'\n', &chunk) {
                let start = from + end as u64 + 1;
                return Ok((start < size).then_some(start));
            }
            from += chunk.len() as u64;
        }
    }
    Ok(None)
}

/// The line breaks before an offset.
pub(crate) async fn breaks_before(
    store: &Arc<dyn ObjectStore>,
    file: &File,
    spec: &ScanSpec,
    offset: u64,
) -> Result<u64> {
    if offset == 0 {
        return Ok(0);
    }
    let mut chunks = open_encoded(store, file, spec, Some(0..offset)).await?;
    let mut breaks = Breaks::default();
    while let Some(chunk) = chunks.try_next().await? {
        breaks.pass(&chunk);
    }
    Ok(breaks.passed)
}

/// Counts line breaks: line feeds, and carriage returns that no line feed follows.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    pub(super) passed: u64,
    /// Whether the last byte was a carriage return.
    returned: bool,
}

impl Breaks {
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let all = memchr::memchr2_iter(b'\n', b'\r', bytes).count();
        // A pair of both is one break.
        let pairs = memchr::memmem::find_iter(bytes, b"\r\n").count();
        self.passed += (all - pairs) as u64;
        self.passed -= u64::from(self.returned && bytes.first() == Some(&b'\n'));
        self.returned = *last == b'\r';
    }
}
