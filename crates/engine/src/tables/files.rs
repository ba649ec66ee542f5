//! A table's files: one file, a folder, a glob; on the disk or in an object store.

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use keyfold_core::job::{Compression, Format, Table};
use keyfold_core::{Error, ErrorKind, Problem, Result};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use url::Url;

use crate::error::running;
use crate::stores;

/// One file of a table.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its URL.
    pub(crate) url: ListingTableUrl,
    /// What its store says of it.
    pub(crate) meta: ObjectMeta,
}

impl File {
    /// The file as a user names it: a path, or a URL.
    pub(crate) fn name(&self) -> String {
        match self.url.scheme() {
            "file" => format!("/{}", self.meta.location),
            _ => format!("{}{}", self.url.object_store().as_str(), self.meta.location),
        }
    }
}

/// The table's files in the order of their names. None at all is a problem.
pub(super) async fn find(context: &SessionContext, table: &Table) -> Result<Vec<File>> {
    let located = |problem: Problem| problem.at(table.path.place.clone());
    let location = &table.path.value;
    let text = match stores::local_path(location) {
        Some(path) if path.is_dir() => format!("{}/", path.display()),
        Some(path) => path.display().to_string(),
        None => location.clone(),
    };
    let url = ListingTableUrl::parse(&text).map_err(|error| {
        Error::new(
            ErrorKind::Usage,
            located(Problem::new(format!("`{location}` is no usable path: {}", error.strip_backtrace()))),
        )
    })?;
    let store = context.runtime_env().object_store(url.object_store()).map_err(running)?;
    let unavailable = |error: object_store::Error| {
        let message = format!("`tables.{}`: {location} cannot be listed: {error}", table.name);
        Error::new(ErrorKind::Unavailable, located(Problem::new(message)))
    };
    let mut metas: Vec<ObjectMeta> = if url.is_collection() || url.get_glob().is_some() {
        let all = store.list(Some(url.prefix())).try_collect::<Vec<_>>().await.map_err(unavailable)?;
        all.into_iter().filter(|meta| url.contains(&meta.location, false)).collect()
    } else {
        match store.head(url.prefix()).await {
            Ok(meta) => vec![meta],
            // A prefix without its final slash.
            Err(object_store::Error::NotFound { .. }) => {
                store.list(Some(url.prefix())).try_collect().await.map_err(unavailable)?
            }
            Err(error) => return Err(unavailable(error)),
        }
    };
    let single = metas.len() == 1 && metas[0].location == *url.prefix();
    // Markers such as _SUCCESS and hidden files lie beside data in many folders.
    metas.retain(|meta| single || meta.location.filename().is_some_and(|name| !name.starts_with(['_', '.'])));
    metas.sort_by(|a, b| a.location.cmp(&b.location));
    if metas.is_empty() {
        let message = format!("`tables.{}`: there is no file at {location}", table.name);
        return Err(Error::new(ErrorKind::Usage, located(Problem::new(message))));
    }
    metas.into_iter().map(|meta| file(&url, meta)).collect()
}

fn file(table: &ListingTableUrl, meta: ObjectMeta) -> Result<File> {
    let store = table.object_store();
    let mut url: Url = AsRef::<Url>::as_ref(&store).clone();
    // The path of a store is as it is, that of a URL is encoded.
    url.set_path(&format!("/{}", meta.location.as_ref().replace('%', "%25")));
    Ok(File { url: ListingTableUrl::try_new(url, None).map_err(running)?, meta })
}

/// How the files are written: as the job says, else as the first file's name says; all must agree.
pub(super) fn format(table: &Table, files: &[File]) -> Result<(Format, Compression)> {
    let mut found = None;
    for file in files {
        let name = file.meta.location.filename().unwrap_or_default();
        let (stem, compression) = match name.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Compression::Gzip),
            Some((stem, "zst")) => (stem, Compression::Zstd),
            _ => (name, Compression::None),
        };
        let format = match stem.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
            Some("csv" | "tsv" | "txt") => Some(Format::Csv),
            Some("parquet") => Some(Format::Parquet),
            Some("ndjson" | "jsonl" | "json") => Some(Format::Ndjson),
            _ => None,
        };
        let Some(format) = table.format.or(format) else {
            let problem =
                Problem::new(format!("`tables.{}`: the name {} does not say its format", table.name, file.name()));
            let help = format!("set tables.{}.format to \"csv\", \"parquet\" or \"ndjson\"", table.name);
            return Err(Error::new(ErrorKind::Usage, problem.at(table.path.place.clone()).help(help)));
        };
        let this = (format, table.compression.unwrap_or(compression));
        if *found.get_or_insert(this) != this {
            let problem = Problem::new(format!(
                "`tables.{}` mixes formats: {} differs from {}",
                table.name,
                file.name(),
                files[0].name()
            ));
            let help = "narrow the path, such as with a glob: data/*.parquet";
            return Err(Error::new(ErrorKind::Usage, problem.at(table.path.place.clone()).help(help)));
        }
    }
    found.ok_or_else(|| Error::internal("a table without files"))
}

pub(super) fn compression(compression: Compression) -> FileCompressionType {
    match compression {
        Compression::None => FileCompressionType::UNCOMPRESSED,
        Compression::Gzip => FileCompressionType::GZIP,
        Compression::Zstd => FileCompressionType::ZSTD,
    }
}
