"""Takes statistics out of a Parquet file, of some columns in some row groups: files that writers may write, and do.

A footer is a Thrift struct in the compact protocol, which says its types, so that it can be read, changed and written
again without knowing what its fields mean. Field numbers are those of parquet.thrift.
"""

import struct

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _MAP, STRUCT = range(1, 13)
ROW_GROUPS, COLUMNS, METADATA, STATISTICS = 4, 1, 3, 12
# The column index and the offset index, which hold the bounds of pages.
INDEXES = (4, 5, 6, 7)
# Fields of `Statistics`; the first two bounds are deprecated ones.
MAX, MIN, MAX_IS_EXACT, MIN_IS_EXACT = 5, 6, 7, 8
BOUNDS = (1, 2, MAX, MIN, MAX_IS_EXACT, MIN_IS_EXACT)
NULL_COUNT = (3,)
# A column's type, and the one that texts have.
TYPE, BYTE_ARRAY = 1, 6
MAGIC = b"PAR1"


def thin_out(path, rng):
    """Leaves out what a writer may: all statistics, bounds or counts of NULLs, of some columns in some row groups."""
    content = path.read_bytes()
    (length,) = struct.unpack("<I", content[-8:-4])
    begin = len(content) - 8 - length
    footer = Reader(content[begin:-8]).read_struct()
    share = rng.choice([0.2, 0.5, 0.9])
    for group in footer[ROW_GROUPS][1]:
        for chunk in group[COLUMNS][1]:
            if rng.random() < share:
                _thin_out_chunk(chunk, rng)
    written = write_struct(footer)
    path.write_bytes(content[:begin] + written + struct.pack("<I", len(written)) + MAGIC)


def _thin_out_chunk(chunk, rng):
    metadata = chunk[METADATA][1]
    for field in INDEXES:
        chunk.pop(field, None)
    if STATISTICS not in metadata or rng.random() < 0.5:
        metadata.pop(STATISTICS, None)
        return
    statistics = metadata[STATISTICS][1]
    if metadata[TYPE][1] == BYTE_ARRAY and rng.random() < 0.3:
        _shorten(statistics)
        return
    for field in rng.choice([BOUNDS, NULL_COUNT]):
        statistics.pop(field, None)


def _shorten(statistics):
    """Bounds of texts that are cut to one character are bounds, but no values."""
    low, high = statistics.get(MIN, (0, b""))[1], statistics.get(MAX, (0, b""))[1]
    if len(low) < 2 or len(high) < 2 or low[0] > 126 or high[0] > 125:
        return
    statistics[MIN], statistics[MIN_IS_EXACT] = (BINARY, low[:1]), (FALSE, FALSE)
    statistics[MAX], statistics[MAX_IS_EXACT] = (BINARY, bytes([high[0] + 1])), (FALSE, FALSE)
    statistics.pop(1, None)
    statistics.pop(2, None)


class Reader:
    """Structs as dictionaries from field number to (type, value)."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def read_struct(self):
        """The fields up to the mark that ends a struct."""
        fields, number = {}, 0
        while header := self._byte():
            delta, kind = header >> 4, header & 15
            number = number + delta if delta else _unzigzag(self._varint())
            fields[number] = (kind, self._value(kind))
        return fields

    def _value(self, kind, in_list=False):
        if kind in (TRUE, FALSE):
            return self._byte() if in_list else kind
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return _unzigzag(self._varint())
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in (LIST, SET):
            return self._list()
        if kind == STRUCT:
            return self.read_struct()
        raise ValueError(f"a Parquet footer has no field of type {kind}")

    def _list(self):
        header = self._byte()
        size, kind = header >> 4, header & 15
        size = self._varint() if size == 15 else size
        return _List(kind, [self._value(kind, in_list=True) for _ in range(size)])

    def _byte(self):
        return self._bytes(1)[0]

    def _bytes(self, length):
        self.at += length
        return self.data[self.at - length : self.at]

    def _varint(self):
        number, shift = 0, 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7


class _List(list):
    """A list that knows the type of its items."""

    def __init__(self, kind, items):
        super().__init__(items)
        self.kind = kind


def write_struct(fields):
    """The bytes of a struct."""
    out, last = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        delta = number - last
        out += bytes([delta << 4 | kind]) if delta < 16 else bytes([kind]) + _varint(_zigzag(number))
        out += b"" if kind in (TRUE, FALSE) else _write(kind, value)
        last = number
    return bytes(out) + b"\0"


def _write(kind, value):
    if kind in (TRUE, FALSE, BYTE):
        return bytes([value])
    if kind in (I16, I32, I64):
        return _varint(_zigzag(value))
    if kind == BINARY:
        return _varint(len(value)) + value
    if kind in (LIST, SET):
        size = len(value)
        header = bytes([size << 4 | value.kind]) if size < 15 else bytes([0xF0 | value.kind]) + _varint(size)
        return header + b"".join(_write(value.kind, item) for item in value)
    return write_struct(value) if kind == STRUCT else value


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def _zigzag(number):
    return number << 1 if number >= 0 else -number * 2 - 1


def _unzigzag(number):
    return number >> 1 if number % 2 == 0 else -(number + 1 >> 1)
