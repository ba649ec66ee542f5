"""Holds the documents of two programs against each other, as JSON values: `8192.70` and `8192.7` are equal, and the
order of members does not matter; one cent more, a missing week or a document too many does. Without floats anywhere."""

import hashlib
import json
import sys
from decimal import Decimal
from pathlib import Path

KEY = "uniqueKey"
SHOWN = 5


def plain(number):
    """One spelling per value."""
    return format(Decimal(number).normalize() + 0, "f")


def documents(folder):
    """The text of each document, with the file it is in."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".ndjson":
            with path.open(encoding="utf-8") as lines:
                yield from ((path.name, line) for line in lines)
        elif path.suffix == ".json" and path.name not in ("run.json", "current.json", "manifest.json"):
            yield path.name, path.read_text(encoding="utf-8")


def digests(folder, by_file):
    """A digest of each document by its key: whole documents of both programs would not fit into memory."""
    found = {}
    for file, text in documents(folder):
        # Numbers become strings with a mark, so that 1 and "1" stay different.
        value = json.loads(text, parse_int=lambda n: "#" + plain(n), parse_float=lambda n: "#" + plain(n))
        name = (value[KEY], file) if by_file else value[KEY]
        if name in found:
            raise SystemExit(f"{folder}: {name} is there twice")
        found[name] = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return found


def compare(left, right, by_file=True):
    """The number of documents, when all are equal; otherwise ends with the first differences."""
    one, other = digests(left, by_file), digests(right, by_file)
    different = [f"only in {left}: {name}" for name in one.keys() - other.keys()]
    different += [f"only in {right}: {name}" for name in other.keys() - one.keys()]
    different += [f"not equal: {name}" for name in one.keys() & other.keys() if one[name] != other[name]]
    if different or not one:
        shown = "\n".join(sorted(different)[:SHOWN]) or "no documents at all"
        raise SystemExit(f"{len(different)} differences between {left} and {right}\n{shown}")
    return len(one)


if __name__ == "__main__":
    LEFT, RIGHT = (Path(argument) for argument in sys.argv[1:3])
    # The names of NDJSON parts are each program's own affair; the names of documents are part of the result.
    sys.stdout.write(f"{compare(LEFT, RIGHT, by_file='--ndjson' not in sys.argv[3:])} documents are equal\n")
