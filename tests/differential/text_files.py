"""CSV and NDJSON files, as many programs write them: other delimiters, quotes where they are needed or everywhere."""

import gzip
import json
from decimal import Decimal

import pyarrow as pa

import columns as of

SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}


def prepare(rng, table):
    """Decides how the table's files are written: their suffix, what a job says of them, and the declared columns."""
    table.compression = rng.choice(["none", "none", "none", "gzip", "zstd"])
    suffix = f".{table.format}{SUFFIXES[table.compression]}"
    lines = [] if table.format == "ndjson" else _prepare_csv(rng, table)
    return suffix, lines, table.columns


def _prepare_csv(rng, table):
    table.delimiter = rng.choice([",", ",", ",", ";", "\t", "|"])
    table.quote_all = rng.random() < 0.3
    table.line_end = rng.choice(["\n", "\n", "\r\n"])
    table.header = rng.random() < 0.9
    table.byte_order_mark = table.header and rng.random() < 0.1
    lines = ["multiline = true"] if rng.random() < 0.5 else []
    if table.delimiter != ",":
        lines.append(f"delimiter = {json.dumps(table.delimiter)}")
    if not table.header:
        lines.append("header = false")
    return lines


def write(rng, table, rows, path):
    """Writes some rows of the table."""
    text = _csv(rng, table, rows) if table.format == "csv" else _ndjson(rng, table, rows)
    content = text.encode()
    if table.compression == "gzip":
        content = gzip.compress(content, mtime=0)
    elif table.compression == "zstd":
        content = pa.Codec("zstd").compress(content, asbytes=True)
    path.write_bytes(content)


def _csv(rng, table, rows):
    header = [[column.name for column in table.columns]] if table.header else []
    lines = header + [[_csv_text(column, row) for column in table.columns] for row in rows]
    text = "".join(table.delimiter.join(_quoted(table, field) for field in line) + table.line_end for line in lines)
    if rng.random() < 0.2:
        text = text.removesuffix(table.line_end)
    return ("\ufeff" if table.byte_order_mark else "") + text


def _quoted(table, text):
    special = any(character in text for character in (table.delimiter, '"', "\n", "\r"))
    if special or table.quote_all and text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _csv_text(column, row):
    value = column.values[row]
    if value is None:
        return ""
    if column.type.kind == "bool":
        return "true" if value else "false"
    if column.type.kind == "timestamp":
        return of.timestamp_text(value, " T"[row % 2])
    if column.type.kind == "decimal":
        return format(value, "f")
    return str(value)


def _ndjson(rng, table, rows):
    return "".join(_object(rng, table, row) + "\n" for row in rows)


def _object(rng, table, row):
    members = [f"{json.dumps(c.name)}: {_json_text(rng, c, row)}" for c in table.columns]
    if rng.random() < 0.1:
        rng.shuffle(members)
    return "{" + ", ".join(members) + "}"


def _json_text(rng, column, row):
    value = column.values[row]
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, (bool, int, float)) and column.type.kind != "timestamp":
        return json.dumps(value)
    text = of.timestamp_text(value, "T") if column.type.kind == "timestamp" else str(value)
    return json.dumps(text, ensure_ascii=rng.random() < 0.5)
