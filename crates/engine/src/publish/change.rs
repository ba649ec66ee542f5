//! What a run would change of what is published, checked against the limits that the job sets.

use std::collections::BTreeSet;
use std::sync::Arc;

use keyfold_core::error::{NAMED, listed};
use keyfold_core::job::{Compression, Job};
use keyfold_core::layout::SNAPSHOTS;
use keyfold_core::manifest::{Part, Sha256Sum, fingerprint};
use keyfold_core::report::{Pointer, Report};
use keyfold_core::share::Share;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::lines::Lines;
use crate::storage::stores::{Stores, join};
use crate::verify::{differs, parse, report, unreadable};

/// Keys whose fingerprints are held at the same time: 64 MiB. More keys take more passes over the manifests.
const KEYS_AT_ONCE: u64 = 4 << 20;

const HELP: &str = "nothing was published; if the change is right, `keyfold run --accept-change` publishes it";

/// Refuses a result without documents, unless the job allows it.
pub fn check_not_empty(job: &Job, now: &Report) -> Result<()> {
    if now.documents > 0 || job.output.allow_empty {
        return Ok(());
    }
    let problem = Problem::new("there are no documents, because the query gave no rows; nothing was published")
        .at(Place::whole(&job.query.name))
        .help("look at the tables and the filters of the query; if there may be no documents, set output.allow_empty = true in job.toml, or for one run `--set output.allow_empty=true`");
    Err(Error::new(ErrorKind::Check, problem))
}

/// Checks a run's documents against those that were published before, by the job's limits.
pub async fn check(stores: &Stores, job: &Job, before: Option<&Pointer>, now: &Report) -> Result<()> {
    let output = &job.output;
    let (Some(pointer), true) = (before, output.max_removed.is_some() || output.max_shrink.is_some()) else {
        return Ok(());
    };
    let (store, root) = stores.resolve(&output.url.value)?;
    let before = report(store.as_ref(), &root, pointer).await.map_err(incomparable)?;
    let mut problems = Vec::new();
    if let Some(limit) = &output.max_removed {
        let snapshots = Snapshots {
            store,
            before: (join(&root, &pointer.snapshot)?, &before.manifest),
            now: (join(&root, &format!("{SNAPSHOTS}/{}", now.run))?, &now.manifest),
        };
        let removed = snapshots.removed(KEYS_AT_ONCE).await.map_err(incomparable)?;
        if limit.value.is_exceeded(removed.count, before.documents) {
            let message = format!(
                "{} of {} published documents would be removed, more than the share of {} that `output.max_removed` allows: {}",
                removed.count,
                before.documents,
                limit.value,
                listed(&removed.first.into_iter().collect::<Vec<_>>(), removed.count as usize)
            );
            problems.push(Problem::new(message).at(limit.place.clone()).help(HELP));
        }
    }
    if let Some(limit) = &output.max_shrink {
        let shrunk = shrunk(&before, now, limit.value).into_iter();
        problems.extend(shrunk.map(|message| Problem::new(message).at(limit.place.clone()).help(HELP)));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::all(ErrorKind::Check, problems)) }
}

/// What has become smaller by more than a share of it.
fn shrunk(before: &Report, now: &Report, limit: Share) -> Vec<String> {
    let message = |what: &str, before: &str, now: &str| {
        format!(
            "{what} would shrink from {before} to {now}, by more than the share of {limit} that `output.max_shrink` allows"
        )
    };
    let counts = [
        ("the number of documents", before.documents, now.documents),
        ("the bytes of all documents", before.bytes, now.bytes),
    ];
    let counts = counts.into_iter().filter(|(_, before, now)| limit.is_exceeded(before.saturating_sub(*now), *before));
    let mut messages: Vec<_> =
        counts.map(|(what, before, now)| message(what, &before.to_string(), &now.to_string())).collect();
    for now in &now.totals {
        // A total that the earlier run did not have cannot be compared.
        let Some(before) = before.totals.iter().find(|before| before.value == now.value) else { continue };
        if let (Some(earlier), Some(later)) = (before.sum(), now.sum())
            && limit.is_lost(earlier, later)
        {
            messages.push(message(&format!("the control total of `{}`", now.value), &before.delivered, &now.delivered));
        }
    }
    messages
}

/// What is published cannot be read: only a person can tell whether that matters.
fn incomparable(error: Error) -> Error {
    if error.kind() == ErrorKind::Unavailable {
        return error;
    }
    let help =
        "what is published now cannot be compared with; `keyfold run --accept-change` publishes without comparing";
    let problems = error.problems().iter().map(|problem| problem.clone().help(help));
    Error::all(ErrorKind::Check, problems.collect())
}

/// The published snapshot and the one of the run: where it is, and the parts of its manifest.
struct Snapshots<'a> {
    store: Arc<dyn ObjectStore>,
    before: (Path, &'a [Part]),
    now: (Path, &'a [Part]),
}

/// Documents that are published and that the run does not have.
#[derive(Debug, Default, PartialEq)]
struct Removed {
    count: u64,
    /// Their first keys as texts.
    first: BTreeSet<String>,
}

impl Removed {
    fn add(&mut self, key: String) {
        self.count += 1;
        self.first.insert(key);
        if self.first.len() > NAMED {
            self.first.pop_last();
        }
    }
}

impl Snapshots<'_> {
    /// Manifests are sorted by the keys' own types, and in as many parts as there were partitions, so keys are looked
    /// up by their fingerprints. Each pass takes those that have the same remainder.
    async fn removed(&self, keys_at_once: u64) -> Result<Removed> {
        let documents: u64 = self.now.1.iter().map(|part| part.documents).sum();
        let passes = u128::from(documents.div_ceil(keys_at_once).max(1));
        let mut removed = Removed::default();
        for pass in 0..passes {
            let mut kept = Vec::new();
            self.each_key(&self.now, |key| {
                let print = fingerprint(key.as_bytes());
                if print % passes == pass {
                    kept.push(print);
                }
            })
            .await?;
            kept.sort_unstable();
            self.each_key(&self.before, |key| {
                let print = fingerprint(key.as_bytes());
                if print % passes == pass && kept.binary_search(&print).is_err() {
                    removed.add(key);
                }
            })
            .await?;
        }
        Ok(removed)
    }

    async fn each_key(&self, (snapshot, parts): &(Path, &[Part]), mut visit: impl FnMut(String)) -> Result<()> {
        for part in *parts {
            let path = join(snapshot, &part.path)?;
            self.store.head(&path).await.map_err(|error| unreadable(&path, error))?;
            let mut lines = Lines::open(&self.store, &path, Compression::None).await?;
            let mut sum = Sha256Sum::default();
            while let Some(line) = lines.next().await? {
                sum.update(&line);
                visit(parse::<Keyed>(&path, &line)?.key);
            }
            if sum.finish() != part.sha256 {
                return Err(differs(&path, "is not the part of the manifest that was written"));
            }
        }
        Ok(())
    }
}

/// What is read of an entry of the manifest.
#[derive(serde::Deserialize)]
struct Keyed {
    key: String,
}

#[cfg(test)]
mod tests {
    use keyfold_core::manifest::sha256;
    use object_store::memory::InMemory;

    use super::*;

    async fn write(store: &dyn ObjectStore, name: &str, keys: &[u64]) -> Part {
        let text: String = keys.iter().map(|key| format!("{{\"key\":\"{key}\",\"path\":\"p\"}}\n")).collect();
        let part = Part {
            path: format!("manifest/{name}"),
            documents: keys.len() as u64,
            bytes: text.len() as u64,
            sha256: sha256(text.as_bytes()),
        };
        store.put(&Path::from(format!("s/{}", part.path)), text.into()).await.expect("a part");
        part
    }

    async fn removed(before: &[&[u64]], now: &[&[u64]], keys_at_once: u64) -> Removed {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut parts = [Vec::new(), Vec::new()];
        for (manifest, (name, keys)) in [("before", before), ("now", now)].into_iter().enumerate() {
            for (part, keys) in keys.iter().enumerate() {
                parts[manifest].push(write(store.as_ref(), &format!("{name}-{part}"), keys).await);
            }
        }
        let place = || Path::from("s");
        let snapshots = Snapshots { store, before: (place(), &parts[0]), now: (place(), &parts[1]) };
        snapshots.removed(keys_at_once).await.expect("two manifests")
    }

    #[tokio::test]
    async fn removed_documents_are_found_in_any_order_of_parts_and_in_any_number_of_passes() {
        let all: Vec<u64> = (0..100).collect();
        let (even, odd): (Vec<u64>, Vec<u64>) = all.iter().partition(|key| *key % 2 == 0);
        for keys_at_once in [1_000, 7, 1] {
            let removed = removed(&[&all[50..], &all[..50]], &[&odd, &even[3..]], keys_at_once).await;
            assert_eq!(removed.count, 3, "{keys_at_once}");
            assert!(removed.first.iter().eq(["0", "2", "4"]), "{removed:?}");
        }
    }

    #[tokio::test]
    async fn new_documents_are_not_removed_ones_and_all_are_removed_where_none_is_left() {
        assert_eq!(removed(&[], &[&[1, 2]], 10).await, Removed::default());
        let all = removed(&[&(0..1_000).collect::<Vec<_>>()], &[], 10).await;
        assert_eq!((all.count, all.first.len()), (1_000, NAMED));
    }

    #[tokio::test]
    async fn a_manifest_that_was_changed_is_not_compared_with() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut part = write(store.as_ref(), "part", &[1, 2]).await;
        part.sha256 = sha256(b"another");
        let parts = [part];
        let snapshots = Snapshots { store, before: (Path::from("s"), &parts), now: (Path::from("s"), &[]) };
        let error = incomparable(snapshots.removed(10).await.expect_err("another manifest"));
        assert_eq!(error.kind(), ErrorKind::Check);
        assert!(error.to_string().contains("s/manifest/part: is not the part"), "{error}");
    }
}
