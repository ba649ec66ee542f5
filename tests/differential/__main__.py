"""Generated files, jobs and queries through keyfold and DuckDB: both give the same documents.

`python tests/differential PROGRAM` runs some cases of a new seed, which it prints; `--seed N --case K` repeats one and
keeps its folder. A case is made from its seed and number alone. Needs duckdb and pyarrow (tests/requirements.txt).
"""

import argparse
import concurrent.futures
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import case


def main():
    """Runs the cases; 1 if any of them shows a difference."""
    options = _options()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="keyfold-differential-"))
    numbers = range(options.cases) if options.case is None else [options.case]
    print(f"seed {options.seed}, {len(numbers)} cases", flush=True)
    start, results = time.monotonic(), []
    with concurrent.futures.ProcessPoolExecutor(options.workers) as pool:
        program = str(Path(options.program).resolve())
        runs = [pool.submit(case.run, program, options.seed, number, folder / str(number)) for number in numbers]
        for run in concurrent.futures.as_completed(runs):
            results.append(run.result())
            if results[-1].finding:
                _show(options, results[-1], folder)
    findings = sum(bool(result.finding) for result in results)
    refused, documents = sum(r.refused for r in results), sum(r.documents for r in results)
    took = time.monotonic() - start
    print(f"{len(results)} cases, {documents} documents, {refused} refused, {findings} findings in {took:.0f} s")
    if not findings:
        folder.rmdir()
    # A run that compares nothing finds nothing.
    return 1 if findings or (len(results) > 50 and refused * 2 > len(results)) else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="keyfold")
    parser.add_argument("--cases", type=int, default=200, help="how many")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**9), help="what they are made from"
    )
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="cases at the same time")
    parser.add_argument("--keep", help="folder for the cases that show something; a temporary one if absent")
    return parser.parse_args()


def _show(options, result, folder):
    print(f"\ncase {result.number}: {result.finding}")
    print(f"  in {folder / str(result.number)}; again: --seed {options.seed} --case {result.number}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
