"""Tables of a test: columns, rows, and the files that hold them."""

from dataclasses import dataclass, field

import columns as of
import parquet_files
import text_files

NAMES = ["net", "Net2", "größe", "two words", "select", "x-y", "day", "note", "UPPER", "a.b", "_c", "q'q", 'q"q']
CELLS = ["W1", "W2", "w 3", "é", '"']
# Bytes from which on a file is read in pieces, and some more.
PIECE = 12_000_000
FORMATS = ["csv", "csv", "ndjson", "parquet", "parquet", "parquet"]


@dataclass
class Column:
    """A named column with its values, in the order of rows."""

    name: str
    type: of.ColumnType
    values: list


@dataclass
class Table:
    """What a job calls a table."""

    name: str
    format: str
    columns: list
    # Lines of `[tables.NAME]` in the job.
    job: list = field(default_factory=list)

    @property
    def rows(self):
        """The number of rows."""
        return len(self.columns[0].values)


def generate(rng):
    """A table of facts, called `f`, and up to two dimensions, called `d1` and `d2`."""
    dimensions = [_dimension(rng, f"d{number}") for number in range(1, rng.choice([1, 2, 2, 3]))]
    return [_facts(rng, dimensions), *dimensions]


def _facts(rng, dimensions):
    file_format = rng.choice(FORMATS)
    rows = rng.choice([0, 1, rng.randint(2, 40), rng.randint(40, 400), rng.randint(40, 400), rng.randint(400, 3000)])
    ids = list(range(rows))
    columns = [Column("id", rng.choice([of.INT, of.BIG]), ids)]
    segment = rng.choice([3, 10, 40, 100])
    columns += [_reference(rng, dimension, rows) for dimension in dimensions]
    columns.append(Column("cell_number", of.INT, [rng.randint(1, 5) for _ in ids]))
    columns.append(Column("cell_text", of.TEXT, [rng.choice(CELLS) if rng.random() < 0.95 else None for _ in ids]))
    columns += _columns(rng, file_format, rows, segment, rng.randint(2, 6))
    if file_format == "csv" and rows > 400 and rng.random() < 0.3:
        columns.append(_padding(rng, rows))
    return Table("f", file_format, columns)


def _padding(rng, rows):
    """Long texts of many lines: a file that is large enough to be read in pieces, with few places to cut it."""
    lines = [rng.choice(['1,2,"x"\n', "3;4\n", "\r\n", "9,north,1\n", '"', "padding "]) for _ in range(50)]
    length = PIECE // rows
    texts = ["".join(rng.sample(lines, 20)) for _ in range(rows)]
    return Column("padding", of.TEXT, [(text * (length // len(text) + 1))[:length] for text in texts])


def _dimension(rng, name):
    file_format = rng.choice(FORMATS)
    rows = rng.randint(0, 30)
    key = rng.choice([of.INT, of.BIG, of.TEXT, of.DATE, of.decimal(9, 2)])
    keys = []
    while len(keys) < rows:
        value = of.value(rng, key, rng.choice(["small", "any"]))
        if value != "":
            keys.append(value)
    keys = list(dict.fromkeys(keys))
    columns = [Column(f"{name}_id", key, keys)]
    columns += _columns(rng, file_format, len(keys), 7, rng.randint(1, 3), prefix=f"{name}_")
    return Table(name, file_format, columns)


def _reference(rng, dimension, rows):
    """A column of the facts that refers to a dimension; some rows refer to nothing."""
    column = dimension.columns[0]
    lost = rng.choice([0, 0.1, 0.5])
    values = [
        rng.choice(column.values)
        if column.values and rng.random() >= lost
        else rng.choice([None, of.value(rng, column.type, "small") or None])
        for _ in range(rows)
    ]
    return Column(f"{dimension.name}_ref", column.type, values)


def _columns(rng, file_format, rows, segment, count, prefix=""):
    names = rng.sample(NAMES, count)
    made = []
    for name in names:
        column_type = of.any_type(rng, file_format)
        made.append(Column(prefix + name, column_type, _values(rng, column_type, file_format, rows, segment)))
    return made


def _values(rng, column_type, file_format, rows, segment):
    """Values that are alike within a segment of rows, so that row groups differ in what their statistics would say."""
    values = []
    nulls = rng.choice([0, 0, 0.1, 0.5])
    while len(values) < rows:
        style = rng.choice(["constant", "small", "any", "extreme", "sorted", "nulls", "mixed"])
        count = min(rng.choice([segment, segment, 3 * segment]), rows - len(values))
        values += _segment(rng, column_type, style, count, nulls)
    if file_format == "csv":
        return [None if value == "" else value for value in values]
    if column_type.arrow in (of.DOUBLE.arrow, of.FLOAT.arrow) and file_format == "parquet" and rng.random() < 0.2:
        return [float("nan") if value is not None and rng.random() < 0.1 else value for value in values]
    return values


def _segment(rng, column_type, style, count, nulls):
    if style == "nulls":
        return [None] * count
    if style == "constant":
        return [of.value(rng, column_type, rng.choice(["small", "any", "extreme"]))] * count
    styles = {"sorted": ["any"], "mixed": ["small", "any", "extreme"]}.get(style, [style])
    values = [of.value(rng, column_type, rng.choice(styles)) for _ in range(count)]
    if style == "sorted":
        return sorted(values)
    return [None if rng.random() < nulls else value for value in values]


def write(rng, table, folder):
    """Writes the table's files below the folder and notes how a job reads them."""
    files = _split(rng, table)
    writer = parquet_files if table.format == "parquet" else text_files
    suffix, lines, declared = writer.prepare(rng, table)
    place = folder / table.name
    if len(files) == 1 and rng.random() < 0.7:
        path = f"data/{table.name}{suffix}"
        paths = [folder / f"{table.name}{suffix}"]
    else:
        place.mkdir(parents=True)
        path = f"data/{table.name}" if rng.random() < 0.6 else f"data/{table.name}/*{suffix}"
        paths = [place / f"part-{number}{suffix}" for number in range(len(files))]
        _leave_others(rng, place, suffix)
    for rows, target in zip(files, paths):
        writer.write(rng, table, rows, target)
    table.job = [f'path = "{path}"', *lines]
    if declared:
        schema = ", ".join(f"{_toml(column.name)} = {_toml(column.type.sql)}" for column in declared)
        table.job.append(f"schema = {{ {schema} }}")


def _leave_others(rng, place, suffix):
    """What other programs leave beside their files: none of it belongs to the table."""
    hidden = ["_SUCCESS", f".part-0{suffix}.crc", f"_temporary/0/part-0{suffix}", f".old/x{suffix}"]
    for name in [f"empty{suffix}", *hidden]:
        if rng.random() < 0.1:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(b"" if name.startswith("empty") else b"no table")


def _split(rng, table):
    """Ranges of rows, one per file; some of them may be empty."""
    count = rng.choice([1, 1, 2, 3])
    cuts = sorted(rng.choice([0, table.rows, rng.randint(0, table.rows)]) for _ in range(count - 1))
    return [range(begin, end) for begin, end in zip([0, *cuts], [*cuts, table.rows])]


def _toml(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
