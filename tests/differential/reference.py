"""DuckDB's answer to a query, as documents.

DuckDB is given the values themselves and reads no file. It filters, joins, groups and computes; what is added up it
only gathers, and it is added up here, where numbers have no ends.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pyarrow as pa

import columns as of
import comparison
from expressions import name
from queries import CELL, KEY


class Refused(Exception):
    """There is no answer, and keyfold must not give one either."""


@dataclass
class Answer:
    """The documents by key, or none with the reason why there must be none."""

    documents: dict = None
    must_refuse: str = None
    # Why keyfold may refuse, though there is an answer: its own types may be too small on the way.
    may_refuse: str = None


def answer(query, tables):
    """What a query must give."""
    with duckdb.connect(config={"threads": 1}) as connection:
        for table in tables:
            _load(connection, table)
        may_refuse = _overflow(connection, query)
        try:
            rows = connection.execute(_statement(query, "exact")).fetchall()
            documents, magnitudes = _fold(query, rows)
        except (duckdb.OutOfRangeException, duckdb.ConversionException, comparison.NotFinite, Refused) as error:
            return Answer(must_refuse=str(error).splitlines()[0])
    return Answer(documents, may_refuse=may_refuse or _sums_overflow(query, magnitudes))


def _load(connection, table):
    arrays = [of.array(column.values, column.type, _in_memory(column.type)) for column in table.columns]
    connection.register("data", pa.table(arrays, names=[column.name for column in table.columns]))
    selected = ", ".join(f"CAST({name(c.name)} AS {c.type.duckdb}) AS {name(c.name)}" for c in table.columns)
    connection.execute(f"CREATE TABLE {table.name} AS SELECT {selected} FROM data")
    connection.unregister("data")


def _in_memory(column_type):
    if pa.types.is_decimal256(column_type.arrow):
        return pa.decimal128(column_type.precision, column_type.scale)
    return pa.string() if pa.types.is_dictionary(column_type.arrow) else column_type.arrow


def _statement(query, form):
    """The query, with times as text, since Python would cut their nanoseconds."""
    selected = ", ".join(
        f"CAST({output.name} AS VARCHAR)" if output.expression.type.kind in ("date", "timestamp") else output.name
        for output in query.outputs
    )
    return f"SELECT {selected} FROM ({query.sql(form)})"


def _overflow(connection, query):
    """Why the query has no answer in the types of its columns."""
    try:
        connection.execute(_statement(query, "native")).fetchall()
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        return str(error).splitlines()[0]
    return None


def _fold(query, rows):
    documents, magnitudes = {}, [0] * len(query.outputs)
    for row in rows:
        values = {}
        for index, (output, value) in enumerate(zip(query.outputs, row)):
            values[output.name] = value
            if output.sum_of is not None:
                values[output.name], magnitude = _sum(output.expression.type, value)
                magnitudes[index] += magnitude
        _put(query, documents, values)
    return documents, magnitudes


def _sum(of_type, gathered):
    """The sum of what is not NULL, and how large its parts are together."""
    numbers = [number for number in gathered or [] if number is not None]
    if not numbers:
        return None, 0
    if of_type.kind == "double":
        return math.fsum(numbers), 0
    total = magnitude = Decimal(0)
    for number in numbers:
        total, magnitude = of.EXACT.add(total, number), of.EXACT.add(magnitude, abs(number))
    return total, magnitude


def _sums_overflow(query, magnitudes):
    for output, magnitude in zip(query.outputs, magnitudes):
        of_type = output.expression.type
        digits_after = of_type.scale if of_type.kind == "decimal" else 0
        largest = of.BIG.high if of_type.kind == "int" else Decimal(10) ** (38 - digits_after) - 1
        if magnitude > largest:
            return f"the parts of {output.name} come to {magnitude}"
    return None


def _put(query, documents, values):
    types = {output.name: output.expression.type for output in query.outputs}
    key = comparison.plain(values.pop(KEY), types[KEY])
    if key is None:
        raise Refused("a key is NULL")
    label = str(values.pop(CELL)) if query.grid else None
    document = documents.setdefault(key, {value: _empty(query, types[value]) for value in values})
    if query.grid and query.off_grid == "drop" and label not in query.labels():
        return
    for value_name, value in values.items():
        value = comparison.plain(value, types[value_name])
        if query.grid:
            document[value_name][label] = value
        else:
            document[value_name] = value


def _empty(query, of_type):
    return dict.fromkeys(query.labels(), comparison.plain(0, of_type)) if query.fill else {}
