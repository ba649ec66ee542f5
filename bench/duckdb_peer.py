"""The same documents, made with DuckDB: one process from the files to the documents.

The tuned form is the fastest that was found (see bench/README.md for what was tried). Its three steps:
1. Each dimension row gets a small number for what the documents are grouped by, so that the ten million sales are
   grouped by one integer and the week instead of by five strings.
2. The weeks of a document are gathered as text with `string_agg`, which is several times faster here than `list`,
   `map`, a pivot or conditional sums, and split into a list again once per document.
3. A second short text, one character per week in the same order, says where each week is in that list.
"""

import argparse
import os
import tomllib
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
WEEKS = range(1, 53)
EXTRA_WEEK = 53

COLUMNS = {
    "sales": "saleId BIGINT, netSales DECIMAL(12,2), salesUnits INT, storeId INT, dateId INT, productId VARCHAR",
    "calendar": "datekey INT, datecalendarday INT, datecalendaryear INT, weeknumberofseason INT",
    "product": "productid VARCHAR, division VARCHAR, gender VARCHAR, category VARCHAR",
    "store": "storeid INT, channel VARCHAR, country VARCHAR",
}

YEAR = "'RY' || substr(CAST(datecalendaryear AS VARCHAR), 3, 2)"

# Numbers below 256 leave room for one in each byte of an INTEGER; a number out of range is an error, not a wrong sum.
TUNED = {
    "weekly_sales": {
        "dimensions": f"""
            CREATE TEMP TABLE days AS
                SELECT datekey, {YEAR} AS year, weeknumberofseason AS w,
                    CAST(dense_rank() OVER (ORDER BY datecalendaryear) AS INTEGER) AS y
                FROM calendar;
            CREATE TEMP TABLE items AS
                SELECT productid, trim(division) AS division, trim(gender) AS gender, trim(category) AS category,
                    CAST(dense_rank() OVER (ORDER BY trim(division), trim(gender), trim(category)) AS INTEGER) AS p
                FROM product;
            CREATE TEMP TABLE shops AS
                SELECT storeid, upper(trim(channel)) AS channel,
                    CAST(dense_rank() OVER (ORDER BY upper(trim(channel))) AS INTEGER) AS c
                FROM store;""",
        "cells": """
            SELECT (items.p * 256 + days.y) * 256 + shops.c AS g, days.w AS w, sum(netSales) AS n, sum(salesUnits) AS u
            FROM sales
            JOIN days ON days.datekey = sales.dateId
            JOIN items ON items.productid = sales.productId
            JOIN shops ON shops.storeid = sales.storeId
            GROUP BY ALL""",
        "attributes": "division, gender, category, channel, year",
        "lookup": """
            JOIN (SELECT DISTINCT p, division, gender, category FROM items) ON p = g // 65536
            JOIN (SELECT DISTINCT y, year FROM days) ON y = g // 256 % 256
            JOIN (SELECT DISTINCT c, channel FROM shops) ON c = g % 256""",
    },
    "store_year_category": {
        "dimensions": f"""
            CREATE TEMP TABLE days AS
                SELECT datekey, {YEAR} AS year, weeknumberofseason AS w,
                    CAST(dense_rank() OVER (ORDER BY datecalendaryear) AS INTEGER) AS y
                FROM calendar;
            CREATE TEMP TABLE items AS
                SELECT productid, trim(category) AS category,
                    CAST(dense_rank() OVER (ORDER BY trim(category)) AS INTEGER) AS q
                FROM product;""",
        "cells": """
            SELECT (items.q * 256 + days.y) * 65536 + sales.storeId AS g, days.w AS w,
                sum(netSales) AS n, sum(salesUnits) AS u
            FROM sales
            JOIN days ON days.datekey = sales.dateId
            JOIN items ON items.productid = sales.productId
            GROUP BY ALL""",
        "attributes": "year, g % 65536 AS store, category",
        "lookup": """
            JOIN (SELECT DISTINCT q, category FROM items) ON q = g // 16777216
            JOIN (SELECT DISTINCT y, year FROM days) ON y = g // 65536 % 256""",
    },
}

# The parts of each job's key, and its attributes in the order of the document.
KEYS = {
    "weekly_sales": ("year || '_' || channel || '_' || division || '_' || gender || '_' || category"),
    "store_year_category": ("year || '_' || store || '_' || category"),
}
ATTRIBUTES = {
    "weekly_sales": ("division", "gender", "category", "channel", "year"),
    "store_year_category": ("year", "store", "category"),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", choices=sorted(TUNED), required=True)
    parser.add_argument("--layout", choices=("files", "ndjson"), default="files")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--same-sql", action="store_true", help="group by the job's own query.sql instead")
    parser.add_argument("--checks", action="store_true", help="also ask what keyfold asks before it publishes")
    for table in COLUMNS:
        parser.add_argument(f"--{table}", metavar="FILE")
    return parser.parse_args()


def connect(args):
    """An empty database with one view per table."""
    connection = duckdb.connect(config={"threads": args.threads, "preserve_insertion_order": False})
    for table, columns in COLUMNS.items():
        path = getattr(args, table)
        if path is None:
            continue
        pairs = ", ".join("'{}': '{}'".format(*column.strip().split(" ", 1)) for column in split_columns(columns))
        source = f"read_csv('{path}', header = true, auto_detect = false, nullstr = '', columns = {{{pairs}}})"
        if path.endswith(".parquet"):
            source = f"read_parquet('{path}')"
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {source}")
    return connection


def split_columns(columns):
    """Splits at the commas between columns, not at those within DECIMAL(12,2)."""
    return columns.replace("(12,2)", "(12;2)").replace(",", "\n").replace(";", ",").split("\n")


def week_object(offset):
    """The SQL of one `dataRow`: every week in order, 0 where there is none, week 53 only where there is one."""
    weeks = ", ".join(f"""'{"" if week == 1 else ","}"W{week}":', cells[p{week} + {offset}]""" for week in WEEKS)
    extra = f"""CASE WHEN p{EXTRA_WEEK} > 0 THEN ',"W{EXTRA_WEEK}":' || cells[p{EXTRA_WEEK} + {offset}] END"""
    return f"'{{', {weeks}, {extra}, '}}'"


def documents_sql(job, same_sql):
    """The SELECT that gives the name and the text of every document."""
    tuned = TUNED[job]
    if same_sql:
        query = (ROOT / "sql" / job / "query.sql").read_text()
        names = ", ".join(ATTRIBUTES[job])
        cells = f"SELECT uniqueKey, {names}, weekNumber AS w, totalNetSales AS n, totalSalesUnits AS u FROM ({query})"
        group, keep, attributes, lookup = f"uniqueKey, {names}", names, names, ""
    else:
        cells, group, keep, attributes, lookup = tuned["cells"], "g", "g", tuned["attributes"], tuned["lookup"]
    positions = ", ".join(f"2 * instr(weeks, chr({63 + week})) AS p{week}" for week in (*WEEKS, EXTRA_WEEK))
    members = ", ".join(f"""',"{name}":', to_json({name})""" for name in ATTRIBUTES[job])
    return f"""
        WITH cells AS ({cells}),
        gathered AS (
            SELECT {group}, string_agg(chr(63 + w), '') AS weeks,
                -- The two zeros in front are what a week that is not there finds at its place.
                string_split('0,0,' || string_agg(concat(coalesce(CAST(n AS VARCHAR), 'null'), ',',
                    coalesce(CAST(u AS VARCHAR), 'null')), ','), ',') AS cells
            FROM cells
            GROUP BY {group}
        ),
        placed AS (SELECT {keep}, cells, {positions} FROM gathered),
        named AS (SELECT *, {KEYS[job]} AS uniqueKey FROM (SELECT placed.*, {attributes} FROM placed {lookup}))
        SELECT url_encode(uniqueKey) || '.json' AS name,
            concat('{{"uniqueKey":', to_json(uniqueKey), {members}, ',"dataRows":[{{"rowId":"Net Sales","dataRow":',
                {week_object(1)}, '}},{{"rowId":"Sales Units","dataRow":', {week_object(2)}, '}}]}}') AS document
        FROM named"""


def write_files(result, output):
    """One file per document. Names relative to an open folder save the walk along the path for each of them."""
    folder = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    while rows := result.fetchmany(4096):
        for name, document in rows:
            file = os.open(name, flags, 0o644, dir_fd=folder)
            os.write(file, document.encode())
            os.close(file)
    os.close(folder)


def check(connection, job):
    """The job's checks, unique keys and control totals of the source, as keyfold has them in every run."""
    folder = ROOT / "sql" / job
    declared = tomllib.loads((folder / "job.toml").read_text())
    for path in sorted((folder / "checks").glob("*.sql")):
        if connection.execute(path.read_text()).fetchone():
            raise SystemExit(f"{path} returned a row")
    for table, settings in declared["tables"].items():
        for column in settings.get("unique", []):
            if connection.execute(f"SELECT 1 FROM {table} GROUP BY {column} HAVING count(*) > 1 LIMIT 1").fetchone():
                raise SystemExit(f"{table}.{column} repeats")
    for total in declared["totals"]:
        connection.execute(total["sql"]).fetchone()


def main():
    args = arguments()
    args.output.mkdir(parents=True)
    connection = connect(args)
    if args.checks:
        check(connection, args.job)
    if not args.same_sql:
        connection.execute(TUNED[args.job]["dimensions"])
    documents = documents_sql(args.job, args.same_sql)
    if args.layout == "files":
        write_files(connection.execute(documents), args.output)
    else:
        # A CSV of one column without quotes is the document as it is; a file per thread saves waiting for each other.
        options = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\\x01'"
        options += ", PER_THREAD_OUTPUT true, FILE_EXTENSION 'ndjson'"
        target = args.output / "documents"
        connection.execute(f"COPY (SELECT document FROM ({documents})) TO '{target}' ({options})")


if __name__ == "__main__":
    main()
