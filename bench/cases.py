"""What is measured: each case is one job over one set of files, done by several programs."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIMENSIONS = {"weekly_sales": ("calendar", "product", "store"), "store_year_category": ("calendar", "product")}

KEYFOLD = "keyfold"
# The same job with bench/tuned/<job>.sql: grouped by numbers given to the names, as the tuned peer groups.
KEYFOLD_TUNED = "keyfold-tuned-sql"
# Another build of keyfold, given by --baseline, in the same turns: what a change costs or saves.
KEYFOLD_BASELINE = "keyfold-baseline"
# The best that was found for DuckDB; with the checks and totals that keyfold has in every run; and the best way to
# the documents from the analyst's own query.sql, unchanged, which is what keyfold is given.
DUCKDB = "duckdb"
DUCKDB_CHECKED = "duckdb-with-checks"
DUCKDB_SAME_SQL = "duckdb-same-sql"
PROGRAMS = (KEYFOLD, KEYFOLD_TUNED, DUCKDB, DUCKDB_CHECKED, DUCKDB_SAME_SQL)
PEER_OPTIONS = {DUCKDB: [], DUCKDB_CHECKED: ["--checks"], DUCKDB_SAME_SQL: ["--same-sql"]}


@dataclass(frozen=True)
class Case:
    """One row group of the report."""

    name: str
    title: str
    job: str
    format: str = "parquet"
    layout: str = "files"
    rows_factor: int = 1
    runs_factor: int = 1
    sample: bool = False
    programs: tuple = PROGRAMS

    def tables(self, data):
        """The file of each table of the job."""
        folder = ROOT / "sql/weekly_sales/data" if self.sample else data
        sales = folder / f"sales.{self.format}"
        return {"sales": sales, **{table: folder / f"{table}.csv" for table in DIMENSIONS[self.job]}}

    def heading(self, rows):
        """The title with the number of sales filled in."""
        return self.title.format(rows=f"{rows * self.rows_factor:,}")


CASES = (
    Case("weekly-parquet", "{rows} sales, Parquet, to a file per product group, channel and year", "weekly_sales"),
    Case(
        "weekly-csv", "{rows} sales, CSV, to a file per product group, channel and year", "weekly_sales", format="csv"
    ),
    Case("stores-files", "{rows} sales, Parquet, to a file per store, year and category", "store_year_category"),
    Case(
        "stores-ndjson",
        "{rows} sales, Parquet, to documents per store, year and category as NDJSON",
        "store_year_category",
        layout="ndjson",
    ),
    Case("large", "{rows} sales, Parquet: peak memory", "weekly_sales", rows_factor=10, programs=(KEYFOLD, DUCKDB)),
    Case(
        "sample",
        "the sample job, cold start",
        "weekly_sales",
        format="csv",
        runs_factor=5,
        sample=True,
        programs=(KEYFOLD, DUCKDB, DUCKDB_CHECKED, DUCKDB_SAME_SQL),
    ),
)


KEYFOLDS = (KEYFOLD, KEYFOLD_TUNED, KEYFOLD_BASELINE)


def keyfold_command(binary, program, case, tables, output):
    """How keyfold is called, and what its environment has beyond ours."""
    command = [str(binary), "run", str(ROOT / "sql" / case.job)]
    for table, path in tables.items():
        command += ["--set", f"tables.{table}.path={path}"]
    if case.layout == "ndjson":
        command += ["--set", "output.layout=ndjson"]
    if program == KEYFOLD_TUNED:
        command += ["--query", str(ROOT / "bench/tuned" / f"{case.job}.sql")]
    return command + ["--output", str(output), "--quiet"]


def duckdb_command(python, program, case, tables, output, threads):
    """How the DuckDB peer is called."""
    command = [python, str(ROOT / "bench/duckdb_peer.py"), "--job", case.job, "--layout", case.layout]
    command += ["--threads", str(threads), "--output", str(output)]
    command += [f"--{table}={path}" for table, path in tables.items()]
    return command + PEER_OPTIONS[program]
