#!/usr/bin/env bash
# The benchmark in one command: makes its own Python environment, then measures. `bench/run.sh --help` lists the options.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="${XDG_CACHE_HOME:-$HOME/.cache}/keyfold/venv-bench"
# Pinned: a number without the version it was measured against says nothing.
duckdb="2.0.0"

if ! "$venv/bin/python" -c "import duckdb, sys; sys.exit(duckdb.__version__ != '$duckdb')" 2>/dev/null; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "duckdb==$duckdb"
fi
export PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" "$here/bench.py" "$@"
