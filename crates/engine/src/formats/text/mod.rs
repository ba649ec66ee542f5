//! What text formats have in common: how their bytes are read, and the source that turns pieces of files into rows.

mod bytes;
mod lines;
mod scan;

pub(crate) use bytes::{Chunks, compression, first_bytes, head, open, open_encoded};
pub(crate) use lines::line_cuts;
pub(crate) use scan::{BadRow, Piece, Rows, TextFormat, TextScan};
