#!/usr/bin/env bash
# Fuzzes every target for a while: ./run.sh [seconds]
# A finding ends the run; the message names the file of its input, and the built target takes that as its argument.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
cache=${KEYFOLD_CACHE:-$HOME/.cache/keyfold}
export CARGO_TARGET_DIR=$cache/fuzz-target
host=$(rustc -vV | sed -n 's/^host: //p')

# The flags of cargo-fuzz without a sanitizer: coverage for libFuzzer on a stable toolchain. Naming the host as the
# target keeps them off build scripts and macros.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
cargo build --release --locked --bins --target "$host"

for target in job template names csv records; do
    corpus=$cache/fuzz-corpus/$target
    findings=$cache/fuzz-findings/$target
    mkdir -p "$corpus" "$findings"
    if ! "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" "seeds/$target" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$findings/" -print_final_stats=1 -verbosity=0 >"$findings/log" 2>&1; then
        tail -n 60 "$findings/log" >&2
        exit 1
    fi
    printf 'fuzz %s: %d inputs in %d s\n' "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/log")" "$seconds"
done
