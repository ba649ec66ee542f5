//! Files of JSON lines: their members and what these hold.

use std::collections::HashMap;
use std::sync::Arc;

use keyfold_core::job::Compression;
use keyfold_core::members::Members;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::values::Evidence;
use super::{Column, Table};
use crate::stores::Stores;
use crate::tables::lines::Lines;

/// Finds the members of all lines and the type of each. Every value is looked at.
pub(super) async fn read(table: &mut Table, compression: Compression, stores: &Arc<Stores>) -> Result<()> {
    let (store, path) = stores.resolve(&table.location)?;
    let mut lines = Lines::open(&store, &path, compression).await?;
    let mut found = Found::default();
    let mut number = 0;
    while let Some(line) = lines.next().await? {
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Members(members) = serde_json::from_slice(&line).map_err(|error| {
            let place =
                Place { file: table.location.clone(), position: Some((number, error.column().max(1))), excerpt: None };
            let problem = Problem::new("this line is no JSON object").at(place);
            Error::new(
                ErrorKind::Input,
                problem.help("a file of JSON lines has one object on each line, with no [ ] around them"),
            )
        })?;
        members.into_iter().for_each(|(name, value)| found.add(name, value.get()));
    }
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
