"""The job sql/weekly_sales as a PySpark application: the same files, the same documents, one on each line.

Joins with broadcast dimensions and sums per week come first in all ways, all in Spark's own operators. `lists`, `pivot`
and `filtered` stay there and differ in how the weeks of a document come together. `pandas` is how such a job is often
written: a Python function makes the document of each key from a pandas frame. None has the job's checks and control
totals."""

import argparse
import json
import time
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

SALES = "saleId BIGINT, netSales DECIMAL(12,2), salesUnits INT, storeId INT, dateId INT, productId STRING"
CALENDAR = "datekey INT, datecalendarday INT, datecalendaryear INT, weeknumberofseason INT"
PRODUCT = "productid STRING, division STRING, gender STRING, category STRING"
STORE = "storeid INT, channel STRING, country STRING"

NAMES = ("division", "gender", "category", "channel", "year")
KEY = ("year", "channel", "division", "gender", "category")
# Week 53 is in a document only where there was a sale in it; the others are in all.
WEEKS = range(1, 53)
LAST_WEEK = 53


def arguments():
    parser = argparse.ArgumentParser(prog="spark_peer.py", description=__doc__)
    parser.add_argument("--master", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with sales.parquet and the dimensions")
    parser.add_argument("--output", type=Path, required=True, help="each run writes a folder of its own below it")
    parser.add_argument("--way", choices=WAYS, default="lists")
    parser.add_argument("--runs", type=int, default=1, help="runs in this application")
    parser.add_argument("--times", type=Path, required=True, help="file for begin and end of each run, as JSON")
    parser.add_argument("--memory", default="2g", help="memory of each executor")
    parser.add_argument("--partitions", type=int, default=2, help="tasks of each stage after the first")
    return parser.parse_args()


def main():
    args = arguments()
    spark = session(args)
    times = []
    for run in range(args.runs):
        begin = time.time()
        documents = WAYS[args.way](joined(spark, args.data))
        documents.write.text(str(args.output / str(run)))
        times.append((begin, time.time()))
    args.times.write_text(json.dumps(times))
    spark.stop()


def session(args):
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": args.memory,
        # Spark's own number, 200, is for large clusters.
        "spark.sql.shuffle.partitions": str(args.partitions),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.appName("weekly_sales").master(args.master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def joined(spark, data):
    """What the joins of query.sql give."""
    sales = spark.read.schema(SALES).parquet(str(data / "sales.parquet"))
    tables = {
        name: spark.read.schema(schema).csv(str(data / f"{name}.csv"), header=True)
        for name, schema in (("calendar", CALENDAR), ("product", PRODUCT), ("store", STORE))
    }
    days = tables["calendar"].select(
        F.col("datekey").alias("dateId"),
        F.concat(F.lit("RY"), F.substring(F.col("datecalendaryear").cast("string"), 3, 2)).alias("year"),
        F.col("weeknumberofseason").alias("week"),
    )
    products = tables["product"].select(
        F.col("productid").alias("productId"),
        *(F.trim(name).alias(name) for name in ("division", "gender", "category")),
    )
    stores = tables["store"].select(F.col("storeid").alias("storeId"), F.upper(F.trim("channel")).alias("channel"))
    return (
        sales.join(F.broadcast(days), "dateId")
        .join(F.broadcast(products), "productId")
        .join(F.broadcast(stores), "storeId")
    )


def weekly(rows):
    """A row per document and week."""
    return rows.groupBy(*NAMES, "week").agg(F.sum("netSales").alias("net"), F.sum("salesUnits").alias("units"))


def lists(rows):
    """Weeks become cells out of two lists for each document: few columns, so little code to compile."""
    found = F.collect_list(F.struct("week", "net", "units")).alias("found")
    grouped = weekly(rows).groupBy(*NAMES).agg(found)
    last = F.exists("found", lambda cell: cell["week"] == LAST_WEEK)
    weeks = F.when(last, numbers(LAST_WEEK)).otherwise(numbers(LAST_WEEK - 1))
    labels = F.transform(weeks, lambda week: F.concat(F.lit("W"), week))

    def cells(value):
        pairs = F.transform("found", lambda cell: F.struct(cell["week"], cell[value]))
        by_week = F.map_from_entries(pairs)
        values = F.transform(weeks, lambda week: F.coalesce(by_week[week], F.lit(0)))
        return F.to_json(F.map_from_arrays(labels, values))

    return documents(grouped, cells)


def pivot(rows):
    """Weeks become columns by Spark's pivot: it adds up per week first, so that few rows are moved. `to_json` leaves
    out what is NULL, such as a week 53 without a sale."""
    wide = rows.groupBy(*NAMES).pivot("week", [*WEEKS, LAST_WEEK])
    wide = wide.agg(F.sum("netSales").alias("net"), F.sum("salesUnits").alias("units"))
    return documents(wide, lambda value: columns(lambda week: F.col(f"{week}_{value}")))


def filtered(rows):
    """Weeks become columns by an aggregate for each."""
    of_week = [
        F.max(F.when(F.col("week") == week, F.col(value))).alias(f"{week}_{value}")
        for value in VALUES
        for week in (*WEEKS, LAST_WEEK)
    ]
    wide = weekly(rows).groupBy(*NAMES).agg(*of_week)
    return documents(wide, lambda value: columns(lambda week: F.col(f"{week}_{value}")))


def pandas(rows):
    """A Python function makes each document out of the frame of its weeks."""
    return weekly(rows).groupBy(*NAMES).applyInPandas(document, "document STRING")


VALUES = {"net": "Net Sales", "units": "Sales Units"}
WAYS = {"lists": lists, "pivot": pivot, "filtered": filtered, "pandas": pandas}


def numbers(last):
    return F.sequence(F.lit(1), F.lit(last))


def columns(of_week):
    """The cells of one row as text, each out of a column."""
    cells = [F.coalesce(of_week(week), F.lit(0)).alias(f"W{week}") for week in WEEKS]
    return F.to_json(F.struct(*cells, of_week(LAST_WEEK).alias(f"W{LAST_WEEK}")))


def documents(grouped, cells):
    """The document of each row as text. Its parts are joined as text too: amounts and units are of different types,
    so no one array holds both rows."""
    head = F.to_json(F.struct(F.concat_ws("_", *KEY).alias("uniqueKey"), *NAMES))
    parts = [F.left(head, F.length(head) - 1), F.lit(',"dataRows":[')]
    for number, (value, row_id) in enumerate(VALUES.items()):
        parts += [F.lit("," if number else ""), F.lit(f'{{"rowId":"{row_id}","dataRow":'), cells(value), F.lit("}")]
    return grouped.select(F.concat(*parts, F.lit("]}")))


def document(frame):
    import pandas as pd

    first = frame.iloc[0]
    frame = frame.set_index("week")
    weeks = [*WEEKS, *(week for week in frame.index if week == LAST_WEEK)]
    found = {
        "uniqueKey": "_".join(first[name] for name in KEY),
        **{name: first[name] for name in NAMES},
        "dataRows": [
            {
                "rowId": "Net Sales",
                # Amounts below 10^13 with two digits are the same text as a float.
                "dataRow": {f"W{week}": float(frame["net"].get(week, 0)) for week in weeks},
            },
            {"rowId": "Sales Units", "dataRow": {f"W{week}": int(frame["units"].get(week, 0)) for week in weeks}},
        ],
    }
    return pd.DataFrame({"document": [json.dumps(found, separators=(",", ":"))]})


if __name__ == "__main__":
    main()
