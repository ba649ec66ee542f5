"""Parquet files of several writers: many row groups or one, with statistics, without, and with some of them."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import columns as of
import footer

CODECS = ["none", "snappy", "gzip", "zstd"]


def prepare(rng, table):
    """Decides how the table's files are written: their suffix, what a job says of them, and the declared columns."""
    declared = table.columns if rng.random() < 0.4 else []
    if declared and rng.random() < 0.3:
        declared = rng.sample(declared, len(declared))
    return ".parquet", [], declared


def write(rng, table, rows, path):
    """Writes some rows of the table."""
    columns = rng.sample(table.columns, len(table.columns)) if rng.random() < 0.1 else table.columns
    arrays = [of.array([c.values[row] for row in rows], c.type) for c in columns]
    data = pa.table(arrays, names=[column.name for column in columns])
    wide = any(pa.types.is_decimal256(column.type.arrow) for column in table.columns)
    if rng.random() < 0.2 and not wide and rows:
        _write_with_duckdb(data, path, rng)
    else:
        _write_with_arrow(data, path, rng)
    if rng.random() < 0.5:
        footer.thin_out(path, rng)


def _write_with_duckdb(data, path, rng):
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("data", data)
        options = f"FORMAT parquet, ROW_GROUP_SIZE 2048, COMPRESSION {rng.choice(CODECS[1:])}"
        connection.execute(f"COPY (FROM data) TO '{path}' ({options})")


def _write_with_arrow(data, path, rng):
    def some():
        return rng.choice([True, True, False, rng.sample(data.column_names, rng.randint(0, data.num_columns))])

    pq.write_table(
        data,
        path,
        row_group_size=rng.choice([3, 10, 40, 1000]),
        version="2.6",
        use_dictionary=some(),
        write_statistics=some(),
        compression=rng.choice(CODECS),
        data_page_size=rng.choice([None, 64, 1000]),
        data_page_version=rng.choice(["1.0", "2.0"]),
        write_page_index=rng.random() < 0.3,
        store_schema=rng.random() < 0.8,
        store_decimal_as_integer=rng.random() < 0.3,
    )
