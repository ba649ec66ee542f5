"""SQL expressions, in the forms that a test needs them in.

Both programs know nearly the same SQL, and what they do not agree on is not generated: division (`/` differs), averages
(they are floats), rounding casts, `LIKE` with backslashes, case folding, time zones, negative zero.

Three forms of each expression:
- `keyfold`: what the job says.
- `exact`: for the reference, with whole numbers of 128 bits, which nothing here overflows.
- `native`: for the reference, with the columns' own types. Where these overflow, keyfold may give the exact number or
  refuse; a wrapped number is neither.
"""

from dataclasses import dataclass

import columns as of

FORMS = ("keyfold", "exact", "native")
SUMS = ["({} + {})", "({} - {})"]


@dataclass(frozen=True)
class Expression:
    """An expression of a type in all forms."""

    keyfold: str
    exact: str
    native: str
    type: of.ColumnType


def same(sql, of_type):
    """An expression that reads alike in all forms."""
    return Expression(sql, sql, sql, of_type)


def combine(pattern, of_type, *parts):
    """A pattern with the parts filled in, form by form."""
    forms = [pattern.format(*(getattr(part, form) for part in parts)) for form in FORMS]
    return Expression(*forms, of_type)


def name(text):
    """A quoted name."""
    return '"' + text.replace('"', '""') + '"'


def column(table, of_column):
    """A reference to a column."""
    sql = f"{table}.{name(of_column.name)}"
    exact = f"CAST({sql} AS HUGEINT)" if of_column.type.kind == "int" else sql
    return Expression(sql, exact, sql, of_column.type)


def literal(value, of_type):
    """A constant."""
    if value is None:
        return same("NULL", of_type)
    if of_type.kind == "int":
        return Expression(str(value), f"CAST({value} AS HUGEINT)", str(value), of_type)
    if of_type.kind == "decimal":
        return same(f"CAST('{value:f}' AS DECIMAL({of_type.precision},{of_type.scale}))", of_type)
    if of_type.kind == "double":
        return same(f"CAST('{value!r}' AS DOUBLE)", of_type)
    if of_type.kind == "float":
        return same(f"CAST('{value!r}' AS REAL)", of_type)
    if of_type.kind == "bool":
        return same("TRUE" if value else "FALSE", of_type)
    if of_type.kind == "date":
        return same(f"DATE '{value.isoformat()}'", of_type)
    if of_type.kind == "timestamp":
        return _timestamp_literal(of.timestamp_text(value), of_type)
    return same("'" + value.replace("'", "''") + "'", of_type)


def _timestamp_literal(text, of_type):
    keyfold, duckdb = f"CAST('{text}' AS {of_type.sql})", f"CAST('{text}' AS {of_type.duckdb})"
    return Expression(keyfold, duckdb, duckdb, of_type)


class Generator:
    """Expressions over the columns of a query's source."""

    def __init__(self, rng, columns):
        # Pairs of an expression and the column it refers to.
        self.rng, self.columns = rng, columns

    def of_kind(self, *kinds):
        """The columns of some kinds."""
        return [(reference, column) for reference, column in self.columns if reference.type.kind in kinds]

    def predicate(self, depth=2):
        """A condition. It holds no arithmetic, as an overflow would depend on which side is looked at first."""
        if depth and self.rng.random() < 0.4:
            left, right = self.predicate(depth - 1), self.predicate(depth - 1)
            return combine(self.rng.choice(["({} AND {})", "({} OR {})", "({} AND NOT {})"]), of.BOOL, left, right)
        reference, column = self.rng.choice(self.columns)
        if self.rng.random() < 0.2:
            return combine(self.rng.choice(["{} IS NULL", "{} IS NOT NULL"]), of.BOOL, reference)
        if column.type.kind == "text" and self.rng.random() < 0.3:
            return combine(self.rng.choice(["{} LIKE {}", "{} NOT LIKE {}"]), of.BOOL, reference, self._pattern(column))
        return self._comparison(reference, column)

    def _comparison(self, reference, column):
        constants = [self._constant(column) for _ in range(3)]
        pattern = self.rng.choice([
            "{} = {}", "{} <> {}", "{} < {}", "{} <= {}", "{} > {}", "{} >= {}", "{} IN ({}, {})",
            "{} NOT IN ({}, {}, {})", "{} BETWEEN {} AND {}", "({} IS DISTINCT FROM {})",
            "({} IS NOT DISTINCT FROM {})",
        ])  # fmt: skip
        return combine(pattern, of.BOOL, reference, *constants)

    def _constant(self, column):
        """A value of the column, or one that it might have."""
        some = self.rng.sample(column.values, min(3, len(column.values)))
        # A NaN, which is not equal to itself, has no literal.
        known = [value for value in some if value is not None and value == value]
        if known and self.rng.random() < 0.7:
            return literal(known[0], column.type)
        return literal(of.value(self.rng, column.type, self.rng.choice(["small", "extreme"])), column.type)

    def _pattern(self, column):
        texts = [value for value in column.values if value] or ["a"]
        text = self.rng.choice(texts).replace("\\", "_")[:50]
        cut = self.rng.randint(0, len(text))
        pattern = self.rng.choice(
            [text[:cut] + "%", "%" + text[cut:], f"%{text[cut : cut + 1]}%", text[:cut] + "_" + text[cut + 1 :]]
        )
        return literal(pattern, of.TEXT)

    def any(self):
        """An expression of any type."""
        reference, _ = self.rng.choice(self.columns)
        if self.rng.random() < 0.3:
            return reference
        return getattr(self, f"_{reference.type.kind}")(reference)

    def _other(self, reference):
        """Another column of the same type, or the same one."""
        alike = [other for other, _ in self.columns if other.type == reference.type]
        return self.rng.choice(alike)

    def _conditional(self, reference):
        cases = ["CASE WHEN {0} THEN {1} ELSE {2} END", "CASE WHEN {0} THEN {1} END"]
        pattern = self.rng.choice([*cases, "coalesce({1}, {2})", "nullif({1}, {2})"])
        other = self._other(reference)
        return combine(pattern, reference.type, self.predicate(1), reference, other)

    def number(self, *kinds):
        """An expression whose sum is exact, if there is a column for it."""
        found = [reference for reference, _ in self.of_kind(*kinds) if reference.type.summable]
        if not found:
            return None
        reference = self.rng.choice(found)
        return reference if self.rng.random() < 0.5 else getattr(self, f"_{reference.type.kind}")(reference)

    def _int(self, reference):
        choice = self.rng.random()
        if choice < 0.3:
            return self._conditional(reference)
        if choice < 0.4:
            negated = ["-{}", "abs({})"] if reference.type.low else ["abs({})"]
            return combine(self.rng.choice(negated), reference.type, reference)
        if choice < 0.5:
            pattern = self.rng.choice(["{} + {}", "{} - {}", "{} * {}", "{} % {}"])
            return combine(f"({pattern})", reference.type, reference, literal(self.rng.randint(1, 200), of.INT))
        if choice < 0.6:
            # The zero sets its sum apart from the column's own, which DataFusion gives the same name.
            to = self.rng.choice(["BIGINT", "INTEGER", "SMALLINT"])
            return combine(f"(CAST({{}} AS {to}) + 0)", of.BIG, reference)
        other = self.rng.choice(self.of_kind("int"))[0]
        if max(reference.type.high, other.type.high) > of.BIG.high:
            return combine(self.rng.choice(SUMS), reference.type, reference, self._other(reference))
        return combine(self.rng.choice([*SUMS, "({} * {})"]), reference.type, reference, other)

    def _decimal(self, reference):
        precision, scale = reference.type.precision, reference.type.scale
        other = self._other(reference)
        if self.rng.random() < 0.4:
            return self._conditional(reference)
        if precision <= 18 and self.rng.random() < 0.5:
            return self._product(reference, other)
        if precision < 38:
            return combine(self.rng.choice(SUMS), of.decimal(precision + 1, scale), reference, other)
        return combine(self.rng.choice(["-{}", "abs({})"]), reference.type, reference)

    def _product(self, left, right):
        """A product of decimals, which the reference computes in 128 bits only if one factor has them."""
        of_type = of.decimal(2 * left.type.precision, 2 * left.type.scale)
        keyfold, wide = left.keyfold, f"CAST({left.exact} AS DECIMAL(19,{left.type.scale}))"
        return combine("({} * {})", of_type, Expression(keyfold, wide, wide, left.type), right)

    def _double(self, reference):
        if reference.type.summable and self.rng.random() < 0.5:
            return combine(self.rng.choice(SUMS), reference.type, reference, self._other(reference))
        return self._conditional(reference)

    def _float(self, reference):
        return self._conditional(reference)

    def _bool(self, reference):
        return self.rng.choice([combine("NOT {}", of.BOOL, reference), self.predicate(1)])

    def _text(self, reference):
        choice = self.rng.random()
        if choice < 0.4:
            return self._conditional(reference)
        if choice < 0.6:
            other = self.rng.choice(self.of_kind("text", "int", "date"))[0]
            return combine("({} || '/' || {})", of.TEXT, reference, as_text(other))
        if choice < 0.7:
            return combine("length({})", of.INT, reference)
        return combine(
            self.rng.choice(["substr({}, 1, 3)", "substr({}, 2)", "replace({}, 'x', 'yy')"]), of.TEXT, reference
        )

    def _date(self, reference):
        part = self.rng.choice(["year", "month", "day"])
        extracted = combine(f"extract({part} FROM {{}})", of.INT, reference)
        return self.rng.choice([extracted, self._conditional(reference), as_text(reference)])

    def _timestamp(self, reference):
        # The reference reads nanoseconds before 1970 as the next day.
        day = f"CAST(substr(CAST({reference.native} AS VARCHAR), 1, 10) AS DATE)"
        day = Expression(f"CAST({reference.keyfold} AS DATE)", day, day, of.DATE)
        return self.rng.choice([self._conditional(reference), day])


def as_text(expression):
    """The expression as text, which both programs write alike for whole numbers, dates and texts."""
    return combine("CAST({} AS VARCHAR)", of.TEXT, expression)
