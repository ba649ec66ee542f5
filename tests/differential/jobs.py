"""The job folder of a query."""

import json

from queries import CELL, KEY


def write(rng, folder, query, tables):
    """Writes `job.toml`, `query.sql` and `document.json` beside the data."""
    (folder / "query.sql").write_text(query.sql("keyfold"), encoding="utf-8")
    (folder / "document.json").write_text(json.dumps(_document(query), indent=2), encoding="utf-8")
    lines = ["version = 1", f'key = "{KEY}"']
    for table in tables:
        lines += ["", f"[tables.{table.name}]", *table.job]
    if query.grid:
        grid = ", ".join(_toml(value) for value in query.grid)
        lines += ["", "[pivot.grid]", f'column = "{CELL}"', f"values = [{grid}]", f'off_grid = "{query.off_grid}"']
    if query.total:
        total = f"SELECT {query.total.sql('keyfold')} FROM {query.from_where('keyfold')}"
        lines += ["", "[[totals]]", f'value = "{query.total.name}"', f"sql = {_toml(total)}"]
    lines += ["", "[output]", 'url = "out"', 'layout = "ndjson"', f"shards = {rng.randint(1, 3)}", "allow_empty = true"]
    (folder / "job.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _document(query):
    members = {KEY: f"${KEY}"}
    fill = {"$fill": 0} if query.fill else {}
    for output in query.outputs:
        if output.name not in (KEY, CELL):
            pivot = {"$pivot": "grid", "$value": output.name, **fill}
            members[output.name] = pivot if query.grid else f"${output.name}"
    return members


def _toml(value):
    return json.dumps(value, ensure_ascii=False)
