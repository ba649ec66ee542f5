#!/usr/bin/env bash
# The cluster benchmark in one command: makes its own Python environment, then measures. `bench/cluster.sh --help` lists
# the options. Needs a Java that this Spark runs on (17 or 21) for the part that measures PySpark.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="${XDG_CACHE_HOME:-$HOME/.cache}/keyfold/venv-spark"
# Pinned: a number without the version it was measured against says nothing.
pyspark="4.3.0" pandas="2.3.3" pyarrow="26.0.1"

installed() {
    "$venv/bin/python" -c "
from importlib.metadata import version as of
import sys
sys.exit((of('pyspark'), of('pandas'), of('pyarrow')) != ('$pyspark', '$pandas', '$pyarrow'))" 2>/dev/null
}

if ! installed; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        "pyspark==$pyspark" "pandas==$pandas" "pyarrow==$pyarrow" setuptools
fi
export PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" "$here/cluster.py" "$@"
