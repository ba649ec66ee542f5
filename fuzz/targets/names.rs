//! A name pattern, two keys and two values of all other columns, a line each, of any text: names that stay apart
//! and stay in their folder.
#![no_main]

use keyfold_core::layout::RESERVED;
use keyfold_core::name::{LONGEST_SEGMENT, NamePattern};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(5, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (pattern, keys, others) = (part(), [part(), part()], [part(), part()]);
    let Ok(parsed) = pattern.parse::<NamePattern>() else { return };
    assert_eq!(parsed.to_string(), pattern);
    let name = |row: usize| parsed.name(|column| if column == "k" { keys[row].into() } else { others[row].into() });
    let names = [name(0), name(1)];
    for name in names.iter().flatten() {
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-=%/".contains(&byte)), "{name}");
        assert!(name.split('/').all(|segment| !segment.is_empty() && !segment.starts_with('.')), "{name}");
        assert!(name.split('/').all(|segment| segment.len() <= LONGEST_SEGMENT), "{name}");
        assert!(name.split('/').next().is_some_and(|first| !RESERVED.contains(&first)), "{name}");
    }
    if let [Ok(first), Ok(second)] = names
        && parsed.check_injective("k").is_ok()
        && keys[0] != keys[1]
    {
        assert_ne!(first, second);
    }
});
