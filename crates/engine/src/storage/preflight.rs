//! What a run must be able to reach, wherever its tasks run.

use keyfold_core::{Place, Problem};
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use crate::storage::stores::{self, Stores};
use keyfold_core::layout::{ALIVE, STAGING};
use keyfold_core::location::Location;

/// The tables' files and the snapshot of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reach {
    /// Some files of each table, the first and the last among them.
    pub files: Vec<ReachedFile>,
    /// Where documents are written.
    pub snapshot: Location,
}

/// A table's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReachedFile {
    /// The table.
    pub table: String,
    /// Where it is.
    pub location: Location,
    /// Its length in bytes as the client sees it.
    pub bytes: u64,
}

/// What this process cannot reach.
pub async fn problems(stores: &Stores, reach: &Reach) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &reach.files {
        problems.extend(read(stores, file).await.err());
    }
    problems.extend(write(stores, &reach.snapshot).await.err());
    problems
}

async fn read(stores: &Stores, file: &ReachedFile) -> Result<(), Problem> {
    let name = file.location.to_string();
    let problem = |message: String| {
        let problem = Problem::new(format!("the table `{}` {message}", file.table)).at(Place::whole(&name));
        problem.help("tables must be at the same path for every executor: a shared disk, or an object store; and below a root that `allow` names")
    };
    let (store, path) =
        stores.resolve(&file.location).map_err(|error| problem(format!("cannot be reached: {error}")))?;
    let there = store.head(&path).await.map_err(|error| problem(format!("cannot be read: {error}")))?;
    if there.size == file.bytes {
        Ok(())
    } else {
        Err(problem(format!("has {} bytes there, and {} where the run was begun", there.size, file.bytes)))
    }
}

async fn write(stores: &Stores, snapshot: &Location) -> Result<(), Problem> {
    let problem = |error: &dyn std::fmt::Display| {
        let problem =
            Problem::new(format!("the output cannot be written: {error}")).at(Place::whole(snapshot.to_string()));
        problem.help("the output must be the same place for every executor: a shared disk, or an object store; and below a root that `allow` names")
    };
    let (store, path) = stores.resolve(snapshot).map_err(|error| problem(&error))?;
    let own = |name: &str| stores::join(&path, name).map_err(|error| problem(&error));
    store.head(&own(ALIVE)?).await.map_err(|error| problem(&error))?;
    let probe = own(&format!("{STAGING}/probe-{:016x}", rand::random::<u64>()))?;
    store.put(&probe, PutPayload::from_static(b"keyfold")).await.map_err(|error| problem(&error))?;
    store.delete(&probe).await.map_err(|error| problem(&error))
}
