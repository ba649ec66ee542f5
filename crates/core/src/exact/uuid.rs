//! UUIDs as text.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringViewArray};

/// The 16 bytes of UUIDs as their text, such as `00010203-0405-0607-0809-0a0b0c0d0e0f`. Values of another length are
/// NULL.
pub fn uuid_texts(bytes: &dyn Array) -> ArrayRef {
    let values = bytes.as_fixed_size_binary().iter();
    let texts = values.map(|bytes| bytes.and_then(|bytes| bytes.try_into().ok()).map(text));
    Arc::new(texts.collect::<StringViewArray>())
}

fn text(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes);
    let part = |shift: u32, bits: u32| (number >> shift) & ((1 << bits) - 1);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", part(96, 32), part(80, 16), part(64, 16), part(48, 16), part(0, 48))
}
