//! The manifest: one line of JSON per published document, in parts.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One document of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The file that holds the document, within the snapshot.
    pub path: String,
    /// Which line of the file it is, counted from 1, in the ndjson layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The document's length, its final line break included.
    pub bytes: u64,
    /// SHA-256 of these bytes (FIPS 180-4), in hexadecimal.
    pub sha256: String,
}

/// A part of the manifest: a file of one entry per line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The file, within the snapshot.
    pub path: String,
    /// Its entries.
    pub documents: u64,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first half of the SHA-256: a key in little memory.
pub fn fingerprint(bytes: &[u8]) -> u128 {
    let digest = Sha256::digest(bytes);
    digest.iter().take(size_of::<u128>()).fold(0, |print, byte| print << 8 | u128::from(*byte))
}

/// A running SHA-256 of what is written piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Sha256Sum(Sha256);

impl Sha256Sum {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum of all bytes, in hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

fn hex(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    digest
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
