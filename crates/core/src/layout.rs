//! What stands where in an output: the files that a published snapshot has beside its documents.

/// The pointer to the published snapshot: the last thing that a run writes.
pub const POINTER: &str = "current.json";
/// The link to the published snapshot's folder, on local disks.
pub const LINK: &str = "current";
/// The folder of all snapshots.
pub const SNAPSHOTS: &str = "snapshots";
/// The report of the run, in its snapshot.
pub const REPORT: &str = "run.json";
/// The folder of the manifest's parts, in its snapshot.
pub const MANIFEST: &str = "manifest";

/// What shows in a snapshot that its run is alive: locked on a local disk, written again and again in an object store.
pub const ALIVE: &str = ".alive";
/// The folder of files that are being written, in a snapshot on a local disk; gone once the snapshot is published.
pub const STAGING: &str = ".staging";

/// Names at the top of a snapshot that no document may take.
pub const RESERVED: [&str; 3] = [POINTER, REPORT, MANIFEST];

/// The path of a manifest part within its snapshot. Every key is in one part only, so the first key of a part names it:
/// a second attempt at the same part gives the same name, and no two parts have one.
pub fn manifest_part(first_key: &str) -> String {
    let digest = crate::manifest::sha256(first_key.as_bytes());
    format!("{MANIFEST}/{}.ndjson", &digest[..16])
}

/// The path of an ndjson shard within its snapshot.
pub fn shard(shard: u32, compression: crate::job::Compression) -> String {
    let extension = match compression {
        crate::job::Compression::None => "",
        crate::job::Compression::Gzip => ".gz",
        crate::job::Compression::Zstd => ".zst",
    };
    format!("part-{shard:05}.ndjson{extension}")
}
