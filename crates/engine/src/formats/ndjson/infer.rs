//! Files of objects of unknown making: their members and what these hold.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use keyfold_core::members::Members;
use keyfold_core::records::{BadRecord, Splitter};
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use crate::infer::{Column, Evidence, Table};
use crate::storage::stores::Stores;

/// Finds the members of all objects and the type of each. Every value is looked at.
pub(in crate::formats) async fn infer(
    table: &mut Table,
    stores: &Arc<Stores>,
    mut splitter: impl Splitter,
    help: &str,
) -> Result<()> {
    let mut chunks = table.open(stores).await?;
    let mut found = Found::default();
    let mut each = |record: &[u8], line| found.record(record, line);
    let located = |bad: BadRecord| {
        let line = usize::try_from(bad.line).unwrap_or(usize::MAX).saturating_add(1);
        let place = Place { file: table.location.to_string(), position: Some((line, bad.character)), excerpt: None };
        Error::new(ErrorKind::Input, Problem::new(bad.to_string()).at(place).help(help))
    };
    while let Some(chunk) = chunks.try_next().await? {
        splitter.feed(&chunk, &mut each).map_err(located)?;
    }
    splitter.finish(&mut each).map_err(located)?;
    for (name, evidence) in found.columns {
        match evidence.json() {
            Some(kind) if !name.is_empty() => table.columns.push(Column::new(&name, kind)),
            _ => table.left_out.push(name),
        }
    }
    Ok(())
}

/// The members in the order in which they first came.
#[derive(Default)]
struct Found {
    places: HashMap<String, usize>,
    columns: Vec<(String, Evidence)>,
}

impl Found {
    fn record(&mut self, record: &[u8], line: u64) -> Result<(), BadRecord> {
        let Members(members) = serde_json::from_slice(record).map_err(|error| {
            let above = error.line().saturating_sub(1) as u64;
            BadRecord {
                character: error.column().max(1),
                ..BadRecord::layout(line + above, "this is not a JSON object")
            }
        })?;
        members.into_iter().for_each(|(name, value)| self.add(name, value.get()));
        Ok(())
    }

    fn add(&mut self, name: String, value: &str) {
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None => {
                self.columns.push((name.clone(), Evidence::default()));
                self.places.insert(name, self.columns.len() - 1);
                self.columns.len() - 1
            }
        };
        let evidence = &mut self.columns[place].1;
        match value.as_bytes().first() {
            Some(b'"') => evidence.add_string(value.trim_matches('"')),
            Some(b'{' | b'[') => evidence.add_nested(),
            Some(b'n') => {}
            _ => evidence.add_bare(value),
        }
    }
}
