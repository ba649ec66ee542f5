//! Where records begin near the middle of a file, which depends on every quote before.

use std::ops::Range;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use keyfold_core::csv::{Dialect, PieceScan, Transition, chain, without_byte_order_mark};
use keyfold_core::job::{Encoding, TextLayout};
use keyfold_core::{Error, Result};
use object_store::ObjectStore;

use super::header;
use crate::formats::text::{head, open_encoded};
use crate::formats::{FileBytes, ScanSpec};
use crate::tables::File;

/// Bytes in which the lines that are skipped are looked for.
const SKIPPED: usize = 1 << 20;

/// The first record at or behind each wanted offset, in order, each once.
pub(super) async fn records(file: &FileBytes<'_>, dialect: &Dialect, wanted: &[u64]) -> Result<Vec<u64>> {
    let Some(start) = body(file).await? else { return Ok(Vec::new()) };
    let size = file.file.meta.size;
    let mut bounds = vec![start];
    bounds.extend(wanted.iter().copied().filter(|offset| (start + 1..size).contains(offset)));
    bounds.push(size);
    let ranges: Vec<Range<u64>> = bounds.windows(2).map(|bounds| bounds[0]..bounds[1]).collect();
    let scan = |range| {
        let scanned = scan(file.store.clone(), file.file.clone(), file.spec.clone(), *dialect, range);
        async move { tokio::spawn(scanned).await.map_err(Error::internal)? }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let pieces: Vec<Transition> = stream::iter(ranges).map(scan).buffered(threads).try_collect().await?;
    let cuts = chain(&pieces).into_iter().map(|cut| start + cut);
    Ok(cuts.filter(|offset| *offset > start && *offset < size).collect())
}

async fn scan(
    store: Arc<dyn ObjectStore>,
    file: File,
    spec: ScanSpec,
    dialect: Dialect,
    range: Range<u64>,
) -> Result<Transition> {
    let mut scan = PieceScan::new(&dialect);
    let mut chunks = open_encoded(&store, &file, &spec, Some(range)).await?;
    while let Some(chunk) = chunks.try_next().await? {
        scan.push(&chunk);
    }
    Ok(scan.finish())
}

/// Where the records begin: after a byte order mark and the lines that are skipped. Nothing if that is too far on.
async fn body(file: &FileBytes<'_>) -> Result<Option<u64>> {
    let layout = TextLayout { encoding: Encoding::Utf8, ..file.spec.layout.clone() };
    let spec = ScanSpec { layout, ..file.spec.clone() };
    let start = head(file.store, file.file, &spec, SKIPPED).await?;
    let rest = header::skip(without_byte_order_mark(&start), file.spec.layout.skip_lines);
    Ok((!rest.is_empty()).then_some((start.len() - rest.len()) as u64))
}
