//! A template of any text: problems that have places, or a document that is JSON on one line.
#![no_main]

use keyfold_core::grid::{Grid, LabelPattern, OffGrid};
use keyfold_core::source::Source;
use keyfold_core::template::{Document, Fragment, Reference, Template};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let template = match Template::parse(&Source { name: "document.json".into(), text: text.into() }) {
        Ok(template) => template,
        Err(error) => {
            assert!(!error.problems().is_empty(), "a failure names what is wrong");
            assert!(error.problems().iter().all(|problem| problem.place.is_some()), "{error}");
            return;
        }
    };
    let mut grids: Vec<Grid> = Vec::new();
    for (reference, place) in &template.references {
        assert!(place.position.is_some());
        if let Reference::Grid(name) = reference
            && !grids.iter().any(|grid| grid.name == *name)
        {
            grids.push(grid(name));
        }
    }
    let [compact, pretty] = [false, true].map(|pretty| filled_in(&Document::compile(&template.root, &grids, pretty)));
    assert_eq!(compact.iter().position(|byte| *byte == b'\n'), Some(compact.len() - 1), "one line of ndjson");
    let [compact, pretty] = [compact, pretty].map(|text| serde_json::from_slice::<Value>(&text).expect("JSON"));
    assert!(compact.is_object());
    assert_eq!(compact, pretty);
});

fn grid(name: &str) -> Grid {
    let label = "W{}".parse::<LabelPattern>().expect("a label");
    let values = ["1", "2", "é\""].map(str::to_owned).to_vec();
    Grid { name: name.into(), column: "week".into(), label, values, off_grid: OffGrid::Fail }
}

/// The document of a key whose attributes are `null` and which has rows in the first cells only.
fn filled_in(document: &Document) -> Vec<u8> {
    let mut text = Vec::new();
    for fragment in &document.fragments {
        match fragment {
            Fragment::Bytes(bytes) => text.extend_from_slice(bytes),
            Fragment::Attribute(slot) => {
                assert!(*slot < document.attributes.len());
                text.extend_from_slice(b"null");
            }
            Fragment::Pivot(slot) => {
                assert!(slot.value < document.values.len());
                let mut members = vec![[slot.members[0].as_slice(), slot.null.as_slice()].concat()];
                members.extend(slot.filled[1..].iter().flatten().cloned());
                text.extend(members.join(&b','));
                text.extend_from_slice(&slot.after);
            }
        }
    }
    text
}
