//! Which files there are, and how they come into being: made beside their final name, then renamed, so that a file
//! that is there is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::args::{Args, Format};
use crate::csv::{self, CsvSales};
use crate::error::DatagenError;
use crate::parquet::ParquetSales;
use crate::sales::{Sale, SalesSource};
use crate::star::Star;

/// Sales made at once; with `BATCHES_AHEAD` this bounds the memory, whatever the number of sales.
const BATCH: usize = 1 << 16;
const BATCHES_AHEAD: usize = 2;

/// Writes calendar.csv, product.csv and store.csv.
pub(crate) fn write_dimensions(star: &Star, folder: &Path) -> Result<(), DatagenError> {
    fs::create_dir_all(folder).map_err(DatagenError::io(folder))?;
    whole_file(&folder.join("calendar.csv"), |out| csv::write_calendar(star, out))?;
    whole_file(&folder.join("product.csv"), |out| csv::write_products(star, out))?;
    whole_file(&folder.join("store.csv"), |out| csv::write_stores(star, out))
}

/// Writes the sales into one file or several, several at a time.
pub(crate) fn write_sales(star: &Star, args: &Args) -> Result<(), DatagenError> {
    let extension = args.format.extension();
    let folder = args.output.join("sales");
    if args.files > 1 {
        fs::create_dir_all(&folder).map_err(DatagenError::io(&folder))?;
    }
    let path_of = |file: u64| match args.files {
        1 => args.output.join(format!("sales.{extension}")),
        _ => folder.join(format!("part-{file:05}.{extension}")),
    };
    let source = SalesSource::new(star, args.seed);
    let next_file = AtomicU64::new(0);
    let write_some = || -> Result<(), DatagenError> {
        loop {
            let file = next_file.fetch_add(1, Ordering::Relaxed);
            if file >= args.files {
                return Ok(());
            }
            write_sales_file(source, share(args.rows, args.files, file), args.format, &path_of(file))?;
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(args.files as usize);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(write_some)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Err(DatagenError::ThreadLost)))
    })
}

/// The numbers of the sales in one of `files` files; sizes differ by one at most.
fn share(rows: u64, files: u64, file: u64) -> Range<u64> {
    let bound = |file: u64| (u128::from(rows) * u128::from(file) / u128::from(files)) as u64;
    bound(file)..bound(file + 1)
}

/// Makes sales in one thread while another encodes and writes them.
fn write_sales_file(
    source: SalesSource<'_>,
    numbers: Range<u64>,
    format: Format,
    path: &Path,
) -> Result<(), DatagenError> {
    thread::scope(|scope| {
        let (sender, batches) = mpsc::sync_channel(BATCHES_AHEAD);
        scope.spawn(move || {
            for start in numbers.clone().step_by(BATCH) {
                let batch = source.sales(start..numbers.end.min(start + BATCH as u64));
                // The writer is gone only after an error, which it reports itself.
                if sender.send(batch).is_err() {
                    break;
                }
            }
        });
        write_batches(batches, format, path)
    })
}

fn write_batches(batches: mpsc::Receiver<Vec<Sale<'_>>>, format: Format, path: &Path) -> Result<(), DatagenError> {
    let parquet_error = |source| DatagenError::Parquet { path: path.to_path_buf(), source };
    let staged = Staged::create(path)?;
    let out = match format {
        Format::Csv => {
            let mut csv = CsvSales::start(staged.out).map_err(DatagenError::io(path))?;
            for batch in batches {
                csv.write(&batch).map_err(DatagenError::io(path))?;
            }
            csv.finish().map_err(DatagenError::io(path))?
        }
        Format::Parquet => {
            let mut parquet = ParquetSales::start(staged.out).map_err(parquet_error)?;
            for batch in batches {
                parquet.write(&batch).map_err(parquet_error)?;
            }
            parquet.finish().map_err(parquet_error)?
        }
    };
    Staged { out, ..staged }.publish()
}

fn whole_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), DatagenError> {
    let mut staged = Staged::create(path)?;
    write(&mut staged.out).map_err(DatagenError::io(path))?;
    staged.publish()
}

/// A file that has not got its name yet.
struct Staged {
    out: BufWriter<File>,
    staging: PathBuf,
    path: PathBuf,
}

impl Staged {
    fn create(path: &Path) -> Result<Self, DatagenError> {
        let mut staging = path.as_os_str().to_owned();
        staging.push(".part");
        let staging = PathBuf::from(staging);
        let file = File::create(&staging).map_err(DatagenError::io(&staging))?;
        Ok(Self { out: BufWriter::with_capacity(1 << 20, file), staging, path: path.to_path_buf() })
    }

    fn publish(mut self) -> Result<(), DatagenError> {
        self.out.flush().map_err(DatagenError::io(&self.staging))?;
        fs::rename(&self.staging, &self.path).map_err(DatagenError::io(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn generate(folder: &Path, format: Format, files: u64) {
        let args = Args { rows: 150_000, format, seed: 1, output: folder.to_path_buf(), files };
        let star = Star::new();
        write_dimensions(&star, folder).unwrap();
        write_sales(&star, &args).unwrap();
    }

    /// The rows of a Parquet file as the lines of the CSV file.
    fn parquet_as_csv(path: &Path) -> String {
        use arrow_array::cast::AsArray;
        use arrow_array::types::{Decimal128Type, Int32Type, Int64Type};
        let mut text = String::from("saleId,netSales,salesUnits,storeId,dateId,productId\n");
        for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let ids = batch.column(0).as_primitive::<Int64Type>();
            let amounts = batch.column(1).as_primitive::<Decimal128Type>();
            let int = |column: usize, row| batch.column(column).as_primitive::<Int32Type>().value(row);
            let products = batch.column(5).as_string::<i32>();
            for row in 0..batch.num_rows() {
                text += &format!(
                    "{},{},{},{},{},{}\n",
                    ids.value(row),
                    amounts.value_as_string(row),
                    int(2, row),
                    int(3, row),
                    int(4, row),
                    products.value(row)
                );
            }
        }
        text
    }

    #[test]
    fn csv_and_parquet_hold_the_same_rows() {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), Format::Csv, 1);
        generate(folder.path(), Format::Parquet, 1);
        let csv = fs::read_to_string(folder.path().join("sales.csv")).unwrap();
        assert_eq!(csv.lines().count(), 150_001);
        assert!(csv == parquet_as_csv(&folder.path().join("sales.parquet")));
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&first, &second] {
            generate(folder.path(), Format::Parquet, 1);
        }
        for name in ["sales.parquet", "calendar.csv", "product.csv", "store.csv"] {
            let bytes = |folder: &tempfile::TempDir| fs::read(folder.path().join(name)).unwrap();
            assert!(bytes(&first) == bytes(&second), "{name} differs");
        }
    }

    #[test]
    fn several_files_hold_the_rows_of_one() {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), Format::Csv, 1);
        generate(folder.path(), Format::Csv, 3);
        let whole = fs::read_to_string(folder.path().join("sales.csv")).unwrap();
        let mut parts = whole.lines().next().unwrap().to_owned() + "\n";
        for part in 0..3 {
            let text = fs::read_to_string(folder.path().join(format!("sales/part-{part:05}.csv"))).unwrap();
            parts += text.split_once('\n').unwrap().1;
        }
        assert!(whole == parts);
    }

    #[test]
    fn only_whole_files_are_left() {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), Format::Parquet, 2);
        let left = |folder: &Path| {
            let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names
        };
        assert_eq!(left(folder.path()), ["calendar.csv", "product.csv", "sales", "store.csv"]);
        assert_eq!(left(&folder.path().join("sales")), ["part-00000.parquet", "part-00001.parquet"]);
    }
}
