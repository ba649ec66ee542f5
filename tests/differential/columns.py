"""Types of columns, and values of them: common ones, and those at the ends of what a type can hold."""

import datetime
from dataclasses import dataclass
from decimal import Context, Decimal

import pyarrow as pa

# More digits than any number here has.
EXACT = Context(prec=200)
EPOCH = datetime.datetime(1970, 1, 1)
# What both programs hold in 64 bits of nanoseconds.
FIRST_DAY, LAST_DAY = datetime.date(1700, 1, 1), datetime.date(2250, 12, 31)
SECONDS = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
# pyarrow leaves out the statistics of a page or row group that holds a text of this length.
LONG_TEXT = 4200
WORDS = ["a", "b", "ab", "north", "south", "x", "Zürich", "naïve", "日本語", "🙂", "e\u0301", "0", "01", "NULL", "true"]
AWKWARD = ['say "hi"', "two\nlines", "crlf\r\nhere", "comma, semicolon; tab\t.", "'", '"', " blank ", "\\", "%_%", "#x"]


@dataclass(frozen=True)
class ColumnType:
    """What a column holds. `arrow` is its type in a file, `sql` its name in a job, `duckdb` in the reference."""

    kind: str
    arrow: pa.DataType
    sql: str
    duckdb: str
    low: int = 0
    high: int = 0
    precision: int = 0
    scale: int = 0
    # Whether a sum of any number of its values that a test has is exact.
    summable: bool = False


def integer(bits, signed=True):
    """A type of whole numbers."""
    word = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}[bits]
    arrow = getattr(pa, f"{'' if signed else 'u'}int{bits}")()
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    sql, duckdb = (word, word) if signed else (f"{word} UNSIGNED", f"U{word}")
    return ColumnType("int", arrow, sql, duckdb, low, high, summable=True)


def decimal(precision, scale, wide=False):
    """A type of decimals. The wide ones have 256 bits in files, and hold what the reference can hold in 128."""
    arrow = pa.decimal256(76, scale) if wide else pa.decimal128(precision, scale)
    sql = f"DECIMAL({76 if wide else precision},{scale})"
    duckdb = f"DECIMAL({precision},{scale})"
    return ColumnType("decimal", arrow, sql, duckdb, precision=precision, scale=scale, summable=True)


def timestamp(unit):
    """A type of points in time."""
    digits = {"ms": 3, "us": 6, "ns": 9}[unit]
    duckdb = {"ms": "TIMESTAMP_MS", "us": "TIMESTAMP", "ns": "TIMESTAMP_NS"}[unit]
    return ColumnType("timestamp", pa.timestamp(unit), f"TIMESTAMP({digits})", duckdb)


TINY, SMALL, INT, BIG = (integer(bits) for bits in (8, 16, 32, 64))
UNSIGNED = [integer(bits, signed=False) for bits in (8, 16, 32, 64)]
BOOL = ColumnType("bool", pa.bool_(), "BOOLEAN", "BOOLEAN")
TEXT = ColumnType("text", pa.string(), "VARCHAR", "VARCHAR")
CATEGORY = ColumnType("text", pa.dictionary(pa.int32(), pa.string()), "VARCHAR", "VARCHAR")
DATE = ColumnType("date", pa.date32(), "DATE", "DATE")
# Quarters, whose sums do not depend on their order; and any numbers, which are never added up.
QUARTERS = ColumnType("double", pa.float64(), "DOUBLE", "DOUBLE", summable=True)
DOUBLE = ColumnType("double", pa.float64(), "DOUBLE", "DOUBLE")
FLOAT = ColumnType("float", pa.float32(), "REAL", "FLOAT")


def any_type(rng, file_format):
    """A type that a format can hold."""
    kind = rng.choice(
        ["int"] * 4 + ["decimal"] * 3 + ["text"] * 4 + ["double", "double", "float", "bool", "date", "timestamp"]
    )
    if kind == "int":
        return rng.choice([TINY, SMALL, INT, INT, BIG, BIG, *UNSIGNED])
    if kind == "decimal":
        precision = rng.choice([1, 4, 9, 12, 18, 19, 28, 38])
        scale = rng.choice([0, min(2, precision), rng.randint(0, precision)])
        return decimal(precision, scale, wide=precision >= 28 and rng.random() < 0.4)
    if kind == "text":
        return CATEGORY if file_format == "parquet" and rng.random() < 0.15 else TEXT
    if kind == "double":
        return rng.choice([QUARTERS, DOUBLE])
    if kind == "timestamp":
        return timestamp(rng.choice(["ms", "us", "ns"]) if file_format == "parquet" else "ns")
    return {"float": FLOAT, "bool": BOOL, "date": DATE}[kind]


def value(rng, of, style):
    """A value: `small` ones are few and short, `any` ones spread out, `extreme` ones at the ends of the type."""
    return globals()[f"_{of.kind}"](rng, of, style)


def _int(rng, of, style):
    if style == "small":
        return rng.randint(max(of.low, -3), 9)
    if style == "extreme":
        return rng.choice([of.low, of.low + 1, of.high, of.high - 1, 0, 1])
    return rng.randint(of.low, of.high) if rng.random() < 0.2 else rng.randint(max(of.low, -1000), min(of.high, 1000))


def _decimal(rng, of, style):
    nines = 10**of.precision - 1
    if style == "extreme":
        unscaled = rng.choice([nines, -nines, nines - 1, 0, 1, -1])
    else:
        largest = min(nines, 9 if style == "small" else 10 ** rng.randint(1, of.precision))
        unscaled = rng.randint(-largest, largest)
    return Decimal(unscaled).scaleb(-of.scale, EXACT)


def _double(rng, of, style):
    if of.summable:
        return rng.randint(-8, 40) / 4 if style == "small" else rng.randint(-(2**22), 2**22) / 4
    if style == "small":
        return rng.choice([0.0, 0.5, 1.5, -2.25])
    if style == "extreme":
        return rng.choice([1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 2.0**53, 2.0**53 + 2, 0.1, 1e16])
    return rng.uniform(-1000, 1000)


def _float(rng, of, style):
    if style == "extreme":
        return rng.choice([3.4028234663852886e38, -3.4028234663852886e38, 2.0**-149, 16777216.0])
    return rng.randint(-1000, 1000) / 8


def _bool(rng, of, style):
    return rng.random() < 0.5


def _text(rng, of, style):
    if style == "small":
        return rng.choice(WORDS[:6])
    if style == "extreme":
        return rng.choice(
            [rng.choice("xyz") * rng.randint(LONG_TEXT, LONG_TEXT + 3), rng.choice(WORDS) * 30, "", "\U0010ffff"]
        )
    return rng.choice(
        [rng.choice(WORDS), rng.choice(AWKWARD), rng.choice(WORDS) + rng.choice(AWKWARD), str(rng.randint(0, 99))]
    )


def _date(rng, of, style):
    if style == "small":
        return datetime.date(2018, 1, 1) + datetime.timedelta(rng.randint(0, 6))
    if style == "extreme":
        return rng.choice(
            [
                datetime.date(1, 1, 1),
                datetime.date(9999, 12, 31),
                datetime.date(1969, 12, 31),
                datetime.date(2000, 2, 29),
            ]
        )
    return FIRST_DAY + datetime.timedelta(rng.randrange((LAST_DAY - FIRST_DAY).days))


def _timestamp(rng, of, style):
    """Nanoseconds since 1970."""
    day = _date(rng, of, style if style == "small" else "any")
    midnight = (day - EPOCH.date()).days * 86400
    second = rng.choice([0, 1, 43200, 86399, rng.randrange(86400)])
    unit = SECONDS[of.arrow.unit]
    fraction = (
        0 if style == "small" else rng.choice([0, unit, 5 * 10**8, 10**9 - unit, rng.randrange(10**9) // unit * unit])
    )
    return (midnight + second) * 10**9 + fraction


def timestamp_text(nanoseconds, separator=" "):
    """As ISO 8601 has it."""
    seconds, fraction = divmod(nanoseconds, 10**9)
    text = (EPOCH + datetime.timedelta(seconds=seconds)).isoformat(separator)
    return f"{text}.{fraction:09}".rstrip("0") if fraction else text


def array(values, of, arrow=None):
    """The values as a column in memory."""
    arrow = arrow or of.arrow
    if of.kind == "timestamp":
        unit = SECONDS[arrow.unit]
        return pa.array([None if v is None else v // unit for v in values], pa.int64()).cast(arrow)
    if pa.types.is_dictionary(arrow):
        return pa.array(values, arrow.value_type).dictionary_encode().cast(arrow)
    return pa.array(values, arrow)
