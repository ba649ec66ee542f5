"""Queries over generated tables: rows as they are, groups, and groups with a pivot."""

from dataclasses import dataclass, field

import columns as of
from expressions import Expression, Generator, column, combine, literal, name, same

KEY, CELL = "k", "c"
PLAIN_SUM = same("{}({})", of.BOOL)


@dataclass
class Output:
    """A column of a query. The reference gathers what is added up, so that it can be added up exactly."""

    name: str
    expression: Expression
    sum_of: Expression = None
    # How the sum is asked for, around the function and its argument.
    sum_form: Expression = None

    def sql(self, form):
        """What the SELECT says for it."""
        if self.sum_of is None:
            return getattr(self.expression, form)
        function = "sum" if form == "keyfold" else "list"
        return getattr(self.sum_form, form).format(function, getattr(self.sum_of, form))


@dataclass
class Query:
    """A SELECT, and what a job must know of it."""

    outputs: list
    source: Expression
    where: Expression = None
    grouped: bool = False
    having: Expression = None
    # The values of the pivot column in the order of the grid; none if there is no pivot.
    grid: list = field(default_factory=list)
    off_grid: str = "fail"
    # Whether cells that no row came for are 0, or are left out.
    fill: bool = False
    # Whether the job compares this output's sum with the source.
    total: Output = None

    def sql(self, form):
        """The text of the query in one form."""
        selected = ",\n  ".join(f"{output.sql(form)} AS {output.name}" for output in self.outputs)
        text = f"SELECT\n  {selected}\nFROM {self.from_where(form)}"
        if self.grouped:
            keys = [output for output in self.outputs if output.name in (KEY, CELL)]
            text += "\nGROUP BY " + ", ".join(getattr(output.expression, form) for output in keys)
        if self.having:
            text += f"\nHAVING {getattr(self.having, form)}"
        return text + "\n"

    def labels(self):
        """The names of the grid's cells."""
        return [str(value) for value in self.grid]

    def from_where(self, form):
        """The rows that the query reads."""
        where = f"\nWHERE {getattr(self.where, form)}" if self.where else ""
        return getattr(self.source, form) + where


def generate(rng, tables):
    """A query of one of the shapes."""
    shape = rng.choice([_rows, _groups, _groups, _pivot, _pivot])
    return shape(rng, tables)


def _rows(rng, tables):
    """A document per row of the facts, which shows values as they were read and computed."""
    source, visible = _joined(rng, tables)
    generator = Generator(rng, visible)
    key = visible[0][0]
    outputs = [Output(KEY, key)]
    outputs += [Output(f"v{number}", generator.any()) for number in range(rng.randint(2, 6))]
    if rng.random() < 0.3 and (number := generator.number("int", "decimal")):
        partition = rng.choice(generator.of_kind("int", "text", "bool", "date"))[0]
        window = combine("{{0}}({{1}}) OVER (PARTITION BY {0} ORDER BY {1})", of.BOOL, partition, key)
        outputs.append(Output("running", number, number, window))
    return Query(outputs, source, _filter(rng, generator))


def _groups(rng, tables):
    """A document per group."""
    source, visible = rng.choice([_joined, _joined, _union, _distinct])(rng, tables)
    generator = Generator(rng, visible)
    where, key = _filter(rng, generator), _key(rng, generator)
    outputs = [Output(KEY, key)]
    outputs += [_aggregate(rng, generator, f"v{number}") for number in range(rng.randint(1, 5))]
    having = same(f"count(*) > {rng.randint(1, 4)}", of.BOOL) if rng.random() < 0.2 else None
    return Query(outputs, source, where, grouped=True, having=having)


def _pivot(rng, tables):
    """A document per group, with cells."""
    source, visible = rng.choice([_joined, _joined, _union])(rng, tables)
    generator = Generator(rng, visible)
    cells = [pair for pair in visible if pair[1].name in ("cell_number", "cell_text")]
    reference, cell_column = rng.choice(cells)
    lost = 0 if cell_column.type.kind == "int" else "lost"
    cell = combine("coalesce({}, {})", reference.type, reference, literal(lost, cell_column.type))
    values = [_aggregate(rng, generator, f"v{number}") for number in range(rng.randint(1, 3))]
    outputs = [Output(KEY, _key(rng, generator)), Output(CELL, cell), *values]
    query = Query(outputs, source, _filter(rng, generator), grouped=True)
    query.grid = list(dict.fromkeys([lost, *sorted(value for value in cell_column.values if value is not None)]))
    query.fill = rng.random() < 0.5
    if rng.random() < 0.4:
        query.off_grid = rng.choice(["extend", "drop"])
        query.grid = rng.sample(query.grid, rng.randint(1, len(query.grid)))
    sums = [output for output in values if output.sum_form is PLAIN_SUM]
    if sums and rng.random() < 0.4:
        query.total = rng.choice(sums)
    return query


def _joined(rng, tables):
    """The facts, with or without the dimensions."""
    facts, *dimensions = tables
    sql, visible = "f", _visible("f", facts)
    for dimension in rng.sample(dimensions, rng.randint(0, len(dimensions))):
        alias = dimension.name
        join = rng.choice(["JOIN", "LEFT JOIN"])
        sql += f"\n{join} {alias} ON f.{name(alias + '_ref')} = {alias}.{name(alias + '_id')}"
        visible += _visible(alias, dimension)
    return same(sql, of.BOOL), visible


def _union(rng, tables):
    """Two parts of the facts, which may overlap."""
    facts = tables[0]
    generator = Generator(rng, _visible("f", facts))
    names = ", ".join(f"f.{name(c.name)}" for c in facts.columns)
    parts = [combine(f"SELECT {names} FROM f WHERE {{}}", of.BOOL, generator.predicate()) for _ in range(2)]
    return combine("({} UNION ALL {}) AS u", of.BOOL, *parts), _visible("u", facts)


def _distinct(rng, tables):
    """Different combinations of some columns of the facts."""
    facts = tables[0]
    some = rng.sample(facts.columns, rng.randint(1, min(3, len(facts.columns))))
    names = ", ".join(f"f.{name(c.name)}" for c in some)
    return same(f"(SELECT DISTINCT {names} FROM f) AS u", of.BOOL), [(column("u", c), c) for c in some]


def _visible(alias, table):
    return [(column(alias, c), c) for c in table.columns]


def _filter(rng, generator):
    return generator.predicate() if rng.random() < 0.6 else None


def _key(rng, generator):
    """What there is a document for; mostly never NULL, as that is refused."""
    kinds = ["int", "text", "bool", "date", "decimal", "timestamp"]
    candidates = generator.of_kind(*kinds)
    if not candidates:
        return same("1", of.INT)
    reference, key_column = rng.choice(candidates)
    if None not in key_column.values and rng.random() < 0.5 or rng.random() < 0.1:
        return reference
    return combine(
        "coalesce({}, {})", reference.type, reference, literal(of.value(rng, key_column.type, "small"), key_column.type)
    )


def _aggregate(rng, generator, output):
    number = generator.number("int", "decimal", "double") if rng.random() < 0.5 else None
    if number:
        form = rng.choice([PLAIN_SUM, PLAIN_SUM, PLAIN_SUM, same("{}(DISTINCT {})", of.BOOL)])
        if rng.random() < 0.15:
            form = combine(form.keyfold.replace("{}", "{{}}") + " FILTER (WHERE {})", of.BOOL, generator.predicate(1))
        return Output(output, number, number, form)
    reference, found = rng.choice(generator.columns)
    choice = rng.random()
    if choice < 0.2:
        return Output(output, same("count(*)", of.BIG))
    if choice < 0.4:
        return Output(output, combine(rng.choice(["count({})", "count(DISTINCT {})"]), of.BIG, reference))
    if found.type.kind == "bool":
        return Output(output, combine(rng.choice(["bool_and({})", "bool_or({})"]), of.BOOL, reference))
    return Output(output, combine(rng.choice(["min({})", "max({})"]), reference.type, reference))
