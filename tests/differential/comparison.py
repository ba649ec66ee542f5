"""Values of both programs in one form, in which equal values are equal and no others.

What is not compared by its text: numbers are exact decimals, so `1.50` is `1.5`; floats are the numbers that their
texts mean; times have no zeros at the end of their fraction. The order of members is not looked at.
"""

import json
import math
import struct
from decimal import Decimal

SHOWN = 3
LONGEST_SHOWN = 60
# The names of kinds keep 1 apart from "1" and true.
NUMBER, FLOAT, TEXT, BOOL, TIME = "number", "float", "text", "bool", "time"
ABSENT = ("absent", "absent")


class NotFinite(ValueError):
    """A NaN or an infinity, which a document cannot hold."""


def plain(value, of_type):
    """A value of the reference, or one out of a document whose numbers were parsed as decimals."""
    if value is None:
        return None
    if isinstance(value, bool):
        return BOOL, value
    if isinstance(value, str):
        return (TIME, _time(value)) if of_type.kind in ("date", "timestamp") else (TEXT, value)
    if not isinstance(value, (int, float, Decimal)):
        return type(value).__name__, repr(value)
    if not math.isfinite(value):
        raise NotFinite("a value is NaN or infinite")
    if of_type.kind == "double":
        return FLOAT, float(value)
    return (FLOAT, struct.pack("f", float(value))) if of_type.kind == "float" else (NUMBER, Decimal(value))


def _time(text):
    text = text.replace(" ", "T")
    return text.rstrip("0").rstrip(".") if "." in text else text


def documents(snapshot, query):
    """The documents of a snapshot by key, each a dictionary of its other members."""
    found = {}
    types = {output.name: output.expression.type for output in query.outputs}
    for text in _texts(snapshot):
        document = json.loads(text, parse_int=Decimal, parse_float=Decimal, object_pairs_hook=_object)
        key = plain(document.pop("k"), types["k"])
        if key in found:
            raise ValueError(f"there are two documents of {key}")
        found[key] = {name: _member(value, types[name]) for name, value in document.items()}
    return found


def _texts(snapshot):
    for path in sorted(snapshot.iterdir()):
        if path.suffix == ".ndjson":
            yield from path.read_text(encoding="utf-8").split("\n")[:-1]
        elif path.suffix == ".json" and path.name not in ("run.json", "current.json"):
            yield path.read_text(encoding="utf-8")


def _object(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a document has a member twice")
    return dict(pairs)


def _member(value, of_type):
    if isinstance(value, dict):
        return {label: plain(cell, of_type) for label, cell in value.items()}
    return plain(value, of_type)


def differences(expected, found):
    """The first differences, in words."""
    lines = [f"missing: {_shown(key)}" for key in expected.keys() - found.keys()]
    lines += [f"not expected: {_shown(key)}" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        lines += [f"key {_shown(key)}: {line}" for line in _members(_flat(expected[key]), _flat(found[key]))]
    return sorted(lines)[:SHOWN] + ([f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])


def _flat(document):
    """The members, with those of a pivot beside the others, under the names of value and cell."""
    flat = {}
    for name, value in document.items():
        cells = {f"{name}.{label}": cell for label, cell in value.items()} if isinstance(value, dict) else {name: value}
        flat.update(cells)
    return flat


def _members(expected, found):
    names = [name for name in {**expected, **found} if expected.get(name, ABSENT) != found.get(name, ABSENT)]
    return [f"{name} is {_shown(found.get(name, ABSENT))}, not {_shown(expected.get(name, ABSENT))}" for name in names]


def _shown(value):
    text = "NULL" if value is None else repr(value[1]) if value[0] in (TEXT, TIME) else str(value[1])
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text)} characters)"
